//! What a document is, told from its shape: for the words of a refusal, and to find a key
//! document that was taken for a secret.
//!
//! RFC 8725 2.1. Errs on the side of recognising: it reads lengths that DER forbids, and base64
//! around DER. It never decides what a key is.

use std::borrow::Cow;

use base64_simd::forgiving_decode_to_vec;
use zeroize::Zeroizing;

use super::{private, public};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const BITS: u8 = 0x03;
/// `[0]`, constructed: the version of a certificate.
const ZERO: u8 = 0xa0;

/// The labels of PEM that are recognised, and what they stand for.
const LABELS: [(&str, &str); 10] = [
    ("PRIVATE KEY", "a PKCS#8 private key in PEM"),
    ("PUBLIC KEY", "an SPKI public key in PEM"),
    ("EC PRIVATE KEY", "an SEC1 private key in PEM"),
    ("RSA PRIVATE KEY", "a PKCS#1 private key in PEM"),
    ("RSA PUBLIC KEY", "a PKCS#1 public key in PEM"),
    ("ENCRYPTED PRIVATE KEY", "an encrypted PKCS#8 key in PEM"),
    ("CERTIFICATE", "a certificate in PEM"),
    ("CERTIFICATE REQUEST", "a certificate request in PEM"),
    ("OPENSSH PRIVATE KEY", "a private key of OpenSSH"),
    ("EC PARAMETERS", "parameters of a curve in PEM"),
];

/// The format of a key document that somebody took for a secret.
pub(crate) fn disguise(secret: &[u8]) -> Option<&'static str> {
    const SSH: [&[u8]; 5] = [b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-", b"openssh-key-v1"];
    let trimmed = plain(secret);
    // Anywhere, not only in front: white space and comments before it have fooled others.
    if memchr::memmem::find(&trimmed, b"-----BEGIN").is_some()
        || memchr::memmem::find(&trimmed, b"---- BEGIN SSH2").is_some()
    {
        Some("PEM")
    } else if SSH.iter().any(|prefix| trimmed.starts_with(prefix)) {
        Some("SSH")
    } else if is_der(secret) || is_der(&trimmed) {
        Some("DER")
    } else if is_json(&trimmed) {
        Some("JWK")
    } else {
        inner(&trimmed).or_else(|| disguise(&from_hex(&trimmed)?))
    }
}

/// The bytes that hexadecimal digits stand for, also with colons and white space between them, as
/// tools print them.
fn from_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let spelled = text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b':');
    let digits: Option<Vec<u8>> = spelled.map(|byte| digit(*byte)).collect();
    let digits = Zeroizing::new(digits?);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    (!bytes.is_empty()).then(|| bytes.into())
}

/// What base64 hides: nobody's random secret decodes to a key document.
fn inner(text: &[u8]) -> Option<&'static str> {
    let standard: Zeroizing<Vec<u8>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect::<Vec<u8>>()
        .into();
    let wire = Zeroizing::new(forgiving_decode_to_vec(&standard).ok()?);
    // OpenSSH's own form begins with the length of a name.
    let names = |name: &[u8]| wire.get(4..).is_some_and(|rest| rest.starts_with(name));
    let decoded = plain(&wire);
    if is_der(&decoded) {
        Some("DER")
    } else if memchr::memmem::find(&decoded, b"-----BEGIN").is_some() {
        Some("PEM")
    } else if wire.starts_with(&[0, 0, 0]) && (names(b"ssh-") || names(b"ecdsa-sha2-")) {
        Some("SSH")
    } else if is_json(&decoded) {
        Some("JWK")
    } else {
        None
    }
}

/// The bytes as text without byte order marks and white space around; UTF-16 becomes ASCII.
fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = |offset: usize| {
        let zero_at = |byte: &[u8]| byte.get(offset) == Some(&0);
        bytes.len() > 2 && bytes.len().is_multiple_of(2) && bytes.chunks_exact(2).skip(1).all(zero_at)
    };
    if let Some(zeros) = [0, 1].into_iter().find(|offset| wide(*offset)) {
        let narrow: Vec<u8> = bytes.chunks_exact(2).filter_map(|pair| pair.get(1 - zeros).copied()).collect();
        return Cow::Owned(trimmed(&narrow).to_vec());
    }
    Cow::Borrowed(trimmed(bytes))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut left = bytes;
    loop {
        let mut next = left.trim_ascii();
        // Byte order marks in three encodings, the no-break space, vertical tab and NUL.
        for mark in
            [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff", b"\xfe", b"\xff", b"\xc2\xa0", b"\x0b", b"\0"]
        {
            next = next.strip_prefix(mark).unwrap_or(next);
        }
        if next.len() == left.len() {
            return next;
        }
        left = next;
    }
}

fn is_json(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'{' | b'['))
        && serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| !value.is_number())
}

/// What the document is, as it is called in the words of a refusal.
pub(crate) fn found(bytes: &[u8]) -> Option<&'static str> {
    let text = plain(bytes);
    if let Some(at) = memchr::memmem::find(&text, b"-----BEGIN ") {
        let label = text.get(at + 11..)?;
        let label = label.get(..memchr::memmem::find(label, b"-----")?)?;
        return LABELS.iter().find(|(known, _)| known.as_bytes() == label).map(|(_, name)| *name);
    }
    match disguise(bytes) {
        Some("JWK") => Some("JSON"),
        Some("SSH") => Some("a key of OpenSSH"),
        Some(_) => der(bytes).or(Some("another DER document")),
        None => None,
    }
}

fn der(bytes: &[u8]) -> Option<&'static str> {
    if private::is_pkcs8(bytes) {
        return Some("a PKCS#8 private key in DER");
    }
    if public::is_spki(bytes) {
        return Some("an SPKI public key in DER");
    }
    let (body, []) = element(bytes, SEQUENCE)? else { return None };
    match tags(body)?.as_slice() {
        [INTEGER, OCTETS, ..] => Some("an SEC1 private key in DER"),
        [INTEGER, INTEGER] => Some("a PKCS#1 public key in DER"),
        [INTEGER, INTEGER, INTEGER, ..] => Some("a PKCS#1 private key in DER"),
        [SEQUENCE, OCTETS] => Some("an encrypted PKCS#8 key in DER"),
        [INTEGER, SEQUENCE, SEQUENCE] => Some("a PKCS#12 container"),
        [SEQUENCE, SEQUENCE, BITS] if element(body, SEQUENCE)?.0.first() == Some(&ZERO) => {
            Some("a certificate in DER")
        }
        [SEQUENCE, SEQUENCE, BITS] => Some("a certificate request in DER"),
        _ => None,
    }
}

/// Whether the bytes are one whole sequence that begins as keys and certificates do.
fn is_der(bytes: &[u8]) -> bool {
    match element(bytes, SEQUENCE) {
        // Asking for a known first element spares all but one random secret in 2^23.
        Some((body, [])) => matches!(body.first(), Some(&(SEQUENCE | INTEGER))),
        _ => false,
    }
}

/// The tags of the elements, one after the other.
fn tags(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut tags = Vec::new();
    while let Some(tag) = body.first() {
        tags.push(*tag);
        body = element(body, *tag)?.1;
    }
    Some(tags)
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    let digits = usize::from(first & 0x7f);
    if digits == 0 || digits > 4 {
        return None;
    }
    let (length, rest) = rest.split_at_checked(digits)?;
    let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}
