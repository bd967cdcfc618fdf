//! Wycheproof's `json_web_crypto`: signed and encrypted tokens and their key sets, through the
//! public API. All 83 rows.

use countersign_jose::jwe::{self, DecryptingKey, SymmetricKey};
use countersign_jose::jws::{self, Trusted};
use countersign_jose::{Error, Jwk, PrivateJwk, PrivateJwkSet, SharedKey, VerifyingKey};
use serde_json::Value;
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

/// Checks a signed token as an application would that was given these keys.
fn verify(token: &str, public: Option<&Value>, private: &Value) -> Result<(), Error> {
    let trusted: Trusted = match public {
        Some(public) => VerifyingKey::from_jwk(&Jwk::parse(public.to_string().as_bytes())?)?.into(),
        None if private.get("keys").is_some() => {
            let set = PrivateJwkSet::parse(private.to_string().as_bytes())?;
            Trusted::shared(set.keys().iter().map(SharedKey::from_jwk).collect::<Result<Vec<_>, _>>()?)?
        }
        None => SharedKey::from_jwk(&PrivateJwk::parse(private.to_string().as_bytes())?)?.into(),
    };
    jws::verify(token, &trusted).map(drop)
}

fn decrypt(token: &str, private: &Value) -> Result<(), Error> {
    let jwk = PrivateJwk::parse(private.to_string().as_bytes())?;
    match private["kty"].as_str() {
        Some("oct") => jwe::decrypt(token, &SymmetricKey::from_jwk(&jwk)?).map(drop),
        _ => jwe::decrypt(token, &DecryptingKey::from_jwk(&jwk)?).map(drop),
    }
}

/// A token may stand in the file as an object: the JSON serialisation, where a token is expected.
fn text(token: &Value) -> String {
    token.as_str().map_or_else(|| token.to_string(), Into::into)
}

#[test]
fn json_web_crypto_passes_whole() {
    let set = TestSet::load(TestName::JsonWebCrypto).unwrap();
    let (mut rows, mut accepted) = (0, 0);
    let mut wrong = Vec::new();
    for group in &set.test_groups {
        let private = group.private_key.as_ref().unwrap();
        let encrypted = group.group_comment.starts_with("jwe");
        for row in &group.tests {
            rows += 1;
            // A row without a token means the empty one.
            let token = row.jws.as_ref().or(row.jwe.as_ref()).map(text).unwrap_or_default();
            let answer = if encrypted {
                decrypt(&token, private)
            } else {
                verify(&token, group.public_key.as_ref(), private)
            };
            accepted += usize::from(answer.is_ok());
            if answer.is_ok() == row.result.must_fail() {
                wrong.push((row.tc_id, row.comment.clone(), answer.err()));
            }
        }
    }
    assert_eq!(wrong, []);
    assert_eq!((rows, accepted), (83, 6));
}
