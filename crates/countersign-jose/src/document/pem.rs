//! PEM: a label, base64 in lines, the label again.
//!
//! RFC 7468 3, the strict form: one block and nothing around it, lines of one length, canonical
//! base64. A text with a second block, or with other words before it, is refused: which of two
//! keys was meant is not ours to guess.

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::{MAX, bounded, found};
use crate::error::Error;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The length of lines that are written (RFC 7468 2).
const LINE: usize = 64;
/// The greatest length of lines that are read: what MIME encoders write.
const LONGEST_LINE: usize = 76;

/// What a block may hold.
#[derive(Clone, Copy)]
pub(crate) enum Label {
    /// `PRIVATE KEY`: a private key of any kind.
    Pkcs8,
    /// `PUBLIC KEY`: a public key of any kind.
    Spki,
    /// `EC PRIVATE KEY`.
    Sec1,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
    /// `RSA PUBLIC KEY`.
    Pkcs1Public,
}

impl Label {
    const fn text(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Spki => "PUBLIC KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Pkcs1Public => "RSA PUBLIC KEY",
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Pkcs8 => "a PKCS#8 private key in PEM",
            Self::Spki => "an SPKI public key in PEM",
            Self::Sec1 => "an SEC1 private key in PEM",
            Self::Pkcs1 => "a PKCS#1 private key in PEM",
            Self::Pkcs1Public => "a PKCS#1 public key in PEM",
        }
    }

    /// Reads a text that is one block with this label.
    pub(crate) fn read(self, text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        bounded(text.as_bytes(), MAX)?;
        let flaw = |flaw| Error::Pem { flaw };
        let Some((first, mut rest)) = text.split_once('\n').filter(|(first, _)| first.starts_with(BEGIN))
        else {
            return Err(self.no_block(text));
        };
        let label = first.strip_prefix(BEGIN).and_then(|label| line(label).strip_suffix(DASHES));
        if label != Some(self.text()) {
            return Err(self.wrong(text));
        }
        // Room for all, so that no part of a private key stays behind in memory outgrown.
        let mut body = Zeroizing::new(String::with_capacity(rest.len()));
        let mut length = None;
        loop {
            let (next, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            let next = line(next);
            if let Some(end) = next.strip_prefix(END) {
                if end.strip_suffix(DASHES) != Some(self.text()) {
                    return Err(flaw("ends with another label than it begins with"));
                }
                rest = behind;
                break;
            }
            if next.contains(':') {
                return Err(Error::KeyFormat {
                    expected: self.expected(),
                    found: "an old encrypted PEM key",
                });
            }
            // INVARIANT: only the last line may be shorter than the first.
            let whole = *length.get_or_insert(next.len());
            if next.is_empty()
                || whole > LONGEST_LINE
                || next.len() > whole
                || !body.len().is_multiple_of(whole)
            {
                return Err(flaw("is not base64 in lines of one length with an end line"));
            }
            body.push_str(next);
            rest = behind;
        }
        if rest.contains(BEGIN) {
            return Err(flaw("has a second block"));
        }
        if !rest.bytes().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(flaw("has something behind its block"));
        }
        let der = STANDARD.decode_to_vec(body.as_bytes()).map_err(|_| flaw("is not canonical base64"))?;
        Ok(Zeroizing::new(der))
    }

    /// Writes one block.
    pub(crate) fn write(self, der: &[u8]) -> Zeroizing<String> {
        let length = STANDARD.encoded_length(der.len());
        let mut body = Zeroizing::new(String::with_capacity(length));
        STANDARD.encode_append(der, &mut *body);
        let mut text = Zeroizing::new(String::with_capacity(length + length / LINE + 2 * LINE));
        for part in [BEGIN, self.text(), DASHES, "\n"] {
            text.push_str(part);
        }
        let mut left = body.as_str();
        while !left.is_empty() {
            let (line, rest) = left.split_at_checked(LINE).unwrap_or((left, ""));
            text.push_str(line);
            text.push('\n');
            left = rest;
        }
        for part in [END, self.text(), DASHES, "\n"] {
            text.push_str(part);
        }
        text
    }

    /// The text begins with no block of any kind.
    fn no_block(self, text: &str) -> Error {
        if text.contains(BEGIN) {
            return Error::Pem { flaw: "has something before its block" };
        }
        match found(text.as_bytes()) {
            Some(found) => Error::KeyFormat { expected: self.expected(), found },
            None => Error::Pem { flaw: "has no line `-----BEGIN …-----`" },
        }
    }

    /// The block has another label.
    fn wrong(self, text: &str) -> Error {
        match found(text.as_bytes()) {
            Some(found) => Error::KeyFormat { expected: self.expected(), found },
            None => Error::Pem { flaw: "has a label that is not known" },
        }
    }
}

/// A line without its end.
fn line(text: &str) -> &str {
    text.strip_suffix('\r').unwrap_or(text)
}
