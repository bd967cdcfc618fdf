//! Payloads apart from what signs them, and payloads as they are: what this library signs and verifies of those in
//! `tests/interop/jose/content.test.mjs`.
//!
//! RFC 7515 F and RFC 7797. `shape` says where a payload is, how it was signed, and whether it is asked for in JSON.

use countersign_jose::jws::{self, AnyOf, Content};
use serde_json::Value;

use crate::{Answer, Problem, each, each_of, list, member, signer, trusted};

pub(crate) fn sign(command: &Value) -> Answer {
    let (key, shape) = (signer(command)?, Shape::of(command)?);
    each(command, "payloads", "tokens", |payload| {
        let content = Content::new(payload.as_bytes());
        let content = if shape.detached { content.detached() } else { content };
        let content = if shape.unencoded { content.unencoded() } else { content };
        Ok(if shape.json { content.flattened(&*key)? } else { content.compact(&*key)? })
    })
}

pub(crate) fn verify(command: &Value) -> Answer {
    let (trusted, shape) = (trusted(command)?, Shape::of(command)?);
    let policy = AnyOf::new(trusted.clone());
    let pairs = list(command, "tokens")?.iter().zip(list(command, "payloads")?);
    each_of(pairs, "payloads", |(token, payload)| {
        let token = token.as_str().ok_or("a token is no text")?;
        let apart = payload.as_str().unwrap_or_default().as_bytes();
        let payload = match (shape.json, shape.detached) {
            (false, false) => jws::verify_unencoded(token, &trusted)?.payload().to_vec(),
            (false, true) => jws::verify_detached(token, apart, &trusted)?.payload().to_vec(),
            (true, false) => jws::verify_json(token, &policy)?.payload().to_vec(),
            (true, true) => jws::verify_json_detached(token, apart, &policy)?.payload().to_vec(),
        };
        Ok(String::from_utf8(payload)?)
    })
}

struct Shape {
    detached: bool,
    unencoded: bool,
    json: bool,
}

impl Shape {
    fn of(command: &Value) -> Result<Self, Problem> {
        let shape = member(command, "shape")?;
        let says = |name| member(shape, name)?.as_bool().ok_or_else(|| format!("`{name}` is not yes or no"));
        Ok(Self { detached: says("detached")?, unencoded: says("unencoded")?, json: says("json")? })
    }
}
