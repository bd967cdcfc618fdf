//! The signature algorithms there are, as a closed list.
//!
//! RFC 7518 3.1, RFC 8037 3.1, RFC 8812 3.2, RFC 9864 2.2, RFC 9964 4. There is no `none`: it
//! cannot be named, so it cannot be accepted. A key carries exactly one of these; a token's
//! `alg` is only compared with it.

use core::fmt;

/// A signature algorithm of JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812).
    Es256k,
    /// Ed25519 under its older name `EdDSA`.
    EdDsa,
    /// Ed25519 under the name that says which curve (RFC 9864).
    Ed25519,
    /// ML-DSA-44, which a quantum computer does not break (RFC 9964).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

/// The kind of key an algorithm works with; in the order in which key sets list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// RSA keys of 2048 to 8192 bits.
    Rsa,
    /// The elliptic curves of NIST, and secp256k1.
    Ec,
    /// Octet key pairs: Ed25519.
    Okp,
    /// Key pairs that name their algorithm: ML-DSA.
    Akp,
    /// Shared secrets.
    Secret,
}

/// The hash inside an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The length of its results in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 18] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Es256k,
        Self::EdDsa,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
    ];

    /// The name in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Es256k => "ES256K",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The algorithm of exactly this name; `None` for any other text, `none` included.
    ///
    /// ```
    /// use countersign_jose::Algorithm;
    /// assert_eq!(Algorithm::named("ES256"), Some(Algorithm::Es256));
    /// assert_eq!(Algorithm::named("none"), None);
    /// assert_eq!(Algorithm::named("es256"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The kind of key it works with.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Family::Rsa,
            Self::Es256 | Self::Es384 | Self::Es512 | Self::Es256k => Family::Ec,
            Self::EdDsa | Self::Ed25519 => Family::Okp,
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => Family::Akp,
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Secret,
        }
    }

    /// The hash it uses; for Ed25519 the one inside the scheme (RFC 8032 5.1). `None` for
    /// ML-DSA, which has SHAKE256 inside and no hash that other protocols could share.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        Some(match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Es256k | Self::Hs256 => Hash::Sha256,
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => Hash::Sha384,
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa | Self::Ed25519 | Self::Hs512 => {
                Hash::Sha512
            }
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => return None,
        })
    }

    /// The length of its signatures in bytes; RSA's depends on the key.
    #[must_use]
    pub const fn signature_len(self) -> Option<usize> {
        match self {
            Self::Es256 | Self::Es256k | Self::EdDsa | Self::Ed25519 | Self::Hs512 => Some(64),
            Self::Es384 => Some(96),
            Self::Es512 => Some(132),
            // FIPS 204, table 2.
            Self::MlDsa44 => Some(2420),
            Self::MlDsa65 => Some(3309),
            Self::MlDsa87 => Some(4627),
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => None,
        }
    }

    /// The hash of HMAC; `None` when the algorithm is none of HMAC's.
    pub(crate) const fn mac_hash(self) -> Option<Hash> {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => self.hash(),
            _ => None,
        }
    }

    /// Whether both names stand for one cryptographic algorithm (RFC 9864 2.2: `Ed25519` is
    /// `EdDSA` with the curve said).
    pub(crate) fn is_same_scheme(self, other: Self) -> bool {
        self == other || (self.family() == Family::Okp && other.family() == Family::Okp)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
