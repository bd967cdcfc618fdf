//! Credentials: what this library issues, holds and verifies of those in `tests/interop/jose/sd_jwt.test.mjs`.
//!
//! RFC 9901. Which claims are concealed and which are shown comes as lists of JSON Pointers. `form` is `flattened` or
//! `general` for JSON, and absent for the compact form; those who sign beside the first are `others`.

use countersign_jose::sd_jwt::{self, Claims, Held, Type};
use countersign_jose::{PrivateJwk, SigningKey, VerifyingKey};
use serde_json::Value;

use crate::{Answer, Problem, algorithm, each_of, list, member, private_jwk, public_jwk, text};

/// Credentials bound to the holder's key, one for each item of `credentials`.
pub(crate) fn issue(command: &Value) -> Answer {
    let key = SigningKey::from_jwk_as(&private_jwk(command)?, algorithm(command)?)?;
    let holder = VerifyingKey::from_jwk(&public_jwk(member(command, "holder")?)?)?;
    let others = command.get("others").and_then(Value::as_array).into_iter().flatten();
    let others: Vec<SigningKey> = others
        .map(|jwk| Ok(SigningKey::from_jwk(&PrivateJwk::parse(jwk.to_string().as_bytes())?)?))
        .collect::<Result<_, Problem>>()?;
    let others: Vec<&SigningKey> = others.iter().collect();
    each_of(list(command, "credentials")?, "tokens", |credential| {
        let mut claims = Claims::new(member(credential, "claims")?)?;
        for path in list(credential, "concealed")? {
            claims.conceal(path.as_str().ok_or("a path is no text")?)?;
        }
        if member(credential, "decoys")? == true {
            claims.decoys("", 3)?;
        }
        claims.bind_to(&holder)?;
        Ok(if in_json(command) {
            claims.sign_json(&key, &others, Type::CREDENTIAL)?
        } else {
            claims.sign(&key, Type::CREDENTIAL)?
        })
    })
}

/// Presentations of `tokens` that show what the credential beside each lists as `shown`.
pub(crate) fn present(command: &Value) -> Answer {
    let holder = SigningKey::from_jwk(&private_jwk(command)?)?;
    let (audience, nonce) = (text(command, "audience")?, text(command, "nonce")?);
    let now = now(command)?;
    let credentials: Vec<&Value> = list(command, "credentials")?.iter().collect();
    let pairs = credentials.into_iter().zip(list(command, "tokens")?);
    each_of(pairs, "tokens", |(credential, token)| {
        let shown = list(credential, "shown")?;
        let token = token.as_str().ok_or("a token is no text")?;
        let held = if in_json(command) { Held::parse_json(token)? } else { Held::parse(token)? };
        let presentation =
            held.present(|disclosure| shown.iter().any(|path| path.as_str() == Some(disclosure.path())));
        let presentation = if in_json(command) { presentation.in_json() } else { presentation };
        Ok(presentation.bound(&holder, audience, nonce, now)?)
    })
}

/// The claims that were shown, as text.
pub(crate) fn read(command: &Value) -> Answer {
    let key = VerifyingKey::from_jwk_as(&public_jwk(member(command, "jwk")?)?, algorithm(command)?)?;
    let verifier = sd_jwt::verifier(key)
        .typ(Type::CREDENTIAL)
        .issuer("https://town.example")
        .bound_to(text(command, "audience")?);
    let (nonce, now) = (text(command, "nonce")?, now(command)?);
    each_of(list(command, "tokens")?, "payloads", |token| {
        let token = token.as_str().ok_or("a token is no text")?;
        let seen = if in_json(command) {
            verifier.verify_json(token, nonce, now)?
        } else {
            verifier.verify(token, nonce, now)?
        };
        Ok(serde_json::to_string(seen.claims())?)
    })
}

fn in_json(command: &Value) -> bool {
    command.get("form").is_some()
}

fn now(command: &Value) -> Result<u64, Problem> {
    member(command, "now")?.as_u64().ok_or_else(|| "`now` is no time".into())
}
