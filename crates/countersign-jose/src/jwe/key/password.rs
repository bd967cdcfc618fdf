//! Passwords, the only keys that PBES2 works with.
//!
//! RFC 7518 4.8 and 8.8, RFC 8018. The sender chooses how much work the recipient does (`p2c`), so
//! the recipient's key says how much it is willing to do, before any of it is done. How much that is
//! by default: what OWASP asks of PBKDF2, and half of what the draft that follows RFC 8725 tells a
//! recipient to refuse ("Limit Hash Iteration Count").

use core::fmt;
use core::num::NonZeroU32;

use zeroize::Zeroizing;

use super::policy::Policy;
use super::{ContentKey, Decrypter, Delivery, Encrypter};
use crate::algorithm::Hash;
use crate::backend::{self, derive, wrap};
use crate::document::disguise;
use crate::error::{Error, Fault};
use crate::jwe::header::{Header, Written};
use crate::jwe::{ContentAlgorithm, KeyAlgorithm, KeyKind};
use crate::key::KeyId;
use crate::key::private::Sealed;

/// The length of the salt that is written, in bytes.
const SALT: usize = 16;
/// The least length of a salt in bytes (RFC 7518 4.8.1.1).
const SALT_LEAST: usize = 8;

/// How often a password is hashed: 1,000 to 1,000,000 times.
///
/// Fewer than 1,000 are no protection (RFC 7518 4.8.1.2); a million takes up to half a second,
/// and nothing that a stranger sends may cost more.
///
/// ```
/// use countersign_jose::jwe::Rounds;
/// assert!(Rounds::new(600_000).is_some());
/// assert!(Rounds::new(999).is_none() && Rounds::new(u32::MAX).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rounds(NonZeroU32);

impl Rounds {
    /// 600,000, what a password has unless somebody says otherwise (OWASP's advice for PBKDF2 with
    /// SHA-256). It costs whoever guesses up to a third of a second a guess, and the reader as much a token.
    pub const AT_REST: Self = Self(NonZeroU32::MIN.saturating_add(599_999));
    /// 10,000, for readers that refuse more, as some libraries do by default, and for those that take
    /// tokens of strangers. A guess costs next to nothing: the password must be one that nobody
    /// guesses, such as 16 random bytes in base64url.
    pub const MESSAGE: Self = Self(NonZeroU32::MIN.saturating_add(9_999));
    const LEAST: u32 = 1_000;
    const MOST: u32 = 1_000_000;

    /// A number of rounds within the bounds.
    #[must_use]
    pub const fn new(rounds: u32) -> Option<Self> {
        match NonZeroU32::new(rounds) {
            Some(number) if rounds >= Self::LEAST && rounds <= Self::MOST => Some(Self(number)),
            _ => None,
        }
    }
}

/// A password that encrypts and decrypts; it cannot be read back.
///
/// What it encrypts, it can decrypt: [`Rounds`] is both the work it puts in and the most it
/// accepts. A password is weaker than every other key here, because it can be guessed without
/// asking anybody.
///
/// ```
/// use countersign_jose::jwe::{self, KeyAlgorithm, Password};
/// let password = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse battery staple").unwrap();
/// let token = jwe::encrypt(&password, b"hello")?;
/// assert_eq!(jwe::decrypt(&token, &password).unwrap().plain(), b"hello");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct Password {
    policy: Policy,
    rounds: Rounds,
    password: Zeroizing<Vec<u8>>,
}

impl Password {
    /// The least length in bytes (NIST SP 800-63B 3.1.1.2 has 8 characters).
    pub const LEAST: usize = 8;
    /// The greatest length in bytes; longer ones are no password but a document.
    pub const MOST: usize = 1024;

    /// Takes a password, to be hashed as often as a password that people choose needs it:
    /// [`Rounds::AT_REST`]. Each token costs that once, also one that a stranger sends.
    ///
    /// # Errors
    /// [`Error::Password`] for a length outside 8 to 1,024 bytes, [`Error::NotASecret`] for a
    /// PEM, DER, SSH or JWK document, [`Error::Jwk`] for an algorithm other than `PBES2-*`.
    pub fn new(algorithm: KeyAlgorithm, password: &str) -> Result<Self, Error> {
        if algorithm.kind() != KeyKind::Password {
            return Err(Error::Jwk { member: "alg" });
        }
        if let Some(format) = disguise(password.as_bytes()) {
            return Err(Error::NotASecret { format });
        }
        if !(Self::LEAST..=Self::MOST).contains(&password.len()) {
            return Err(Error::Password);
        }
        Ok(Self {
            policy: Policy::new(algorithm),
            rounds: Rounds::AT_REST,
            password: Zeroizing::new(password.as_bytes().to_vec()),
        })
    }

    /// Hashes so often when it encrypts, and at most so often when it decrypts.
    ///
    /// Ask for [`Rounds::MESSAGE`] where strangers send tokens, or where the reader refuses more; then
    /// the password must be long and random.
    ///
    /// ```
    /// use countersign_jose::jwe::{self, KeyAlgorithm, Password, Rounds};
    /// # let random = "wC1xq0mYw5m0m2o3l9sR7Q";
    /// let new = |rounds| Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, random).unwrap().with_rounds(rounds);
    /// let (patient, brief) = (new(Rounds::AT_REST), new(Rounds::MESSAGE));
    /// assert!(jwe::decrypt(&jwe::encrypt(&brief, b"hello")?, &patient).is_ok());
    /// assert!(jwe::decrypt(&jwe::encrypt(&patient, b"hello")?, &brief).is_err()); // before anything is hashed
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    #[must_use]
    pub const fn with_rounds(mut self, rounds: Rounds) -> Self {
        self.rounds = rounds;
        self
    }

    /// Encrypts with this `enc`, and decrypts no other.
    #[must_use]
    pub fn with_content(mut self, content: ContentAlgorithm) -> Self {
        self.policy = self.policy.only(content);
        self
    }

    /// Names the password, so that its tokens carry a `kid` and no other `kid` is decrypted.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.policy.id = Some(id);
        self
    }

    /// The key that wraps the content's key.
    fn wrapping_key(&self, salt: &[u8], rounds: Rounds) -> Zeroizing<Vec<u8>> {
        let algorithm = self.policy.algorithm;
        let hash = match algorithm {
            KeyAlgorithm::Pbes2Hs512A256Kw => Hash::Sha512,
            KeyAlgorithm::Pbes2Hs384A192Kw => Hash::Sha384,
            _ => Hash::Sha256,
        };
        // RFC 7518 4.8.1.1: the algorithm's name and a zero stand in front of the salt.
        let salt = [algorithm.name().as_bytes(), &[0], salt].concat();
        derive::pbkdf2(hash, &self.password, &salt, rounds.0, algorithm.wrapping_len().unwrap_or_default())
    }
}

impl Sealed for Password {}

impl Encrypter for Password {
    fn algorithm(&self) -> KeyAlgorithm {
        self.policy.algorithm
    }

    fn content_algorithm(&self) -> ContentAlgorithm {
        self.policy.content
    }

    fn key_id(&self) -> Option<&KeyId> {
        self.policy.id.as_ref()
    }

    fn deliver(&self, key: ContentKey) -> Result<Delivery, Fault> {
        let mut salt = [0; SALT];
        backend::fill_random(&mut salt)?;
        let encrypted_key = wrap::wrap(&self.wrapping_key(&salt, self.rounds), key.bytes())?;
        let header = Written::default().bytes("p2s", &salt).json("p2c", self.rounds.0.to_string());
        Ok(Delivery { key, encrypted_key, header })
    }
}

impl Decrypter for Password {
    fn admit(&self, header: &Header<'_>) -> Result<(), Error> {
        self.policy.admit(header)
    }

    fn content_key(&self, header: &Header<'_>, encrypted_key: &[u8]) -> Result<ContentKey, Error> {
        let salt = header.bytes("p2s")?;
        if salt.len() < SALT_LEAST {
            return Err(Error::Header { member: "p2s" });
        }
        let rounds = u32::try_from(header.integer("p2c")?).ok().and_then(Rounds::new);
        let rounds = rounds
            .filter(|rounds| *rounds <= self.rounds)
            .ok_or_else(|| Error::Rounds { most: self.rounds.0.get() })?;
        let found = wrap::unwrap(&self.wrapping_key(&salt, rounds), encrypted_key);
        ContentKey::unwrapped(header.enc, found)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
