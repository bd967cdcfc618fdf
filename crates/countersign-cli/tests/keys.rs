//! Keys and encrypted files on their way out and back: every form that a key can be written in, every way to encrypt.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder, and the program in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn run(&self, words: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words.split_whitespace()).current_dir(self.0.path());
        command.env_clear().env("LANG", "C.UTF-8").stdin(Stdio::null()).output().unwrap()
    }

    /// What it prints; it must succeed.
    fn said(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// How it ends, and what it says on the way.
    fn ends(&self, words: &str) -> (Option<i32>, String) {
        let output = self.run(words);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// The header of an encrypted token in `name`, of either form.
    fn header(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.said(&format!("token inspect @{name} --json"))).unwrap()["header"]
            .take()
    }
}

/// Writes a key in this form, its public half in each, and looks whether they are one key.
fn written(desk: &Desk, how: &str, format: &str) {
    let key = desk.said(&format!("key new {how} --format {format} --out -"));
    desk.put("key", &key);
    let pem = key.starts_with("-----BEGIN PRIVATE KEY-----\n");
    assert_eq!(pem, format == "pem", "{how}: {key}");
    if !pem {
        let jwk: Value = serde_json::from_str(&key).unwrap();
        assert_eq!(jwk["alg"].as_str(), how.split_whitespace().nth(1), "{how}: {key}");
        // It says itself what it is for.
        desk.put("public.jwk", &desk.said("key public key"));
        assert_eq!(desk.said("key thumbprint public.jwk"), desk.said("key thumbprint key"), "{how}");
    }
    let thumbprint = desk.said("key thumbprint key");
    let public = desk.said("key public key --format pem");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{how}: {public}");
    desk.put("public.pem", &public);
    let name = how.split_whitespace().nth(1).unwrap();
    desk.put("public.jwk", &desk.said(&format!("key public key --alg {name}")));
    for half in ["public.pem", "public.jwk"] {
        assert_eq!(desk.said(&format!("key thumbprint {half}")), thumbprint, "{how} {format} {half}");
    }
    let jwk: Value = serde_json::from_str(&desk.said("key public public.pem")).unwrap();
    assert!(jwk["d"].is_null() && jwk["priv"].is_null() && jwk["kid"] == thumbprint.trim(), "{how}: {jwk}");
}

#[test]
fn every_key_that_signs_goes_through_each_form_and_checks_what_it_signed() {
    let desk = Desk::new();
    for algorithm in
        ["ES256", "ES384", "ES512", "ES256K", "Ed25519", "EdDSA", "RS256", "PS512", "ML-DSA-44", "ML-DSA-87"]
    {
        for format in ["pem", "jwk"] {
            written(&desk, &format!("--algorithm {algorithm}"), format);
            let whose = "--issuer https://id.example --audience api";
            let how = format!("--key key --alg {algorithm} --subject ada {whose}");
            desk.put("token", &desk.said(&format!("token mint {how}")));
            for half in ["public.pem", "public.jwk"] {
                let how = format!("--jwks {half} --alg {algorithm} {whose} --json");
                let checked: Value =
                    serde_json::from_str(&desk.said(&format!("token verify @token {how}"))).unwrap();
                assert_eq!(checked["claims"]["sub"], "ada", "{algorithm} {format} {half}");
            }
            assert_eq!(desk.header("token")["alg"], algorithm);
        }
    }
}

#[test]
fn every_key_that_decrypts_goes_through_each_form_and_reads_what_was_encrypted_for_it() {
    let desk = Desk::new();
    desk.put("letter", "attack at dawn\n");
    for (algorithm, curve, kty) in [
        ("ECDH-ES", "", "P-256"),
        ("ECDH-ES", "--curve P-256", "P-256"),
        ("ECDH-ES+A128KW", "--curve P-384", "P-384"),
        ("ECDH-ES+A192KW", "--curve P-521", "P-521"),
        ("ECDH-ES+A256KW", "--curve x25519", "X25519"),
        ("RSA-OAEP-256", "", ""),
    ] {
        for format in ["pem", "jwk"] {
            written(&desk, &format!("--algorithm {algorithm} {curve}"), format);
            for half in ["public.pem", "public.jwk"] {
                let how = format!("--to {half} --alg {algorithm}");
                desk.put("sealed", &desk.said(&format!("jwe encrypt @letter {how}")));
                let header = desk.header("sealed");
                assert_eq!(header["alg"], algorithm);
                assert!(kty.is_empty() || header["epk"]["crv"] == kty, "{algorithm} {curve}: {header}");
                let how = format!("--key key --alg {algorithm}");
                assert_eq!(desk.said(&format!("jwe decrypt @sealed {how}")), "attack at dawn\n");
            }
        }
    }
}

#[test]
fn what_is_encrypted_comes_back_by_every_option() {
    let desk = Desk::new();
    desk.put("letter", "attack at dawn\n");
    desk.put("pw", "correct horse battery staple\n");
    desk.put("rsa", &desk.said("key new --algorithm RS256 --format pem --out -"));
    desk.put("wrap", &desk.said("key new --algorithm A256KW --out -"));
    desk.put("direct", &desk.said("key new --algorithm A128CBC-HS256 --out -"));
    desk.put("curve", &desk.said("key new --algorithm ES256 --format pem --out -"));
    let (password, brief) = ("PBES2-HS512+A256KW", "PBES2-HS256+A128KW");
    for (to, by, alg, enc) in [
        ("--password @pw", "--password @pw", password, "A256GCM"),
        ("--password @pw --enc A192CBC-HS384", "--password @pw", password, "A192CBC-HS384"),
        ("--password @pw --alg pbes2-hs256+a128kw", "--password @pw", brief, "A256GCM"),
        (
            "--password @pw --alg PBES2-HS256+A128KW",
            "--password @pw --alg PBES2-HS256+A128KW",
            brief,
            "A256GCM",
        ),
        ("--to rsa --alg RSA-OAEP-512", "--key rsa --alg RSA-OAEP-512", "RSA-OAEP-512", "A256GCM"),
        ("--to curve --alg ECDH-ES+A256KW", "--key curve --alg ECDH-ES+A256KW", "ECDH-ES+A256KW", "A256GCM"),
        ("--to wrap", "--key wrap", "A256KW", "A256GCM"),
        ("--to wrap --enc A128GCM", "--key wrap", "A256KW", "A128GCM"),
        ("--to direct", "--key direct", "dir", "A128CBC-HS256"),
    ] {
        // A password costs a third of a second each time.
        let slow = to.starts_with("--password");
        let forms = ["", "--json-form --cty JWT", "--json-form", "--cty text/plain"];
        for form in forms.into_iter().take(if slow { 2 } else { 4 }) {
            let sealed = desk.said(&format!("jwe encrypt @letter {to} {form}"));
            assert_eq!(sealed.starts_with('{'), form.contains("--json-form"), "{to} {form}: {sealed}");
            desk.put("sealed", &sealed);
            let header = desk.header("sealed");
            let cty = form.split_once("--cty ").map(|(_, cty)| cty);
            let told = (header["alg"].as_str(), header["enc"].as_str(), header["cty"].as_str());
            assert_eq!(told, (Some(alg), Some(enc), cty), "{to} {form}");
            assert!(header["p2c"].is_null() || header["p2c"] == 600_000, "{to}: {header}");
            let opened = desk.run(&format!("jwe decrypt @sealed {by}"));
            assert_eq!(String::from_utf8_lossy(&opened.stdout), "attack at dawn\n", "{to} {form}");
            let beside = String::from_utf8_lossy(&opened.stderr).into_owned();
            assert_eq!(beside.split_once(", it is ").map(|(_, cty)| cty.trim()), cty, "{to} {form}");
            if slow {
                continue;
            }
            let opened =
                serde_json::from_str::<Value>(&desk.said(&format!("jwe decrypt @sealed {by} --json")));
            let opened = opened.unwrap();
            assert_eq!((opened["content"].as_str(), opened["cty"].as_str()), (Some("attack at dawn\n"), cty));
        }
    }
    // By another password, by another algorithm of the same key, without any.
    desk.put("sealed", &desk.said("jwe encrypt @letter --to rsa --alg RSA-OAEP-256"));
    desk.put("other", "correct horse battery stapler\n");
    desk.put("locked", &desk.said("jwe encrypt @letter --password @pw"));
    for (words, exit, said) in [
        ("jwe decrypt @locked --password @other", 1, "CS-1051"),
        ("jwe decrypt @locked --password @pw --alg PBES2-HS256+A128KW", 1, "CS-1053"),
        ("jwe decrypt @sealed --key rsa --alg RSA-OAEP-512", 1, "CS-1053"),
        ("jwe decrypt @sealed --key rsa", 2, "--alg"),
        ("jwe encrypt @letter --to rsa", 2, "--alg"),
        ("jwe encrypt @letter --to rsa --alg RSA1_5", 2, "RSA-OAEP-256"),
        ("jwe encrypt @letter --to rsa --password @pw", 2, "cannot be used with"),
    ] {
        let (code, told) = desk.ends(words);
        assert!(code == Some(exit) && told.contains(said), "{words}: {code:?} {told}");
    }
}

#[test]
fn whoever_makes_a_key_is_told_how_to_give_its_public_half_away() {
    let desk = Desk::new();
    desk.put("letter", "attack at dawn\n");
    for (algorithm, format, used) in [
        ("ES256", "pem", "token mint --key key --issuer a --audience b --subject c --json"),
        ("Ed25519", "pem", "token mint --key key --issuer a --audience b --subject c --alg Ed25519 --json"),
        ("PS256", "pem", "token mint --key key --issuer a --audience b --subject c --alg PS256 --json"),
        ("ECDH-ES+A256KW", "pem", "jwe encrypt @letter --to public.jwk --json"),
        ("ECDH-ES+A256KW", "jwk", "jwe encrypt @letter --to public.jwk --json"),
        ("RSA-OAEP-256", "pem", "jwe encrypt @letter --to public.jwk --json"),
    ] {
        let told = desk.said(&format!("key new --algorithm {algorithm} --format {format} --out key"));
        let (_, next) = told.split_once("countersign ").unwrap();
        let (next, _) = next.split_once("   ").unwrap();
        let public = desk.said(next);
        desk.put("public.jwk", &public);
        let public: Value = serde_json::from_str(&public).unwrap();
        assert_eq!(public["alg"], algorithm, "{next}");
        let made: Value = serde_json::from_str(&desk.said(used)).unwrap();
        desk.put("token", made["token"].as_str().unwrap());
        if algorithm.starts_with("ECDH") || algorithm.starts_with("RSA-") {
            let opened = desk.said(&format!("jwe decrypt @token --key key --alg {algorithm}"));
            assert_eq!(opened, "attack at dawn\n");
        } else {
            desk.said("token verify @token --jwks public.jwk --issuer a --audience b");
        }
        std::fs::remove_file(desk.0.path().join("key")).unwrap();
    }
}

#[test]
fn a_key_is_not_made_in_a_form_that_it_does_not_have() {
    let desk = Desk::new();
    desk.put("secret", &desk.said("key new --algorithm HS256 --out -"));
    desk.put("key", &desk.said("key new --out -"));
    for (words, said) in [
        ("key new --curve P-256 --out -", "`--curve` belongs to the ECDH-ES algorithms"),
        (
            "key new --algorithm RSA-OAEP-256 --curve P-256 --out -",
            "`--curve` belongs to the ECDH-ES algorithms",
        ),
        ("key new --algorithm ECDH-ES --curve secp256k1 --out -", "P-256, P-384, P-521, X25519"),
        ("key new --algorithm HS256 --format pem --out -", "no PEM of a shared secret"),
        ("key new --format pem --kid k --out -", "PEM holds no `--kid`"),
        ("key new --algorithm PBES2-HS512+A256KW --out -", "a password is no key file"),
        ("key public secret --format pem", "a shared secret has no public half"),
        ("key public key --format pem --set", "cannot be used with"),
        ("key public key key --format pem", "as a set only"),
        ("key public key --alg A256GCM", "is for a secret"),
        ("key public key --alg none", "unsigned token"),
    ] {
        let output = desk.run(words);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.contains(said), "{words}: {told}");
        assert!(output.stdout.is_empty(), "{words}");
    }
}
