//! A JWK from and to documents of other kinds: PKCS#8, SPKI, and the older PKCS#1 and SEC1.
//!
//! RFC 5958, RFC 5280 4.1.2.7, RFC 8017 A.1, RFC 5915, RFC 7468. Each format has its own
//! constructor, so that no document is taken for what it is not. These formats say nothing of
//! `kid`, `use` and (except for ML-DSA) `alg`.

use zeroize::Zeroizing;

use super::{Jwk, Material, PrivateJwk, PrivateMaterial, Purpose, Secret};
use crate::document::{self, Label};
use crate::error::Error;

impl Jwk {
    /// Reads an SPKI public key in DER.
    ///
    /// # Errors
    /// [`Error::KeyFormat`] naming what the bytes are instead, [`Error::Der`] when they are
    /// nothing known, [`Error::Unsupported`] for other kinds of keys and compressed points.
    pub fn from_spki(der: &[u8]) -> Result<Self, Error> {
        document::from_spki(der).map(Self::bare)
    }

    /// Reads an SPKI public key in PEM: one block `PUBLIC KEY` and nothing else.
    ///
    /// # Errors
    /// As [`Jwk::from_spki`]; [`Error::Pem`].
    pub fn from_spki_pem(pem: &str) -> Result<Self, Error> {
        Self::from_spki(&Label::Spki.read(pem)?)
    }

    /// Reads an RSA public key as PKCS#1 in DER.
    ///
    /// # Errors
    /// As [`Jwk::from_spki`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        document::from_rsa_public(der).map(Self::bare)
    }

    /// Reads an RSA public key as PKCS#1 in PEM: one block `RSA PUBLIC KEY` and nothing else.
    ///
    /// # Errors
    /// As [`Jwk::from_spki`]; [`Error::Pem`].
    pub fn from_pkcs1_pem(pem: &str) -> Result<Self, Error> {
        Self::from_pkcs1(&Label::Pkcs1Public.read(pem)?)
    }

    /// Writes the key as SPKI in DER, without `kid`, `use` and `alg`.
    ///
    /// # Errors
    /// [`Error::Der`] for numbers that no DER can hold, which no key has.
    pub fn to_spki(&self) -> Result<Vec<u8>, Error> {
        let der = document::to_spki(&self.material);
        der.map(|der| der.to_vec()).ok_or(Error::Der { expected: "an SPKI public key in DER" })
    }

    /// Writes the key as SPKI in PEM.
    ///
    /// # Errors
    /// As [`Jwk::to_spki`].
    pub fn to_spki_pem(&self) -> Result<String, Error> {
        self.to_spki().map(|der| Label::Spki.write(&der).as_str().to_owned())
    }

    fn bare(material: Material) -> Self {
        Self { purpose: purpose_of(&material), material, kid: None }
    }
}

impl PrivateJwk {
    /// Reads an unencrypted PKCS#8 key in DER.
    ///
    /// # Errors
    /// [`Error::KeyFormat`] naming what the bytes are instead (an encrypted key, a
    /// certificate, …), [`Error::Der`] when they are nothing known, [`Error::Unsupported`] for
    /// other kinds of keys.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        document::from_pkcs8(der).map(Self::bare)
    }

    /// Reads an unencrypted PKCS#8 key in PEM: one block `PRIVATE KEY` and nothing else.
    ///
    /// # Errors
    /// As [`PrivateJwk::from_pkcs8`]; [`Error::Pem`].
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, Error> {
        Self::from_pkcs8(&Label::Pkcs8.read(pem)?)
    }

    /// Reads an RSA private key as PKCS#1 in DER.
    ///
    /// # Errors
    /// As [`PrivateJwk::from_pkcs8`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        document::from_pkcs1(der).map(Self::bare)
    }

    /// Reads an RSA private key as PKCS#1 in PEM: one block `RSA PRIVATE KEY` and nothing else.
    ///
    /// # Errors
    /// As [`PrivateJwk::from_pkcs8`]; [`Error::Pem`].
    pub fn from_pkcs1_pem(pem: &str) -> Result<Self, Error> {
        Self::from_pkcs1(&Label::Pkcs1.read(pem)?)
    }

    /// Reads an EC private key as SEC1 (RFC 5915) in DER, which must name its curve.
    ///
    /// # Errors
    /// As [`PrivateJwk::from_pkcs8`].
    pub fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        document::from_sec1(der).map(Self::bare)
    }

    /// Reads an EC private key as SEC1 in PEM: one block `EC PRIVATE KEY` and nothing else.
    ///
    /// # Errors
    /// As [`PrivateJwk::from_pkcs8`]; [`Error::Pem`].
    pub fn from_sec1_pem(pem: &str) -> Result<Self, Error> {
        Self::from_sec1(&Label::Sec1.read(pem)?)
    }

    /// Writes the key as unencrypted PKCS#8 in DER, without `kid`, `use` and `alg`: seal it
    /// before it touches a disk.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for shared secrets, which PKCS#8 does not have.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let PrivateMaterial::Pair(public, secret) = &self.material else { return Err(Error::Unsupported) };
        document::to_pkcs8(public, secret).ok_or(Error::Unsupported)
    }

    /// Writes the key as unencrypted PKCS#8 in PEM.
    ///
    /// # Errors
    /// As [`PrivateJwk::to_pkcs8`].
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Error> {
        self.to_pkcs8().map(|der| Label::Pkcs8.write(&der))
    }

    /// Writes an EC key as SEC1 (RFC 5915) in DER, with its curve and its public half, unencrypted:
    /// for programs that do not know PKCS#8.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for keys of other kinds.
    ///
    /// ```
    /// use countersign_jose::{Algorithm, PrivateJwk, SigningKey};
    /// let key = SigningKey::generate(Algorithm::Es256)?.to_jwk().unwrap();
    /// let old = key.to_sec1_pem().unwrap();
    /// assert!(old.starts_with("-----BEGIN EC PRIVATE KEY-----"));
    /// assert_eq!(PrivateJwk::from_sec1_pem(&old).unwrap().to_public().unwrap().thumbprint(), key.to_public().unwrap().thumbprint());
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn to_sec1(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let PrivateMaterial::Pair(public, secret) = &self.material else { return Err(Error::Unsupported) };
        document::to_sec1(public, secret).ok_or(Error::Unsupported)
    }

    /// Writes an EC key as SEC1 in PEM.
    ///
    /// # Errors
    /// As [`PrivateJwk::to_sec1`].
    pub fn to_sec1_pem(&self) -> Result<Zeroizing<String>, Error> {
        self.to_sec1().map(|der| Label::Sec1.write(&der))
    }

    fn bare((public, secret): (Material, Secret)) -> Self {
        let purpose = purpose_of(&public);
        Self { material: PrivateMaterial::Pair(public, secret), kid: None, purpose }
    }
}

/// RFC 9964 3: a JWK of ML-DSA always says its `alg`.
const fn purpose_of(material: &Material) -> Purpose {
    match material {
        Material::Akp { algorithm, .. } => Purpose::Signature(Some(*algorithm)),
        _ => Purpose::Any,
    }
}
