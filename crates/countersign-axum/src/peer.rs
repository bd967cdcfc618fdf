//! What a request says about its sender before any credential: the peer's address and the browser's name, both coarse.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use countersign::Visitor;
use countersign_core::Attempt;
use countersign_core::session::cookie::{Cookie, Surface, Transport};
use http::{Extensions, HeaderMap, HeaderValue, header, request::Parts};

/// Who asks, where the application knows better than the connection: put it into the request's extensions, and it is believed.
///
/// Without one it is the address of the connection, from axum's `ConnectInfo<SocketAddr>`, or what the application's own
/// proxies say ([`Guard::behind_proxies`](crate::Guard::behind_proxies)). A connection from this machine comes from a proxy that
/// nobody told of, so it says nothing. Where nothing is known, the network is called `unknown`, and everybody who is unknown
/// shares a larger limit.
///
/// ```no_run
/// # async fn serve(app: axum::Router) -> std::io::Result<()> {
/// use std::net::SocketAddr;
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The visitor behind a request; see [`Peer`] for their network.
#[must_use]
pub fn visitor(parts: &Parts, transport: Transport) -> Visitor {
    visitor_through(parts, transport, 0)
}

/// As [`visitor`], whose request came through so many `proxies`.
pub(crate) fn visitor_through(parts: &Parts, transport: Transport, proxies: u8) -> Visitor {
    let address = address(&parts.headers, &parts.extensions, proxies);
    let mut visitor = stranger(parts.headers.get(header::USER_AGENT), address);
    if let Attempt::Accepted(mark) = Cookie::new(Surface::Device, transport).find(cookies(&parts.headers)) {
        visitor.mark = Some(mark.to_owned());
    }
    visitor
}

/// As [`visitor`], without the mark of their device.
pub(crate) fn stranger(browser: Option<&HeaderValue>, address: Option<IpAddr>) -> Visitor {
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Visitor::from_parts(browser.and_then(|value| value.to_str().ok()), address)
}

/// The address of whoever sent a request that came through so many `proxies`; none where nobody said.
pub(crate) fn address(headers: &HeaderMap, extensions: &Extensions, proxies: u8) -> Option<IpAddr> {
    if let Some(Peer(address)) = extensions.get() {
        return Some(*address);
    }
    if let Some(last) = proxies.checked_sub(1) {
        return forwarded(headers, usize::from(last));
    }
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip()).filter(|address| !address.to_canonical().is_loopback())
}

/// The entry of `X-Forwarded-For` with so many behind it. Each proxy adds what it sees, so only what stands before those of
/// one's own may be made up.
fn forwarded(headers: &HeaderMap, behind: usize) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let entry = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).nth(behind)?;
    let entry = std::str::from_utf8(entry).ok()?.trim();
    // Some add the port.
    entry.parse().ok().or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&'static str], proxies: u8, connection: Option<&str>) -> Option<String> {
        let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        if let Some(peer) = connection {
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        }
        address(&headers, &extensions, proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_own_proxies_wrote_counts() {
        let lines = ["1.1.1.1, 198.51.100.7", "203.0.113.9,10.0.0.2"];
        assert_eq!(told(&lines, 0, None), None);
        assert_eq!(told(&lines, 1, None).as_deref(), Some("10.0.0.2"));
        assert_eq!(told(&lines, 2, None).as_deref(), Some("203.0.113.9"));
        assert_eq!(told(&lines, 3, None).as_deref(), Some("198.51.100.7"));
        assert_eq!(told(&lines, 5, None), None);
        assert_eq!(told(&["203.0.113.9:4711"], 1, None).as_deref(), Some("203.0.113.9"));
        assert_eq!(told(&["[2001:db8::1]:4711"], 1, None).as_deref(), Some("2001:db8::1"));
        for junk in ["", "unknown", "203.0.113.9,", "_hidden"] {
            assert_eq!(told(&[junk], 1, None), None, "{junk}");
        }
    }

    #[test]
    fn a_connection_says_who_asks_unless_it_is_from_this_machine() {
        assert_eq!(told(&[], 0, Some("203.0.113.9:1")).as_deref(), Some("203.0.113.9"));
        // The proxy that is told of may be anywhere; what it does not say, nobody says.
        assert_eq!(told(&[], 1, Some("203.0.113.9:1")), None);
        for here in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(told(&["198.51.100.7"], 0, Some(here)), None, "{here}");
        }
    }

    #[test]
    fn what_the_application_says_is_believed() {
        let mut extensions = Extensions::new();
        extensions.insert(Peer([203, 0, 113, 9].into()));
        extensions.insert(ConnectInfo("198.51.100.7:1".parse::<SocketAddr>().unwrap()));
        let told = address(&HeaderMap::new(), &extensions, 1);
        assert_eq!(told, Some([203, 0, 113, 9].into()));
    }
}
