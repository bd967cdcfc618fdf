//! What a request says about its sender before any credential: the peer's address and the browser's name, both coarse.

use std::net::{IpAddr, Ipv4Addr};

use countersign::Visitor;
use countersign_core::Attempt;
use countersign_core::session::cookie::{Cookie, Surface, Transport};
use http::{HeaderMap, HeaderValue, header, request::Parts};

/// Who the connection comes from. The server puts it into the request's extensions; `X-Forwarded-For` has been weighed by
/// then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The visitor behind a request; without a [`Peer`] the network is `0.0.0.0/24`.
#[must_use]
pub fn visitor(parts: &Parts, transport: Transport) -> Visitor {
    let mut visitor = stranger(parts.headers.get(header::USER_AGENT), parts.extensions.get().copied());
    if let Attempt::Accepted(mark) = Cookie::new(Surface::Device, transport).find(cookies(&parts.headers)) {
        visitor.mark = Some(mark.to_owned());
    }
    visitor
}

/// As [`visitor`], without the mark of their device.
pub(crate) fn stranger(browser: Option<&HeaderValue>, peer: Option<Peer>) -> Visitor {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    Visitor::from_parts(browser.and_then(|value| value.to_str().ok()), address)
}

/// The cookies that can be read; HTTP/2 may send several headers (RFC 9113 section 8.2.3).
///
/// A header that can be read comes whole, another one pair by pair: other applications may put anything into theirs, and what
/// cannot be read must not take ours along.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().flat_map(|value| {
        let whole = std::str::from_utf8(value.as_bytes()).ok();
        let pairs = if whole.is_some() { &[] } else { value.as_bytes() };
        whole
            .into_iter()
            .chain(pairs.split(|byte| *byte == b';').filter_map(|pair| std::str::from_utf8(pair).ok()))
    })
}
