//! What every key fixes besides its numbers: `alg`, `enc` and `kid`.
//!
//! RFC 8725 3.1 and 3.2, RFC 7516 4.1.6.

use crate::error::Error;
use crate::jwe::header::Header;
use crate::jwe::{ContentAlgorithm, KeyAlgorithm};
use crate::key::KeyId;

#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) algorithm: KeyAlgorithm,
    /// What it encrypts with.
    pub(super) content: ContentAlgorithm,
    /// What it decrypts.
    accepted: Vec<ContentAlgorithm>,
    pub(super) id: Option<KeyId>,
}

impl Policy {
    /// AES-256-GCM for what is sent; for what comes, every algorithm there is.
    pub(super) fn new(algorithm: KeyAlgorithm) -> Self {
        let accepted = ContentAlgorithm::ALL.to_vec();
        Self { algorithm, content: ContentAlgorithm::A256Gcm, accepted, id: None }
    }

    pub(super) fn only(mut self, content: ContentAlgorithm) -> Self {
        self.content = content;
        self.accepted = vec![content];
        self
    }

    pub(super) fn admit(&self, header: &Header<'_>) -> Result<(), Error> {
        // A key without a name takes tokens under any: it was chosen before the token came.
        if let (Some(own), Some(kid)) = (&self.id, &header.kid)
            && own != kid
        {
            return Err(Error::UnknownKey);
        }
        if header.alg != self.algorithm.name() {
            return Err(Error::KeyAlgorithm { expected: self.algorithm });
        }
        if self.accepted.contains(&header.enc) { Ok(()) } else { Err(Error::ContentAlgorithm) }
    }
}
