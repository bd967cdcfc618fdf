//! Private keys and shared secrets as JSON.
//!
//! RFC 7518 6.2.2 (EC), 6.3.2 (RSA), 6.4 (oct), RFC 8037 2 (OKP), RFC 9964 3 (AKP). Read
//! strictly, wiped when dropped, and written by one method that says so. Whether the private
//! half belongs to the public one is found when a key is made of the document.

use core::fmt;

use zeroize::Zeroizing;

use super::purpose::{Half, Purpose};
use super::{Jwk, Material, OkpCurve, read};
use crate::algorithm::Algorithm;
use crate::backend;
use crate::base64;
use crate::error::{Error, Fault};
use crate::json::Object;
use crate::jwe::KeyAlgorithm;
use crate::key::KeyId;

/// Secret bytes, wiped when dropped.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// The length of a seed of ML-DSA in bytes (RFC 9964 3).
pub(crate) const SEED: usize = 32;

/// What a private document holds.
pub(crate) enum PrivateMaterial {
    /// Both halves of a key pair.
    Pair(Material, Secret),
    /// A secret that two sides share.
    Oct(SecretBytes),
}

/// The secret half of a key pair.
pub(crate) enum Secret {
    /// RSA's numbers.
    Rsa(Box<RsaSecret>),
    /// The one string of bytes that EC and OKP keys (`d`) and AKP keys (`priv`) have: the
    /// number in the curve's full length, or the seed.
    Bytes(SecretBytes),
}

/// RSA's private numbers, big-endian; RFC 7518 6.3.2.
pub(crate) struct RsaSecret {
    pub(crate) d: SecretBytes,
    pub(crate) p: SecretBytes,
    pub(crate) q: SecretBytes,
    pub(crate) dp: SecretBytes,
    pub(crate) dq: SecretBytes,
    pub(crate) qi: SecretBytes,
}

impl RsaSecret {
    /// With their names in a JWK, in the order that PKCS#1 has too.
    pub(crate) fn members(&self) -> [(&'static str, &SecretBytes); 6] {
        [("d", &self.d), ("p", &self.p), ("q", &self.q), ("dp", &self.dp), ("dq", &self.dq), ("qi", &self.qi)]
    }
}

/// A private key or a shared secret as JSON.
///
/// It is a document, not yet a key: make a [`SigningKey`](crate::SigningKey) or a
/// [`SharedKey`](crate::SharedKey) of it.
///
/// ```
/// use countersign_jose::{PrivateJwk, SigningKey};
/// // RFC 8037, appendix A.1.
/// let json = br#"{"kty":"OKP","crv":"Ed25519",
///     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let jwk = PrivateJwk::parse(json).unwrap();
/// assert_eq!(format!("{jwk:?}"), "PrivateJwk(..)");
/// let key = SigningKey::from_jwk(&jwk).unwrap();
/// assert_eq!(key.key_id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// ```
pub struct PrivateJwk {
    pub(crate) material: PrivateMaterial,
    pub(crate) kid: Option<KeyId>,
    pub(crate) purpose: Purpose,
}

impl PrivateJwk {
    /// Reads one private JWK from strict JSON. An RSA key must have all its numbers.
    ///
    /// # Errors
    /// [`Error::Json`] for anything but strict JSON, [`Error::Jwk`] naming the member that is
    /// missing or cannot be used (a public document has no `d`), [`Error::Contradiction`],
    /// [`Error::Unsupported`] for kinds of keys, uses and algorithms that are not known,
    /// [`Error::KeyTooLarge`] beyond 64 KiB.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        Self::of(&read::document(json)?)
    }

    pub(super) fn of(object: &Object<'_>) -> Result<Self, Error> {
        let kid = read::key_id(object)?;
        if read::needed(object, "kty")? == "oct" {
            let purpose = Purpose::read(object, Half::Both)?;
            let secret = Zeroizing::new(read::bytes(object, "k")?);
            return Ok(Self { material: PrivateMaterial::Oct(secret), kid, purpose });
        }
        let public = read::material(object)?;
        let purpose = read::purpose(object, &public, Half::Private)?;
        let secret = secret(object, &public)?;
        Ok(Self { material: PrivateMaterial::Pair(public, secret), kid, purpose })
    }

    /// Draws a new secret for HMAC, as long as the hash: to be sealed, and handed to the other
    /// side once.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the algorithm is none of HMAC's, [`Fault::Random`] when the system
    /// gives no random bytes.
    ///
    /// ```
    /// use countersign_jose::{Algorithm, PrivateJwk, SharedKey};
    /// let jwk = PrivateJwk::generate_secret(Algorithm::Hs256)?;
    /// let key = SharedKey::from_jwk(&jwk).unwrap();
    /// assert!(jwk.to_json().starts_with(r#"{"kty":"oct","k":""#));
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn generate_secret(algorithm: Algorithm) -> Result<Self, Fault> {
        let hash = algorithm.mac_hash().ok_or(Fault::Unfit { algorithm })?;
        let mut secret = Zeroizing::new(vec![0; hash.size()]);
        backend::fill_random(&mut secret)?;
        let purpose = Purpose::Signature(Some(algorithm));
        Ok(Self { material: PrivateMaterial::Oct(secret), kid: None, purpose })
    }

    /// Names the key.
    #[must_use]
    pub fn with_id(self, id: KeyId) -> Self {
        Self { kid: Some(id), ..self }
    }

    /// `kid`, if the document has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The signature algorithm: `alg`, or the one that the kind of key implies. `None` for
    /// keys that encrypt, and for secrets that name no algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        match (self.purpose, &self.material) {
            (Purpose::Signature(Some(algorithm)), _) => Some(algorithm),
            (Purpose::Any | Purpose::Signature(None), PrivateMaterial::Pair(public, _)) => public.implied(),
            _ => None,
        }
    }

    /// The key management algorithm in `alg`, if the document names one.
    #[must_use]
    pub const fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        if let Purpose::Encryption(algorithm) = self.purpose { algorithm } else { None }
    }

    /// The public half, under the same `kid` and for the same purpose; secrets have none.
    #[must_use]
    pub fn to_public(&self) -> Option<Jwk> {
        let PrivateMaterial::Pair(public, _) = &self.material else { return None };
        Some(Jwk { material: public.clone(), kid: self.kid.clone(), purpose: self.purpose })
    }

    /// Writes the whole document, secrets and all: seal it before it touches a disk.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        // Room for all, so that no half of it stays behind in memory that was outgrown.
        let mut json = Zeroizing::new(String::with_capacity(self.room()));
        match &self.material {
            PrivateMaterial::Oct(secret) => {
                json.push_str(r#"{"kty":"oct""#);
                push(&mut json, "k", secret);
            }
            PrivateMaterial::Pair(public, secret) => {
                push_public(&mut json, public);
                match secret {
                    Secret::Rsa(numbers) => {
                        numbers
                            .members()
                            .into_iter()
                            .for_each(|(name, number)| push(&mut json, name, number));
                    }
                    Secret::Bytes(bytes) => push(&mut json, private_member(public), bytes),
                }
            }
        }
        if let Some(kid) = &self.kid {
            let quoted = serde_json::Value::from(kid.as_str()).to_string();
            json.push_str(r#","kid":"#);
            json.push_str(&quoted);
        }
        if let Some(word) = self.purpose.word() {
            push_word(&mut json, "use", word);
        }
        if let Some(name) = self.purpose.algorithm_name() {
            push_word(&mut json, "alg", name);
        }
        json.push('}');
        json
    }

    /// More bytes than the JSON can have.
    pub(super) fn room(&self) -> usize {
        let bytes = match &self.material {
            PrivateMaterial::Oct(secret) => secret.len(),
            PrivateMaterial::Pair(public, secret) => {
                let secret = match secret {
                    Secret::Rsa(numbers) => numbers.members().iter().map(|(_, number)| number.len()).sum(),
                    Secret::Bytes(bytes) => bytes.len(),
                };
                secret
                    + match public {
                        Material::Rsa { n, e } => n.len() + e.len(),
                        Material::Ec { x, y, .. } => x.len() + y.len(),
                        Material::Okp { x, .. } => x.len(),
                        Material::Akp { public, .. } => public.len(),
                    }
            }
        };
        // A character of `kid` takes six when it is written as an escape.
        256 + bytes * 2 + self.kid.as_ref().map_or(0, |kid| kid.as_str().len() * 6)
    }
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateJwk(..)")
    }
}

/// The member that carries the secret half.
const fn private_member(public: &Material) -> &'static str {
    match public {
        Material::Akp { .. } => "priv",
        _ => "d",
    }
}

fn secret(object: &Object<'_>, public: &Material) -> Result<Secret, Error> {
    let member = private_member(public);
    let length = match public {
        Material::Rsa { .. } => return rsa(object),
        Material::Ec { curve, .. } => curve.coordinate_len(),
        Material::Okp { .. } => OkpCurve::LEN,
        Material::Akp { .. } => SEED,
    };
    read::sized(object, member, length).map(|bytes| Secret::Bytes(Zeroizing::new(bytes)))
}

/// RFC 7518 6.3.2: with `d` should come the others, without which no library works fast.
fn rsa(object: &Object<'_>) -> Result<Secret, Error> {
    // 6.3.2.7: keys of three or more primes; nobody makes them.
    if object.member("oth").is_some() {
        return Err(Error::Jwk { member: "oth" });
    }
    let number = |member| read::number(object, member).map(Zeroizing::new);
    Ok(Secret::Rsa(Box::new(RsaSecret {
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dp: number("dp")?,
        dq: number("dq")?,
        qi: number("qi")?,
    })))
}

fn push_public(json: &mut String, public: &Material) {
    match public {
        Material::Rsa { n, e } => {
            json.push_str(r#"{"kty":"RSA""#);
            push(json, "n", n);
            push(json, "e", e);
        }
        Material::Ec { curve, x, y } => {
            json.push_str(r#"{"kty":"EC""#);
            push_word(json, "crv", curve.name());
            push(json, "x", x);
            push(json, "y", y);
        }
        Material::Okp { curve, x } => {
            json.push_str(r#"{"kty":"OKP""#);
            push_word(json, "crv", curve.name());
            push(json, "x", x);
        }
        Material::Akp { public, .. } => {
            json.push_str(r#"{"kty":"AKP""#);
            push(json, "pub", public);
        }
    }
}

/// Appends a member whose value needs no escapes.
fn push_word(json: &mut String, name: &str, word: &str) {
    for part in [",\"", name, "\":\"", word, "\""] {
        json.push_str(part);
    }
}

fn push(json: &mut String, name: &str, bytes: &[u8]) {
    for part in [",\"", name, "\":\""] {
        json.push_str(part);
    }
    base64::encode_onto(json, bytes);
    json.push('"');
}
