//! Just enough DER to read an `RSAPublicKey` and to recognise a DER document.
//!
//! X.690 10.1 (definite lengths, shortest form) and RFC 8017 A.1.1. Reads what the library
//! wrote; it is not a general parser and never decides whether a key is good.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// The modulus and exponent of an `RSAPublicKey`, big-endian, without leading zeros.
pub(crate) fn rsa_public(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (body, rest) = element(der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (n, rest) = element(body, INTEGER)?;
    let (e, rest) = element(rest, INTEGER)?;
    rest.is_empty().then(|| (unsigned(n), unsigned(e)))
}

/// The modulus of an RSA key in PKCS#8 (RFC 5208 5, RFC 8017 A.1.2), to say why it was refused.
pub(crate) fn rsa_private_modulus(pkcs8: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = element(pkcs8, SEQUENCE)?;
    let (_version, body) = element(body, INTEGER)?;
    let (_algorithm, body) = element(body, SEQUENCE)?;
    let (key, _) = element(body, OCTETS)?;
    let (key, _) = element(key, SEQUENCE)?;
    let (_version, key) = element(key, INTEGER)?;
    element(key, INTEGER).map(|(n, _)| unsigned(n))
}

/// Whether the bytes are one whole DER sequence that begins as keys and certificates do.
pub(crate) fn is_document(bytes: &[u8]) -> bool {
    match element(bytes, SEQUENCE) {
        // Asking for a known first element spares all but one random secret in 2^23.
        Some((body, [])) => matches!(body.first(), Some(&(SEQUENCE | INTEGER))),
        _ => false,
    }
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
    if digits == 0 || digits > 3 {
        return None;
    }
    let (length, rest) = rest.split_at_checked(digits)?;
    let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    rest.split_at_checked(length)
}

fn unsigned(integer: &[u8]) -> Vec<u8> {
    integer.iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rsa_public_key_is_read() {
        let der = [0x30, 0x08, 0x02, 0x03, 0x00, 0xff, 0x01, 0x02, 0x01, 0x03];
        assert_eq!(rsa_public(&der), Some((vec![0xff, 0x01], vec![0x03])));
        for cut in 0..der.len() {
            assert_eq!(rsa_public(&der[..cut]), None);
        }
    }

    #[test]
    fn a_sequence_with_something_behind_it_is_no_document() {
        assert!(is_document(&[0x30, 0x03, 0x02, 0x01, 0x00]));
        assert!(!is_document(&[0x30, 0x03, 0x02, 0x01, 0x00, 0x00]));
        assert!(!is_document(&[0x30, 0x03, 0x04, 0x01, 0x00]));
        assert!(!is_document(&[]));
    }
}
