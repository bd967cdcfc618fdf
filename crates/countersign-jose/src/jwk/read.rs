//! Reading a JWK: which members must be there, and in which shape.
//!
//! RFC 7517 4, RFC 7518 6.2.1 and 6.3.1, RFC 8037 2, RFC 9964 3.

use std::borrow::Cow;

use super::material::ml_dsa_public_len;
use super::purpose::{Half, Purpose};
use super::{Curve, Jwk, Material, OkpCurve};
use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::document::{MAX, bounded};
use crate::error::Error;
use crate::json::Object;
use crate::key::KeyId;

/// Members that only a private key or a shared secret has (RFC 7518 6.2.2, 6.3.2, 6.4.1,
/// RFC 9964 3).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

pub(super) fn jwk(json: &[u8]) -> Result<Jwk, Error> {
    let object = document(json)?;
    from_object(&object)
}

pub(super) fn document(json: &[u8]) -> Result<Object<'_>, Error> {
    Object::parse(bounded(json, MAX)?).map_err(|flaw| Error::Json { part: "key", flaw })
}

pub(super) fn from_object(object: &Object<'_>) -> Result<Jwk, Error> {
    if needed(object, "kty")? == "oct" {
        return Err(Error::MixedKeys);
    }
    let material = material(object)?;
    if let Some(member) = PRIVATE.into_iter().find(|name| object.member(name).is_some()) {
        return Err(Error::Jwk { member });
    }
    let purpose = purpose(object, &material, Half::Public)?;
    Ok(Jwk { material, kid: key_id(object)?, purpose })
}

/// The public numbers of a key pair.
pub(super) fn material(object: &Object<'_>) -> Result<Material, Error> {
    match needed(object, "kty")?.as_ref() {
        "RSA" => rsa(object),
        "EC" => ec(object),
        "OKP" => okp(object),
        "AKP" => akp(object),
        _ => Err(Error::Unsupported),
    }
}

/// The purpose of a key pair, which its kind of key must be able to serve.
pub(super) fn purpose(object: &Object<'_>, material: &Material, half: Half) -> Result<Purpose, Error> {
    let purpose = Purpose::read(object, half)?;
    let fits = match purpose {
        Purpose::Any | Purpose::Signature(None) | Purpose::Encryption(None) => true,
        // A public key whose `alg` is HS256 is the classical trap, not an unknown kind.
        Purpose::Signature(Some(algorithm)) => material.fits(algorithm),
        Purpose::Encryption(Some(algorithm)) => material.fits_encryption(algorithm),
        Purpose::Content(_) => false,
    };
    if fits { Ok(purpose) } else { Err(Error::Jwk { member: "alg" }) }
}

pub(super) fn key_id(object: &Object<'_>) -> Result<Option<KeyId>, Error> {
    text(object, "kid")?.map(|kid| KeyId::new(kid.into_owned())).transpose()
}

fn rsa(object: &Object<'_>) -> Result<Material, Error> {
    Ok(Material::Rsa { n: number(object, "n")?, e: number(object, "e")? })
}

fn ec(object: &Object<'_>) -> Result<Material, Error> {
    let curve = Curve::named(&needed(object, "crv")?).ok_or(Error::Unsupported)?;
    let coordinate = |member| sized(object, member, curve.coordinate_len());
    Ok(Material::Ec { curve, x: coordinate("x")?, y: coordinate("y")? })
}

fn okp(object: &Object<'_>) -> Result<Material, Error> {
    let curve = OkpCurve::named(&needed(object, "crv")?).ok_or(Error::Unsupported)?;
    Ok(Material::Okp { curve, x: sized(object, "x", OkpCurve::LEN)? })
}

/// RFC 9964 3: `alg` is required, because it is all that tells these keys apart.
fn akp(object: &Object<'_>) -> Result<Material, Error> {
    let algorithm = Algorithm::named(&needed(object, "alg")?).ok_or(Error::Unsupported)?;
    if algorithm.family() != Family::Akp {
        return Err(Error::Jwk { member: "alg" });
    }
    let length = ml_dsa_public_len(algorithm).ok_or(Error::Unsupported)?;
    Ok(Material::Akp { algorithm, public: sized(object, "pub", length)? })
}

/// A big-endian number; RFC 7518 2: it uses the fewest octets, so it does not begin with zero.
pub(super) fn number(object: &Object<'_>, member: &'static str) -> Result<Vec<u8>, Error> {
    let bytes = bytes(object, member)?;
    match bytes.first() {
        None | Some(0) => Err(Error::Jwk { member }),
        Some(_) => Ok(bytes),
    }
}

pub(super) fn sized(object: &Object<'_>, member: &'static str, length: usize) -> Result<Vec<u8>, Error> {
    let bytes = bytes(object, member)?;
    if bytes.len() == length { Ok(bytes) } else { Err(Error::Jwk { member }) }
}

pub(super) fn bytes(object: &Object<'_>, member: &'static str) -> Result<Vec<u8>, Error> {
    let text = needed(object, member)?;
    base64::decode(text.as_bytes()).map_err(|_| Error::Base64 { part: member })
}

pub(super) fn needed<'a>(object: &Object<'a>, member: &'static str) -> Result<Cow<'a, str>, Error> {
    text(object, member)?.ok_or(Error::Jwk { member })
}

pub(super) fn text<'a>(object: &Object<'a>, member: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
    object.member(member).map(|value| value.text().ok_or(Error::Jwk { member })).transpose()
}
