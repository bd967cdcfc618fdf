//! One test for each class of forgery that has worked elsewhere.
//!
//! Named after what the attacker does; the doc of a test names published cases of its class.
//! More of them are in `published`, and thousands by class in `forgeries`.

use crate::algorithm::{Algorithm, Hash};
use crate::backend::secret::MacKey;
use crate::base64;
use crate::error::Error;
use crate::fixtures::{
    NOW, access, access_verifier, access_with, brief, es256, faulty, forge, header, id, logout, rs256, secret,
};
use crate::json::Flaw;
use crate::jwt::{self, AccessClaims, IdClaims, LogoutClaims};
use crate::key::{KeySet, SharedKey, Signer, SigningKey};

fn claims() -> String {
    serde_json::to_string(&access()).unwrap()
}

/// What the ES256 verifier says to a token with this header, honestly signed.
fn with_header(header: &str) -> Error {
    let token = forge(es256(), header, &claims());
    access_verifier(es256().verifying_key()).verify(&token, NOW).unwrap_err()
}

/// The same with other claims.
fn with_claim(claim: &str, json: &str) -> Error {
    let token = forge(es256(), &header(es256()), &access_with(claim, json));
    access_verifier(es256().verifying_key()).verify(&token, NOW).map_err(brief).unwrap_err()
}

fn with_signature(signature: &[u8]) -> Error {
    let token = jwt::sign(es256(), &access()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let token = format!("{signed}.{}", base64::encode(signature));
    access_verifier(es256().verifying_key()).verify(&token, NOW).unwrap_err()
}

fn signature_of(token: &str) -> Vec<u8> {
    base64::decode(token.rsplit_once('.').unwrap().1).unwrap()
}

/// CVE-2015-9235, CVE-2022-23540: the token chose not to be signed.
#[test]
fn alg_none_in_every_spelling_is_refused() {
    let kid = es256().key_id();
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "none\\u0000", "n\\u006fne"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        for signature in ["", "AA", &"A".repeat(86)] {
            let token = format!("{}.{}.{signature}", base64::encode(&header), base64::encode(claims()));
            let refused = access_verifier(es256().verifying_key()).verify(&token, NOW).unwrap_err();
            let told = match alg {
                "" | " none" | "none\\u0000" => Error::Algorithm { expected: Algorithm::Es256 },
                _ => Error::AlgorithmNone,
            };
            assert_eq!(refused, told, "{alg}");
        }
    }
}

/// CVE-2015-9235: an empty signature was none to check.
#[test]
fn a_token_without_signature_is_refused() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let verifier = access_verifier(es256().verifying_key());
    assert_eq!(verifier.verify(&format!("{signed}."), NOW).unwrap_err(), Error::Signature);
    assert_eq!(verifier.verify(signed, NOW).unwrap_err(), Error::Shape);
}

/// CVE-2022-29217, CVE-2026-48526: the public key was taken for an HMAC secret.
#[test]
fn a_public_key_does_not_become_an_hmac_secret() {
    let jwk = serde_json::to_vec(&rs256().verifying_key().to_jwk()).unwrap();
    let der = rs256().to_pkcs8().unwrap().to_vec();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", base64::encode(&der))
        .into_bytes();
    let kid = rs256().key_id();
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#);
    let verifier = access_verifier(rs256().verifying_key());
    for document in [jwk, der, pem] {
        // The attacker signs with the published document as the secret …
        let signed = format!("{}.{}", base64::encode(&header), base64::encode(claims()));
        let tag = MacKey::new(Hash::Sha256, &document).sign(signed.as_bytes());
        let token = format!("{signed}.{}", base64::encode(tag));
        let refused = verifier.verify(&token, NOW).unwrap_err();
        assert_eq!(refused, Error::Algorithm { expected: Algorithm::Rs256 });
        // … and nobody can configure that document as one.
        assert!(matches!(SharedKey::new(Algorithm::Hs256, &document), Err(Error::NotASecret { .. })));
    }
}

#[test]
fn alg_does_not_choose_within_a_family() {
    let pss = SigningKey::from_pkcs8(Algorithm::Ps256, &rs256().to_pkcs8().unwrap()).unwrap();
    let token = jwt::sign(&pss, &access()).unwrap();
    let refused = access_verifier(rs256().verifying_key()).verify(&token, NOW).unwrap_err();
    assert_eq!(refused, Error::Algorithm { expected: Algorithm::Rs256 });
}

/// lua-resty-jwt 468: `kid` was used as a path.
#[test]
fn kid_is_only_ever_a_name() {
    for kid in
        ["../../dev/null", "' OR 1=1 --", "https://evil.example/jwks", "/proc/self/environ", "*", "%00"]
    {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#)),
            Error::UnknownKey
        );
    }
    let long = "k".repeat(257);
    for kid in ["\"\"", "7", "null", "[\"a\"]", "{\"kid\":\"a\"}", "\"a\\u0000\"", &format!("\"{long}\"")] {
        let refused = with_header(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":{kid}}}"#));
        assert_eq!(refused, Error::Header { member: "kid" }, "{kid}");
    }
}

#[test]
fn kid_does_not_move_a_token_to_another_key() {
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let set = KeySet::new([es256().verifying_key(), other.verifying_key()]).unwrap();
    let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, other.key_id());
    let token = forge(es256(), &header, &claims());
    assert_eq!(access_verifier(set).verify(&token, NOW).unwrap_err(), Error::Signature);
}

#[test]
fn keys_that_the_token_brings_are_never_used() {
    let evil = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(&evil.verifying_key().to_jwk()).unwrap();
    for extra in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/jwks.json""#.into(),
        r#""x5u":"https://evil.example/cert""#.into(),
        r#""x5c":["MIIB"]"#.into(),
    ] {
        for (kid, refusal) in [(es256().key_id(), Error::Signature), (evil.key_id(), Error::UnknownKey)] {
            let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}",{extra}}}"#);
            let token = forge(&evil, &header, &claims());
            assert_eq!(access_verifier(es256().verifying_key()).verify(&token, NOW).unwrap_err(), refusal);
        }
    }
}

/// CVE-2026-32597, CVE-2025-59420, GHSA-hm7r-c7qw-ghp6: `crit` was not read.
#[test]
fn any_crit_is_refused() {
    let kid = es256().key_id();
    for crit in [
        r#"["exp"]"#,
        r#"["b64"],"b64":false"#,
        r#"["b64"],"b64":true"#,
        "[]",
        "null",
        "\"exp\"",
        r#"["alg"]"#,
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","crit":{crit}}}"#)),
            Error::Critical
        );
    }
    assert_eq!(
        with_header(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}","cr\u0069t":["x"]}}"#)),
        Error::Critical
    );
}

/// jwx 2234, jjwt 1073: two parsers took two different members of one name.
#[test]
fn headers_and_claims_that_say_a_thing_twice_are_refused() {
    let kid = es256().key_id();
    let twice = Error::Json { part: "header", flaw: Flaw::Duplicate };
    for extra in [r#","alg":"HS256""#, r#","\u0061lg":"ES256""#, r#","x":{"a":1,"a":2}"#] {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"{extra}}}"#);
        assert_eq!(with_header(&header), twice, "{extra}");
    }
    for extra in [r#"1,"sub":"root""#, r#"1,"s\u0075b":"root""#, r#"[{"a":1,"\u0061":2}]"#, r#"1,"x":2"#] {
        assert_eq!(with_claim("x", extra), Error::Json { part: "claims", flaw: Flaw::Duplicate }, "{extra}");
    }
}

#[test]
fn a_second_spelling_of_a_token_is_refused() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let verifier = access_verifier(es256().verifying_key());
    verifier.verify(&token, NOW).unwrap();
    // 64 bytes leave four bits over in the last character: 16 spellings, one of them canonical.
    let last = token.chars().last().unwrap();
    let spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in spellings.chars().filter(|other| *other != last) {
        let bent = format!("{}{other}", token.strip_suffix(last).unwrap());
        let refused = verifier.verify(&bent, NOW).unwrap_err();
        assert!(matches!(refused, Error::Base64 { part: "signature" } | Error::Signature), "{other}");
    }
    for bent in [format!("{token}="), format!("{token}=="), format!("{token}\n"), format!(" {token}")] {
        assert!(matches!(verifier.verify(&bent, NOW), Err(Error::Base64 { .. })), "{bent:?}");
    }
    assert!(verifier.verify(&token.replacen('.', "=.", 1), NOW).is_err());
}

#[test]
fn ecdsa_signatures_in_der_are_refused() {
    let fixed = signature_of(&jwt::sign(es256(), &access()).unwrap());
    let integer = |bytes: &[u8]| {
        let mut body: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        if body[0] & 0x80 != 0 {
            body.insert(0, 0);
        }
        [&[2, u8::try_from(body.len()).unwrap()][..], &body].concat()
    };
    let body = [integer(&fixed[..32]), integer(&fixed[32..])].concat();
    let der = [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat();
    assert_eq!(with_signature(&der), Error::Signature);
}

/// CVE-2022-21449: `r` and `s` out of range were accepted.
#[test]
fn blank_signatures_are_refused() {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (zero, one) = ([0_u8; 32], {
        let mut one = [0_u8; 32];
        one[31] = 1;
        one
    });
    for r in [zero, order, one, [0xff; 32]] {
        for s in [zero, order, one, [0xff; 32]] {
            assert_eq!(with_signature(&[r, s].concat()), Error::Signature);
        }
    }
}

#[test]
fn signatures_of_the_wrong_length_are_refused() {
    let good = signature_of(&jwt::sign(es256(), &access()).unwrap());
    for length in [0, 1, 32, 63, 65, 72, 96, 128, 132, 256, 4096] {
        let mut signature = good.clone();
        signature.resize(length, 0);
        assert_eq!(with_signature(&signature), Error::Signature, "{length}");
    }
    let mut padded = vec![0];
    padded.extend_from_slice(&good);
    assert_eq!(with_signature(&padded), Error::Signature);
    let key = rs256();
    let token = jwt::sign(key, &access()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let mut padded = vec![0];
    padded.extend_from_slice(&signature_of(&token));
    let bent = format!("{signed}.{}", base64::encode(padded));
    assert_eq!(access_verifier(key.verifying_key()).verify(&bent, NOW).unwrap_err(), Error::Signature);
}

/// CVE-2025-30204: a token of dots cost memory for each.
#[test]
fn a_flood_of_dots_or_bytes_is_refused_before_decoding() {
    let verifier = access_verifier(es256().verifying_key());
    for flood in [".".repeat(1_000_000), "A".repeat(1_000_000), format!("{}..", "e30".repeat(10_000))] {
        assert!(matches!(verifier.verify(&flood, NOW), Err(Error::TooLarge { .. })));
    }
}

#[test]
fn no_kind_of_token_is_taken_for_another() {
    let tokens = [
        jwt::sign(es256(), &access()).unwrap(),
        jwt::sign(es256(), &id()).unwrap(),
        jwt::sign(es256(), &logout()).unwrap(),
    ];
    fn check<C: jwt::Profile>(token: &str) -> Result<(), Error> {
        use crate::fixtures::{AUDIENCE, ISSUER};
        let verifier = jwt::verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
        verifier.verify(token, NOW).map(|_| ())
    }
    for (made, token) in tokens.iter().enumerate() {
        let answers = [check::<AccessClaims>(token), check::<IdClaims>(token), check::<LogoutClaims>(token)];
        for (asked, answer) in answers.into_iter().enumerate() {
            if made == asked {
                assert_eq!(answer, Ok(()));
            } else {
                assert!(matches!(answer, Err(Error::Type { .. })), "{made} taken for {asked}");
            }
        }
    }
}

#[test]
fn a_token_that_does_not_say_its_type_is_refused() {
    let kid = es256().key_id();
    for typ in [
        "",
        r#","typ":"JWT""#,
        r#","typ":"jwt""#,
        r#","typ":"AT+JWT""#,
        r#","typ":"""#,
        r#","typ":"at+jwt;x=1""#,
    ] {
        let refused = with_header(&format!(r#"{{"alg":"ES256","kid":"{kid}"{typ}}}"#));
        assert_eq!(refused, Error::Type { expected: "at+jwt" }, "{typ}");
    }
    assert_eq!(
        with_header(&format!(r#"{{"alg":"ES256","kid":"{kid}","typ":["at+jwt"]}}"#)),
        Error::Header { member: "typ" }
    );
    assert_eq!(with_header(&format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#)), Error::Header { member: "alg" });
    assert_eq!(
        with_header(&format!(r#"{{"alg":["ES256"],"typ":"at+jwt","kid":"{kid}"}}"#)),
        Error::Header { member: "alg" }
    );
}

/// CVE-2026-25537: a claim of the wrong type was taken for an absent one, and that for a good one.
#[test]
fn absent_or_mistyped_issuer_audience_and_expiry_refuse() {
    for claim in ["iss", "aud", "exp"] {
        for json in ["", "null", "false", "{}", "[]", "[null]", "[[]]", "0.5", "-1"] {
            assert_eq!(with_claim(claim, json), faulty(claim), "{claim} = {json}");
        }
    }
}

/// libjwt 283: a number too large became the largest.
#[test]
fn an_expiry_that_is_no_whole_second_of_this_era_is_refused() {
    let exp = faulty("exp");
    for json in [
        "\"1800000300\"",
        "1800000300.0",
        "1800000300.5",
        "18e8",
        "-1800000300",
        "-0",
        "[1800000300]",
        "true",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "253402300800",
        "{\"$numberLong\":\"1\"}",
    ] {
        assert_eq!(with_claim("exp", json), exp, "{json}");
    }
    for json in ["18446744073709551616", "1e400", "99999999999999999999999"] {
        assert_eq!(with_claim("exp", json), Error::Json { part: "claims", flaw: Flaw::Number }, "{json}");
    }
    for json in ["01800000300", "NaN", "Infinity", "0x6b49d200"] {
        assert_eq!(with_claim("exp", json), Error::Json { part: "claims", flaw: Flaw::Unexpected }, "{json}");
    }
    assert_eq!(with_claim("exp", "0"), Error::Expired { at: 0, claim: "exp" });
}

#[test]
fn claims_that_are_not_an_object_are_refused() {
    let verifier = access_verifier(es256().verifying_key());
    for payload in ["", "null", "[]", "\"x\"", "{", "{}x", "\u{feff}{}"] {
        let token = forge(es256(), &header(es256()), payload);
        assert!(matches!(verifier.verify(&token, NOW), Err(Error::Json { part: "claims", .. })), "{payload}");
    }
    let nested = format!(r#"{{"a":{}}}"#, "[".repeat(10_000));
    let token = forge(es256(), &header(es256()), &nested);
    assert_eq!(
        verifier.verify(&token, NOW).unwrap_err(),
        Error::Json { part: "claims", flaw: Flaw::TooDeep }
    );
}

#[test]
fn a_secret_and_a_public_key_never_meet_in_one_verifier() {
    // `Trusted` is made of a set of public keys or of one secret; a set with a secret in it
    // cannot be read.
    let jwks = r#"{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}]}"#;
    assert_eq!(KeySet::from_jwks(jwks.as_bytes()).unwrap_err(), Error::MixedKeys);
    let token = jwt::sign(&secret(Algorithm::Hs256), &access()).unwrap();
    let set = KeySet::new([es256().verifying_key()]).unwrap();
    assert_eq!(
        access_verifier(set).verify(&token, NOW).unwrap_err(),
        Error::Algorithm { expected: Algorithm::Es256 }
    );
    assert_eq!(secret(Algorithm::Hs256).key_id(), None);
}
