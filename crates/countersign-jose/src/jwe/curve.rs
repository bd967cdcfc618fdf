//! The curves on which two parties agree on a key, and their public keys as JSON.
//!
//! RFC 7518 4.6.1.1 (`epk`) and 6.2.1, RFC 8037 2. A curve comes from the recipient's key; a
//! token's `epk` is refused unless it is on that curve and public.

use core::fmt;

use crate::error::Error;
use crate::json::Object;
use crate::jwk::{self, Jwk, Material, OkpCurve};

/// A curve for Diffie-Hellman: `crv` of a key for `ECDH-ES`.
///
/// ```
/// use countersign_jose::jwe::Curve;
/// assert_eq!(Curve::named("X25519"), Some(Curve::X25519));
/// assert_eq!(Curve::named("Ed25519"), None); // that one signs
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// X25519 (RFC 7748).
    X25519,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::X25519];

    /// The name in `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::X25519 => "X25519",
        }
    }

    /// The curve of exactly this name; `None` for any other text.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// The length of a coordinate and of a private key in bytes.
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The length of a public key in bytes: both coordinates behind a `4` (SEC 1 2.3.3), or the
    /// only one.
    pub(crate) const fn public_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            _ => 1 + 2 * self.coordinate_len(),
        }
    }

    /// The curve and the raw public key of a JWK; `None` for kinds that do not agree.
    pub(super) fn of(material: &Material) -> Option<(Self, Vec<u8>)> {
        match material {
            Material::Ec { curve, x, y } => {
                Some((Self::named(curve.name())?, [&[4], x.as_slice(), y.as_slice()].concat()))
            }
            Material::Okp { curve, x } => Some((Self::named(curve.name())?, x.clone())),
            Material::Rsa { .. } | Material::Akp { .. } => None,
        }
    }

    /// The raw public key as a JWK has it.
    pub(super) fn material(self, public: &[u8]) -> Option<Material> {
        if self == Self::X25519 {
            return Some(Material::Okp { curve: OkpCurve::X25519, x: public.to_vec() });
        }
        let (x, y) = public.get(1..)?.split_at_checked(self.coordinate_len())?;
        Some(Material::Ec { curve: jwk::Curve::named(self.name())?, x: x.to_vec(), y: y.to_vec() })
    }

    /// The public key in a token's `epk`, which must be of this curve and must not be private.
    pub(super) fn read(self, epk: &Object<'_>) -> Result<Vec<u8>, Error> {
        match Jwk::of(epk).ok().and_then(|jwk| Self::of(&jwk.material)) {
            Some((curve, public)) if curve == self => Ok(public),
            _ => Err(Error::Header { member: "epk" }),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
