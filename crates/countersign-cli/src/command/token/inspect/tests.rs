//! Each form of a token once, as it is shown, and the remarks one by one.

use countersign_jose::base64::encode;
use countersign_jose::jwe::{DecryptingKey, KeyAlgorithm, Message, Password, Rounds, SymmetricKey};
use countersign_jose::jws::Content;
use countersign_jose::sd_jwt::{Claims, Type};
use countersign_jose::{Algorithm, SigningKey};

use super::*;

const NOW: u64 = 1_795_425_240;

fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", encode(header.to_string()), encode(claims.to_string()), encode(signature))
}

fn seen(text: &str) -> String {
    let token = pasted::of(text).unwrap();
    let parts = parts::of(&token).unwrap();
    let text = sheet(Ui::bare(true), &parts, "@token.txt", token.trimmed, NOW).into_text();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

fn looked_at(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let token = token(header, claims, signature);
    seen(&token)
}

#[test]
fn an_access_token_in_eighty_columns() {
    let claims = json!({
        "iss": "https://id.shop.example", "aud": "shop-api", "sub": "usr_7f3kq2", "iat": 1_795_424_940,
        "exp": 1_795_425_840, "sid": "q3W9xT0mVbYk2RzLh8uNcA", "rv": 884_213, "email": "ada@marsh.example"
    });
    let text =
        looked_at(&json!({"typ": "at+jwt", "alg": "ES256", "kid": "es256-2026-11"}), &claims, &[1; 64]);
    insta::assert_snapshot!("inspect", text);
}

#[test]
fn a_bad_token_in_eighty_columns() {
    let claims = json!({ "sub": "a".repeat(200), "password": "x", "name": "\u{1b}[31mAda", "aud": [] });
    let text = looked_at(&json!({"alg": "none", "jku": "https://evil.example"}), &claims, &[]);
    assert!(!text.contains('\u{1b}'));
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!("inspect_bad", text);
}

#[test]
fn a_short_rsa_key_and_a_long_life_are_remarked() {
    let claims = json!({ "iss": "a", "aud": "b", "iat": 0, "exp": 864_000 });
    let text = looked_at(&json!({"alg": "RS256"}), &claims, &[1; 128]);
    assert!(text.contains("1,024 bits") && text.contains("lives 10 days"), "{text}");
}

fn remark(header: &Value, claims: &Value, signature: usize) -> String {
    looked_at(header, claims, &vec![1; signature])
}

#[test]
fn every_unwise_header_and_claim_is_remarked() {
    let good = json!({ "iss": "a", "aud": "b", "iat": NOW, "exp": NOW + 60 });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let at = |extra: Value| {
        let mut header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "k" });
        header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        header
    };
    let clean = remark(&at(json!({})), &good, 64);
    assert!(!clean.lines().skip(1).any(|line| line.contains('!') || line.contains('✗')), "{clean}");
    for (header, claims, signature, said) in [
        (at(json!({ "alg": "HS256" })), good.clone(), 32, "whoever can check it can also make it"),
        (at(json!({ "alg": "None" })), good.clone(), 0, "unsigned"),
        (at(json!({ "alg": "XS1" })), good.clone(), 64, "`XS1` is not an algorithm"),
        (at(json!({})), good.clone(), 40, "40 bytes, ES256 has 64"),
        (at(json!({ "crit": ["exp2"] })), good.clone(), 64, "demands `exp2`"),
        (at(json!({ "jwk": {} })), good.clone(), 64, "brings its own key"),
        (at(json!({ "kid": "../../dev/null" })), good.clone(), 64, "reads like a path"),
        (at(json!({})), with("exp", json!(NOW * 1000)), 64, "milliseconds"),
        (at(json!({})), with("exp", json!("soon")), 64, "not a whole number"),
        (at(json!({})), with("exp", json!(NOW - 60)), 64, "expired 1 min ago"),
        (at(json!({})), with("nbf", json!(NOW + 60)), 64, "not valid yet"),
        (at(json!({})), with("aud", json!(["b", "c"])), 64, "2 audiences"),
        (json!({ "alg": "ES256" }), good.clone(), 64, "no type"),
    ] {
        let text = remark(&header, &claims, signature);
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn an_encrypted_token_shows_its_header_and_says_that_the_content_is_sealed() {
    let key = DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw).unwrap();
    let text = seen(&Message::new(b"a.b.c").cty("JWT").encrypt(&key.encrypting_key()).unwrap());
    for said in [
        "ECDH-ES+A256KW",
        "sealed, 5 bytes",
        "a key on P-256",
        "a token lies in it",
        "countersign jwe decrypt",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let password = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse battery").unwrap();
    let text = seen(&Message::new(b"x").encrypt(&password).unwrap());
    assert!(text.contains("key well wrapped"), "what we write is what we ask of others: {text}");
    let brief = password.with_rounds(Rounds::MESSAGE);
    let text = seen(&Message::new(b"x").encrypt(&brief).unwrap());
    assert!(text.contains("hashed 10,000 times: a password needs 600,000"), "{text}");
    let bob = SymmetricKey::generate(KeyAlgorithm::A256Kw).unwrap();
    let text = seen(&Message::new(b"x").general(&[&key.encrypting_key(), &bob], b"seen").unwrap());
    assert!(text.contains("recipient 2") && text.contains("everybody can read"), "{text}");
    let sealed = |header: Value| format!("{}.AA.AA.AA.AA", encode(header.to_string()));
    let text = seen(&sealed(json!({ "alg": "RSA1_5", "enc": "A128GCM", "zip": "DEF" })));
    assert!(text.contains("attackers decrypt") && text.contains("can inflate"), "{text}");
    let text =
        seen(&sealed(json!({ "alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2_000_000_000_u64 })));
    assert!(text.contains("made to keep its reader busy"), "{text}");
}

#[test]
fn an_sd_jwt_lists_its_disclosures() {
    let issuer = SigningKey::generate(Algorithm::Es256).unwrap();
    let claims = json!({ "iss": "https://town.example", "iat": NOW, "exp": NOW + 60, "town": "Porto" });
    let mut claims = Claims::new(&claims).unwrap();
    claims.conceal("/town").unwrap();
    let text = seen(&claims.sign(&issuer, Type::CREDENTIAL).unwrap());
    for said in ["verifiable credential", "Porto", "the holder may keep it back", "whoever has a copy"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("no audience"), "{text}");
    claims.bind_to(&issuer.verifying_key()).unwrap();
    let text = seen(&claims.sign(&issuer, Type::CREDENTIAL).unwrap());
    assert!(text.contains("until its holder proves the key"), "{text}");
}

#[test]
fn a_document_with_two_signatures_names_both() {
    let (one, two) =
        (SigningKey::generate(Algorithm::Es256).unwrap(), SigningKey::generate(Algorithm::EdDsa).unwrap());
    let text = seen(&Content::new(b"{\"iss\":\"a\"}").general(&one, &[&two]).unwrap());
    assert!(text.contains("signature 1") && text.contains("EdDSA, key"), "{text}");
    let text = seen(&Content::new(b"hello").compact(&one).unwrap());
    assert!(text.contains("hello") && text.contains("no claims"), "{text}");
}

#[test]
fn whatever_is_pasted_is_answered_without_a_crash_and_within_eighty_columns() {
    let header = encode(r#"{"alg":"ES256"}"#);
    for text in
        ["a.b.c", "....", "~", "a.b.c~~", "{}", "{\"payload\":1,\"signatures\":1}", "{\"ciphertext\":1}"]
    {
        let refused = match pasted::of(text) {
            Ok(token) => parts::of(&token).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{text}");
    }
    let cut = format!("{header}.eyJpc3MiOiJ.AA");
    let problem = parts::of(&pasted::of(&cut).unwrap()).err().unwrap();
    assert!(problem.hint.unwrap().contains("cut short"));
}

/// The command on the page of this token.
fn next(header: &Value, claims: &Value) -> String {
    let token = token(header, claims, &[1; 64]);
    next_command(&token, "@token.txt").unwrap()
}

#[test]
fn the_command_names_what_the_token_says_and_needs_nothing_else() {
    let at = json!({ "typ": "at+jwt", "alg": "ES256" });
    let claims = json!({ "iss": "https://id.shop.example", "aud": ["shop-api"], "iat": 1, "exp": 2 });
    let text = looked_at(&at, &claims, &[1; 64]);
    let page = "  ! UNVERIFIED   read only; to check it, if you trust whom it names:\n    countersign token verify \
                @token.txt --issuer https://id.shop.example \\\n      --audience shop-api\n";
    assert!(text.trim_start_matches('\n').starts_with(page), "{text}");
    let whose = json!({ "iss": "a", "aud": "b" });
    let about = |typ: &str, alg: &str| next(&json!({ "typ": typ, "alg": alg }), &whose);
    for (command, more) in [
        (about("at+jwt", "HS256"), " --secret FILE"),
        (about("at+jwt", "HS512"), " --secret FILE \\\n  --alg HS512"),
        (about("client-authentication+jwt", "ES256"), " --jwks FILE"),
        (about("oauth-authz-req+jwt", "ES256"), " --jwks FILE"),
        (about("ticket+jwt", "ES256"), " --kind KIND"),
    ] {
        assert_eq!(command, format!("countersign token verify @token.txt --issuer a --audience b{more}"));
    }
    let proof = json!({ "htm": "GET", "htu": "https://a.example/", "jti": "j", "iat": 1, "ath": "h" });
    assert_eq!(
        next(&json!({ "typ": "dpop+jwt", "alg": "ES256" }), &proof),
        "countersign token verify @TOKEN --proof @token.txt --method GET \\\n  \
         --uri https://a.example/ --issuer URL --audience NAME"
    );
    // What no command checks is not sent to one.
    assert!(
        !seen(r#"{"payload":"e30","protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AA"}"#)
            .contains("to check")
    );
}

#[test]
fn a_strangers_words_are_no_part_of_a_command() {
    let at = json!({ "typ": "at+jwt", "alg": "ES256" });
    for odd in [
        "$(reboot)",
        "`reboot`",
        "a;reboot",
        "a b",
        "a\nreboot",
        "'a'",
        "\"a\"",
        "a&b",
        "a|b",
        "a>b",
        "*",
        "a?b",
        "~root",
        "--kind=id",
        "-x",
        "=ls",
        "%PATH%",
        "!!",
        "{a,b}",
        "a,b",
        "@a",
        "a\\b",
        "a#b",
        "\u{1b}[2J",
        "ä",
        "",
    ] {
        let command = next(&at, &json!({ "iss": odd, "aud": odd }));
        assert_eq!(command, "countersign token verify @token.txt --issuer URL --audience NAME", "{odd:?}");
        let proof = next(&json!({ "typ": "dpop+jwt", "alg": "ES256" }), &json!({ "htm": odd, "htu": odd }));
        assert_eq!(proof, "countersign token verify @token.txt --method VERB --uri URI", "{odd:?}");
    }
    let long = "a".repeat(161);
    for claims in
        [json!({ "iss": long, "aud": long }), json!({ "aud": ["a", "b"] }), json!({ "iss": 7, "aud": {} })]
    {
        assert!(next(&at, &claims).ends_with("--issuer URL --audience NAME"), "{claims}");
    }
    let token = token(&at, &json!({ "iss": "a", "aud": "b" }), &[1; 64]);
    let again = |again: &str| next_command(&token, again).unwrap();
    assert!(again("-").starts_with("countersign token verify - --issuer"));
    assert!(again("@/tmp/t.txt").starts_with("countersign token verify @/tmp/t.txt --issuer"));
    for odd in ["@my token", "@$HOME/t", "@-x", "@"] {
        assert!(again(odd).starts_with("countersign token verify @FILE --issuer"), "{odd}");
    }
}
