//! Text that goes into addresses, and addresses that stay on this server. Decides which `next` may be followed.
//!
//! RFC 3986 section 2.1; OWASP ASVS 5.0 V3.7.2 (open redirects).

use super::Wrong;

/// `text` in percent encoding: everything but unreserved characters (RFC 3986 section 2.3).
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Where a person goes on after a page at the door: a path of our own, from a short list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onward(String);

impl Onward {
    /// Pages that lead on to another host in the end, so a form post may not redirect to them (Content Security Policy
    /// Level 3, `form-action`).
    const LEAVING: [&str; 3] = ["/authorize", "/sso", "/logout"];

    /// Pages of ours where people may be sent.
    const STAYING: [&str; 6] =
        ["/", "/account", "/account/apps", "/account/password", "/account/data", "/dev/mail"];

    /// The way that `next` names; the account page when it names none.
    ///
    /// # Errors
    /// 400 for everything that is not literally one of our own paths.
    pub fn read(next: Option<&str>) -> Result<Self, Wrong> {
        let Some(next) = next else { return Ok(Self::account()) };
        let (path, query) = next.split_once('?').map_or((next, ""), |(path, query)| (path, query));
        let known = Self::LEAVING.contains(&path) || Self::STAYING.contains(&path);
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'<' | b'>' | b'"');
        if known && query.bytes().all(plain) {
            return Ok(Self(next.to_owned()));
        }
        Err(Wrong::malformed("`next` is none of this server's pages"))
    }

    /// The account page.
    #[must_use]
    pub fn account() -> Self {
        Self("/account".to_owned())
    }

    /// The path with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads on to another host in the end.
    #[must_use]
    pub fn leaves(&self) -> bool {
        Self::LEAVING.contains(&self.path())
    }

    /// The path alone.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.split_once('?').map_or(self.0.as_str(), |(path, _)| path)
    }

    /// The query, empty when there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.0.split_once('?').map_or("", |(_, query)| query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_followed() {
        for good in ["/account", "/authorize?client_id=shop&state=%0d", "/sso?app=shop", "/logout", "/"] {
            assert_eq!(Onward::read(Some(good)).unwrap().as_str(), good);
        }
        assert_eq!(Onward::read(None).unwrap().as_str(), "/account");
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/account/../x",
            "javascript:alert(1)",
            "/authorize#x",
            "/accountx",
            "/signout",
            "/authorize?a b",
            "/authorize?\u{202e}",
            " /account",
            "",
            "/%2faccount",
            "http:/account",
            "/account//evil",
            "/authorize?x\r\nSet-Cookie: a",
            "?x",
            "/sso/..",
        ] {
            assert_eq!(Onward::read(Some(bad)).unwrap_err().code, "CS-4103", "{bad}");
        }
    }

    #[test]
    fn what_leads_to_other_hosts_is_known() {
        assert!(Onward::read(Some("/authorize?x=1")).unwrap().leaves());
        assert!(!Onward::account().leaves());
        assert_eq!(Onward::read(Some("/sso?app=a?b")).unwrap().query(), "app=a?b");
    }

    #[test]
    fn everything_special_is_encoded() {
        assert_eq!(encoded("/sso?a=b c&é"), "%2Fsso%3Fa%3Db%20c%26%C3%A9");
    }
}
