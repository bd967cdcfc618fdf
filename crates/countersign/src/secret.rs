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
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The key made of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
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
        Ok(Self(bytes))
    }

    /// The text that [`MasterKey::parse`] reads.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(base64::encode(self.0.as_slice()))
    }

    /// The key that seals data for one purpose.
    pub(crate) fn sealing(&self, purpose: &str) -> Result<SealingKey, Fault> {
        SealingKey::new(&Zeroizing::new(primitive::derive(&self.0, purpose))).map_err(crypto)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}
