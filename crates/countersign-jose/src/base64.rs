//! Base64url without padding, canonical only.
//!
//! RFC 7515 2 and RFC 4648 5. Refuses padding, white space, foreign characters and left-over
//! bits that are not zero, so that every byte string has exactly one spelling (RFC 4648 3.5):
//! two spellings of one token would slip past a cache, a deny list or a log.

use core::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The text was not canonical base64url without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64url")]
pub struct NotCanonical;

/// Encodes bytes as base64url without padding.
///
/// ```
/// assert_eq!(countersign_jose::base64::encode(b"\xfb\xff"), "-_8");
/// ```
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// How long the base64url of `length` bytes is.
pub(crate) const fn encoded_len(length: usize) -> usize {
    URL_SAFE_NO_PAD.encoded_length(length)
}

/// Appends the base64url of `bytes` to `text`.
pub fn encode_onto(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// Decodes canonical base64url without padding.
///
/// # Errors
/// [`NotCanonical`] for anything that [`encode`] could not have written.
///
/// ```
/// use countersign_jose::base64;
/// assert_eq!(base64::decode("-_8").unwrap(), b"\xfb\xff");
/// assert!(base64::decode("-_9").is_err()); // the last two bits are not zero
/// assert!(base64::decode("-_8=").is_err());
/// ```
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotCanonical> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| NotCanonical)
}

/// Where a text is decoded: on the stack when it has at most `N` bytes, else on the heap.
pub(crate) struct Room<const N: usize> {
    short: [MaybeUninit<u8>; N],
    long: Vec<u8>,
}

impl<const N: usize> Room<N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { short: [const { MaybeUninit::uninit() }; N], long: Vec::new() }
    }

    /// As [`decode`], without an allocation when there is room.
    #[inline]
    pub(crate) fn decode(&mut self, text: &str) -> Result<&[u8], NotCanonical> {
        let most = text.len() / 4 * 3 + 3;
        let room = if most <= N {
            &mut self.short[..]
        } else {
            self.long.reserve(most);
            self.long.spare_capacity_mut()
        };
        match URL_SAFE_NO_PAD.decode(text.as_bytes(), room.as_out()) {
            Ok(bytes) => Ok(bytes),
            Err(_) => Err(NotCanonical),
        }
    }
}

/// Decodes exactly `N` bytes.
///
/// # Errors
/// [`NotCanonical`] for another length or text that is not canonical.
pub fn decode_exact<const N: usize>(text: impl AsRef<[u8]>) -> Result<[u8; N], NotCanonical> {
    let text = text.as_ref();
    if text.len() != encoded_len(N) {
        return Err(NotCanonical);
    }
    // In place: what is decoded here is often a secret, and the heap keeps what it held.
    let mut bytes = [0; N];
    match URL_SAFE_NO_PAD.decode(text, bytes.as_mut_slice().as_out()) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(NotCanonical),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors_round_trip() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain), coded);
            assert_eq!(decode(coded).unwrap(), plain.as_bytes());
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for bad in
            ["Zg==", "Zh", "Zm9", "Z", "Zm9v\n", " Zm9v", "Zm 9v", "Zm+v", "Zm/v", "Zm9vé", "Zm9v=", "Z\0"]
        {
            assert_eq!(decode(bad), Err(NotCanonical), "{bad:?}");
        }
    }

    #[test]
    fn every_foreign_byte_is_refused_wherever_it_stands() {
        // Long texts are read many bytes at once, by other code than short ones.
        for length in [4, 7, 16, 31, 43, 44, 64, 86, 171] {
            let good = vec![b'A'; length];
            assert!(decode(&good).is_ok(), "{length}");
            for at in 0..length {
                let mut text = good.clone();
                for byte in 0..=u8::MAX {
                    text[at] = byte;
                    let own = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
                    match decode(&text) {
                        Ok(bytes) => assert!(own && encode(bytes).as_bytes() == text, "{byte} at {at}"),
                        // Of the last character the lowest bits may have to be zero.
                        Err(_) => assert!(!own || (at + 1 == length && length % 4 != 0), "{byte} at {at}"),
                    }
                }
            }
        }
    }

    #[test]
    fn long_text_with_one_left_over_bit_is_refused() {
        let text = encode([0u8; 100]);
        assert!(text.ends_with('A'));
        let mut bent = text.clone();
        bent.pop();
        bent.push('B');
        assert_eq!(decode(text).unwrap(), vec![0u8; 100]);
        assert_eq!(decode(bent), Err(NotCanonical));
    }
}
