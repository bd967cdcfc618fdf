//! The JSON forms: what this library writes and reads of the documents in `tests/interop/jose/documents.test.mjs`.
//!
//! RFC 7515 7.2 and RFC 7516 7.2. `keys` names those who sign, or those who may read; one of them makes a flattened
//! document, several make a general one.

use countersign_jose::Signer;
use countersign_jose::jwe::{self, Encrypter, MaxLength, Message};
use countersign_jose::jws::{self, AnyOf, Content};
use serde_json::Value;

use crate::{Answer, Problem, decrypter, each, encrypter, list, signer, trusted};

pub(crate) fn sign(command: &Value) -> Answer {
    let signers: Vec<Box<dyn Signer>> =
        list(command, "keys")?.iter().map(signer).collect::<Result<_, _>>()?;
    let signers: Vec<&dyn Signer> = signers.iter().map(|key| &**key).collect();
    let (first, others) = signers.split_first().ok_or("nobody signs")?;
    each(command, "payloads", "tokens", |payload| {
        let content = Content::new(payload.as_bytes());
        Ok(if others.is_empty() { content.flattened(*first)? } else { content.general(*first, others)? })
    })
}

pub(crate) fn verify(command: &Value) -> Answer {
    let policy = AnyOf::new(trusted(command)?);
    each(command, "tokens", "payloads", |document| {
        let signed = jws::verify_json(document, &policy)?;
        Ok(String::from_utf8(signed.payload().to_vec())?)
    })
}

pub(crate) fn encrypt(command: &Value) -> Answer {
    let keys: Vec<Box<dyn Encrypter>> =
        list(command, "keys")?.iter().map(encrypter).collect::<Result<_, _>>()?;
    let keys: Vec<&dyn Encrypter> = keys.iter().map(|key| &**key).collect();
    each(command, "payloads", "tokens", |payload| {
        let message = Message::new(payload.as_bytes());
        Ok(match keys.as_slice() {
            [one] => message.flattened(*one, b"for all to see")?,
            several => message.general(several, b"for all to see")?,
        })
    })
}

pub(crate) fn decrypt(command: &Value) -> Answer {
    let key = decrypter(command)?;
    each(command, "tokens", "payloads", |document| {
        let decrypted = jwe::decrypt_json_within(document, &*key, MaxLength::DEFAULT)?;
        if decrypted.aad() != b"for all to see" {
            return Err(Problem::from("other bytes for all to see"));
        }
        Ok(String::from_utf8(decrypted.plain().to_vec())?)
    })
}
