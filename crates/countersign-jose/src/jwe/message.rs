//! Content on its way in: compact, or as JSON for one recipient or several.
//!
//! RFC 7516 5.1, 7.1 and 7.2. For one recipient the whole header is protected. For several, what
//! differs between them lies in the open, and is bound by the content's key.

use super::header::Written;
use super::key::{ContentKey, Delivery};
use super::{ContentAlgorithm, Encrypter};
use crate::backend::content::{self, Sealed};
use crate::base64;
use crate::error::Fault;

/// The most recipients of one token; each costs its readers a look.
pub(super) const MAX_RECIPIENTS: usize = 16;

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
        let (mut token, encrypted_key, sealed) = self.for_one(key, &[])?;
        for part in [&encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag] {
            token.push('.');
            base64::encode_onto(&mut token, part);
        }
        Ok(token)
    }

    /// Encrypts as flattened JSON, with bytes that are authenticated but can be read by all;
    /// empty for none.
    ///
    /// # Errors
    /// As [`Message::encrypt`].
    ///
    /// ```
    /// use countersign_jose::jwe::{self, KeyAlgorithm, Message, SymmetricKey};
    /// let key = SymmetricKey::generate(KeyAlgorithm::A256GcmKw)?;
    /// let json = Message::new(b"secret").flattened(&key, b"row 7")?;
    /// let found = jwe::decrypt_json(&json, &key).unwrap();
    /// assert_eq!((found.plain(), found.aad()), (&b"secret"[..], &b"row 7"[..]));
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn flattened(&self, key: &(impl Encrypter + ?Sized), aad: &[u8]) -> Result<String, Fault> {
        let (protected, encrypted_key, sealed) = self.for_one(key, aad)?;
        let mut json = Written::default().text("protected", Some(&protected));
        if !encrypted_key.is_empty() {
            json = json.bytes("encrypted_key", &encrypted_key);
        }
        Ok(enclose(json, aad, &sealed))
    }

    /// Encrypts as general JSON for up to sixteen recipients that share the content's key.
    ///
    /// Any of them can put other content in its place for the others, as everybody can.
    ///
    /// # Errors
    /// As [`Message::encrypt`]; [`Fault::Recipients`] when there are none or more than sixteen,
    /// when their keys ask for different `enc`, or when one of several is `dir` or `ECDH-ES`.
    ///
    /// ```
    /// use countersign_jose::jwe::{self, DecryptingKey, KeyAlgorithm, Message, SymmetricKey};
    /// let ana = DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw)?;
    /// let bob = SymmetricKey::generate(KeyAlgorithm::A256Kw)?;
    /// let json = Message::new(b"hello").general(&[&ana.encrypting_key(), &bob], b"")?;
    /// assert_eq!(jwe::decrypt_json(&json, &ana).unwrap().plain(), b"hello");
    /// assert_eq!(jwe::decrypt_json(&json, &bob).unwrap().plain(), b"hello");
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn general(&self, keys: &[&dyn Encrypter], aad: &[u8]) -> Result<String, Fault> {
        let enc = keys.first().ok_or(Fault::Recipients)?.content_algorithm();
        let differs = |key: &&&dyn Encrypter| key.content_algorithm() != enc;
        let direct = |key: &&&dyn Encrypter| key.algorithm().is_direct();
        if keys.len() > MAX_RECIPIENTS
            || keys.iter().any(|key| differs(&key))
            || (keys.len() > 1 && keys.iter().any(|key| direct(&key)))
        {
            return Err(Fault::Recipients);
        }
        let mut shared = ContentKey::draw(enc)?;
        let mut recipients = Vec::with_capacity(keys.len());
        for key in keys {
            let Delivery { key: delivered, encrypted_key, header } = key.deliver(shared)?;
            shared = delivered;
            let header = addressed(*key).and(header);
            let mut recipient = Written::default().json("header", header.finish());
            if !encrypted_key.is_empty() {
                recipient = recipient.bytes("encrypted_key", &encrypted_key);
            }
            recipients.push(recipient.finish());
        }
        let protected = base64::encode(self.described(Written::default(), enc).finish());
        let sealed = content::seal(enc, shared.bytes(), &authenticated(&protected, aad), self.plain)?;
        let json = Written::default()
            .text("protected", Some(&protected))
            .json("recipients", format!("[{}]", recipients.join(",")));
        Ok(enclose(json, aad, &sealed))
    }

    /// The protected header in base64url, the encrypted key, and the content.
    fn for_one(
        &self,
        key: &(impl Encrypter + ?Sized),
        aad: &[u8],
    ) -> Result<(String, Vec<u8>, Sealed), Fault> {
        let enc = key.content_algorithm();
        let delivery = key.deliver(ContentKey::draw(enc)?)?;
        let header = self.described(addressed(key), enc).and(delivery.header);
        let protected = base64::encode(header.finish());
        let sealed = content::seal(enc, delivery.key.bytes(), &authenticated(&protected, aad), self.plain)?;
        Ok((protected, delivery.encrypted_key, sealed))
    }

    fn described(&self, header: Written, enc: ContentAlgorithm) -> Written {
        header.text("enc", Some(enc.name())).text("typ", self.typ).text("cty", self.cty)
    }
}

impl core::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Message(..)")
    }
}

fn addressed(key: &(impl Encrypter + ?Sized)) -> Written {
    let kid = key.key_id().map(|id| id.as_str());
    Written::default().text("alg", Some(key.algorithm().name())).text("kid", kid)
}

/// What is authenticated besides the content (RFC 7516 5.1, step 14): the header in its encoded
/// form, and further bytes if there are any.
pub(super) fn authenticated(protected: &str, aad: &[u8]) -> Vec<u8> {
    let mut text = protected.to_owned();
    if !aad.is_empty() {
        text.push('.');
        base64::encode_onto(&mut text, aad);
    }
    text.into_bytes()
}

fn enclose(json: Written, aad: &[u8], sealed: &Sealed) -> String {
    let json = if aad.is_empty() { json } else { json.bytes("aad", aad) };
    json.bytes("iv", &sealed.iv).bytes("ciphertext", &sealed.ciphertext).bytes("tag", &sealed.tag).finish()
}
