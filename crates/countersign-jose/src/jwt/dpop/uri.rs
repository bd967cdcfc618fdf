//! The address of a request, as `htu` names it.
//!
//! RFC 9449 4.3 asks for the normalisation of RFC 3986 6.2.2 and 6.2.3: scheme and host in lower
//! case, the scheme's own port left out, an empty path as `/`, escapes in upper case and none
//! that need not be. Dot segments are not resolved: clients that send them are refused.

use core::fmt;

/// Scheme, host with port, and path; never a query or a fragment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    scheme: String,
    authority: String,
    path: String,
}

impl Target {
    /// `None` for what is no http address.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let rest = rest.get(..end)?;
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        let authority = authority.to_ascii_lowercase();
        let authority = authority.strip_suffix(port).unwrap_or(&authority);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if authority.is_empty() || !authority.bytes().all(fits) {
            return None;
        }
        let path = if path.is_empty() { "/".to_owned() } else { unescaped(path)? };
        Some(Self { scheme, authority: authority.to_owned(), path })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// The path with each escape in upper case, or gone where the character needs none.
fn unescaped(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                let code = u8::try_from(high * 16 + low).ok()?;
                if code.is_ascii_alphanumeric() || b"-._~".contains(&code) {
                    out.push(char::from(code));
                } else {
                    out.push_str(&format!("%{code:02X}"));
                }
            }
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_address_are_one() {
        let plain = Target::parse("https://shop.example/a/b%2Fc").unwrap();
        for other in [
            "HTTPS://SHOP.example:443/a/b%2fc",
            "https://shop.example/%61/b%2Fc?q=1#f",
            "https://shop.example/a/b%2Fc?",
        ] {
            assert_eq!(Target::parse(other).as_ref(), Some(&plain), "{other}");
        }
        assert_eq!(plain.to_string(), "https://shop.example/a/b%2Fc");
        assert_eq!(Target::parse("http://x"), Target::parse("http://x:80/"));
    }

    #[test]
    fn other_addresses_stay_others_and_what_is_none_is_refused() {
        let plain = Target::parse("https://shop.example/a");
        for other in [
            "http://shop.example/a",
            "https://shop.example:80/a",
            "https://shop.example/A",
            "https://shop.example/a/",
            "https://shop.example/b/../a",
            "https://shop.example.evil/a",
        ] {
            let other = Target::parse(other);
            assert!(other.is_some() && other != plain);
        }
        for none in [
            "",
            "shop.example/a",
            "ftp://x/",
            "https://",
            "https:///a",
            "https://me@x/",
            "https://x/%zz",
            "https://x/%2",
            "https://x/a b",
            "https://x/ä",
        ] {
            assert_eq!(Target::parse(none), None, "{none}");
        }
    }
}
