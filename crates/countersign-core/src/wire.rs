//! Fixed-length bytes as text: base64url without padding (RFC 4648 section 5), one spelling for each value.

use countersign_jose::primitive::base64;

/// `bytes` as base64url.
pub(crate) fn encode(bytes: &[u8]) -> String {
    base64::encode(bytes)
}

/// The `N` bytes that `text` spells; none for any other length or spelling.
pub(crate) fn decode<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    base64::decode_exact(text).ok()
}

/// The standard alphabet with padding (RFC 4648 section 4), as HTTP Basic uses it; at most `limit` characters.
pub(crate) fn decode_standard(text: &str, limit: usize) -> Option<Vec<u8>> {
    if text.len() > limit || text.contains(['-', '_']) {
        return None;
    }
    let bare: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    base64::decode(bare).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_have_one_spelling() {
        let text = encode(&[0xFF; 16]);
        assert_eq!(decode::<16>(&text), Some([0xFF; 16]));
        // The last character carries two bits of the value and four that must be zero.
        for last in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_', '=']) {
            let other = format!("{}{last}", text.split_at(21).0);
            assert_eq!(decode::<16>(&other).is_some(), "AQgw".contains(last), "{other}");
        }
    }

    #[test]
    fn other_lengths_and_alphabets_are_refused() {
        assert_eq!(decode::<3>("AAA"), None);
        assert_eq!(decode::<3>("AAAAA"), None);
        assert_eq!(decode::<3>("AA+/"), None);
        assert_eq!(decode::<3>("AAé"), None);
        assert_eq!(decode_standard("YTpi", 100).as_deref(), Some(b"a:b".as_slice()));
        assert_eq!(decode_standard("YTpiYw==", 100).as_deref(), Some(b"a:bc".as_slice()));
        assert_eq!(decode_standard("YTpi", 3), None);
        assert_eq!(decode_standard("__--", 100), None);
    }
}
