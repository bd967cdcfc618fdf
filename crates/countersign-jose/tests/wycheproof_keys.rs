//! Wycheproof's `json_web_key`, all 26 tests through the public API: JWK Set in, token verified.

use countersign_jose::jws::{self, Trusted};
use countersign_jose::{Error, KeySet, PrivateJwkSet, SharedKey, VerifyingKey};
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

/// The refusals that belong to the key or the set; all others belong to the token.
const OF_KEYS: [(usize, Error); 14] = [
    (1, Error::MixedKeys),
    (4, Error::DuplicateKeyId),
    (7, Error::Roca),
    (8, short("RS256", 1024, 2048)),
    (9, Error::WeakExponent),
    (10, short("HS256", 248, 256)),
    (11, short("HS384", 376, 384)),
    (12, short("HS512", 504, 512)),
    (16, short("HS256", 0, 256)),
    (17, short("HS384", 0, 384)),
    (18, short("HS512", 0, 512)),
    (22, Error::Jwk { member: "x" }),
    (23, Error::Jwk { member: "x" }),
    (24, Error::Jwk { member: "n" }),
];

const fn short(name: &'static str, bits: usize, least: usize) -> Error {
    Error::KeyTooShort { algorithm: name, bits, least }
}

/// What a verifier trusts that was given these keys.
fn trusted(private: &[u8], public: Option<&[u8]>) -> Result<Trusted, Error> {
    let private = PrivateJwkSet::parse(private)?;
    let Some(public) = public else {
        let keys = private.keys().iter().map(SharedKey::from_jwk).collect::<Result<Vec<_>, _>>()?;
        return Trusted::shared(keys);
    };
    let published = KeySet::from_jwks(public)?;
    // The public halves of the private set are what is published.
    let halves = private.keys().iter().filter_map(|key| key.to_public());
    let halves = halves.map(|jwk| VerifyingKey::from_jwk(&jwk)).filter_map(Result::ok);
    assert_eq!(
        halves.map(|key| key.to_jwk()).collect::<Vec<_>>(),
        published.keys().iter().map(VerifyingKey::to_jwk).collect::<Vec<_>>()
    );
    Ok(published.into())
}

#[test]
fn json_web_key_26_of_26() {
    let set = TestSet::load(TestName::JsonWebKey).unwrap();
    let (mut accepted, mut refused_keys, mut refused_tokens) = (0, 0, 0);
    for group in &set.test_groups {
        let private = serde_json::to_vec(group.private_key.as_ref().unwrap()).unwrap();
        let public = group.public_key.as_ref().map(|public| serde_json::to_vec(public).unwrap());
        for test in &group.tests {
            let token = test.jws.as_ref().unwrap().as_str().unwrap();
            let of_key = OF_KEYS.iter().find(|(id, _)| *id == test.tc_id).map(|(_, error)| error);
            let checked = match trusted(&private, public.as_deref()) {
                Ok(trusted) => jws::verify(token, &trusted).map(|_| ()),
                Err(error) => {
                    assert_eq!(Some(&error), of_key, "test {}", test.tc_id);
                    refused_keys += 1;
                    assert!(test.result.must_fail(), "test {}", test.tc_id);
                    continue;
                }
            };
            assert!(of_key.is_none(), "test {}", test.tc_id);
            match checked {
                Ok(()) => accepted += 1,
                Err(_) => refused_tokens += 1,
            }
            assert_eq!(checked.is_err(), test.result.must_fail(), "test {}: {checked:?}", test.tc_id);
        }
    }
    assert_eq!((accepted, refused_keys, refused_tokens), (5, 14, 7));
}
