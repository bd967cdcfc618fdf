//! Private keys in DER: PKCS#8, and the older PKCS#1 (RSA) and SEC1 (EC).
//!
//! RFC 5958 2, RFC 8017 A.1.2, RFC 5915 3, RFC 8410 7, RFC 9881 6. A public half that the
//! document leaves out is computed; one that it has must be the right one, which is found when
//! a key is made of both.

use der::asn1::{
    AnyRef, BitStringRef, ContextSpecificRef, ObjectIdentifier, OctetStringRef, SequenceRef, UintRef,
};
use der::{Decode, Reader, SliceReader, Tag, TagMode, TagNumber};
use zeroize::Zeroizing;

use super::public::point;
use super::{CURVES, Kind, MAX, Trouble, bounded, named_curve, object_of, sequence, wrapped, written};
use crate::algorithm::Algorithm;
use crate::backend::{halves, public};
use crate::error::Error;
use crate::jwk::{Curve, Material, OkpCurve, RsaSecret, SEED, Secret, SecretBytes};

const PKCS8: &str = "a PKCS#8 private key in DER";
const PKCS1: &str = "a PKCS#1 private key in DER";
const SEC1: &str = "an SEC1 private key in DER";

/// `[0]`: attributes, parameters, a seed.
const ZERO: TagNumber = TagNumber(0);
/// `[1]`: the public half.
const ONE: TagNumber = TagNumber(1);

type Pair = (Material, Secret);

/// The key in a `OneAsymmetricKey`.
pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Pair, Error> {
    read(bounded(der, MAX)?).map_err(|trouble| trouble.about(der, PKCS8))
}

/// The key in an `RSAPrivateKey`.
pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Pair, Error> {
    rsa(bounded(der, MAX)?).map_err(|trouble| trouble.about(der, PKCS1))
}

/// The key in an `ECPrivateKey` that names its curve.
pub(crate) fn from_sec1(der: &[u8]) -> Result<Pair, Error> {
    ec(bounded(der, MAX)?, None).map_err(|trouble| trouble.about(der, SEC1))
}

/// Writes a `OneAsymmetricKey` of version 1, which every reader knows. EC keys have their
/// public half inside.
pub(crate) fn to_pkcs8(material: &Material, secret: &Secret) -> Option<SecretBytes> {
    let (kind, key) = match (material, secret) {
        (Material::Rsa { n, e }, Secret::Rsa(numbers)) => {
            let mut parts = vec![integer(&[0])?, integer(n)?, integer(e)?];
            for (_, number) in numbers.members() {
                parts.push(integer(number)?);
            }
            (Kind::Rsa, wrapped(Tag::Sequence, &parts)?)
        }
        (Material::Ec { curve, x, y }, Secret::Bytes(d)) => {
            let point = public::uncompressed(x, y);
            (Kind::Ec(*curve), ec_private(d, None, Some(&point))?)
        }
        (Material::Okp { curve, .. }, Secret::Bytes(d)) => (Kind::Okp(*curve), octets(d)?),
        (Material::Akp { algorithm, .. }, Secret::Bytes(seed)) => {
            let tag = ZERO.context_specific(false);
            (Kind::Akp(*algorithm), written(&AnyRef::new(tag, seed).ok()?)?)
        }
        _ => return None,
    };
    wrapped(Tag::Sequence, &[integer(&[0])?, kind.write()?, octets(&key)?])
}

/// Writes an `ECPrivateKey` that names its curve and has its public half inside; none for other
/// kinds of keys.
pub(crate) fn to_sec1(material: &Material, secret: &Secret) -> Option<SecretBytes> {
    let (Material::Ec { curve, x, y }, Secret::Bytes(d)) = (material, secret) else { return None };
    ec_private(d, Some(*curve), Some(&public::uncompressed(x, y)))
}

/// Whether the bytes are PKCS#8, of whatever kind of key.
pub(super) fn is_pkcs8(der: &[u8]) -> bool {
    outer(der).is_ok()
}

/// The parts of a `OneAsymmetricKey`.
struct Outer<'a> {
    kind: Result<Kind, Trouble>,
    key: &'a [u8],
    public: Option<&'a [u8]>,
}

fn outer(der: &[u8]) -> Result<Outer<'_>, Trouble> {
    sequence(der, |reader| {
        let version = u8::decode(reader)?;
        let kind = Kind::read(reader);
        let key = <&OctetStringRef>::decode(reader)?.as_bytes();
        reader.context_specific::<&SequenceRef>(ZERO, TagMode::Implicit)?;
        let public = reader.context_specific::<BitStringRef<'_>>(ONE, TagMode::Implicit)?;
        let public = public.map(|bits| bits.as_bytes().ok_or(Trouble::Format)).transpose()?;
        // RFC 5958 2: version 2, written as 1, if and only if the public half is there.
        if version != u8::from(public.is_some()) {
            return Err(Trouble::Format);
        }
        Ok(Outer { kind, key, public })
    })
}

fn read(der: &[u8]) -> Result<Pair, Trouble> {
    let Outer { kind, key, public } = outer(der)?;
    let pair = match kind? {
        Kind::Rsa => rsa(key),
        Kind::Ec(curve) => ec(key, Some(curve)),
        Kind::Okp(curve) => {
            let d = <&OctetStringRef>::from_der(key)?.as_bytes();
            let d = sized(d, OkpCurve::LEN)?;
            let x = match public {
                Some(x) => sized(x, OkpCurve::LEN)?.to_vec(),
                None => halves::okp(curve, &d).ok_or(Trouble::Format)?,
            };
            Ok((Material::Okp { curve, x }, Secret::Bytes(d)))
        }
        Kind::Akp(algorithm) => akp(der, key, algorithm),
    }?;
    match public {
        Some(public) if !is_of(public, &pair.0) => Err(Trouble::Format),
        _ => Ok(pair),
    }
}

/// Whether the public half that stands beside a private key is the one that belongs to it (RFC 5958 2). Beside RSA,
/// whose private key holds both halves already, nobody writes one.
fn is_of(public: &[u8], material: &Material) -> bool {
    match material {
        Material::Rsa { .. } => false,
        // SEC 1 2.3.3: the uncompressed form of a point.
        Material::Ec { x, y, .. } => public == [&[0x04], x.as_slice(), y.as_slice()].concat(),
        Material::Okp { x, .. } => public == x.as_slice(),
        Material::Akp { public: own, .. } => public == own.as_slice(),
    }
}

/// RFC 9881 6: a seed, the expanded key, or both, which must agree; without the seed there is
/// no JWK.
fn akp(der: &[u8], key: &[u8], algorithm: Algorithm) -> Result<Pair, Trouble> {
    let any = AnyRef::from_der(key)?;
    let seed = match any.header().tag() {
        Tag::ContextSpecific { constructed: false, number: ZERO } => any.value(),
        Tag::Sequence => any.sequence(|reader: &mut SliceReader<'_>| {
            let seed = <&OctetStringRef>::decode(reader)?.as_bytes();
            <&OctetStringRef>::decode(reader)?;
            Ok::<_, Trouble>(seed)
        })?,
        Tag::OctetString => return Err(Trouble::Kind),
        _ => return Err(Trouble::Format),
    };
    let seed = sized(seed, SEED)?;
    let public = halves::ml_dsa(algorithm, &seed).ok_or(Trouble::Format)?;
    if any.header().tag() == Tag::Sequence && !halves::ml_dsa_agrees(algorithm, der, &public) {
        return Err(Trouble::Format);
    }
    Ok((Material::Akp { algorithm, public }, Secret::Bytes(seed)))
}

fn rsa(der: &[u8]) -> Result<Pair, Trouble> {
    sequence(der, |reader| {
        let version = u8::decode(reader)?;
        let mut number = || UintRef::decode(reader).map(|number| number.as_bytes().to_vec());
        let material = Material::Rsa { n: number()?, e: number()? };
        // Version 1 is for more than two primes.
        if version != 0 {
            return Err(Trouble::Kind);
        }
        let mut secret = || number().map(Zeroizing::new);
        let numbers = RsaSecret {
            d: secret()?,
            p: secret()?,
            q: secret()?,
            dp: secret()?,
            dq: secret()?,
            qi: secret()?,
        };
        Ok((material, Secret::Rsa(Box::new(numbers))))
    })
}

/// An `ECPrivateKey`; inside PKCS#8 the curve is known already.
fn ec(der: &[u8], known: Option<Curve>) -> Result<Pair, Trouble> {
    let (d, named, public) = sequence(der, |reader| {
        if u8::decode(reader)? != 1 {
            return Err(Trouble::Format);
        }
        let d = <&OctetStringRef>::decode(reader)?.as_bytes();
        let named = reader.context_specific::<ObjectIdentifier>(ZERO, TagMode::Explicit)?;
        let public = reader.context_specific::<BitStringRef<'_>>(ONE, TagMode::Explicit)?;
        Ok((d, named, public))
    })?;
    let named = named.map(|object| named_curve(object).ok_or(Trouble::Kind)).transpose()?;
    if known.is_some() && named.is_some() && known != named {
        return Err(Trouble::Format);
    }
    let curve = known.or(named).ok_or(Trouble::Format)?;
    let d = sized(d, curve.coordinate_len())?;
    let point_of = |bits: BitStringRef<'_>| bits.as_bytes().and_then(|sec1| point(sec1, curve));
    let material = match public {
        Some(bits) => point_of(bits).ok_or(Trouble::Kind)?,
        None => {
            let bare = ec_private(&d, Some(curve), None).ok_or(Trouble::Format)?;
            let sec1 = halves::ec(curve, &bare).ok_or(Trouble::Format)?;
            point(&sec1, curve).ok_or(Trouble::Format)?
        }
    };
    Ok((material, Secret::Bytes(d)))
}

fn ec_private(d: &[u8], curve: Option<Curve>, point: Option<&[u8]>) -> Option<SecretBytes> {
    let mut parts = vec![integer(&[1])?, octets(d)?];
    if let Some(curve) = curve {
        let value = object_of(&CURVES, &curve)?;
        parts.push(written(&ContextSpecificRef {
            tag_number: ZERO,
            tag_mode: TagMode::Explicit,
            value: &value,
        })?);
    }
    if let Some(point) = point {
        let value = BitStringRef::from_bytes(point).ok()?;
        parts.push(written(&ContextSpecificRef {
            tag_number: ONE,
            tag_mode: TagMode::Explicit,
            value: &value,
        })?);
    }
    wrapped(Tag::Sequence, &parts)
}

fn sized(bytes: &[u8], length: usize) -> Result<SecretBytes, Trouble> {
    if bytes.len() == length { Ok(Zeroizing::new(bytes.to_vec())) } else { Err(Trouble::Format) }
}

fn integer(number: &[u8]) -> Option<SecretBytes> {
    written(&UintRef::new(number).ok()?)
}

fn octets(bytes: &[u8]) -> Option<SecretBytes> {
    written(&OctetStringRef::new(bytes).ok()?)
}
