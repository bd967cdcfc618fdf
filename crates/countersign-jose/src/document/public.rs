//! Public keys in DER: SPKI, and PKCS#1 for RSA.
//!
//! RFC 5280 4.1.2.7, RFC 5480 2 (EC, uncompressed points), RFC 8410 4 (OKP), RFC 9881 4
//! (ML-DSA), RFC 8017 A.1.1 (RSA).

use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Tag};
use zeroize::Zeroizing;

use super::{Kind, MAX, Trouble, bounded, sequence, wrapped, written};
use crate::backend::public::uncompressed;
use crate::error::Error;
use crate::jwk::{Curve, Material, OkpCurve, ml_dsa_public_len};

const SPKI: &str = "an SPKI public key in DER";
const PKCS1: &str = "a PKCS#1 public key in DER";

/// The key in a `SubjectPublicKeyInfo`.
pub(crate) fn from_spki(der: &[u8]) -> Result<Material, Error> {
    read(bounded(der, MAX)?).map_err(|trouble| trouble.about(der, SPKI))
}

/// The key in an `RSAPublicKey`.
pub(crate) fn from_rsa_public(der: &[u8]) -> Result<Material, Error> {
    rsa(bounded(der, MAX)?).map_err(|trouble| trouble.about(der, PKCS1))
}

/// Writes a `SubjectPublicKeyInfo`.
pub(crate) fn to_spki(material: &Material) -> Option<Zeroizing<Vec<u8>>> {
    let (kind, key) = match material {
        Material::Rsa { n, e } => {
            let numbers = [written(&UintRef::new(n).ok()?)?, written(&UintRef::new(e).ok()?)?];
            (Kind::Rsa, wrapped(Tag::Sequence, &numbers)?)
        }
        Material::Ec { curve, x, y } => (Kind::Ec(*curve), Zeroizing::new(uncompressed(x, y))),
        Material::Okp { curve, x } => (Kind::Okp(*curve), Zeroizing::new(x.clone())),
        Material::Akp { algorithm, public } => (Kind::Akp(*algorithm), Zeroizing::new(public.clone())),
    };
    wrapped(Tag::Sequence, &[kind.write()?, written(&BitStringRef::from_bytes(&key).ok()?)?])
}

/// Whether the bytes are SPKI, of whatever kind of key.
pub(super) fn is_spki(der: &[u8]) -> bool {
    matches!(read(der), Ok(_) | Err(Trouble::Kind))
}

fn read(der: &[u8]) -> Result<Material, Trouble> {
    let (kind, key) = sequence(der, |reader| {
        let kind = Kind::read(reader);
        let key = BitStringRef::decode(reader)?;
        Ok((kind, key.as_bytes().ok_or(Trouble::Format)?))
    })?;
    match kind? {
        Kind::Rsa => rsa(key),
        Kind::Ec(curve) => point(key, curve).ok_or(Trouble::Kind),
        Kind::Okp(curve) => {
            let x = (key.len() == OkpCurve::LEN).then(|| key.to_vec()).ok_or(Trouble::Format)?;
            Ok(Material::Okp { curve, x })
        }
        Kind::Akp(algorithm) => {
            let fits = ml_dsa_public_len(algorithm) == Some(key.len());
            fits.then(|| Material::Akp { algorithm, public: key.to_vec() }).ok_or(Trouble::Format)
        }
    }
}

fn rsa(der: &[u8]) -> Result<Material, Trouble> {
    sequence(der, |reader| {
        let (n, e) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
        Ok(Material::Rsa { n: n.as_bytes().to_vec(), e: e.as_bytes().to_vec() })
    })
}

/// Splits an uncompressed point (SEC 1 2.3.3); points in other forms are not read.
pub(crate) fn point(sec1: &[u8], curve: Curve) -> Option<Material> {
    let (x, y) = sec1.strip_prefix(&[0x04])?.split_at_checked(curve.coordinate_len())?;
    (y.len() == x.len()).then(|| Material::Ec { curve, x: x.to_vec(), y: y.to_vec() })
}
