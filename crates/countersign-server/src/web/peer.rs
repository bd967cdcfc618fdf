//! Who is at the other end of a connection. Believes forwarding headers from configured proxies only; none by default.
//!
//! `X-Forwarded-For` is read from the right: only what a trusted proxy wrote counts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::FromRequestParts;
use countersign::Visitor;
use countersign_core::Attempt;
use countersign_core::session::{Cookie, Surface};
use http::request::Parts;
use http::{HeaderMap, header};

use super::Wrong;
use crate::app::App;

/// The other end of the connection, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP.
    Tcp(SocketAddr),
    /// Over a socket file on this machine.
    Local,
}

impl Peer {
    /// The address; nobody's when it is a socket file.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Tcp(address) => address.ip(),
            Self::Local => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
}

/// A range of addresses, such as `10.0.0.0/8`; a plain address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

/// A text that is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address range, such as `10.0.0.0/8` or `::1`")]
pub struct NoRange(String);

impl Cidr {
    /// Whether `address` lies in the range; an IPv4 address in IPv6 dress counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let bad = || NoRange(text.to_owned());
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().map_err(|_| bad())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| bad())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(bad()) } else { Ok(Self { base, bits }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// The peer of a request; nobody when the listener did not say.
#[must_use]
pub fn peer(extensions: &http::Extensions) -> Peer {
    extensions.get::<Peer>().copied().unwrap_or(Peer::Local)
}

/// Whether the peer is a configured proxy.
#[must_use]
pub fn is_trusted(peer: Peer, trusted: &[Cidr]) -> bool {
    matches!(peer, Peer::Tcp(address) if trusted.iter().any(|range| range.contains(address.ip())))
}

/// The address a request really comes from.
#[must_use]
pub fn client_address(headers: &HeaderMap, peer: Peer, trusted: &[Cidr]) -> IpAddr {
    let mut address = peer.address();
    if !is_trusted(peer, trusted) {
        return address;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        let Ok(before) = hop.parse::<IpAddr>() else { break };
        address = before;
        if !trusted.iter().any(|range| range.contains(before)) {
            break;
        }
    }
    address
}

/// Whoever is at the door, before they say who they are.
#[derive(Debug)]
pub struct Guest(pub Visitor);

impl FromRequestParts<App> for Guest {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Wrong> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let address = client_address(&parts.headers, peer(&parts.extensions), &app.settings.trusted_proxies);
        let mut visitor = Visitor::from_parts(agent, address);
        let mark = Cookie::new(Surface::Device, app.engine.transport());
        if let Attempt::Accepted(value) = mark.find(cookies(&parts.headers)) {
            visitor.mark = Some(value.to_owned());
        }
        Ok(Self(visitor))
    }
}

/// The cookies that can be read, one `name=value` each; HTTP/2 may send several headers (RFC 9113 section 8.2.3).
///
/// Pair by pair, since other applications may put anything into theirs: what cannot be read must not take ours along.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(values: &[&'static str]) -> HeaderMap {
        let name = http::HeaderName::from_static("x-forwarded-for");
        values.iter().map(|value| (name.clone(), http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn ranges_hold_what_they_say() {
        let inside =
            |range: &str, address: &str| range.parse::<Cidr>().unwrap().contains(address.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.255.1.2"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1"));
        assert!(inside("::1", "::1"));
        assert!(!inside("127.0.0.1", "127.0.0.2"));
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::1/129", "10.0.0.0/-1", "localhost"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn forwarding_headers_count_from_trusted_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let stranger = Peer::Tcp("203.0.113.9:1".parse().unwrap());
        let proxy = Peer::Tcp("10.0.0.1:1".parse().unwrap());
        let address =
            |values: &[&'static str], peer| client_address(&forwarded(values), peer, &trusted).to_string();
        assert_eq!(address(&["198.51.100.7"], stranger), "203.0.113.9");
        assert_eq!(address(&["198.51.100.7"], proxy), "198.51.100.7");
        // Only the last hop was written by somebody we know.
        assert_eq!(address(&["1.2.3.4, 198.51.100.7"], proxy), "198.51.100.7");
        assert_eq!(address(&["1.2.3.4", "198.51.100.7, 10.2.2.2"], proxy), "198.51.100.7");
        assert_eq!(address(&["junk"], proxy), "10.0.0.1");
        assert_eq!(address(&[], proxy), "10.0.0.1");
    }
}
