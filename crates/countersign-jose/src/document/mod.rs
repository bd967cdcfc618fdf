//! Keys as documents of other kinds than JSON: DER, and PEM around it.
//!
//! RFC 5958 (PKCS#8), RFC 5280 4.1 (SPKI), RFC 8017 A.1 (PKCS#1), RFC 5915 (SEC1), RFC 7468
//! (PEM). Each format is read by a function of its own and no format is ever guessed; what a
//! document of another format is, is recognised only to say so in the refusal. DER is read by
//! the crate `der`, which takes one spelling of everything. Whether the numbers are a good key
//! is decided when one is made of them.

mod pem;
mod private;
mod public;
mod shape;

pub(crate) use pem::Label;
pub(crate) use private::{from_pkcs1, from_pkcs8, from_sec1, to_pkcs8, to_sec1};
pub(crate) use public::{from_rsa_public, from_spki, point, to_spki};
pub(crate) use shape::{disguise, found};

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, SliceReader, Tag};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::jwk::{Curve, OkpCurve};

/// The longest key document that is read, in bytes. An RSA key of 8192 bits has 6 KiB as PEM;
/// a chain of certificates beside a JWK (`x5c`) may have several times that.
pub(crate) const MAX: usize = 64 * 1024;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// RFC 5480 2.1.1.1 and SEC 2 A.2.
const CURVES: [(Curve, ObjectIdentifier); 4] = [
    (Curve::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (Curve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Curve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
    (Curve::Secp256k1, ObjectIdentifier::new_unwrap("1.3.132.0.10")),
];

/// RFC 8410 3.
const OKP_CURVES: [(OkpCurve, ObjectIdentifier); 2] = [
    (OkpCurve::X25519, ObjectIdentifier::new_unwrap("1.3.101.110")),
    (OkpCurve::Ed25519, ObjectIdentifier::new_unwrap("1.3.101.112")),
];

/// RFC 9881 2.
const ML_DSA: [(Algorithm, ObjectIdentifier); 3] = [
    (Algorithm::MlDsa44, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
    (Algorithm::MlDsa65, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
    (Algorithm::MlDsa87, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
];

/// The kind of key that an `AlgorithmIdentifier` names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    Ec(Curve),
    Okp(OkpCurve),
    Akp(Algorithm),
}

/// Why DER was not read.
enum Trouble {
    /// It is not this format.
    Format,
    /// It is this format, for a kind of key that is not supported.
    Kind,
}

impl From<der::Error> for Trouble {
    fn from(_: der::Error) -> Self {
        Self::Format
    }
}

impl Trouble {
    fn about(self, bytes: &[u8], expected: &'static str) -> Error {
        match (self, found(bytes)) {
            (Self::Kind, _) => Error::Unsupported,
            (Self::Format, Some(found)) if found != expected => Error::KeyFormat { expected, found },
            (Self::Format, _) => Error::Der { expected },
        }
    }
}

/// Refuses what is too long before it is looked at.
pub(crate) fn bounded(bytes: &[u8], limit: usize) -> Result<&[u8], Error> {
    if bytes.len() > limit { Err(Error::KeyTooLarge { limit }) } else { Ok(bytes) }
}

/// Reads one whole sequence.
fn sequence<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    AnyRef::from_der(bytes)?.sequence(read)
}

impl Kind {
    /// Reads an `AlgorithmIdentifier` (RFC 5280 4.1.1.2).
    fn read<'a>(reader: &mut SliceReader<'a>) -> Result<Self, Trouble> {
        reader.sequence(|reader| {
            let object = ObjectIdentifier::decode(reader)?;
            let parameters = if reader.is_finished() { None } else { Some(AnyRef::decode(reader)?) };
            match (object, parameters) {
                (RSA, Some(parameters)) if parameters.is_null() => Ok(Self::Rsa),
                (EC, Some(parameters)) => {
                    let named = parameters.decode_as::<ObjectIdentifier>().map_err(|_| Trouble::Kind)?;
                    named_curve(named).map(Self::Ec).ok_or(Trouble::Kind)
                }
                (object, None) => Self::without_parameters(object).ok_or(Trouble::Kind),
                _ => Err(Trouble::Kind),
            }
        })
    }

    fn without_parameters(object: ObjectIdentifier) -> Option<Self> {
        let okp = OKP_CURVES.into_iter().find(|(_, known)| *known == object);
        let akp = || ML_DSA.into_iter().find(|(_, known)| *known == object);
        okp.map(|(curve, _)| Self::Okp(curve)).or_else(|| akp().map(|(algorithm, _)| Self::Akp(algorithm)))
    }

    /// Writes an `AlgorithmIdentifier`; `None` is never the case for a kind that has a name.
    fn write(self) -> Option<Zeroizing<Vec<u8>>> {
        let named = |object: Option<ObjectIdentifier>| object.and_then(|object| written(&object));
        let parts = match self {
            Self::Rsa => [written(&RSA)?, written(&AnyRef::NULL)?],
            Self::Ec(curve) => [written(&EC)?, named(object_of(&CURVES, &curve))?],
            Self::Okp(curve) => [named(object_of(&OKP_CURVES, &curve))?, Zeroizing::default()],
            Self::Akp(algorithm) => [named(object_of(&ML_DSA, &algorithm))?, Zeroizing::default()],
        };
        wrapped(Tag::Sequence, &parts)
    }
}

fn named_curve(object: ObjectIdentifier) -> Option<Curve> {
    CURVES.into_iter().find(|(_, known)| *known == object).map(|(curve, _)| curve)
}

fn object_of<K: PartialEq>(table: &[(K, ObjectIdentifier)], key: &K) -> Option<ObjectIdentifier> {
    table.iter().find(|(known, _)| known == key).map(|(_, object)| *object)
}

/// The DER of a value. It may be secret, so it is wiped when dropped.
fn written(value: &impl Encode) -> Option<Zeroizing<Vec<u8>>> {
    value.to_der().ok().map(Zeroizing::new)
}

/// Puts the parts into one element with this tag.
fn wrapped(tag: Tag, parts: &[Zeroizing<Vec<u8>>]) -> Option<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| body.extend_from_slice(part));
    written(&AnyRef::new(tag, &body).ok()?)
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
