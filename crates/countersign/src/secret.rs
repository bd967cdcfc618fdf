//! The secret that comes in from outside: the master key.
//!
//! It seals what must not be readable in a stolen database; everything under it is derived for one purpose
//! (HKDF, RFC 5869).

use std::fmt;

use countersign_core::Fault;
use countersign_core::port::Entropy;
use countersign_jose::primitive::{self, SealingKey, base64};
use zeroize::Zeroizing;

use crate::error::crypto;

/// The key above all others: without it the database opens no signing key and no private data.
pub struct MasterKey {
    key: Zeroizing<[u8; 32]>,
    /// Opens what it sealed, and seals nothing.
    also: Option<Zeroizing<[u8; 32]>>,
}

impl MasterKey {
    /// The key made of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(bytes), also: None }
    }

    /// With another master key beside it, for as long as the key is being changed: what was sealed under that one opens too,
    /// and is sealed anew under this one, a bounded piece at each tick. Where several nodes share a store, each opens what
    /// the new key seals before the first of them seals under it.
    #[must_use]
    pub fn also_opening(self, other: Self) -> Self {
        Self { also: Some(other.key), ..self }
    }

    /// The key that `text` spells: 43 base64url characters; white space around them is let go.
    ///
    /// # Errors
    /// [`Fault::Unfit`] for anything else.
    ///
    /// ```
    /// use countersign::MasterKey;
    /// assert!(MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").is_ok());
    /// assert!(MasterKey::parse("hunter2").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, Fault> {
        base64::decode_exact::<32>(text.trim())
            .map(Self::from_bytes)
            .map_err(|_| Fault::Unfit("the master key is not 43 base64url characters (32 bytes)".to_owned()))
    }

    /// A new key.
    ///
    /// # Errors
    /// The source of chance failed.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, Fault> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut_slice())?;
        Ok(Self { key: bytes, also: None })
    }

    /// The text that [`MasterKey::parse`] reads.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(base64::encode(self.key.as_slice()))
    }

    /// What seals data for one purpose.
    pub(crate) fn sealing(&self, purpose: &str) -> Result<Sealing, Fault> {
        let under = |key: &Zeroizing<[u8; 32]>| {
            SealingKey::new(&Zeroizing::new(primitive::derive(key, purpose))).map_err(crypto)
        };
        Ok(Sealing { key: under(&self.key)?, also: self.also.as_ref().map(under).transpose()? })
    }
}

/// Seals for one purpose under a master key, and opens what the key beside it sealed, too.
pub(crate) struct Sealing {
    key: SealingKey,
    also: Option<SealingKey>,
}

impl Sealing {
    /// Seals `plain` for the place that `name` says.
    pub(crate) fn seal(&self, nonce: [u8; 12], name: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.key.seal(nonce, name, plain).map_err(crypto)
    }

    /// What was sealed for the place that `name` says.
    pub(crate) fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let opened = self.key.open(name, sealed);
        match (&self.also, opened) {
            (Some(also), Err(_)) => also.open(name, sealed).map_err(crypto),
            (_, opened) => opened.map_err(crypto),
        }
    }

    /// The same sealed under the master key; none when it is already.
    pub(crate) fn seal_anew(
        &self,
        nonce: [u8; 12],
        name: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Fault> {
        if self.key.open(name, sealed).is_ok() {
            return Ok(None);
        }
        self.seal(nonce, name, &self.open(name, sealed)?).map(Some)
    }

    /// Whether there is another key beside the master key, under which things may still be sealed.
    pub(crate) const fn is_changing(&self) -> bool {
        self.also.is_some()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
