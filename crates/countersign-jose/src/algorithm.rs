//! The signature algorithms there are, as a closed list.
//!
//! RFC 7518 3.1 and RFC 8037 3.1. There is no `none`: it cannot be named, so it cannot be
//! accepted. A key carries exactly one of these; a token's `alg` is only compared with it.

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
    /// Ed25519 under its older name `EdDSA`.
    EdDsa,
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
    /// Elliptic curves of NIST.
    Ec,
    /// Octet key pairs: Ed25519.
    Okp,
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
    pub const ALL: [Self; 13] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
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
            Self::EdDsa => "EdDSA",
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
            Self::Es256 | Self::Es384 | Self::Es512 => Family::Ec,
            Self::EdDsa => Family::Okp,
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Secret,
        }
    }

    /// The hash it uses; for Ed25519 the one inside the scheme (RFC 8032 5.1).
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 | Self::Hs256 => Hash::Sha256,
            Self::Rs384 | Self::Ps384 | Self::Es384 | Self::Hs384 => Hash::Sha384,
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa | Self::Hs512 => Hash::Sha512,
        }
    }

    /// The length of its signatures in bytes; RSA's depends on the key.
    #[must_use]
    pub const fn signature_len(self) -> Option<usize> {
        match self {
            Self::Es256 | Self::EdDsa | Self::Hs512 => Some(64),
            Self::Es384 => Some(96),
            Self::Es512 => Some(132),
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
