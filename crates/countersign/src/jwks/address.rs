//! Which addresses may be reached: a URL that somebody configured or an issuer named must not lead into our own network.
//!
//! RFC 9700 4.15 and OWASP ASVS 5.0 V1.3.6 (server-side request forgery); the blocks are those of RFC 6890. The decision is
//! made on what a name has resolved to, and that very address is connected to, so that a name that changes its mind
//! (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

use super::error::FetchError;

/// How far a client may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// The public internet, by https.
    #[default]
    Internet,
    /// Also private networks, by https: for an issuer inside one's own. Link-local addresses, where clouds keep the secrets
    /// of a machine, stay out of reach.
    PrivateNetwork,
    /// This machine only, also by http: for development.
    ThisMachine,
}

impl Reach {
    /// Whether this address may be connected to.
    pub(super) fn allows(self, ip: IpAddr) -> bool {
        let ip = unmapped(ip);
        match self {
            Self::Internet => is_public(ip),
            Self::PrivateNetwork => is_public(ip) || is_private(ip),
            Self::ThisMachine => ip.is_loopback(),
        }
    }
}

/// An address whose form is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    text: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) target: String,
}

impl Url {
    pub(super) fn parse(text: &str, reach: Reach) -> Result<Self, FetchError> {
        let faulty = || FetchError::Address { url: text.to_owned() };
        let uri: Uri = text.parse().map_err(|_| faulty())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if reach == Reach::ThisMachine => false,
            _ => return Err(faulty()),
        };
        let authority = uri.authority().ok_or_else(faulty)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // `http::Uri` drops fragments silently.
        if host.is_empty() || authority.as_str().contains('@') || text.contains('#') {
            return Err(faulty());
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        Ok(Self { text: text.to_owned(), host, port, tls, target })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The value of `Host`.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// IPv4 addresses that are written as IPv6.
fn unmapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // Mapped and compatible (RFC 4291 2.5.5), NAT64 (RFC 6052 2.1); `::` and `::1` are neither.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => v4(g, h),
        [0, 0, 0, 0, 0, 0] if g != 0 => v4(g, h),
        // 6to4 (RFC 3056 2).
        [0x2002, high, low, ..] => v4(high, low),
        _ => ip,
    }
}

const fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// Whether an address is one of the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !is_private(ip) && is_public_v4(v4),
        IpAddr::V6(v6) => !is_private(ip) && is_public_v6(v6),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = a == 0 // this network
        || a >= 224 // multicast, reserved, broadcast
        || (a == 192 && b == 0 && c == 0) // protocols of the IETF
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && b & 0xfe == 18); // benchmarks
    !special && !ip.is_link_local() && !ip.is_documentation()
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Of IPv6 only 2000::/3 is given out, and of that not what is for documents and tunnels.
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b < 0x200)) && a != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_reached() {
        for ip in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "100::1",
            "2001::1",
            "3fff::1",
        ] {
            assert!(!Reach::Internet.allows(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(Reach::Internet.allows(ip.parse().unwrap()), "{ip}");
            assert!(Reach::PrivateNetwork.allows(ip.parse().unwrap()), "{ip}");
            assert!(!Reach::ThisMachine.allows(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn private_networks_are_reached_by_choice_and_the_clouds_secrets_never() {
        for ip in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "fd12::1", "::1", "::ffff:10.0.0.1", "100.64.0.1"]
        {
            assert!(Reach::PrivateNetwork.allows(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::"] {
            assert!(!Reach::PrivateNetwork.allows(ip.parse().unwrap()), "{ip}");
        }
        assert!(Reach::ThisMachine.allows("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!Reach::ThisMachine.allows("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn an_address_has_a_host_and_no_secrets() {
        for bad in [
            "",
            "id.example",
            "http://id.example",
            "ftp://id.example",
            "https://",
            "https://me:pw@id.example/",
            "https://id.example/#x",
            "file:///etc/passwd",
            "https://id .example",
            "//id.example",
        ] {
            assert!(Url::parse(bad, Reach::Internet).is_err(), "{bad}");
        }
        let url = Url::parse("https://id.example:8443/a?b=c", Reach::Internet).unwrap();
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("id.example", 8443, "/a?b=c"));
        assert_eq!(url.authority(), "id.example:8443");
        let url = Url::parse("http://[::1]:80", Reach::ThisMachine).unwrap();
        assert_eq!((url.host.as_str(), url.authority().as_str(), url.target.as_str()), ("::1", "[::1]", "/"));
        assert!(Url::parse("http://[::1]", Reach::PrivateNetwork).is_err());
    }
}
