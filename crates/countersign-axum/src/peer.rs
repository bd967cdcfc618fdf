//! What a request says about its sender before any credential: the peer's address and the browser's name, both coarse.

use std::net::{IpAddr, Ipv4Addr};

use countersign::Visitor;
use countersign_core::Attempt;
use countersign_core::session::cookie::{Cookie, Surface, Transport};
use http::{HeaderMap, header, request::Parts};

/// Who the connection comes from. The server puts it into the request's extensions; `X-Forwarded-For` has been weighed by
/// then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The visitor behind a request; without a [`Peer`] the network is `0.0.0.0/24`.
#[must_use]
pub fn visitor(parts: &Parts, transport: Transport) -> Visitor {
    let address = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let browser = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let mut visitor = Visitor::from_parts(browser, address);
    if let Attempt::Accepted(mark) = Cookie::new(Surface::Device, transport).find(cookies(&parts.headers)) {
        visitor.mark = Some(mark.to_owned());
    }
    visitor
}

/// The cookies that can be read, one `name=value` each; HTTP/2 may send several headers (RFC 9113 section 8.2.3).
///
/// Pair by pair, since other applications may put anything into theirs: what cannot be read must not take ours along.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs =
        headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok())
}
