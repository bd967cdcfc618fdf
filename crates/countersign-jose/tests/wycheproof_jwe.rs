//! Wycheproof's `json_web_encryption`, JWK in and token in, through the public API.
//!
//! 130 of 139 rows. The other nine are valid tokens of what does not exist here, and each is
//! named: eight use `RSA1_5`, one is compressed.

use std::collections::BTreeMap;

use countersign_jose::jwe::{self, Decrypted, DecryptingKey, SymmetricKey};
use countersign_jose::{Error, PrivateJwk};
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

/// Rows marked valid that are refused by policy.
const REFUSED: [(usize, &str); 9] = [
    (100, "RSA1_5"),
    (101, "RSA1_5"),
    (102, "RSA1_5"),
    (103, "RSA1_5"),
    (104, "RSA1_5"),
    (105, "RSA1_5"),
    (112, "RSA1_5"),
    (128, "RSA1_5"),
    (135, "zip"),
];

/// Decrypts with the group's key, loaded as an application would.
fn decrypt(private: &str, token: &str) -> Result<Decrypted, Error> {
    let jwk = PrivateJwk::parse(private.as_bytes())?;
    if jwk.to_public().is_some() {
        jwe::decrypt(token, &DecryptingKey::from_jwk(&jwk)?)
    } else {
        jwe::decrypt(token, &SymmetricKey::from_jwk(&jwk)?)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn json_web_encryption_passes_but_for_nine_rows_that_are_named() {
    let set = TestSet::load(TestName::JsonWebEncryption).unwrap();
    let (mut rows, mut accepted) = (0, 0);
    let mut deviations = BTreeMap::new();
    for group in &set.test_groups {
        let private = group.private_key.as_ref().unwrap().to_string();
        for row in &group.tests {
            rows += 1;
            // One row is a token in JSON form where a compact one is expected.
            let token = match row.jwe.as_ref().unwrap() {
                serde_json::Value::String(token) => token.clone(),
                json => json.to_string(),
            };
            let answer = decrypt(&private, &token);
            if let Ok(found) = &answer {
                accepted += 1;
                assert_eq!(Some(hex(found.plain())), row.pt, "row {}", row.tc_id);
            }
            if answer.is_ok() == row.result.must_fail() {
                deviations.insert(row.tc_id, answer.unwrap_err());
            }
        }
    }
    assert_eq!(rows, 139);
    let found: Vec<usize> = deviations.keys().copied().collect();
    assert_eq!(found, REFUSED.map(|(row, _)| row), "{deviations:?}");
    // 65 rows are marked valid.
    assert_eq!(accepted, 65 - 9);

    // Why, and not only that. A key whose `alg` is `RSA1_5` is not even read.
    for (row, reason) in REFUSED {
        let expected = if reason == "zip" { Error::Compressed } else { Error::Rsa15 };
        assert_eq!(deviations.get(&row), Some(&expected), "row {row}");
    }
}
