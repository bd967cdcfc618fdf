//! The algorithms of JWE there are, as two closed lists.
//!
//! RFC 7518 4.1 and 5.1, RFC 8037 3.2. [`KeyAlgorithm`] says how the content's key reaches the
//! recipient, [`ContentAlgorithm`] how the content is encrypted with it. There is no `RSA1_5`
//! and no `none`: what has no name cannot be accepted. A key carries exactly one
//! [`KeyAlgorithm`]; a token's `alg` is only compared with it.

use core::fmt;

/// How the content encryption key reaches the recipient: `alg` of a JWE.
///
/// ```
/// use countersign_jose::jwe::KeyAlgorithm;
/// assert_eq!(KeyAlgorithm::named("ECDH-ES+A256KW"), Some(KeyAlgorithm::EcdhEsA256Kw));
/// assert_eq!(KeyAlgorithm::named("RSA1_5"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// RSA-OAEP with SHA-1, as RFC 7518 4.3 fixed it; SHA-1 is not broken in this use.
    RsaOaep,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
    /// RSA-OAEP with SHA-384.
    RsaOaep384,
    /// RSA-OAEP with SHA-512.
    RsaOaep512,
    /// AES key wrap with 128 bits (RFC 3394).
    A128Kw,
    /// AES key wrap with 192 bits.
    A192Kw,
    /// AES key wrap with 256 bits.
    A256Kw,
    /// AES-GCM with 128 bits around the content key.
    A128GcmKw,
    /// AES-GCM with 192 bits around the content key.
    A192GcmKw,
    /// AES-GCM with 256 bits around the content key.
    A256GcmKw,
    /// The shared secret is the content key itself.
    Dir,
    /// Ephemeral Diffie-Hellman whose result is the content key.
    EcdhEs,
    /// Ephemeral Diffie-Hellman whose result wraps the content key with AES-128.
    EcdhEsA128Kw,
    /// Ephemeral Diffie-Hellman whose result wraps the content key with AES-192.
    EcdhEsA192Kw,
    /// Ephemeral Diffie-Hellman whose result wraps the content key with AES-256.
    EcdhEsA256Kw,
    /// A password through PBKDF2 with SHA-256, then AES key wrap with 128 bits.
    Pbes2Hs256A128Kw,
    /// A password through PBKDF2 with SHA-384, then AES key wrap with 192 bits.
    Pbes2Hs384A192Kw,
    /// A password through PBKDF2 with SHA-512, then AES key wrap with 256 bits.
    Pbes2Hs512A256Kw,
}

/// The kind of key that a [`KeyAlgorithm`] works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA keys: the public half encrypts, the private half decrypts.
    Rsa,
    /// Keys for Diffie-Hellman on P-256, P-384, P-521 or X25519.
    Agreement,
    /// Random bytes that both sides have.
    Symmetric,
    /// Something that a person remembers.
    Password,
}

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 18] = [
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::RsaOaep384,
        Self::RsaOaep512,
        Self::A128Kw,
        Self::A192Kw,
        Self::A256Kw,
        Self::A128GcmKw,
        Self::A192GcmKw,
        Self::A256GcmKw,
        Self::Dir,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA192Kw,
        Self::EcdhEsA256Kw,
        Self::Pbes2Hs256A128Kw,
        Self::Pbes2Hs384A192Kw,
        Self::Pbes2Hs512A256Kw,
    ];

    /// The name in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep384 => "RSA-OAEP-384",
            Self::RsaOaep512 => "RSA-OAEP-512",
            Self::A128Kw => "A128KW",
            Self::A192Kw => "A192KW",
            Self::A256Kw => "A256KW",
            Self::A128GcmKw => "A128GCMKW",
            Self::A192GcmKw => "A192GCMKW",
            Self::A256GcmKw => "A256GCMKW",
            Self::Dir => "dir",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA192Kw => "ECDH-ES+A192KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::Pbes2Hs256A128Kw => "PBES2-HS256+A128KW",
            Self::Pbes2Hs384A192Kw => "PBES2-HS384+A192KW",
            Self::Pbes2Hs512A256Kw => "PBES2-HS512+A256KW",
        }
    }

    /// The algorithm of exactly this name; `None` for any other text.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The kind of key it works with.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::RsaOaep | Self::RsaOaep256 | Self::RsaOaep384 | Self::RsaOaep512 => KeyKind::Rsa,
            Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA192Kw | Self::EcdhEsA256Kw => KeyKind::Agreement,
            Self::A128Kw
            | Self::A192Kw
            | Self::A256Kw
            | Self::A128GcmKw
            | Self::A192GcmKw
            | Self::A256GcmKw
            | Self::Dir => KeyKind::Symmetric,
            Self::Pbes2Hs256A128Kw | Self::Pbes2Hs384A192Kw | Self::Pbes2Hs512A256Kw => KeyKind::Password,
        }
    }

    /// The length in bytes of the AES key that wraps the content key, if one does: it is given
    /// (`A*KW`, `A*GCMKW`), agreed upon (`ECDH-ES+A*KW`) or derived (`PBES2-*`).
    #[must_use]
    pub const fn wrapping_len(self) -> Option<usize> {
        match self {
            Self::A128Kw | Self::A128GcmKw | Self::EcdhEsA128Kw | Self::Pbes2Hs256A128Kw => Some(16),
            Self::A192Kw | Self::A192GcmKw | Self::EcdhEsA192Kw | Self::Pbes2Hs384A192Kw => Some(24),
            Self::A256Kw | Self::A256GcmKw | Self::EcdhEsA256Kw | Self::Pbes2Hs512A256Kw => Some(32),
            Self::RsaOaep
            | Self::RsaOaep256
            | Self::RsaOaep384
            | Self::RsaOaep512
            | Self::Dir
            | Self::EcdhEs => None,
        }
    }

    /// Whether the content key is not sent at all, so that the encrypted key is empty and there
    /// can be only one recipient (RFC 7516 5.1, steps 3 and 6).
    #[must_use]
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::Dir | Self::EcdhEs)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the content is encrypted: `enc` of a JWE. All of them notice every changed bit.
///
/// ```
/// use countersign_jose::jwe::ContentAlgorithm;
/// let enc = ContentAlgorithm::named("A128CBC-HS256").unwrap();
/// assert_eq!((enc.key_len(), enc.iv_len(), enc.tag_len()), (32, 16, 16));
/// assert_eq!(ContentAlgorithm::named("A128CBC"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentAlgorithm {
    /// AES-GCM with 128 bits.
    A128Gcm,
    /// AES-GCM with 192 bits.
    A192Gcm,
    /// AES-GCM with 256 bits.
    A256Gcm,
    /// AES-CBC with 128 bits, then HMAC with SHA-256.
    A128CbcHs256,
    /// AES-CBC with 192 bits, then HMAC with SHA-384.
    A192CbcHs384,
    /// AES-CBC with 256 bits, then HMAC with SHA-512.
    A256CbcHs512,
}

impl ContentAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [
        Self::A128Gcm,
        Self::A192Gcm,
        Self::A256Gcm,
        Self::A128CbcHs256,
        Self::A192CbcHs384,
        Self::A256CbcHs512,
    ];

    /// The name in `enc`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A192Gcm => "A192GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A192CbcHs384 => "A192CBC-HS384",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The algorithm of exactly this name; `None` for any other text.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The length of the content key in bytes; with HMAC its first half is HMAC's.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }

    /// The length of the initialisation vector in bytes.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        match self {
            Self::A128Gcm | Self::A192Gcm | Self::A256Gcm => 12,
            Self::A128CbcHs256 | Self::A192CbcHs384 | Self::A256CbcHs512 => 16,
        }
    }

    /// The length of the authentication tag in bytes; a shorter one is never accepted.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self {
            Self::A128Gcm | Self::A192Gcm | Self::A256Gcm | Self::A128CbcHs256 => 16,
            Self::A192CbcHs384 => 24,
            Self::A256CbcHs512 => 32,
        }
    }
}

impl fmt::Display for ContentAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_algorithm_and_nothing_else_does() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(KeyAlgorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(KeyAlgorithm::named(&format!("{algorithm} ")), None);
        }
        for algorithm in ContentAlgorithm::ALL {
            assert_eq!(ContentAlgorithm::named(algorithm.name()), Some(algorithm));
            assert_eq!(ContentAlgorithm::named(&algorithm.name().to_lowercase()), None);
        }
        for name in ["none", "RSA1_5", "", "DIR", "RSA-OAEP-224", "ECDH-ES+XC20PKW", "RS256"] {
            assert_eq!(KeyAlgorithm::named(name), None, "{name}");
        }
    }

    #[test]
    fn names_and_lengths_agree() {
        for algorithm in KeyAlgorithm::ALL {
            let named = [("A128", 16), ("A192", 24), ("A256", 32)]
                .into_iter()
                .find_map(|(part, length)| algorithm.name().contains(part).then_some(length));
            assert_eq!(algorithm.wrapping_len(), named, "{algorithm}");
            assert!(!algorithm.is_direct() || named.is_none());
        }
        for algorithm in ContentAlgorithm::ALL {
            let bits: usize = algorithm.name().get(1..4).unwrap().parse().unwrap();
            let halves = if algorithm.name().contains("CBC") { 2 } else { 1 };
            assert_eq!(algorithm.key_len(), halves * bits / 8, "{algorithm}");
        }
    }
}
