//! Credentials that an issuer has signed: what a verifier accepts, its holder can read and show again, and no digest is
//! left in what was read.
//!
//! RFC 9901 7.1 and 7.2. Input: the claims, and a disclosure on each line after them; `@3` stands for the digest of line 3.

#![no_main]

use countersign_fuzz::oracle;
use countersign_fuzz::token::{self, ISSUER, NOW};
use countersign_jose::base64;
use countersign_jose::primitive::sha256;
use countersign_jose::sd_jwt::{self, Held, Type};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines: Vec<String> = text.lines().take(10).map(str::to_owned).collect();
    let Some(claims) = digested(&mut lines) else { return };
    let signed = token::signed(br#"{"alg":"HS256","typ":"dc+sd-jwt"}"#, claims.as_bytes());
    let disclosures: String = lines.iter().map(|line| format!("{}~", base64::encode(line))).collect();
    let credential = format!("{signed}~{disclosures}");

    let verifier = sd_jwt::verifier(token::trusted().clone()).typ(Type::CREDENTIAL).issuer(ISSUER);
    let verifier = verifier.without_binding().accepting_unproven();
    let Ok(seen) = verifier.verify(&credential, NOW) else { return };
    assert!(oracle::read(claims.as_bytes()).is_some(), "accepted what is not strict");
    assert!(!hides(&Value::Object(seen.claims().clone())), "a digest is left: {:?}", seen.claims());

    let held = Held::parse(&credential).expect("what a verifier accepts, a holder reads");
    assert_eq!(held.claims(), seen.claims());
    assert_eq!(held.disclosures().len(), lines.len());
    assert_eq!(held.present(|_| true).unbound(), credential);
    // Each alone, with what it stands in; and nothing.
    for one in held.disclosures() {
        let shown = held.present(|each| each.path() == one.path()).unbound();
        assert!(verifier.verify(&shown, NOW).is_ok(), "cannot show {:?}", one.path());
    }
    assert!(verifier.verify(&held.present(|_| false).unbound(), NOW).is_ok(), "cannot keep all back");
});

/// Writes digests in their places, from the last line up, and takes the claims off.
fn digested(lines: &mut Vec<String>) -> Option<String> {
    for at in (1..lines.len()).rev() {
        let (above, rest) = lines.split_at_mut(at);
        let digest = base64::encode(sha256(base64::encode(rest.first()?).as_bytes()));
        let mark = format!("@{at}");
        above.iter_mut().for_each(|line| *line = line.replace(&mark, &digest));
    }
    (!lines.is_empty()).then(|| lines.remove(0))
}

/// Whether something stands there that only a verifier should see.
fn hides(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| ["_sd", "_sd_alg", "..."].contains(&name.as_str()) || hides(value)),
        Value::Array(items) => items.iter().any(hides),
        _ => false,
    }
}
