//! Signing in every form: compact, flattened and general JSON, with the payload or apart from it.
//!
//! RFC 7515 3.1, 5.1, 7.1, 7.2 and appendix F, RFC 7797. All that is said in a header is
//! protected by the signature: the unprotected header is read, and never written.

use crate::algorithm::Algorithm;
use crate::base64;
use crate::error::Fault;
use crate::header::Header;
use crate::jws::MaxLength;
use crate::jws::critical::Encoding;
use crate::jws::unsigned::{Unsigned, append_signature};
use crate::key::{KeyId, Signer, VerifyingKey};

/// Bytes to be signed, and what the header says about them.
///
/// ```
/// use countersign_jose::{Algorithm, SigningKey, jws::{self, AllOf, Content}};
/// let shop = SigningKey::generate(Algorithm::Es256)?;
/// let bank = SigningKey::generate(Algorithm::EdDsa)?;
/// let contract = Content::new(b"100 apples").cty("text/plain");
///
/// let document = contract.general(&shop, &[&bank])?;
/// let both = AllOf::new(shop.verifying_key()).and(bank.verifying_key());
/// assert_eq!(jws::verify_json(&document, &both).unwrap().payload(), b"100 apples");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "it is signed by `compact`, `flattened` or `general`"]
pub struct Content<'a> {
    payload: &'a [u8],
    typ: Option<&'a str>,
    cty: Option<&'a str>,
    encoding: Encoding,
    place: Place,
    limit: MaxLength,
}

/// Where the payload travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Attached,
    Detached,
}

impl<'a> Content<'a> {
    /// These bytes, without `typ` and `cty`, encoded and attached.
    pub const fn new(payload: &'a [u8]) -> Self {
        let (encoding, place, limit) = (Encoding::Base64url, Place::Attached, MaxLength::DEFAULT);
        Self { payload, typ: None, cty: None, encoding, place, limit }
    }

    /// Says of which type the whole signed object is (RFC 7515 4.1.9).
    pub const fn typ(self, typ: &'a str) -> Self {
        Self { typ: Some(typ), ..self }
    }

    /// Says of which media type the payload is (RFC 7515 4.1.10).
    pub const fn cty(self, cty: &'a str) -> Self {
        Self { cty: Some(cty), ..self }
    }

    /// Leaves the payload out; it travels on its own, and [`verify_detached`](super::verify_detached)
    /// asks for it (RFC 7515 appendix F).
    pub const fn detached(self) -> Self {
        Self { place: Place::Detached, ..self }
    }

    /// Signs the payload as it is, with `"b64":false` (RFC 7797). Verifiers that do not know of
    /// it refuse the result; JWTs must not have it.
    pub const fn unencoded(self) -> Self {
        Self { encoding: Encoding::Plain, ..self }
    }

    /// Writes tokens and documents of up to this length instead of [`MaxLength::DEFAULT`]. Whoever
    /// reads them must allow it as well: [`Trusted::up_to`](super::Trusted::up_to).
    pub const fn up_to(self, limit: MaxLength) -> Self {
        Self { limit, ..self }
    }

    /// Signs in the compact form.
    ///
    /// # Errors
    /// [`Fault::Unencodable`] when the payload is unencoded, attached, and has a dot or anything
    /// but printable ASCII; [`Fault::Crypto`] when the library fails; [`Fault::TooLong`] for a
    /// token beyond the limit.
    pub fn compact(&self, key: &(impl Signer + ?Sized)) -> Result<String, Fault> {
        let (mut token, input) = self.parts(key.algorithm(), key.key_id())?;
        self.limit.allow(token.len())?;
        append_signature(&mut token, &key.sign(&input)?);
        self.limit.allow(token.len())?;
        Ok(token)
    }

    /// Writes the compact form up to its signature, which the private half of `key` must make
    /// elsewhere.
    ///
    /// # Errors
    /// [`Fault::Unencodable`] and [`Fault::TooLong`] as [`Content::compact`].
    pub fn prepare(&self, key: &VerifyingKey) -> Result<Unsigned, Fault> {
        let (shown, input) = self.parts(key.algorithm(), Some(key.key_id()))?;
        Unsigned::new(shown, input, key).within(self.limit)
    }

    /// Signs in the flattened JSON form, which has one signature.
    ///
    /// # Errors
    /// [`Fault::Unencodable`] when the payload is unencoded, attached, and not UTF-8;
    /// [`Fault::Crypto`] when the library fails; [`Fault::TooLong`] for a document beyond the limit.
    pub fn flattened(&self, key: &(impl Signer + ?Sized)) -> Result<String, Fault> {
        let payload = self.member()?;
        let signature = self.signature(key.algorithm(), key.key_id(), |input| key.sign(input))?;
        self.written(format!("{{{payload}{signature}}}"))
    }

    /// Signs in the general JSON form, with one signature of each key, in this order.
    ///
    /// # Errors
    /// As [`Content::flattened`].
    pub fn general(&self, first: &dyn Signer, others: &[&dyn Signer]) -> Result<String, Fault> {
        let payload = self.member()?;
        let mut signatures = String::new();
        for key in core::iter::once(&first).chain(others) {
            if !signatures.is_empty() {
                signatures.push(',');
            }
            let signature = self.signature(key.algorithm(), key.key_id(), |input| key.sign(input))?;
            signatures.push_str(&format!("{{{signature}}}"));
        }
        self.written(format!(r#"{{{payload}"signatures":[{signatures}]}}"#))
    }

    /// A document, unless nobody would read it.
    fn written(&self, document: String) -> Result<String, Fault> {
        self.limit.allow(document.len())?;
        Ok(document)
    }

    /// What the compact form shows before its last dot, and what is signed.
    fn parts(&self, algorithm: Algorithm, kid: Option<&KeyId>) -> Result<(String, Vec<u8>), Fault> {
        let header = base64::encode(self.header(algorithm, kid));
        let input = input(&header, self.payload, self.encoding);
        let shown = match (self.place, self.encoding) {
            (Place::Detached, _) => format!("{header}."),
            (Place::Attached, Encoding::Base64url) => format!("{header}.{}", base64::encode(self.payload)),
            (Place::Attached, Encoding::Plain) => format!("{header}.{}", plain(self.payload)?),
        };
        Ok((shown, input))
    }

    /// The header: `alg`, `typ`, `kid`, `cty`, `b64`, `crit`.
    fn header(&self, algorithm: Algorithm, kid: Option<&KeyId>) -> String {
        let mut json = Header::write(algorithm, self.typ, kid);
        json.truncate(json.len().saturating_sub(1));
        if let Some(cty) = self.cty {
            // `Value` writes what JSON must escape.
            json.push_str(&format!(r#","cty":{}"#, serde_json::Value::from(cty)));
        }
        if self.encoding == Encoding::Plain {
            json.push_str(r#","b64":false,"crit":["b64"]"#);
        }
        json.push('}');
        json
    }

    /// `payload` and a comma, or nothing when it is detached.
    fn member(&self) -> Result<String, Fault> {
        let payload = match (self.place, self.encoding) {
            (Place::Detached, _) => return Ok(String::new()),
            (Place::Attached, Encoding::Base64url) => base64::encode(self.payload),
            (Place::Attached, Encoding::Plain) => {
                core::str::from_utf8(self.payload).map_err(|_| Fault::Unencodable)?.into()
            }
        };
        Ok(format!(r#""payload":{},"#, serde_json::Value::from(payload)))
    }

    fn signature(
        &self,
        algorithm: Algorithm,
        kid: Option<&KeyId>,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Fault>,
    ) -> Result<String, Fault> {
        let header = base64::encode(self.header(algorithm, kid));
        let signature = base64::encode(sign(&input(&header, self.payload, self.encoding))?);
        Ok(format!(r#""protected":"{header}","signature":"{signature}""#))
    }
}

/// What is signed: the header as it is sent, a dot, the payload encoded or not (RFC 7797 3).
pub(super) fn input(header: &str, payload: &[u8], encoding: Encoding) -> Vec<u8> {
    let mut input = format!("{header}.");
    match encoding {
        Encoding::Base64url => {
            base64::encode_onto(&mut input, payload);
            input.into_bytes()
        }
        Encoding::Plain => {
            let mut input = input.into_bytes();
            input.extend_from_slice(payload);
            input
        }
    }
}

/// Whether bytes may stand unencoded between the dots of the compact form (RFC 7797 5.2).
pub(super) fn stands_in_compact(payload: &[u8]) -> bool {
    payload.iter().all(|byte| matches!(byte, 0x20..=0x7e) && *byte != b'.')
}

fn plain(payload: &[u8]) -> Result<&str, Fault> {
    let text = core::str::from_utf8(payload).map_err(|_| Fault::Unencodable)?;
    if stands_in_compact(payload) { Ok(text) } else { Err(Fault::Unencodable) }
}
