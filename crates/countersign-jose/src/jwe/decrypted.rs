//! Content on its way out.
//!
//! RFC 7516 5.2. Three steps, whatever the form: what does the token say, is it meant for this
//! key, does it decrypt. Errors of the first two tell what anybody can see in the token; the
//! third has one error only.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::Decrypter;
use super::compact::Compact;
use super::header::Header;
use super::json_form::JsonForm;
use super::message::authenticated;
use crate::backend::content;
use crate::error::Error;
use crate::json::Object;

/// How many recipients of one token are tried with a key: those that cannot be told apart.
const MAX_TRIES: usize = 4;

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

/// Content that was decrypted, and not one bit of it changed since it was encrypted.
///
/// Who encrypted it is known only where the key was a shared secret. It is wiped when dropped.
pub struct Decrypted {
    plain: Zeroizing<Vec<u8>>,
    typ: Option<String>,
    cty: Option<String>,
    aad: Vec<u8>,
}

impl Decrypted {
    fn new(plain: Zeroizing<Vec<u8>>, header: &Header<'_>, aad: Vec<u8>) -> Self {
        let text = |member: &Option<Cow<'_, str>>| member.as_deref().map(Into::into);
        Self { plain, typ: text(&header.typ), cty: text(&header.cty), aad }
    }

    /// The bytes.
    #[must_use]
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The bytes that came in the open and were authenticated; empty for none.
    #[must_use]
    pub fn aad(&self) -> &[u8] {
        &self.aad
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

/// RFC 7516 5.2 with the compact form.
pub(super) fn compact(
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
    let aad = authenticated(compact.header, &[]);
    let plain = content::open(header.enc, content_key.bytes(), &aad, &sealed).ok_or(Error::Decryption)?;
    Ok(Decrypted::new(plain, &header, Vec::new()))
}

/// RFC 7516 5.2 with the JSON forms.
pub(super) fn json(
    text: &str,
    key: &(impl Decrypter + ?Sized),
    limit: MaxLength,
) -> Result<Decrypted, Error> {
    limit.admit(text)?;
    let object = Object::parse(text.as_bytes()).map_err(|flaw| Error::Json { part: "token", flaw })?;
    let form = JsonForm::read(&object)?;
    let protected = form.protected()?;
    let protected = Object::parse(&protected).map_err(|flaw| Error::Json { part: "header", flaw })?;
    let (sealed, aad) = (form.sealed()?, form.aad()?);
    let mut ours = Vec::new();
    let mut refusal = None;
    for recipient in form.recipients() {
        let header = Header::of(&protected, &recipient.open(&form)).and_then(|header| {
            key.admit(&header)?;
            Ok(header)
        });
        match header {
            Ok(header) => ours.push((header, recipient)),
            Err(error) => refusal = Some(error),
        }
    }
    if let ([], [_], Some(error)) = (ours.as_slice(), form.recipients(), refusal) {
        return Err(error);
    }
    let direct = ours.iter().any(|(header, _)| header.is_direct());
    if ours.is_empty() || ours.len() > MAX_TRIES || (direct && form.recipients().len() > 1) {
        return Err(Error::Recipients);
    }
    let authenticated = authenticated(form.protected, &aad);
    for (header, recipient) in &ours {
        let content_key = key.content_key(header, &recipient.encrypted_key()?)?;
        if let Some(plain) = content::open(header.enc, content_key.bytes(), &authenticated, &sealed) {
            return Ok(Decrypted::new(plain, header, aad));
        }
    }
    Err(Error::Decryption)
}
