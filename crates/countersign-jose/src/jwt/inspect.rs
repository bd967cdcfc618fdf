//! Looking into a token without believing it.
//!
//! For people who debug: nothing here checks a signature, and the type says so. A decision must
//! never rest on it.

use crate::error::Error;
use crate::json::Object;
use crate::jws::compact::Compact;
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// What a token says about itself. Anybody can have written it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Unverified {
    header: String,
    claims: String,
    signature: usize,
}

impl Unverified {
    /// The header's JSON as it was sent: strict, an object.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The claims' JSON as it was sent: strict, an object.
    #[must_use]
    pub fn claims(&self) -> &str {
        &self.claims
    }

    /// Whom it says it is for, if `aud` has the form of RFC 7519 4.1.3.
    ///
    /// An issuer needs it to know as which audience a token wants to be checked.
    #[must_use]
    pub fn audience(&self) -> Option<Audience> {
        Claims::parse(self.claims.as_bytes()).and_then(|claims| claims.audience()).ok()
    }

    /// The length of the signature in bytes.
    #[must_use]
    pub const fn signature_len(&self) -> usize {
        self.signature
    }
}

/// Decodes a token and checks nothing but its form.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Shape`], [`Error::Base64`] and [`Error::Json`].
///
/// ```
/// let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.";
/// let unverified = countersign_jose::jwt::inspect(token).unwrap();
/// assert_eq!(unverified.header(), r#"{"alg":"none"}"#);
/// assert_eq!(unverified.claims(), r#"{"sub":"ana"}"#);
/// ```
pub fn inspect(token: &str) -> Result<Unverified, Error> {
    let compact = Compact::split(token)?;
    Ok(Unverified {
        header: json("header", compact.header()?)?,
        claims: json("claims", compact.payload()?)?,
        signature: compact.signature()?.len(),
    })
}

fn json(part: &'static str, bytes: Vec<u8>) -> Result<String, Error> {
    let flaw = |flaw| Error::Json { part, flaw };
    Object::parse(&bytes).map_err(flaw)?;
    String::from_utf8(bytes).map_err(|_| flaw(crate::json::Flaw::NotUtf8))
}
