//! Form and query parameters, read once and strictly. Which of them a request needs is decided by whoever asks.
//!
//! RFC 6749 section 3.1: a parameter without a value counts as left out, an unknown one is ignored, none comes twice.

use std::fmt;

use super::no;
use crate::error::{OAuthError, OAuthRefusal};
use crate::policy;

/// The parameters of one request. `Debug` prints the names only: values may be secrets.
#[derive(Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of a query string or of an `application/x-www-form-urlencoded` body.
    ///
    /// # Errors
    /// `invalid_request`: too large, too many, twice, badly encoded, not UTF-8, or with control characters.
    pub fn parse(text: &str) -> Result<Self, OAuthRefusal> {
        let bad = |why: &str| Err(no(OAuthError::InvalidRequest, why));
        if text.len() > policy::PARAMS_BYTES {
            return bad("the parameters are larger than 8192 bytes");
        }
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                return bad("a parameter is not well encoded");
            };
            if value.len() > policy::PARAM_BYTES || name.len() > 128 {
                return bad("a parameter is larger than 2048 bytes");
            }
            if name.chars().chain(value.chars()).any(char::is_control) {
                return bad("a parameter holds a control character");
            }
            if params.iter().any(|(known, _)| *known == name) {
                return Err(no(OAuthError::InvalidRequest, format!("`{}` came twice", plain(&name))));
            }
            params.push((name, value));
            if params.len() > policy::PARAMS_COUNT {
                return bad("there are more than 64 parameters");
            }
        }
        Ok(Self(params))
    }

    /// The value of `name`; none when it is left out or empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// `invalid_request`: it is left out or empty.
    pub fn required(&self, name: &str) -> Result<&str, OAuthRefusal> {
        self.value(name).ok_or_else(|| no(OAuthError::InvalidRequest, format!("`{name}` is missing")))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A name that may stand in an error: RFC 6749 section 4.1.2.1 allows printable ASCII without quote and backslash.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() && !"\"\\`".contains(*c)).take(40).collect()
}

/// One name or value out of form encoding (WHATWG URL section 5.1), or none when it is not well-formed.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// `text` in percent encoding: everything but unreserved characters (RFC 3986 section 2.3).
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `uri` with these parameters behind its query.
pub fn with_query(uri: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut out = uri.to_owned();
    let mut mark = if uri.contains('?') { '&' } else { '?' };
    for (name, value) in pairs {
        if let Some(value) = value {
            out.push(mark);
            out.push_str(name);
            out.push('=');
            out.push_str(&encode(value));
            mark = '&';
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes(text in "\\PC{0,60}") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            if let Ok(params) = Params::parse(&text) {
                prop_assert!(params.0.iter().all(|(n, v)| !n.chars().chain(v.chars()).any(char::is_control)));
            }
        }
    }

    #[test]
    fn values_are_read_and_empty_ones_count_as_left_out() {
        let params = Params::parse("a=1&b=&c&d=x+y%2Bz").unwrap();
        assert_eq!(params.value("a"), Some("1"));
        assert_eq!(params.value("b"), None);
        assert_eq!(params.value("c"), None);
        assert_eq!(params.value("d"), Some("x y+z"));
        assert_eq!(params.required("e").unwrap_err().description, "`e` is missing");
        assert_eq!(format!("{params:?}"), r#"["a", "b", "c", "d"]"#);
    }

    #[test]
    fn a_parameter_that_comes_twice_is_refused_even_when_empty_or_encoded_otherwise() {
        for text in ["a=1&a=1", "a=1&a=", "a&a=2", "a=1&%61=2"] {
            assert_eq!(Params::parse(text).unwrap_err().description, "`a` came twice", "{text}");
        }
    }

    #[test]
    fn bad_encoding_control_characters_and_excess_are_refused() {
        let many = (0..65).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        let long = format!("a={}", "x".repeat(policy::PARAM_BYTES + 1));
        let huge = "&".repeat(policy::PARAMS_BYTES + 1);
        for text in ["a=%", "a=%4", "a=%zz", "a=%00", "a=%0d%0a", "a=%ff", "%0a=1", &many, &long, &huge] {
            assert!(Params::parse(text).is_err(), "{text:.40}");
        }
    }
}
