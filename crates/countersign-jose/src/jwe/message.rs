//! Content on its way in and out, in compact form.
//!
//! RFC 7516 5.1 and 5.2.

use zeroize::Zeroizing;

use super::compact::Compact;
use super::header::{Header, Written};
use super::key::ContentKey;
use super::{Decrypter, Encrypter};
use crate::backend::content;
use crate::base64;
use crate::error::{Error, Fault};
use crate::json::Object;

/// The longest token that is looked at, in bytes of its text.
///
/// ```
/// use countersign_jose::jwe::MaxLength;
/// assert!(MaxLength::bytes(10_000_000).is_some());
/// assert!(MaxLength::bytes(1_000_000_000).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxLength(usize);

impl MaxLength {
    /// 256 KiB: several times what fits into a header or a form, far below what hurts.
    pub const DEFAULT: Self = Self(256 * 1024);
    /// 64 MiB: decrypting holds the token three times in memory.
    const MOST: usize = 64 * 1024 * 1024;

    /// A limit of at most 64 MiB; `None` for more.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Option<Self> {
        if bytes <= Self::MOST { Some(Self(bytes)) } else { None }
    }

    pub(super) const fn admit(self, token: &str) -> Result<(), Error> {
        if token.len() > self.0 { Err(Error::TooLarge { limit: self.0 }) } else { Ok(()) }
    }
}

/// Content to be encrypted.
///
/// ```
/// use countersign_jose::jwe::{self, KeyAlgorithm, Message, SymmetricKey};
/// let key = SymmetricKey::generate(KeyAlgorithm::A128Kw)?;
/// let token = Message::new(b"<p>hello</p>").cty("text/html").encrypt(&key)?;
/// assert_eq!(jwe::decrypt(&token, &key).unwrap().cty(), Some("text/html"));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct Message<'a> {
    plain: &'a [u8],
    typ: Option<&'a str>,
    cty: Option<&'a str>,
}

impl<'a> Message<'a> {
    /// These bytes.
    pub const fn new(plain: &'a [u8]) -> Self {
        Self { plain, typ: None, cty: None }
    }

    /// The type of the whole token (RFC 7516 4.1.11).
    pub const fn typ(mut self, typ: &'a str) -> Self {
        self.typ = Some(typ);
        self
    }

    /// The type of the content (RFC 7516 4.1.12).
    pub const fn cty(mut self, cty: &'a str) -> Self {
        self.cty = Some(cty);
        self
    }

    /// Encrypts in compact form.
    ///
    /// # Errors
    /// [`Fault::Random`] when the system gives no random bytes, [`Fault::Crypto`] when the
    /// library fails.
    pub fn encrypt(&self, key: &(impl Encrypter + ?Sized)) -> Result<String, Fault> {
        let enc = key.content_algorithm();
        let delivery = key.deliver(ContentKey::draw(enc)?)?;
        let header = Written::default()
            .text("alg", Some(key.algorithm().name()))
            .text("enc", Some(enc.name()))
            .text("typ", self.typ)
            .text("cty", self.cty)
            .text("kid", key.key_id().map(|id| id.as_str()))
            .and(delivery.header);
        let mut token = base64::encode(header.finish());
        // RFC 7516 5.1, step 14: the header is authenticated in its encoded form.
        let sealed = content::seal(enc, delivery.key.bytes(), token.as_bytes(), self.plain)?;
        for part in [&delivery.encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag] {
            token.push('.');
            base64::encode_onto(&mut token, part);
        }
        Ok(token)
    }
}

/// Content that was decrypted, and not one bit of it changed since it was encrypted.
///
/// Who encrypted it is known only where the key was a shared secret. It is wiped when dropped.
pub struct Decrypted {
    plain: Zeroizing<Vec<u8>>,
    typ: Option<String>,
    cty: Option<String>,
}

impl Decrypted {
    /// The bytes.
    #[must_use]
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The protected header's `typ`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The protected header's `cty`.
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

impl core::fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Decrypted(..)")
    }
}

pub(super) fn decrypt(
    token: &str,
    key: &(impl Decrypter + ?Sized),
    limit: MaxLength,
) -> Result<Decrypted, Error> {
    let compact = Compact::split(token, limit)?;
    let json = compact.header()?;
    let object = Object::parse(&json).map_err(|flaw| Error::Json { part: "header", flaw })?;
    let header = Header::of(&object, &[])?;
    let (encrypted_key, sealed) = (compact.encrypted_key()?, compact.sealed()?);
    key.admit(&header)?;
    let content_key = key.content_key(&header, &encrypted_key)?;
    let aad = compact.header.as_bytes();
    let plain = content::open(header.enc, content_key.bytes(), aad, &sealed).ok_or(Error::Decryption)?;
    Ok(Decrypted { plain, typ: header.typ.map(Into::into), cty: header.cty.map(Into::into) })
}
