//! The key that a token is bound to, and whether whoever shows the token has it.
//!
//! RFC 7800 3 (`cnf`), RFC 9449 6.1 (`jkt`), RFC 8705 3.1 (`x5t#S256`). RFC 7800 lets a recipient
//! ignore what it does not understand. Here none does, whatever the kind of token: a stolen one
//! would be worth as much as its owner's.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::dpop::Proven;
use super::reader::Claims;
use crate::backend;
use crate::base64;
use crate::error::{ClaimFlaw, Error};
use crate::json::Object;
use crate::jwk::Jwk;
use crate::key::VerifyingKey;

const JKT: &str = "jkt";
const CERTIFICATE: &str = "x5t#S256";

/// The key that a token is bound to, `cnf` (RFC 7800 3.1): whoever shows the token must prove
/// that they have the key.
///
/// It names the key in one way. A `cnf` that names it in two is refused, because both would have
/// to be checked and only one can be.
///
/// ```
/// use countersign_jose::jwt::Confirmation;
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let bound = Confirmation::of(&key.verifying_key());
/// assert!(bound.is_key(&key.verifying_key()));
/// assert!(!bound.is_certificate(b"a certificate in DER"));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
// Few tokens are bound, and claims are moved about: boxed it takes a word of those that are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation(Box<Method>);

/// How the key is named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Method {
    /// `jkt`: the thumbprint of a JWK (RFC 9449 6.1).
    Thumbprint(String),
    /// `x5t#S256`: the SHA-256 of a certificate in DER (RFC 8705 3.1).
    Certificate(String),
    /// `jwk`, `kid` and whatever else there is (RFC 7800 3.2 to 3.5).
    Other(String, Value),
}

impl Confirmation {
    /// Binds to a key by its thumbprint, for proofs as in RFC 9449.
    #[must_use]
    pub fn of(key: &VerifyingKey) -> Self {
        Self(Box::new(Method::Thumbprint(key.thumbprint())))
    }

    /// Binds to the certificate that a client has shown in mutual TLS, in DER (RFC 8705 3.1).
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Box::new(Method::Certificate(base64::encode(backend::sha256(der)))))
    }

    /// The SHA-256 thumbprint of the key in base64url, where it is named so.
    #[must_use]
    pub fn jkt(&self) -> Option<&str> {
        match &*self.0 {
            Method::Thumbprint(jkt) => Some(jkt),
            _ => None,
        }
    }

    /// Whether this is the key that is meant, by its thumbprint (`jkt`) or as it is (`jwk`).
    #[must_use]
    pub fn is_key(&self, key: &VerifyingKey) -> bool {
        match &*self.0 {
            Method::Thumbprint(jkt) => *jkt == key.thumbprint(),
            Method::Other(name, value) if name == "jwk" => {
                Jwk::parse(value.to_string().as_bytes()).is_ok_and(|jwk| jwk.thumbprint() == key.thumbprint())
            }
            _ => false,
        }
    }

    /// Whether this is the certificate that is meant, in DER. It must be the one that the client
    /// has shown in the handshake, and not one out of a header that anybody can write.
    #[must_use]
    pub fn is_certificate(&self, der: &[u8]) -> bool {
        matches!(&*self.0, Method::Certificate(sha256) if *sha256 == base64::encode(backend::sha256(der)))
    }

    /// How the key is named and what stands there, such as `kid` and the name of a key that both
    /// sides know (RFC 7800 3.4).
    #[must_use]
    pub fn member(&self) -> (&str, Value) {
        match &*self.0 {
            Method::Thumbprint(jkt) => (JKT, Value::from(jkt.as_str())),
            Method::Certificate(sha256) => (CERTIFICATE, Value::from(sha256.as_str())),
            Method::Other(name, value) => (name, value.clone()),
        }
    }

    /// `cnf` among the claims of a token.
    #[inline]
    pub(crate) fn read(claims: &Claims<'_>) -> Result<Option<Self>, Error> {
        let Some(object) = claims.maybe_object("cnf")? else { return Ok(None) };
        Self::within(&object).map(Some)
    }

    /// The one member of the object.
    pub(crate) fn within(object: &Object<'_>) -> Result<Self, Error> {
        const FAULTY: Error = Error::Claim { claim: "cnf", flaw: ClaimFlaw::Malformed, rule: "RFC 7800 3.1" };
        let mut members = object.members();
        let (Some((name, value)), None) = (members.next(), members.next()) else { return Err(FAULTY) };
        let value = serde_json::from_str(value.raw()).map_err(|_| FAULTY)?;
        Self::named(name.to_owned(), value).ok_or(FAULTY)
    }

    fn named(name: String, value: Value) -> Option<Self> {
        let hash = |value: Value| match value {
            Value::String(text) if base64::decode_exact::<32>(text.as_bytes()).is_ok() => Some(text),
            _ => None,
        };
        Some(Self(Box::new(match name.as_str() {
            JKT => Method::Thumbprint(hash(value)?),
            CERTIFICATE => Method::Certificate(hash(value)?),
            _ => Method::Other(name, value),
        })))
    }
}

impl Serialize for Confirmation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, value) = self.member();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(name, &value)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Confirmation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?.into_iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(D::Error::custom("a confirmation names a key in exactly one way"));
        };
        Self::named(name, value).ok_or_else(|| D::Error::custom("a confirmation holds no SHA-256"))
    }
}

/// What whoever shows a token has proven.
pub(crate) enum Holder<'a> {
    /// Nothing: they have the token.
    Bearer,
    /// A key, for this token (RFC 9449).
    Proof(&'a Proven),
    /// A key, to the caller, who is asked which.
    Asked(&'a dyn Fn(&Confirmation) -> bool),
}

impl Holder<'_> {
    /// A token with a key comes with proof of that key, and one without comes alone.
    #[inline]
    pub(crate) fn may_show(&self, bound: Option<&Confirmation>) -> Result<(), Error> {
        let may = match (bound, self) {
            (None, Self::Bearer) => true,
            (Some(bound), Self::Proof(proof)) => bound.jkt() == Some(proof.thumbprint()),
            (Some(bound), Self::Asked(has)) => has(bound),
            _ => false,
        };
        if may { Ok(()) } else { Err(Error::Bound) }
    }
}
