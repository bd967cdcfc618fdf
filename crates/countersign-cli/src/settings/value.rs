//! How one setting's text becomes a value; each says in words what it wants.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use countersign::{Beyond, FrontRoom};
use countersign_core::policy;

type Read<T> = core::result::Result<T, &'static str>;

/// Where to listen: one address, or for `localhost` both of this machine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen(Vec<SocketAddr>);

impl Listen {
    /// Reads `8321`, `localhost:8321`, `0.0.0.0:8321` or `[::1]:8321`.
    pub(crate) fn parse(text: &str) -> Read<Self> {
        let wanted = "is not an address such as `localhost:8321` or `0.0.0.0:8321`";
        let local = |port: u16| {
            Self(vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
            ])
        };
        if let Ok(port) = text.parse() {
            return Ok(local(port));
        }
        if let Some(port) = text.strip_prefix("localhost:") {
            return port.parse().map(local).map_err(|_| wanted);
        }
        text.parse().map(|address| Self(vec![address])).map_err(|_| wanted)
    }

    /// The addresses; never empty.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }

    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        self.0.iter().all(|address| address.ip().is_loopback())
    }
}

/// A span of time: a number and `s`, `min`, `h` or `days`.
pub(crate) fn span(text: &str) -> Read<Duration> {
    let wanted = "is not a duration such as `30 min`, `12 h` or `30 days`";
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or(wanted)?;
    let number: u64 = number.parse().map_err(|_| wanted)?;
    let seconds = match unit.trim() {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => return Err(wanted),
    };
    match number.checked_mul(seconds) {
        Some(0) | None => Err(wanted),
        Some(total) => Ok(Duration::from_secs(total)),
    }
}

/// Networks of proxies, separated by commas: addresses, or addresses with a prefix length.
pub(crate) fn networks(text: &str) -> Read<Vec<String>> {
    let wanted = "is not a list of networks such as `10.0.0.0/8, 192.0.2.7`";
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| network(part).map(|()| part.to_owned()).ok_or(wanted)).collect()
}

fn network(text: &str) -> Option<()> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match prefix {
        None => Some(()),
        Some(prefix) => prefix.parse::<u8>().ok().filter(|bits| *bits <= most).map(|_| ()),
    }
}

/// How many sessions one person may have.
pub(crate) fn most(text: &str) -> Read<u32> {
    let wanted = "is not a number from 1 to 1000";
    text.trim().parse().ok().filter(|count| (1..=policy::MOST_SESSIONS).contains(count)).ok_or(wanted)
}

/// How many sessions this process keeps in memory.
pub(crate) fn in_memory(text: &str) -> Read<FrontRoom> {
    let wanted = "is not a number of sessions from 1000 to 100000000, 224 bytes each";
    text.trim().parse().ok().and_then(FrontRoom::of).ok_or(wanted)
}

/// What becomes of a sign-in beyond that.
pub(crate) fn beyond(text: &str) -> Read<Beyond> {
    match text {
        "end-oldest" => Ok(Beyond::EndOldest),
        "deny" => Ok(Beyond::Deny),
        _ => Err("is neither `end-oldest` nor `deny`"),
    }
}

/// A bare origin: scheme and host, perhaps a port; nothing after it.
pub(crate) fn origin(text: &str) -> Read<()> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or("does not begin with `https://`")?;
    if rest.ends_with('/') {
        return Err("ends in a slash, and issuers are compared letter by letter");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    if rest.is_empty() || !rest.chars().all(plain) {
        return Err("is not a bare origin such as `https://id.shop.example`");
    }
    Ok(())
}

/// An origin that somebody wrote with slashes at its end, without them.
pub(crate) fn without_slashes(text: &str) -> Option<&str> {
    let bare = text.trim_end_matches('/');
    (bare != text && origin(bare).is_ok()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_both_addresses_of_this_machine() {
        let listen = Listen::parse("localhost:8321").unwrap();
        assert_eq!(listen, Listen::parse("8321").unwrap());
        assert_eq!(listen.addresses().len(), 2);
        assert!(listen.is_local());
        assert!(!Listen::parse("0.0.0.0:8321").unwrap().is_local());
        assert!(Listen::parse("localhost").is_err());
    }

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(span("30 min"), Ok(Duration::from_secs(1800)));
        assert_eq!(span("12h"), Ok(Duration::from_secs(43_200)));
        for bad in
            ["30", "0 h", "-1 h", "1 fortnight", "", "99999999999999999999 s", "18446744073709551615 h"]
        {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_most_sessions_are_a_number_within_reason() {
        assert_eq!((most("3"), beyond("deny")), (Ok(3), Ok(Beyond::Deny)));
        for bad in ["0", "1001", "-1", "", "many"] {
            assert!(most(bad).is_err(), "{bad}");
        }
        assert!(beyond("refuse").is_err());
    }

    #[test]
    fn the_sessions_in_memory_are_a_number_that_makes_sense() {
        assert_eq!(in_memory("10000000").map(FrontRoom::bytes), Ok(2_240_000_000));
        for bad in ["0", "999", "100000001", "-1", "", "2 GB", "99999999999999999999999"] {
            assert!(in_memory(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_and_origins_are_read_strictly() {
        assert_eq!(networks("10.0.0.0/8, ::1").map(|n| n.len()), Ok(2));
        assert!(networks("10.0.0.0/33").is_err());
        assert!(networks("everywhere").is_err());
        assert!(origin("https://id.shop.example").is_ok());
        for bad in ["https://id.shop.example/", "ftp://a", "https://", "https://a/b", "https://A.example"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
        assert_eq!(without_slashes("https://id.shop.example//"), Some("https://id.shop.example"));
        for other in ["https://id.shop.example", "https://", "https://a/b/", "ftp://a/"] {
            assert_eq!(without_slashes(other), None, "{other}");
        }
    }
}
