//! The commands that need no server, as they are typed: what they print and how they end.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use countersign_jose::{Algorithm, SigningKey};

fn countersign(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).current_dir(folder).env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const MINT: [&str; 10] = [
    "token",
    "mint",
    "--key",
    "key.pem",
    "--issuer",
    "https://id.shop.example",
    "--audience",
    "shop-api",
    "--subject",
    "ada",
];
const VERIFY: [&str; 5] = ["token", "verify", "@token.txt", "--issuer", "https://id.shop.example"];

fn with_token(folder: &Path) {
    assert!(countersign(folder, &["key", "new", "--out", "key.pem"]).status.success());
    let minted = countersign(folder, &MINT);
    assert!(minted.status.success(), "{}", err(&minted));
    std::fs::write(folder.join("token.txt"), minted.stdout).unwrap();
    let set = countersign(folder, &["key", "public", "key.pem", "--set"]);
    std::fs::write(folder.join("jwks.json"), set.stdout).unwrap();
}

#[test]
fn a_minted_token_is_inspected_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let seen = countersign(folder.path(), &["token", "inspect", "@token.txt"]);
    assert_eq!(seen.status.code(), Some(0));
    assert!(out(&seen).contains("! UNVERIFIED"), "{}", out(&seen));
    let seen = countersign(folder.path(), &["token", "inspect", "@token.txt", "--json"]);
    let seen: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    assert_eq!((&seen["verified"], &seen["claims"]["sub"]), (&false.into(), &"ada".into()));
    for keys in ["jwks.json", "key.pem"] {
        let checked =
            countersign(folder.path(), &[&VERIFY[..], &["--audience", "shop-api", "--jwks", keys]].concat());
        assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
        assert!(out(&checked).contains("✓ verified"), "{}", out(&checked));
    }
}

#[test]
fn a_refused_token_is_told_with_rule_code_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let checked =
        countersign(folder.path(), &[&VERIFY[..], &["--audience", "bank", "--jwks", "jwks.json"]].concat());
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        err(&checked).contains("RFC 7519 4.1.3") && err(&checked).contains("CS-1014"),
        "{}",
        err(&checked)
    );
    assert_eq!(out(&checked), "");
    let kind = ["--audience", "shop-api", "--jwks", "jwks.json", "--kind", "id", "--json"];
    let checked = countersign(folder.path(), &[&VERIFY[..], &kind].concat());
    let told: serde_json::Value = serde_json::from_slice(&checked.stderr).unwrap();
    assert_eq!((checked.status.code(), &told["code"]), (Some(1), &"CS-1011".into()));
}

#[test]
fn a_minted_token_is_bound_to_a_key_and_a_minted_proof_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let put = |name: &str, output: &Output| {
        assert!(output.status.success(), "{}", err(output));
        std::fs::write(folder.path().join(name), &output.stdout).unwrap();
    };
    for client in ["client.pem", "thief.pem"] {
        assert!(countersign(folder.path(), &["key", "new", "--out", client]).status.success());
    }
    put("client.pub", &countersign(folder.path(), &["key", "public", "client.pem"]));
    put("bound.txt", &countersign(folder.path(), &[&MINT[..], &["--bind-to", "client.pub"]].concat()));
    let request = ["--method", "GET", "--uri", "https://api.shop.example/orders"];
    let prove = |key: &str, more: &[&str]| {
        let mint = ["token", "mint", "--kind", "dpop", "--key", key];
        countersign(folder.path(), &[&mint[..], &request, more].concat())
    };
    put("proof.txt", &prove("client.pem", &["--token", "@bound.txt"]));
    put("theft.txt", &prove("thief.pem", &["--token", "@bound.txt"]));
    put("other.txt", &prove("client.pem", &["--token", "@token.txt"]));
    put("bare.txt", &prove("client.pem", &[]));
    let verify = |token: &str, proof: &str| {
        let known = ["--issuer", "https://id.shop.example", "--audience", "shop-api", "--jwks", "jwks.json"];
        let with = ["--proof", proof];
        let checked =
            countersign(folder.path(), &[&["token", "verify", token][..], &known, &with, &request].concat());
        (checked.status.code(), out(&checked) + &err(&checked))
    };
    let (code, told) = verify("@bound.txt", "@proof.txt");
    assert!(code == Some(0) && told.contains("proof of the key"), "{told}");
    for (token, proof, refused) in [
        ("@bound.txt", "@theft.txt", "CS-1066"),
        ("@bound.txt", "@other.txt", "CS-1067"),
        ("@bound.txt", "@bare.txt", "CS-1067"),
        // Bound to nothing: a proof beside it proves nothing.
        ("@token.txt", "@other.txt", "CS-1066"),
    ] {
        let (code, told) = verify(token, proof);
        assert!(code == Some(1) && told.contains(refused), "{token} {proof}: {told}");
    }
    // Neither option is taken where it would do nothing.
    let id = ["--kind", "id", "--bind-to", "client.pem"];
    let misplaced = countersign(folder.path(), &[&MINT[..], &id].concat());
    assert!(
        misplaced.status.code() == Some(2) && err(&misplaced).contains("access token"),
        "{}",
        err(&misplaced)
    );
    let misplaced = countersign(folder.path(), &[&MINT[..], &["--token", "@token.txt"]].concat());
    assert!(
        misplaced.status.code() == Some(2) && err(&misplaced).contains("DPoP proof"),
        "{}",
        err(&misplaced)
    );
}

#[test]
fn a_minted_proof_repeats_the_nonce_that_the_server_gave_out() {
    let folder = tempfile::tempdir().unwrap();
    assert!(countersign(folder.path(), &["key", "new", "--out", "client.pem"]).status.success());
    let request = ["--method", "GET", "--uri", "https://api.shop.example/orders"];
    let prove = |nonce: &[&str]| {
        let mint = ["token", "mint", "--kind", "dpop", "--key", "client.pem"];
        countersign(folder.path(), &[&mint[..], &request, nonce].concat())
    };
    let put = |name: &str, output: &Output| std::fs::write(folder.path().join(name), &output.stdout).unwrap();
    put("proof.txt", &prove(&["--nonce", "eyJ7S_zG.eyJH0-Z"]));
    put("bare.txt", &prove(&[]));
    let verify = |proof: &str, nonce: &[&str]| {
        countersign(folder.path(), &[&["token", "verify", proof], &request[..], nonce].concat())
    };
    let good = verify("@proof.txt", &["--nonce", "eyJ7S_zG.eyJH0-Z", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(told["claims"]["nonce"], "eyJ7S_zG.eyJH0-Z");
    for (proof, nonce) in [("@proof.txt", "another"), ("@bare.txt", "eyJ7S_zG.eyJH0-Z")] {
        let refused = verify(proof, &["--nonce", nonce]);
        assert!(refused.status.code() == Some(1) && err(&refused).contains("CS-1067"), "{}", err(&refused));
    }
    for nonce in ["", "two words", "a\"b", "ä"] {
        assert_eq!(prove(&["--nonce", nonce]).status.code(), Some(2), "{nonce}");
    }
    let misplaced = countersign(folder.path(), &[&MINT[..], &["--nonce", "n"]].concat());
    assert!(
        misplaced.status.code() == Some(2) && err(&misplaced).contains("DPoP proof"),
        "{}",
        err(&misplaced)
    );
}

#[test]
fn an_id_token_of_another_sign_in_is_told_by_its_nonce() {
    use countersign_jose::jwt::{self, IdClaims};
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    for (name, nonce) in [("id.txt", Some("n-0S6_WzA2Mj")), ("bare.txt", None)] {
        let claims = IdClaims {
            iss: "https://id.shop.example".into(),
            sub: "ada".into(),
            aud: "shop-api".into(),
            iat: now,
            exp: now + 300,
            nonce: nonce.map(str::to_owned),
            ..IdClaims::default()
        };
        put(name, &jwt::sign(&key, &claims).unwrap());
    }
    put("public.pem", &key.verifying_key().to_spki_pem());
    let verify = |token: &str, more: &[&str]| {
        let known = ["--issuer", "https://id.shop.example", "--audience", "shop-api", "--jwks", "public.pem"];
        countersign(folder.path(), &[&["token", "verify", token], &known[..], more].concat())
    };
    let good = verify("@id.txt", &["--kind", "id", "--nonce", "n-0S6_WzA2Mj"]);
    assert!(out(&good).contains("times, nonce"), "{}{}", out(&good), err(&good));
    assert!(verify("@id.txt", &[]).status.success(), "whoever sent none compares none");
    for (token, nonce) in
        [("@id.txt", "another"), ("@id.txt", ""), ("@bare.txt", "n-0S6_WzA2Mj"), ("@bare.txt", "")]
    {
        for kind in [&["--kind", "id"][..], &[]] {
            let refused = verify(token, &[kind, &["--nonce", nonce]].concat());
            assert!(refused.status.code() == Some(1) && out(&refused).is_empty(), "{token} {nonce}");
            assert!(
                err(&refused).contains("CS-1012") && err(&refused).contains("`nonce`"),
                "{}",
                err(&refused)
            );
        }
    }
    // Where nothing would be compared, it is no option.
    let request = ["--proof", "@bare.txt", "--method", "GET", "--uri", "https://api.shop.example/orders"];
    for (token, more) in [("@token.txt", &[][..]), ("@id.txt", &request[..])] {
        let misplaced = verify(token, &[more, &["--nonce", "n-0S6_WzA2Mj"]].concat());
        assert!(
            misplaced.status.code() == Some(2) && err(&misplaced).contains("--nonce"),
            "{}",
            err(&misplaced)
        );
    }
}

#[test]
fn a_bound_token_is_verified_with_the_proof_that_came_with_it() {
    use countersign_jose::jwt::{self, AccessClaims, Confirmation, dpop::Request};
    let folder = tempfile::tempdir().unwrap();
    let (key, holder) =
        (SigningKey::generate(Algorithm::Es256).unwrap(), SigningKey::generate(Algorithm::Es256).unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = AccessClaims {
        iss: "https://id.shop.example".into(),
        sub: "ada".into(),
        aud: "shop-api".into(),
        client_id: "web".into(),
        iat: now,
        exp: now + 300,
        jti: "t1".into(),
        cnf: Some(Confirmation::of(&holder.verifying_key())),
        ..AccessClaims::default()
    };
    let token = jwt::sign(&key, &claims).unwrap();
    let proof = Request::new("GET", "https://api.shop.example/orders").with_token(&token);
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("proof.txt", &proof.prove(&holder, "p1", now).unwrap());
    put("theft.txt", &proof.prove(&key, "p1", now).unwrap());
    put("key.pem", &key.verifying_key().to_spki_pem());
    put("token.txt", &token);
    let verify = |more: &[&str]| {
        let known = ["--audience", "shop-api", "--jwks", "key.pem"];
        countersign(folder.path(), &[&VERIFY[..], &known, more].concat())
    };
    let alone = verify(&[]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(err(&alone).contains("CS-1066") && err(&alone).contains("--proof"), "{}", err(&alone));
    let request = ["--method", "GET", "--uri", "https://api.shop.example/orders"];
    let good = verify(&[&["--proof", "@proof.txt"], &request[..]].concat());
    assert!(out(&good).contains("proof of the key"), "{}", err(&good));
    let stolen = verify(&[&["--proof", "@theft.txt"], &request[..]].concat());
    assert!(err(&stolen).contains("CS-1066"), "{}", err(&stolen));
    // The proof by itself is for a request with this token, and says so.
    let proof = countersign(folder.path(), &[&["token", "verify", "@proof.txt"], &request[..]].concat());
    assert!(err(&proof).contains("--proof"), "{}", err(&proof));
}

#[test]
fn keys_are_not_fetched_from_inside_the_network_and_the_message_says_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let verify =
        ["token", "verify", "@token.txt", "--issuer", "https://127.0.0.1:1", "--audience", "shop-api"];
    let checked = countersign(folder.path(), &verify);
    assert_eq!(checked.status.code(), Some(3));
    assert!(err(&checked).contains("CS-1102") && err(&checked).contains("--jwks FILE"), "{}", err(&checked));
}

#[test]
fn a_token_in_the_command_line_is_refused_and_one_on_stdin_is_read() {
    let folder = tempfile::tempdir().unwrap();
    with_token(folder.path());
    let token = std::fs::read(folder.path().join("token.txt")).unwrap();
    let typed =
        countersign(folder.path(), &["token", "inspect", std::str::from_utf8(&token).unwrap().trim()]);
    assert_eq!(typed.status.code(), Some(2));
    assert!(err(&typed).contains("CS-6010"));
    let mut child = command(folder.path(), &["token", "inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&token).unwrap();
    assert!(out(&child.wait_with_output().unwrap()).contains("UNVERIFIED"));
}

#[test]
fn a_key_goes_through_every_format_and_a_password_and_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = countersign(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
        out(&output)
    };
    std::fs::write(folder.path().join("pw.txt"), "correct horse battery staple\n").unwrap();
    run(&["key", "new", "--algorithm", "ed25519", "--out", "key.pem"]);
    let name = run(&["key", "thumbprint", "key.pem"]);
    assert!(run(&["key", "thumbprint", "key.pem", "--uri"]).contains("sha-256:"));
    run(&["key", "convert", "key.pem", "--new-password", "@pw.txt", "--out", "key.jwe"]);
    run(&["key", "convert", "key.jwe", "--password", "@pw.txt", "--to", "der", "--out", "key.der"]);
    run(&["key", "convert", "key.der", "--to", "pem", "--out", "again.pem"]);
    run(&["key", "convert", "key.der", "--public", "--out", "public.jwk"]);
    assert_eq!(run(&["key", "thumbprint", "public.jwk"]), name);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("key.pem"), read("again.pem"));
    let locked = countersign(folder.path(), &["key", "public", "key.jwe"]);
    assert_eq!(locked.status.code(), Some(2));
    assert!(err(&locked).contains("--password @FILE"), "{}", err(&locked));
}

#[test]
fn a_letter_is_read_by_each_recipient_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("letter"), "hello").unwrap();
    for (name, algorithm) in [("ana", "ECDH-ES+A256KW"), ("bo", "A256KW"), ("cy", "A256KW")] {
        let made = countersign(folder.path(), &["key", "new", "--algorithm", algorithm, "--out", name]);
        assert!(made.status.success(), "{}", err(&made));
    }
    let sealed = countersign(folder.path(), &["jwe", "encrypt", "@letter", "--to", "ana", "--to", "bo"]);
    assert!(err(&sealed).contains("ECDH-ES+A256KW with A256GCM"), "{}", err(&sealed));
    std::fs::write(path("sealed"), &sealed.stdout).unwrap();
    for name in ["ana", "bo"] {
        let opened = countersign(folder.path(), &["jwe", "decrypt", "@sealed", "--key", name]);
        assert_eq!(out(&opened), "hello", "{}", err(&opened));
    }
    let refused = countersign(folder.path(), &["jwe", "decrypt", "@sealed", "--key", "cy"]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(1), ""));
    assert!(err(&refused).contains("CS-1051"), "{}", err(&refused));
}

#[test]
fn a_token_is_minted_with_a_secret_and_claims_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let mint = |claims: &str, key: &[&str]| {
        std::fs::write(folder.path().join("claims"), claims).unwrap();
        let about =
            ["--issuer", "https://a.example", "--audience", "b", "--subject", "c", "--claims", "claims"];
        countersign(folder.path(), &[&["token", "mint"], key, &about[..]].concat())
    };
    let minted = mint("{\"tier\":\"gold\"}", &["--secret", "secret"]);
    std::fs::write(folder.path().join("token"), &minted.stdout).unwrap();
    let about = ["--issuer", "https://a.example", "--audience", "b", "--secret", "secret", "--json"];
    let checked = countersign(folder.path(), &[&["token", "verify", "@token"], &about[..]].concat());
    let checked: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&checked["claims"]["tier"], &checked["kind"]), (&"gold".into(), &"access token".into()));
    for refused in ["{\"exp\":1}", "{\"jti\":\"x\"}", "{\"client_id\":\"x\"}", "{\"a\":1,\"a\":2}", "[]"] {
        let output = mint(refused, &["--secret", "secret"]);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{refused}");
        assert_eq!(out(&output), "", "{refused}");
    }
}

#[test]
fn a_mistyped_setting_is_told_with_file_line_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("countersign.toml"),
        "data = \"x\"\nlisten_on = \"8321\"\nconsole_lisen = \"1\"\n",
    )
    .unwrap();
    let checked = countersign(folder.path(), &["config", "check"]);
    assert_eq!(checked.status.code(), Some(2));
    insta::assert_snapshot!("config_unknown_key", err(&checked));
}

#[test]
fn production_refuses_what_is_unsafe_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = String::new();
    let mut serve = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = command(folder.path(), &[&["serve"], arguments].concat());
        let output = command.envs(environment.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", err(&output));
        told.push_str(&format!("$ countersign serve {}\n{}", arguments.join(" "), err(&output)));
    };
    serve(&[], &[]);
    serve(&["--public-url", "http://id.shop.example"], &[]);
    serve(&["--public-url", "https://id.shop.example/"], &[]);
    serve(&["--public-url", "https://id.shop.example"], &[]);
    serve(&["--public-url", "https://id.shop.example"], &[("COUNTERSIGN_MASTER_KEY", "short")]);
    std::fs::create_dir(folder.path().join("dev")).unwrap();
    std::fs::write(folder.path().join("dev/dev-master.key"), "x").unwrap();
    serve(&["--public-url", "https://id.shop.example", "--data", "dev"], &[]);
    serve(&["--dev", "--listen", "0.0.0.0:8321"], &[]);
    assert!(!folder.path().join("countersign-data").exists(), "nothing is made before everything is right");
    insta::assert_snapshot!("serve_refusals", told);
}

#[test]
fn exit_codes_tell_usage_from_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str]| countersign(folder.path(), arguments).status.code();
    assert_eq!(code(&["explain", "CS-2101"]), Some(0));
    assert_eq!(code(&["explain", "CS-0000"]), Some(2));
    assert_eq!(code(&["no-such-command"]), Some(2));
    assert_eq!(code(&["app", "list"]), Some(3));
    assert_eq!(code(&["app", "list", "--data", "nowhere"]), Some(3));
}

#[test]
fn without_utf_8_and_without_a_terminal_the_output_is_plain() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &["explain", "nonsense"]).env("LANG", "C").output().unwrap();
    assert_eq!(
        err(&output),
        "\n  x there is no code `nonsense` (CS-6012)\n  -> countersign explain, without a code, lists all of them\n\n"
    );
    let coloured = command(folder.path(), &["explain", "CS-2101", "--color", "always"]).output().unwrap();
    assert!(out(&coloured).contains('\u{1b}'));
    assert!(!out(&countersign(folder.path(), &["explain", "CS-2101"])).contains('\u{1b}'));
}
