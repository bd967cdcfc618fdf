//! Reading a JWK: which members must be there, and in which shape.
//!
//! RFC 7517 4, RFC 7518 6.2.1 and 6.3.1, RFC 8037 2.

use std::borrow::Cow;

use super::{Curve, Jwk, Material};
use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::Error;
use crate::json::Object;
use crate::key::KeyId;

/// Members that only a private key or a shared secret has (RFC 7518 6.2.2, 6.3.2, 6.4.1).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

pub(super) fn jwk(json: &[u8]) -> Result<Jwk, Error> {
    let object = Object::parse(json).map_err(|flaw| Error::Json { part: "key", flaw })?;
    from_object(&object)
}

pub(super) fn from_object(object: &Object<'_>) -> Result<Jwk, Error> {
    let kty = needed(object, "kty")?;
    if kty == "oct" {
        return Err(Error::MixedKeys);
    }
    purpose(object)?;
    let material = match kty.as_ref() {
        "RSA" => rsa(object)?,
        "EC" => ec(object)?,
        "OKP" => okp(object)?,
        _ => return Err(Error::Unsupported),
    };
    if let Some(member) = PRIVATE.into_iter().find(|name| object.member(name).is_some()) {
        return Err(Error::Jwk { member });
    }
    let algorithm = match text(object, "alg")? {
        Some(name) => {
            let algorithm = Algorithm::named(&name).ok_or(Error::Unsupported)?;
            // A public key whose `alg` is HS256 is the classical trap, not an unknown kind.
            if algorithm.family() == Family::Secret || !material.fits(algorithm) {
                return Err(Error::Jwk { member: "alg" });
            }
            Some(algorithm)
        }
        None => None,
    };
    let kid = text(object, "kid")?.map(|kid| KeyId::new(kid.into_owned())).transpose()?;
    Ok(Jwk { material, kid, algorithm })
}

/// `use` and `key_ops` must allow verifying (RFC 7517 4.2, 4.3).
fn purpose(object: &Object<'_>) -> Result<(), Error> {
    if text(object, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(Error::Unsupported);
    }
    let Some(value) = object.member("key_ops") else { return Ok(()) };
    let operations = value.texts().ok_or(Error::Jwk { member: "key_ops" })?;
    let twice =
        operations.iter().enumerate().any(|(at, one)| operations.iter().skip(at + 1).any(|two| one == two));
    if twice {
        return Err(Error::Jwk { member: "key_ops" });
    }
    if operations.iter().any(|operation| operation == "verify") { Ok(()) } else { Err(Error::Unsupported) }
}

fn rsa(object: &Object<'_>) -> Result<Material, Error> {
    let number = |member| {
        let bytes = bytes(object, member)?;
        // RFC 7518 2: Base64urlUInt uses the fewest octets, so it does not begin with zero.
        match bytes.first() {
            None | Some(0) => Err(Error::Jwk { member }),
            Some(_) => Ok(bytes),
        }
    };
    Ok(Material::Rsa { n: number("n")?, e: number("e")? })
}

fn ec(object: &Object<'_>) -> Result<Material, Error> {
    let curve = Curve::named(&needed(object, "crv")?).ok_or(Error::Unsupported)?;
    let coordinate = |member| {
        let bytes = bytes(object, member)?;
        if bytes.len() == curve.coordinate_len() { Ok(bytes) } else { Err(Error::Jwk { member }) }
    };
    Ok(Material::Ec { curve, x: coordinate("x")?, y: coordinate("y")? })
}

fn okp(object: &Object<'_>) -> Result<Material, Error> {
    if needed(object, "crv")? != "Ed25519" {
        return Err(Error::Unsupported);
    }
    let x = bytes(object, "x")?;
    if x.len() == 32 { Ok(Material::Okp { x }) } else { Err(Error::Jwk { member: "x" }) }
}

fn bytes(object: &Object<'_>, member: &'static str) -> Result<Vec<u8>, Error> {
    let text = needed(object, member)?;
    base64::decode(text.as_bytes()).map_err(|_| Error::Base64 { part: member })
}

fn needed<'a>(object: &Object<'a>, member: &'static str) -> Result<Cow<'a, str>, Error> {
    text(object, member)?.ok_or(Error::Jwk { member })
}

fn text<'a>(object: &Object<'a>, member: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
    object.member(member).map(|value| value.text().ok_or(Error::Jwk { member })).transpose()
}
