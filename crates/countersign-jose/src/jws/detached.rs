//! Compact forms whose payload is not in base64url: detached, or plain between the dots.
//!
//! RFC 7515 appendix F and RFC 7797 5. The protected header says whether the payload was signed
//! encoded or as it is, so nobody can turn the one into the other.

use crate::error::Error;
use crate::header::Header;
use crate::jws::compact::Compact;
use crate::jws::critical::Encoding;
use crate::jws::{Signed, Trusted, content};

/// Checks a compact token without a payload, `header..signature`, over a payload that came apart
/// from it; both encodings are understood.
///
/// ```
/// use countersign_jose::{Algorithm, SharedKey, jws::{self, Content, Trusted}};
/// let key = SharedKey::generate(Algorithm::Hs256)?;
/// let token = Content::new(b"a large file").detached().unencoded().compact(&key)?;
/// assert!(token.contains(".."));
/// let trusted = Trusted::from(key);
/// assert!(jws::verify_detached(&token, b"a large file", &trusted).is_ok());
/// assert!(jws::verify_detached(&token, b"another file", &trusted).is_err());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
///
/// # Errors
/// As [`verify`](super::verify); [`Error::Document`] when the token has a payload,
/// [`Error::CriticalList`] when its `crit` breaks the rules.
pub fn verify_detached(token: &str, payload: &[u8], trusted: &Trusted) -> Result<Signed, Error> {
    let compact = Compact::split_within(token, trusted.limit())?;
    if !compact.payload_text().is_empty() {
        return Err(Error::Document { member: "payload" });
    }
    let json = compact.header()?;
    let (header, encoding) = Header::parse_with_b64(&json)?;
    check(&compact, payload, &header, encoding, trusted)
}

/// Checks a compact token whose payload stands unencoded between its dots, `"b64":false`.
///
/// # Errors
/// As [`verify`](super::verify); [`Error::Header`] when the token does not say `"b64":false`,
/// [`Error::CriticalList`] when its `crit` breaks the rules, [`Error::Document`] when the
/// payload is anything but printable ASCII.
pub fn verify_unencoded(token: &str, trusted: &Trusted) -> Result<Signed, Error> {
    let compact = Compact::split_within(token, trusted.limit())?;
    let json = compact.header()?;
    let (header, encoding) = Header::parse_with_b64(&json)?;
    if encoding != Encoding::Plain {
        return Err(Error::Header { member: "b64" });
    }
    let payload = compact.payload_text().as_bytes();
    if !content::stands_in_compact(payload) {
        return Err(Error::Document { member: "payload" });
    }
    check(&compact, payload, &header, encoding, trusted)
}

fn check(
    compact: &Compact<'_>,
    payload: &[u8],
    header: &Header<'_>,
    encoding: Encoding,
    trusted: &Trusted,
) -> Result<Signed, Error> {
    let key = trusted.select(header)?;
    let input = content::input(compact.header_text(), payload, encoding);
    if !key.verify(&input, &compact.signature()?) {
        return Err(Error::Signature);
    }
    Ok(Signed::checked(payload.into(), header))
}
