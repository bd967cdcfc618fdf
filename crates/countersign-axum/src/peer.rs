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

/// The `Cookie` headers of a request; HTTP/2 may send several (RFC 9113 section 8.2.3).
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}
