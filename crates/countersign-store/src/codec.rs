//! How records become bytes: one version byte, then JSON. Nothing else in this crate builds a record.

use countersign_core::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of `record`.
///
/// # Errors
/// [`Fault::Codec`] when the record has no JSON form.
pub(crate) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.push(VERSION);
    serde_json::to_writer(&mut bytes, record).map_err(|error| unreadable(&error))?;
    Ok(bytes)
}

/// The record that `bytes` hold.
///
/// # Errors
/// [`Fault::Codec`] for an unknown version, or bytes that do not hold such a record.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|error| unreadable(&error)),
        Some((other, _)) => {
            Err(Fault::Codec(format!("its format is version `{other}`, known is `{VERSION}`")))
        }
        None => Err(Fault::Codec("it is empty".to_owned())),
    }
}

/// Says where, not what: the record may hold an address.
fn unreadable(error: &serde_json::Error) -> Fault {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "it cannot be written",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field has another shape",
        serde_json::error::Category::Eof => "it is cut off",
    };
    Fault::Codec(format!("{kind}, at byte {}", error.column()))
}

const VERSION: u8 = 1;
/// The bytes that a session takes, and few records more: growing towards them one doubling at a time costs as much as the JSON.
const USUAL: usize = 768;

#[cfg(test)]
mod tests {
    use countersign_core::extent::LogKind;

    use super::*;

    #[test]
    fn a_record_survives_the_round_trip() {
        let bytes = encode(&LogKind::EverythingMark).unwrap();
        assert_eq!(bytes[0], 1);
        assert_eq!(decode::<LogKind>(&bytes).unwrap(), LogKind::EverythingMark);
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let mut bytes = encode(&LogKind::EverythingMark).unwrap();
        bytes[0] = 2;
        assert!(matches!(decode::<LogKind>(&bytes), Err(Fault::Codec(_))));
        assert!(matches!(decode::<LogKind>(&[]), Err(Fault::Codec(_))));
    }

    #[test]
    fn the_message_does_not_repeat_the_record() {
        let Err(Fault::Codec(message)) = decode::<countersign_core::record::Email>(b"\x01\"secret person\"")
        else {
            panic!("it must not decode");
        };
        assert!(!message.contains("secret"), "{message}");
    }
}
