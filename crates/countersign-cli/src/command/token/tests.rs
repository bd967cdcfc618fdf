//! Each kind of token made and checked, with the options that people type.

use std::path::Path;

use clap::{Parser, ValueEnum};
use countersign_jose::sd_jwt::{Claims, Held, Type};
use countersign_jose::{Algorithm, Error, SigningKey};
use serde_json::json;

use super::verify::{Good, told};
use super::*;
use crate::cli::{Cli, Command};
use crate::problem::{Exit, Problem};
use crate::when;

const NOW: u64 = 1_795_425_240;
const ISSUER: &str = "https://id.shop.example";
const AUDIENCE: &str = "shop-api";
const REQUEST: [&str; 4] = ["--method", "GET", "--uri", "https://api.shop.example/orders"];

/// What was typed after `countersign token`.
fn typed<'a>(words: impl IntoIterator<Item = &'a str>) -> Token {
    let words = ["countersign", "token"].into_iter().chain(words);
    match Cli::try_parse_from(words).unwrap().command {
        Some(Command::Token(token)) => token,
        other => panic!("{other:?}"),
    }
}

fn verify<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Good> {
    match typed(["verify"].into_iter().chain(words)) {
        Token::Verify(verify) => verify.verified(NOW),
        other => panic!("{other:?}"),
    }
}

fn mint<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<String> {
    match typed(["mint"].into_iter().chain(words)) {
        Token::Mint(mint) => mint.minted(NOW).map(|(token, _)| token),
        other => panic!("{other:?}"),
    }
}

/// A folder with a key, and tokens that are put there.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        bench.put("key.pem", &SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8_pem().unwrap());
        bench
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(Path::new(&self.path(name)), text).unwrap();
    }

    /// Makes a token of this kind, with these options besides.
    fn mint(&self, kind: Kind, more: &[&str]) -> Result<String> {
        let (key, word) = (self.path("key.pem"), kind.word());
        let whose = ["--issuer", ISSUER, "--audience", AUDIENCE];
        let kinds_own: &[&str] = match kind {
            Kind::Access | Kind::Id | Kind::Logout => &["--subject", "ada"],
            Kind::Event => &["--event", "https://shop.example/events/gone"],
            Kind::Assertion | Kind::Request | Kind::Introspection => &[],
            Kind::Dpop => &REQUEST,
        };
        let whose = if kind == Kind::Dpop { &[][..] } else { whose.as_slice() };
        mint([&["--key", key.as_str(), "--kind", word.as_str()][..], whose, kinds_own, more].concat())
    }

    /// Checks a token as this kind, or as what it says it is.
    fn check(&self, token: &str, kind: Option<Kind>, more: &[&str]) -> Result<Good> {
        self.put("token", token);
        let (file, key) = (format!("@{}", self.path("token")), self.path("key.pem"));
        let word = kind.map(Kind::word);
        let kind: Vec<&str> = word.iter().flat_map(|word| ["--kind", word.as_str()]).collect();
        let whose = ["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", key.as_str()];
        verify([&[file.as_str()][..], whose.as_slice(), kind.as_slice(), more].concat())
    }
}

fn claims(bench: &Bench, text: &str) -> [String; 2] {
    bench.put("claims", text);
    ["--claims".to_owned(), bench.path("claims")]
}

#[test]
fn a_token_of_each_kind_is_verified_as_that_kind_and_as_no_other() {
    let bench = Bench::new();
    let mut refused = 0;
    for made in Kind::value_variants() {
        let token = bench.mint(*made, &[]).unwrap();
        let says_itself = bench.check(&token, None, &REQUEST).unwrap();
        assert_eq!(says_itself.what, made.name());
        for asked in Kind::value_variants() {
            let more: &[&str] = if *asked == Kind::Dpop { &REQUEST } else { &[] };
            match bench.check(&token, Some(*asked), more) {
                Ok(good) => assert_eq!((made, good.what.as_str()), (asked, made.name())),
                Err(problem) => {
                    let told = (problem.exit, problem.code.as_str());
                    assert_eq!(told, (Exit::Refused, "CS-1011"), "{made:?} as {asked:?}: {problem:?}");
                    assert!(problem.message.ends_with("RFC 8725 3.11"), "{problem:?}");
                    assert_ne!(made, asked);
                    refused += 1;
                }
            }
        }
    }
    let kinds = Kind::value_variants().len();
    assert_eq!(refused, kinds * (kinds - 1));
}

#[test]
fn claims_that_a_kind_has_a_place_for_are_minted_there_and_read_back() {
    let bench = Bench::new();
    let of_a_person = json!({
        "nonce": "n-0S6_WzA2Mj", "auth_time": NOW - 60, "acr": "2", "amr": ["pwd", "otp"], "azp": AUDIENCE,
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0cnXxCltA", "sid": "s1",
        "email": "ada@shop.example", "email_verified": true, "tier": "gold"
    });
    let of_a_grant = json!({ "auth_time": NOW - 60, "acr": "2", "amr": ["pwd"], "tier": "gold" });
    for (kind, given) in [
        (Kind::Id, of_a_person),
        (Kind::Access, of_a_grant),
        (Kind::Logout, json!({ "sid": "s1", "tier": "gold" })),
        (Kind::Request, json!({ "response_type": "code", "nonce": "n", "max_age": 7 })),
    ] {
        let [option, file] = claims(&bench, &given.to_string());
        let token = bench.mint(kind, &[&option, &file]).unwrap();
        let good = bench.check(&token, Some(kind), &[]).unwrap();
        for (name, value) in given.as_object().unwrap() {
            assert_eq!(good.claims.get(name), Some(value), "{kind:?} {name}");
        }
    }
    // Within a claim of the kind the names of the registered ones are free.
    let known = json!({ "scope": "read", "sub": "ada", "iss": ISSUER, "exp": NOW + 9 });
    let [option, file] = claims(&bench, &known.to_string());
    let good = bench.check(&bench.mint(Kind::Introspection, &[&option, &file]).unwrap(), None, &[]).unwrap();
    let mut answer = known.clone();
    answer["active"] = true.into();
    assert_eq!(good.claims["token_introspection"], answer);
    let good = bench.check(&bench.mint(Kind::Event, &[&option, &file]).unwrap(), None, &[]).unwrap();
    assert_eq!(good.claims["events"]["https://shop.example/events/gone"], known);
    let good = bench.check(&bench.mint(Kind::Introspection, &[]).unwrap(), None, &[]).unwrap();
    assert_eq!(good.claims["token_introspection"], json!({ "active": false }));
}

#[test]
fn claims_that_no_verifier_would_take_are_not_minted() {
    let bench = Bench::new();
    for (kind, given, said) in [
        (Kind::Id, r#"{"nonce":7}"#, "`nonce`"),
        (Kind::Id, r#"{"nonce":""}"#, "`nonce`"),
        (Kind::Id, r#"{"amr":"pwd"}"#, "`amr`"),
        (Kind::Id, r#"{"email_verified":"yes"}"#, "`email_verified`"),
        (Kind::Access, r#"{"auth_time":"now"}"#, "`auth_time`"),
        (Kind::Access, r#"{"scope":"read"}"#, "`scope`"),
        (Kind::Access, r#"{"cnf":{"kid":"k"}}"#, "`cnf`"),
        (Kind::Access, r#"{"client_id":"x"}"#, "`client_id`"),
        (Kind::Logout, r#"{"sid":7}"#, "`sid`"),
        (Kind::Logout, r#"{"events":{}}"#, "`events`"),
        (Kind::Request, r#"{"client_id":"x"}"#, "`client_id`"),
        (Kind::Request, r#"{"sub":"x"}"#, "`sub`"),
        (Kind::Introspection, r#"{"exp":"soon"}"#, "`exp`"),
    ] {
        let [option, file] = claims(&bench, given);
        let problem = bench.mint(kind, &[&option, &file]).unwrap_err();
        assert_eq!(problem.exit, Exit::Usage, "{given}: {problem:?}");
        assert!(problem.message.contains(said), "{given}: {problem:?}");
    }
    let [option, file] = claims(&bench, r#"{"nonce":"n"}"#);
    assert!(bench.mint(Kind::Logout, &[&option, &file]).is_err(), "it would pass for an ID token");
    for option in ["--issuer", "--audience", "--kid"] {
        let problem = bench.mint(Kind::Dpop, &[option, "x"]).unwrap_err();
        assert!(problem.exit == Exit::Usage && problem.message.contains(option), "{problem:?}");
    }
}

#[test]
fn an_id_token_repeats_the_nonce_that_its_application_sent() {
    let bench = Bench::new();
    for nonce in ["n-0S6_WzA2Mj", "two words", "ä\""] {
        let token = bench.mint(Kind::Id, &["--nonce", nonce]).unwrap();
        let good = bench.check(&token, None, &["--nonce", nonce]).unwrap();
        assert_eq!((good.claims["nonce"].as_str(), good.checked.ends_with("nonce")), (Some(nonce), true));
        let problem = bench.check(&token, None, &["--nonce", "another"]).unwrap_err();
        assert_eq!((problem.exit, problem.code.as_str()), (Exit::Refused, "CS-1012"));
        let told = "the claim `nonce` is not what it must be, OpenID Connect Core 3.1.3.7";
        assert_eq!(problem.message, told);
    }
    let bare = bench.mint(Kind::Id, &[]).unwrap();
    let problem = bench.check(&bare, None, &["--nonce", "n"]).unwrap_err();
    assert_eq!(problem.message, "the claim `nonce` is missing, OpenID Connect Core 3.1.3.7");
    let usage = |problem: Problem| assert_eq!(problem.exit, Exit::Usage, "{problem:?}");
    usage(bench.mint(Kind::Id, &["--nonce", ""]).unwrap_err());
    usage(bench.mint(Kind::Dpop, &["--nonce", "two words"]).unwrap_err());
    usage(bench.mint(Kind::Access, &["--nonce", "n"]).unwrap_err());
    let [option, file] = claims(&bench, r#"{"nonce":"n"}"#);
    usage(bench.mint(Kind::Id, &[&option, &file, "--nonce", "n"]).unwrap_err());
}

#[test]
fn a_credential_is_verified_with_its_holders_proof_or_without() {
    let bench = Bench::new();
    let (issuer, holder) =
        (SigningKey::generate(Algorithm::Es256).unwrap(), SigningKey::generate(Algorithm::Es256).unwrap());
    bench.put("key.pem", &issuer.verifying_key().to_spki_pem());
    let issued = |bound: bool| {
        let subject = json!({ "iss": ISSUER, "sub": "ada", "exp": NOW + 60, "name": "Ada", "plan": "gold" });
        let mut claims = Claims::new(&subject).unwrap();
        claims.conceal("/name").unwrap();
        if bound {
            claims.bind_to(&holder.verifying_key()).unwrap();
        }
        Held::parse(&claims.sign(&issuer, Type::CREDENTIAL).unwrap()).unwrap()
    };
    let nonce = |nonce: &'static str| ["--nonce", nonce];
    let free = issued(false).present(|_| true).unbound();
    let good = bench.check(&free, None, &[]).unwrap();
    assert_eq!((good.what.as_str(), &good.claims["name"]), ("SD-JWT credential", &json!("Ada")));
    assert!(!good.checked.contains("key binding"), "{}", good.checked);
    let bound = issued(true);
    let shown = bound.present(|_| true).bound(&holder, AUDIENCE, "n-1", NOW).unwrap();
    let good = bench.check(&shown, None, &nonce("n-1")).unwrap();
    assert!(good.checked.ends_with("key binding"), "{}", good.checked);
    assert_eq!(good.claims["plan"], "gold");
    let copied = bound.present(|_| true).unbound();
    let elsewhere = bound.present(|_| true).bound(&holder, "bank", "n-1", NOW).unwrap();
    for (text, more, code, said) in [
        (&shown, &nonce("n-2")[..], "CS-1076", "another nonce, RFC 9901 7.3"),
        (&elsewhere, &nonce("n-1")[..], "CS-1076", "another verifier, RFC 9901 7.3"),
        (&copied, &nonce("n-1")[..], "CS-1076", "it is missing, RFC 9901 7.3"),
        (&free, &nonce("n-1")[..], "CS-1076", "RFC 9901 7.3"),
        (&shown, &[][..], "CS-1076", "nobody asked for it, RFC 9901 7.3"),
        (&copied, &[][..], "CS-1066", "RFC 7800 3"),
    ] {
        let problem = bench.check(text, None, more).unwrap_err();
        assert_eq!((problem.exit, problem.code.as_str()), (Exit::Refused, code), "{problem:?}");
        assert!(problem.message.ends_with(said), "{said}: {problem:?}");
    }
}

#[test]
fn times_are_told_for_people_and_by_the_claim_that_says_them() {
    let (later, ago) = (when::now() + 7230, when::now() - 7230);
    for (error, said) in [
        (
            Error::Early { from: later, claim: "nbf" },
            "the token is not valid yet, only in 2 h, RFC 7519 4.1.5",
        ),
        (
            Error::Early { from: later, claim: "iat" },
            "the token says that it is issued in 2 h, RFC 7519 4.1.6",
        ),
        (Error::Expired { at: ago, claim: "exp" }, "the token expired 2 h ago, RFC 7519 4.1.4"),
        (Error::Expired { at: ago, claim: "iat" }, "the token expired 2 h ago by its `iat`, RFC 7519 4.1.6"),
        (
            Error::Expired { at: ago, claim: "token_introspection" },
            "the token expired 2 h ago by its `token_introspection`, RFC 7662 4",
        ),
    ] {
        let problem = told(&error);
        assert_eq!((problem.message.as_str(), problem.exit), (said, Exit::Refused));
        assert!(problem.hint.is_some(), "{problem:?}");
    }
}

#[test]
fn the_page_of_a_token_says_the_command_that_checks_it() {
    let bench = Bench::new();
    for kind in Kind::value_variants() {
        let token = bench.mint(*kind, &[]).unwrap();
        bench.put("token.txt", &token);
        let command = inspect::next_command(&token, &format!("@{}", bench.path("token.txt"))).unwrap();
        let command = command.replace("\\\n", " ").replace("--jwks FILE", "");
        let mut words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words.drain(..3).collect::<Vec<_>>(), ["countersign", "token", "verify"], "{command}");
        // The keys would be fetched from the issuer.
        let keys = bench.path("key.pem");
        if *kind != Kind::Dpop {
            words.extend(["--jwks", &keys]);
        }
        assert_eq!(verify(words).unwrap().what, kind.name(), "{command}");
    }
}
