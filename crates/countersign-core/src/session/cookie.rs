//! What a session cookie is called, what it carries, and how it is set and removed. Does not decide whether it is good.
//!
//! RFC 6265bis section 4.1.3.2: the `__Host-` prefix makes a browser insist on `Secure`, `Path=/` and no `Domain`.

use std::fmt;
use std::time::Duration;

use countersign_jose::primitive;
use zeroize::Zeroizing;

use crate::attempt::Attempt;
use crate::error::Refusal;
use crate::handle::Handle;
use crate::policy;
use crate::record::SecretHash;
use crate::secret::{self, SessionToken, TicketNonce};

impl SessionToken {
    /// The cookie's content: the session's handle, its secret, and the last version of the session this browser saw.
    ///
    /// `seen_version` above 2^48 - 1 is kept as that.
    #[must_use]
    pub fn new(handle: &Handle, secret: &[u8; 32], seen_version: u64) -> Self {
        let mut bytes = [0; 54];
        let (head, rest) = bytes.split_at_mut(16);
        let (middle, tail) = rest.split_at_mut(32);
        head.copy_from_slice(handle.bytes());
        middle.copy_from_slice(secret);
        let version = seen_version.min((1 << 48) - 1).to_be_bytes();
        if let Some((_, low)) = version.split_first_chunk::<2>() {
            tail.copy_from_slice(low);
        }
        Self::of(bytes)
    }

    /// Which session it names.
    #[must_use]
    pub fn handle(&self) -> Handle {
        let mut handle = [0; 16];
        if let Some((head, _)) = self.bytes().split_first_chunk::<16>() {
            handle = *head;
        }
        Handle::from_bytes(handle)
    }

    /// What a store knows the secret by. The version is not part of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(self.bytes().split_first_chunk::<16>().and_then(|(_, rest)| rest.first_chunk::<32>()))
    }

    /// The last version of the session that this browser saw.
    #[must_use]
    pub fn seen_version(&self) -> u64 {
        self.bytes().iter().skip(48).fold(0, |version, byte| version << 8 | u64::from(*byte))
    }
}

/// A session token as a request presents it, read in place: a check keeps no copy of the text.
pub struct Presented(Zeroizing<[u8; 54]>);

impl Presented {
    /// The token that `text` spells; none for anything else (see [`SessionToken::parse`]).
    #[must_use]
    pub fn parse(text: impl AsRef<[u8]>) -> Option<Self> {
        secret::read(SessionToken::PREFIX, text).map(Self)
    }

    /// Which session it names.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::from_bytes(self.0.first_chunk::<16>().copied().unwrap_or_default())
    }

    /// What a store knows the secret by.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(self.0.split_first_chunk::<16>().and_then(|(_, rest)| rest.first_chunk::<32>()))
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}

fn hash(secret: Option<&[u8; 32]>) -> SecretHash {
    let mut bytes = [0; 38];
    let (prefix, rest) = bytes.split_at_mut(6);
    prefix.copy_from_slice(SessionToken::PREFIX.as_bytes());
    if let Some(secret) = secret {
        rest.copy_from_slice(secret);
    }
    SecretHash(primitive::sha256(&bytes))
}

/// Whose pages a cookie belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// An application's own host: somebody who is signed in.
    Application,
    /// The same host: a guest. Under a name of its own, so that what a guest is given never takes a session's place, whichever
    /// answer comes last.
    Guest,
    /// The issuer: sign-in, account, consent.
    Issuer,
    /// The operator's console.
    Console,
    /// The nonce that a ticket is bound to, on an application's own host.
    Start,
    /// What marks a device as known, on the issuer's host.
    Device,
}

/// What the browser speaks to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTPS: the cookie is `Secure` and carries the `__Host-` prefix.
    Https,
    /// Plain HTTP, in development only.
    DevHttp,
}

/// A cookie's settings: its name and attributes. Setting and removing use the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    surface: Surface,
    transport: Transport,
}

impl Cookie {
    /// The cookie of a surface.
    #[must_use]
    pub const fn new(surface: Surface, transport: Transport) -> Self {
        Self { surface, transport }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.transport, self.surface) {
            (Transport::Https, Surface::Application) => "__Host-cs",
            (Transport::Https, Surface::Guest) => "__Host-cs-guest",
            (Transport::Https, Surface::Issuer) => "__Host-cs-id",
            (Transport::Https, Surface::Console) => "__Host-cs-console",
            (Transport::Https, Surface::Start) => "__Host-cs-start",
            (Transport::Https, Surface::Device) => "__Host-cs-device",
            (Transport::DevHttp, Surface::Application) => "cs_dev",
            (Transport::DevHttp, Surface::Guest) => "cs_dev_guest",
            (Transport::DevHttp, Surface::Issuer) => "cs_dev_id",
            (Transport::DevHttp, Surface::Console) => "cs_dev_console",
            (Transport::DevHttp, Surface::Start) => "cs_dev_start",
            (Transport::DevHttp, Surface::Device) => "cs_dev_device",
        }
    }

    /// The `Set-Cookie` value that hands `token` to the browser; without `max_age` it goes when the browser closes.
    #[must_use]
    pub fn set(self, token: &SessionToken, max_age: Option<Duration>) -> String {
        self.write(token.reveal(), max_age)
    }

    /// The `Set-Cookie` value that hands a ticket's nonce to the browser, for as long as a person may take to sign in.
    #[must_use]
    pub fn set_nonce(self, nonce: &TicketNonce, max_age: Duration) -> String {
        self.write(nonce.reveal(), Some(max_age))
    }

    /// The `Set-Cookie` value that hands the browser its device mark (see [`crate::signin::throttle`]).
    #[must_use]
    pub fn set_mark(self, mark: &str, max_age: Duration) -> Option<String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        mark.bytes().all(plain).then(|| self.write(mark, Some(max_age)))
    }

    /// The `Set-Cookie` value that removes the cookie.
    #[must_use]
    pub fn removal(self) -> String {
        self.write("", Some(Duration::ZERO))
    }

    /// The value of this cookie among the `Cookie` headers of a request.
    ///
    /// Two of this name are refused: one of them was put there by somebody else (a sibling host, an older path), and there is
    /// no telling which.
    pub fn find<'a>(self, headers: impl IntoIterator<Item = &'a str>) -> Attempt<&'a str> {
        match self.search(headers) {
            Attempt::Absent => Attempt::Absent,
            Attempt::Refused(refusal) => Attempt::Refused(refusal),
            Attempt::Accepted(value) => match std::str::from_utf8(value) {
                Ok(text) => Attempt::Accepted(text),
                Err(_) => Attempt::Refused(Refusal::SessionMalformed),
            },
        }
    }

    /// As [`Cookie::find`], among headers of which other cookies may have made anything.
    fn search<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        self,
        headers: impl IntoIterator<Item = &'a T>,
    ) -> Attempt<&'a [u8]> {
        let name = self.name().as_bytes();
        let mut found = Attempt::Absent;
        let mut bytes = 0_usize;
        for header in headers {
            let mut rest = Some(header.as_ref());
            // In all of them together: it does not matter how they are cut.
            bytes = bytes.saturating_add(header.as_ref().len());
            if bytes > policy::COOKIE_BYTES {
                return Attempt::Refused(Refusal::SessionMalformed);
            }
            while let Some(pairs) = rest {
                let (pair, more) =
                    match memchr::memchr(b';', pairs).and_then(|end| pairs.split_at_checked(end)) {
                        Some((pair, more)) => (pair, more.get(1..)),
                        None => (pairs, None),
                    };
                rest = more;
                let Some(named) = plain(pair).strip_prefix(name) else { continue };
                let Some(value) = plain(named).strip_prefix(b"=") else { continue };
                if !matches!(found, Attempt::Absent) {
                    return Attempt::Refused(Refusal::SessionTwice);
                }
                found = Attempt::Accepted(plain(value));
            }
        }
        found
    }

    /// The session token among the `Cookie` headers of a request.
    pub fn token<'a>(self, headers: impl IntoIterator<Item = &'a str>) -> Attempt<SessionToken> {
        match self.find(headers) {
            Attempt::Absent => Attempt::Absent,
            Attempt::Refused(refusal) => Attempt::Refused(refusal),
            Attempt::Accepted(text) => match SessionToken::parse(text) {
                Some(token) => Attempt::Accepted(token),
                None => Attempt::Refused(Refusal::SessionMalformed),
            },
        }
    }

    /// As [`Cookie::token`], for a check: nothing is copied to the heap.
    pub fn presented<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        self,
        headers: impl IntoIterator<Item = &'a T>,
    ) -> Attempt<Presented> {
        match self.search(headers) {
            Attempt::Absent => Attempt::Absent,
            Attempt::Refused(refusal) => Attempt::Refused(refusal),
            Attempt::Accepted(text) => match Presented::parse(text) {
                Some(token) => Attempt::Accepted(token),
                None => Attempt::Refused(Refusal::SessionMalformed),
            },
        }
    }

    fn write(self, value: &str, max_age: Option<Duration>) -> String {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name());
        if self.transport == Transport::Https {
            text.push_str("; Secure");
        }
        if let Some(age) = max_age {
            text.push_str("; Max-Age=");
            text.push_str(&age.as_secs().to_string());
        }
        text
    }
}

/// Without the white space around it.
fn plain(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const APP: Cookie = Cookie::new(Surface::Application, Transport::Https);

    fn token() -> SessionToken {
        SessionToken::new(&Handle::from_bytes([1; 16]), &[2; 32], 3)
    }

    proptest! {
        #[test]
        fn a_token_carries_handle_secret_and_version(handle: [u8; 16], secret: [u8; 32], version in 0u64..1 << 48) {
            let token = SessionToken::new(&Handle::from_bytes(handle), &secret, version);
            let back = SessionToken::parse(token.reveal()).unwrap();
            prop_assert_eq!(back.handle(), Handle::from_bytes(handle));
            prop_assert_eq!(back.seen_version(), version);
            prop_assert_eq!(back.hash(), hash(Some(&secret)));
            let presented = Presented::parse(token.reveal()).unwrap();
            prop_assert_eq!(presented.handle(), back.handle());
            prop_assert_eq!(presented.hash(), back.hash());
        }
    }

    #[test]
    fn the_version_is_not_part_of_the_hash_and_the_secret_is() {
        let handle = Handle::from_bytes([1; 16]);
        assert_eq!(token().hash(), SessionToken::new(&handle, &[2; 32], 9).hash());
        assert_ne!(token().hash(), SessionToken::new(&handle, &[3; 32], 3).hash());
    }

    #[test]
    fn a_cookie_is_set_and_removed_with_the_same_attributes() {
        let set = APP.set(&token(), None);
        assert_eq!(set, format!("__Host-cs={}; Path=/; HttpOnly; SameSite=Lax; Secure", token().reveal()));
        assert_eq!(APP.removal(), "__Host-cs=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
        let dev = Cookie::new(Surface::Issuer, Transport::DevHttp);
        assert_eq!(dev.removal(), "cs_dev_id=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        assert!(dev.set(&token(), Some(Duration::from_secs(60))).ends_with("SameSite=Lax; Max-Age=60"));
        assert!(!set.contains("Domain"));
    }

    #[test]
    fn a_mark_cannot_smuggle_attributes() {
        assert!(APP.set_mark("abc-._1", Duration::ZERO).is_some());
        assert!(APP.set_mark("a; Domain=example.com", Duration::ZERO).is_none());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let header = format!("a=b; __Host-cs-id=x; __Host-cs={}; c", token().reveal());
        assert!(matches!(APP.token([header.as_str()]), Attempt::Accepted(_)));
        assert!(matches!(APP.token(["__host-cs=x; xx__Host-cs=y"]), Attempt::Absent));
        assert!(matches!(APP.token([]), Attempt::Absent));
    }

    #[test]
    fn two_cookies_of_one_name_are_refused_in_one_header_or_two() {
        let one = format!("__Host-cs={}", token().reveal());
        let both = format!("{one}; {one}");
        assert!(matches!(APP.token([both.as_str()]), Attempt::Refused(Refusal::SessionTwice)));
        assert!(matches!(APP.token([one.as_str(), one.as_str()]), Attempt::Refused(Refusal::SessionTwice)));
    }

    #[test]
    fn junk_in_the_cookie_is_refused_and_not_absent() {
        for junk in ["__Host-cs=", "__Host-cs=junk", "__Host-cs=cs_st_AAAA", "__Host-cs=\"x\""] {
            assert!(matches!(APP.token([junk]), Attempt::Refused(Refusal::SessionMalformed)), "{junk}");
        }
        let long = format!("__Host-cs={}", "x".repeat(policy::COOKIE_BYTES));
        assert!(matches!(APP.token([long.as_str()]), Attempt::Refused(Refusal::SessionMalformed)));
        let pieces = std::iter::repeat_n("a=b", policy::COOKIE_BYTES);
        assert!(matches!(APP.token(pieces), Attempt::Refused(Refusal::SessionMalformed)));
    }
}
