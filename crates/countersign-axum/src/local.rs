//! Whether a request is of this machine: sessions in development serve nothing else, so that they cannot be deployed by mistake.
//!
//! `Host` alone does not say: a proxy in front may put the name of the application behind it there, as nginx does when it is told
//! nothing else. So whatever else a proxy or a page from elsewhere leaves in a request is looked at as well. Nothing here lets
//! anybody in; it only keeps out.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, Uri, Version, header};

use crate::look::Asked;
use crate::peer::Peer;

/// Whether whoever asks is on this machine, as far as the request tells.
pub(crate) fn is_local(asked: &Asked<'_>) -> bool {
    let Asked { headers, uri, .. } = asked;
    names_here(headers, uri)
        // Browsers and programs of this century speak 1.1; the old one is what nginx speaks to those behind it.
        && asked.version >= Version::HTTP_11
        && connected_here(asked)
        && forwarded_here(headers)
        && page_is_here(headers)
}

/// Whether the request names this machine. One that names no host comes from no browser.
fn names_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let named = headers.get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    named.or_else(|| uri.authority().map(http::uri::Authority::as_str)).is_none_or(is_here)
}

/// Whether the connection comes from here or from nearby, where anybody says: a container's host is its gateway.
fn connected_here(asked: &Asked<'_>) -> bool {
    let peer = asked.extensions.get::<Peer>().map(|peer| peer.0);
    let connection = asked.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    peer.into_iter().chain(connection).all(is_near)
}

/// Whether every proxy that tells of itself was asked from here or from nearby.
fn forwarded_here(headers: &HeaderMap) -> bool {
    let all = |name: &str, here: fn(&str) -> bool| {
        let mut lines = headers.get_all(name).iter();
        lines.all(|line| line.to_str().is_ok_and(|line| line.split(',').all(|entry| here(entry.trim()))))
    };
    !headers.contains_key(header::FORWARDED)
        && all("x-forwarded-for", is_sent_nearby)
        && all("x-real-ip", is_sent_nearby)
        && all("x-forwarded-host", is_here)
}

/// Whether the page that made the request is of this machine. A link that was followed from elsewhere says so
/// (`Sec-Fetch-Site`), which every browser tells `localhost`; what is of the same site names where that is.
fn page_is_here(headers: &HeaderMap) -> bool {
    let linked = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    let pages = [header::ORIGIN, header::REFERER].into_iter().filter_map(|name| headers.get(name));
    linked || pages.map(|page| page.to_str().unwrap_or("?")).all(|page| page == "null" || is_page_here(page))
}

fn is_page_here(page: &str) -> bool {
    let host = page.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    host.is_some_and(is_here)
}

fn is_sent_nearby(address: &str) -> bool {
    address.parse().is_ok_and(is_near)
}

/// Whether an address is this machine's, or one that no router of the internet knows (RFC 1918, RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether a host, with or without its port, is this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::{Extensions, HeaderName, HeaderValue, Method};

    use super::*;

    fn local(pairs: &[(&'static str, &str)], version: Version, connection: Option<&str>) -> bool {
        let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        if let Some(peer) = connection {
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        }
        let uri = Uri::from_static("/");
        let asked =
            Asked { method: &Method::GET, uri: &uri, version, headers: &headers, extensions: &extensions };
        is_local(&asked)
    }

    #[test]
    fn only_this_machine_is_local() {
        for here in
            ["localhost", "localhost:3000", "shop.localhost:3000", "127.0.0.1:1", "[::1]:3000", "LOCALHOST"]
        {
            assert!(local(&[("host", here)], Version::HTTP_11, None), "{here}");
        }
        for there in
            ["shop.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]:80", "127.0.0.1.evil", ""]
        {
            assert!(!local(&[("host", there)], Version::HTTP_11, None), "{there}");
        }
        assert!(!names_here(&HeaderMap::new(), &Uri::from_static("https://shop.example/")));
        assert!(local(&[], Version::HTTP_2, None));
    }

    #[test]
    fn a_site_behind_a_proxy_is_not_this_machine_whatever_its_host_says() {
        let behind = |pairs: &[(&'static str, &str)]| {
            let host = [("host", "127.0.0.1:3000")];
            local(&[&host, pairs].concat(), Version::HTTP_11, Some("127.0.0.1:50000"))
        };
        assert!(behind(&[]));
        // A proxy of a developer's own, one in a container, and the container's host.
        assert!(behind(&[("x-forwarded-for", "172.17.0.1"), ("x-real-ip", "fd00::1")]));
        assert!(local(&[("host", "localhost:3000")], Version::HTTP_11, Some("172.17.0.1:4711")));
        assert!(behind(&[
            ("x-forwarded-for", "127.0.0.1, ::1"),
            ("x-forwarded-host", "shop.localhost:5173")
        ]));
        for told in [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "203.0.113.9, 127.0.0.1"),
            ("x-real-ip", "203.0.113.9"),
            ("x-forwarded-host", "shop.example"),
            ("forwarded", "for=203.0.113.9"),
            ("origin", "http://shop.example"),
            ("referer", "http://shop.example/cart?a=b"),
        ] {
            assert!(!behind(&[told]), "{told:?}");
            assert!(!behind(&[told, ("sec-fetch-site", "same-origin")]), "{told:?}");
        }
        assert!(!local(&[("host", "127.0.0.1:3000")], Version::HTTP_10, None), "nginx as it comes");
        assert!(!local(&[("host", "localhost")], Version::HTTP_11, Some("203.0.113.9:4711")));
    }

    #[test]
    fn a_link_from_elsewhere_is_followed_to_this_machine() {
        let referer = ("referer", "https://forge.example/readme");
        let link = [("host", "localhost:3000"), referer, ("sec-fetch-site", "cross-site")];
        assert!(local(&link, Version::HTTP_11, None));
        let own = [
            ("host", "localhost:3000"),
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(local(&own, Version::HTTP_11, None));
    }
}
