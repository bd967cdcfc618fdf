//! Credentials that an issuer has signed: what a verifier accepts, its holder can read and show again, no digest is left in
//! what was read, and JSON says what the compact form says. And documents from a stranger.
//!
//! RFC 9901 7.1, 7.2 and 8. Input: the claims, and a disclosure on each line after them; `@3` stands for the digest of line 3.
//! The same text is read as a whole document in JSON.

#![no_main]

use countersign_fuzz::oracle;
use countersign_fuzz::token::{self, ISSUER, NOW};
use countersign_jose::base64;
use countersign_jose::primitive::sha256;
use countersign_jose::sd_jwt::{self, Held, Type, Unbound, Verifier};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    from_a_stranger(text);
    let mut lines: Vec<String> = text.lines().take(10).map(str::to_owned).collect();
    let Some(claims) = digested(&mut lines) else { return };
    let signed = token::signed(br#"{"alg":"HS256","typ":"dc+sd-jwt"}"#, claims.as_bytes());
    let disclosures: String = lines.iter().map(|line| format!("{}~", base64::encode(line))).collect();
    let credential = format!("{signed}~{disclosures}");

    let verifier = verifier();
    let document = in_json(&signed, &lines);
    let judged = verifier.verify_json(&document, NOW);
    let Ok(seen) = verifier.verify(&credential, NOW) else {
        assert!(judged.is_err(), "accepted in JSON only: {document}");
        return;
    };
    // It has some bytes more.
    if document.len() <= sd_jwt::MAX_PRESENTATION {
        assert_eq!(judged.expect("accepted in the compact form").claims(), seen.claims());
    }
    assert!(oracle::read(claims.as_bytes()).is_some(), "accepted what is not strict");
    assert!(!hides(&Value::Object(seen.claims().clone())), "a digest is left: {:?}", seen.claims());

    let held = Held::parse(&credential).expect("what a verifier accepts, a holder reads");
    assert_eq!(held.claims(), seen.claims());
    assert_eq!(held.disclosures().len(), lines.len());
    assert_eq!(held.present(|_| true).unbound(), credential);
    let held_in_json = Held::parse_json(&document).expect("what is accepted in JSON, a holder reads");
    assert_eq!(held_in_json.present(|_| true).unbound(), credential);
    assert_eq!(held.present(|_| true).in_json().unbound(), document);
    // Each alone, with what it stands in; and nothing.
    for one in held.disclosures() {
        let shown = held.present(|each| each.path() == one.path()).unbound();
        assert!(verifier.verify(&shown, NOW).is_ok(), "cannot show {:?}", one.path());
    }
    assert!(verifier.verify(&held.present(|_| false).unbound(), NOW).is_ok(), "cannot keep all back");
});

fn verifier() -> Verifier<Unbound> {
    let verifier = sd_jwt::verifier(token::trusted().clone()).typ(Type::CREDENTIAL).issuer(ISSUER);
    verifier.without_binding().accepting_unproven()
}

/// A token and disclosures in the flattened form.
fn in_json(token: &str, lines: &[String]) -> String {
    let mut parts = token.split('.');
    let mut part = || parts.next().expect("a token has three parts");
    let (protected, payload, signature) = (part(), part(), part());
    let disclosures: Vec<String> = lines.iter().map(|line| format!("\"{}\"", base64::encode(line))).collect();
    let disclosures = disclosures.join(",");
    format!(
        r#"{{"payload":"{payload}","protected":"{protected}","signature":"{signature}","header":{{"disclosures":[{disclosures}]}}}}"#
    )
}

/// Nobody but we knows the key, so nothing is accepted. What a holder takes, they can show on, and nothing of it changes.
fn from_a_stranger(text: &str) {
    assert!(verifier().verify_json(text, NOW).is_err(), "forged");
    let Ok(held) = Held::parse_json(text) else { return };
    let shown = held.present(|_| true);
    let (document, compact) = (shown.clone().in_json().unbound(), shown.unbound());
    let again = Held::parse(&compact).expect("the compact form of a document");
    assert_eq!((again.claims(), again.disclosures()), (held.claims(), held.disclosures()));
    // White space is left out, but a header that was not there comes in.
    if document.len() <= sd_jwt::MAX_PRESENTATION {
        let again = Held::parse_json(&document).expect("a document that was shown on");
        assert_eq!(again.claims(), held.claims());
        assert_eq!(again.present(|_| true).in_json().unbound(), document);
        assert_eq!(again.present(|_| true).unbound(), compact);
    }
}

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
