//! Forgeries that were published against other libraries, and are not in `attacks` yet.
//!
//! The doc of each test names the reports. Those against encryption are in `jwe::attacks`, the
//! one against unprotected headers in `jws::tests::document`.

use allocation_counter::measure;

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::Error;
use crate::fixtures::{
    ISSUER, NOW, access, access_verifier, access_with, brief, es256, faulty, forge, header, pairs, rs256,
    secret,
};
use crate::json::{Flaw, MAX_DEPTH};
use crate::jwe::{EncryptingKey, KeyAlgorithm, Message};
use crate::jwk::Jwk;
use crate::jwt::remembering::known;
use crate::jwt::{self, AccessClaims, Leeway, Verifier};
use crate::key::{KeySet, SharedKey, SigningKey};

fn verifier() -> Verifier<AccessClaims> {
    access_verifier(es256().verifying_key())
}

fn with_claim(claim: &str, json: &str) -> Result<(), Error> {
    let token = forge(es256(), &header(es256()), &access_with(claim, json));
    verifier().verify(&token, NOW).map(drop).map_err(brief)
}

/// CVE-2023-48223, CVE-2026-34950: white space in front of a PEM key hid what it was.
/// CVE-2022-29217, CVE-2024-33663, CVE-2024-37568, CVE-2026-48526: so did other formats.
#[test]
fn a_public_key_in_any_wrapping_does_not_become_a_secret() {
    let keys = pairs();
    let mut documents: Vec<(&str, Vec<u8>)> = Vec::new();
    for key in &keys {
        let public = key.verifying_key();
        let pem = public.to_spki_pem();
        for wrapped in [
            format!("\n{pem}"),
            format!(" \t\r\n{pem}"),
            format!("\u{feff}{pem}"),
            format!("# key\n{pem}"),
            pem.trim_end().to_owned(),
            format!("{pem}\n\n"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
        ] {
            documents.push(("PEM", wrapped.into_bytes()));
        }
        documents.push(("DER", public.to_spki()));
        let jwk = serde_json::to_string(&public.to_jwk()).unwrap();
        for wrapped in [jwk.clone(), format!(" \n{jwk}\n"), format!(r#"{{"keys":[{jwk}]}}"#)] {
            documents.push(("JWK", wrapped.into_bytes()));
        }
    }
    documents.push((
        "SSH",
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3sYMvK9nNuuDPGmAKVm2Q1rTQx0 ana@shop".to_vec(),
    ));
    for (format, document) in documents {
        let refused = SharedKey::new(Algorithm::Hs256, &document).unwrap_err();
        assert_eq!(refused, Error::NotASecret { format }, "{}", String::from_utf8_lossy(&document));
    }
}

/// GHSA-c8v6-786g-vjx6: anybody can encrypt to a public key, and that was taken for a signature.
#[test]
fn what_is_encrypted_to_the_public_key_is_not_signed_by_it() {
    // The published key says that it is for signatures, so an honest library encrypts nothing to it.
    let jwk = rs256().verifying_key().to_jwk();
    assert!(EncryptingKey::from_jwk_as(&jwk, KeyAlgorithm::RsaOaep256).is_err());
    // The forger takes its numbers only.
    let whole = serde_json::to_value(&jwk).unwrap();
    let bare = serde_json::json!({ "kty": "RSA", "n": whole["n"], "e": whole["e"], "kid": whole["kid"] });
    let bare = Jwk::parse(bare.to_string().as_bytes()).unwrap();
    let key = EncryptingKey::from_jwk_as(&bare, KeyAlgorithm::RsaOaep256).unwrap();
    let claims = serde_json::to_vec(&access()).unwrap();
    let token = Message::new(&claims).typ("at+jwt").encrypt(&key).unwrap();
    let refused = access_verifier(rs256().verifying_key()).verify(&token, NOW).unwrap_err();
    assert_eq!(refused, Error::Mistaken { expected: "signed", found: "encrypted" });
    let parts: Vec<&str> = token.split('.').collect();
    let three = [parts[0], &base64::encode(&claims), parts[4]].join(".");
    let refused = access_verifier(rs256().verifying_key()).verify(&three, NOW).unwrap_err();
    assert_eq!(refused, Error::Algorithm { expected: Algorithm::Rs256 });
}

/// CVE-2024-53861: a part of the issuer was enough. CVE-2025-30144: so was an array with it.
#[test]
fn an_issuer_is_one_text_and_the_whole_of_it() {
    for json in [
        format!("\"{}\"", ISSUER.split_at(8).0),
        "\"https\"".into(),
        "\"s\"".into(),
        format!("\"{ISSUER}.example\""),
    ] {
        assert_eq!(with_claim("iss", &json), Err(Error::Issuer), "{json}");
    }
    for json in [
        format!("[\"{ISSUER}\"]"),
        format!("[\"https://evil.example\",\"{ISSUER}\"]"),
        "[]".into(),
        "\"\"".into(),
    ] {
        assert_eq!(with_claim("iss", &json), Err(faulty("iss")), "{json}");
    }
}

/// CVE-2026-25537: a time of the wrong type was taken for an absent one.
#[test]
fn a_time_of_another_type_is_not_taken_for_absent() {
    for claim in ["nbf", "iat", "exp", "auth_time"] {
        for json in ["\"1900000000\"", "[1900000000]", "1.9e9", "true", "null", "{}"] {
            assert!(matches!(with_claim(claim, json), Err(Error::Claim { .. })), "{claim} = {json}");
        }
    }
    assert_eq!(with_claim("nbf", "1900000000"), Err(Error::Early { from: 1_900_000_000, claim: "nbf" }));
}

/// CVE-2022-21449: zeros were a good ECDSA signature over everything.
#[test]
fn zeros_are_a_signature_of_nobody() {
    for key in &pairs() {
        let token = jwt::sign(key, &access()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let zeros = vec![0; base64::decode(signature).unwrap().len()];
        let bent = format!("{signed}.{}", base64::encode(zeros));
        let refused = access_verifier(key.verifying_key()).verify(&bent, NOW).unwrap_err();
        assert_eq!(refused, Error::Signature, "{}", key.algorithm());
    }
}

/// CVE-2025-27144, CVE-2025-30204: each dot cost memory. CVE-2025-53864: so did each bracket.
#[test]
fn a_hostile_text_costs_no_more_than_the_limit() {
    let within = crate::jws::MAX_TOKEN;
    let verifier = verifier();
    verifier.verify(&jwt::sign(es256(), &access()).unwrap(), NOW).unwrap();
    // What the refusal of a text costs: how often memory is asked for, and how much of it.
    let cost = |text: &str| {
        let mut refused = None;
        let cost = measure(|| refused = verifier.verify(text, NOW).err());
        (refused.unwrap(), cost.count_total, cost.bytes_total)
    };
    for flood in [".".repeat(within), ".".repeat(100_000_000), "a.".repeat(within / 2)] {
        let (refused, times, bytes) = cost(&flood);
        assert!(matches!(refused, Error::Shape | Error::TooLarge { .. }), "{refused}");
        assert_eq!((times, bytes), (0, 0), "{refused}");
    }
    for nested in ["[".repeat(10_000), r#"{"a":"#.repeat(2_000)] {
        let claims = forge(es256(), &header(es256()), &format!(r#"{{"x":{nested}"#));
        let head = forge(es256(), &format!(r#"{{"x":{nested}"#), "{}");
        // The room that the part is decoded into, and the levels that are looked into: few, whatever comes.
        for token in [&head, &claims] {
            let (refused, times, bytes) = cost(token);
            assert!(matches!(refused, Error::Json { flaw: Flaw::TooDeep, .. }), "{refused}");
            let few = usize::try_from(times).unwrap() <= MAX_DEPTH + 2;
            assert!(few && usize::try_from(bytes).unwrap() <= within, "{times} times, {bytes} bytes");
        }
    }
}

/// GHSA-rp9m-7r4c-75qg, GHSA-687g-22h4-j4w4: what was remembered of one token, or by one
/// verifier, let another in.
#[test]
fn what_is_remembered_of_a_token_lets_no_other_in() {
    let first = verifier().remembering(100);
    let good = jwt::sign(es256(), &access()).unwrap();
    for _ in 0..3 {
        first.verify(&good, NOW).unwrap();
        assert_eq!(known(&first), "1");
    }
    // The same verifier, another token with the same header; or the same token too late.
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let forged = format!("{head}.{}.{signature}", base64::encode(access_with("sub", "\"root\"")));
    assert_eq!(first.verify(&forged, NOW).unwrap_err(), Error::Signature);
    assert!(matches!(first.verify(&good, NOW + 306), Err(Error::Expired { .. })));
    // The same memory, under other rules or with other keys.
    let elsewhere = first.clone().with_audience("another-api");
    assert_eq!(elsewhere.verify(&good, NOW).unwrap_err(), Error::Audience);
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let rotated = first.clone().with_keys(other.verifying_key());
    let named = other.with_id(es256().key_id().clone());
    let replaced = first.clone().with_keys(named.verifying_key());
    for _ in 0..2 {
        assert_eq!(rotated.verify(&good, NOW).unwrap_err(), Error::UnknownKey);
        assert_eq!(replaced.verify(&good, NOW).unwrap_err(), Error::Signature);
        first.verify(&good, NOW).unwrap();
    }
    assert_eq!([known(&elsewhere), known(&first)], ["0", "1"]);
}

/// GHSA-3j8v-cgw4-2g6q: a pattern kept its place, so every second answer was wrong; others took
/// seconds. Here nothing is a pattern.
#[test]
fn the_same_token_gets_the_same_answer_each_time() {
    let good = jwt::sign(es256(), &access()).unwrap();
    let bad = forge(es256(), &header(es256()), &access_with("aud", "\"shop\""));
    let verifier = verifier();
    for _ in 0..20 {
        assert!(verifier.verify(&good, NOW).is_ok());
        assert_eq!(verifier.verify(&bad, NOW).unwrap_err(), Error::Audience);
    }
    let (keys, any) = (es256().verifying_key(), ".*");
    let patterned = jwt::verifier::<AccessClaims>(keys).issuer(any).audience(any);
    assert_eq!(patterned.verify(&good, NOW).unwrap_err(), Error::Issuer);
    let slow = format!("\"{}!\"", "a".repeat(8_000));
    assert_eq!(with_claim("aud", &slow), Err(Error::Audience));
}

/// node-jsonwebtoken 1021: a tolerance without bounds is a token without an end.
#[test]
fn a_leeway_ends_after_a_minute() {
    assert_eq!(Leeway::seconds(61), None);
    let minute = verifier().leeway(Leeway::seconds(60).unwrap());
    let token = jwt::sign(es256(), &access()).unwrap();
    let exp = access().exp;
    minute.verify(&token, exp + 59).unwrap();
    assert_eq!(minute.verify(&token, exp + 60).unwrap_err(), Error::Expired { at: exp, claim: "exp" });
    assert!(matches!(minute.verify(&token, access().iat - 61), Err(Error::Early { .. })));
    assert!(verifier().leeway(Leeway::NONE).verify(&token, exp).is_err());
}

/// RUSTSEC-2023-0071 has no fix, so the decryption that it times does not exist here.
#[test]
fn rsa_keys_decrypt_nothing_by_pkcs1_padding() {
    assert_eq!(KeyAlgorithm::named("RSA1_5"), None);
    assert_eq!(Algorithm::named("RSA1_5"), None);
}

/// lua-resty-jwt 468, libjwt 313: names nobody knows made a verifier read files, or fetch.
#[test]
fn a_flood_of_unknown_names_is_compared_and_forgotten() {
    let set = KeySet::new(
        pairs().iter().filter(|key| key.algorithm().family() != Family::Rsa).map(SigningKey::verifying_key),
    );
    let verifier = access_verifier(set.unwrap());
    for name in 0..2_000 {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"../keys/{name}"}}"#);
        let token = format!("{}.{}.{}", base64::encode(header), base64::encode("{}"), "A".repeat(86));
        assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Error::UnknownKey);
    }
}

/// An attacker who can choose `iss` of another tenant of the same keys gets no further.
#[test]
fn one_tenants_token_is_no_good_for_another() {
    let key = secret(Algorithm::Hs256);
    let claims = AccessClaims { iss: "https://id.other.example".into(), ..access() };
    let token = jwt::sign(&key, &claims).unwrap();
    assert_eq!(access_verifier(secret(Algorithm::Hs256)).verify(&token, NOW).unwrap_err(), Error::Issuer);
}
