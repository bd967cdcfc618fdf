//! Keys that carry their one algorithm.
//!
//! RFC 8725 3.1: a key is used with one algorithm, and the algorithm comes from the key, never
//! from the token. So there is no constructor that takes "a string or bytes": a
//! [`SigningKey`] signs, a [`VerifyingKey`] verifies, a [`SharedKey`] does both and refuses to
//! be made from a public key. A [`KeySet`] is several verifying keys that a `kid` tells apart.
//!
//! When a key is used, published or retired is decided elsewhere.

mod id;
mod set;
mod shared;
mod signing;
mod verifying;
mod weak;

pub use id::KeyId;
pub use set::KeySet;
pub use shared::SharedKey;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;
pub(crate) use weak::strong;

use crate::algorithm::Algorithm;
use crate::error::Fault;
use crate::jws;

/// A key that can sign: [`SigningKey`] or [`SharedKey`]. Nothing else can be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot sign",
    label = "no key that signs",
    note = "a `SigningKey` signs, and a `SharedKey` does; a `VerifyingKey` is a public key and only checks, text and bytes are no keys"
)]
pub trait Signer: private::Sealed {
    /// The algorithm of the key.
    fn algorithm(&self) -> Algorithm;
    /// The `kid` that tokens name, if the key has one.
    fn key_id(&self) -> Option<&KeyId>;
    /// The signature over `message`.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault>;

    /// Signs all of `token` and appends a dot and the signature in base64url.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    #[doc(hidden)]
    fn finish(&self, token: &mut String) -> Result<(), Fault> {
        let signature = self.sign(token.as_bytes())?;
        jws::append_signature(token, &signature);
        Ok(())
    }
}

pub(crate) mod private {
    #[expect(unnameable_types, reason = "sealing a trait is what it is for")]
    pub trait Sealed {}
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
