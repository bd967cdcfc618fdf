//! Where a browser may be sent: what may be registered, and whether a request names something registered.
//!
//! RFC 9700 section 2.1: compared byte for byte, with one exception: a native application's loopback port (RFC 8252 section
//! 7.3), which the system picks when the application starts.

use crate::error::Refusal;
use crate::policy;

/// What kind of application registers an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// It has no secret (a browser or phone application).
    pub public: bool,
    /// The server runs in development, where plain http to this machine is allowed to everyone.
    pub dev: bool,
}

/// Whether `uri` may be registered.
///
/// # Errors
/// [`Refusal::Invalid`] with the reason.
pub fn registrable(uri: &str, by: Registrant) -> Result<(), Refusal> {
    let bad = |why: &str| {
        let shown: String = uri.chars().filter(|c| !c.is_control()).take(120).collect();
        Err(Refusal::Invalid { what: format!("the address `{shown}` {why}") })
    };
    if uri.len() > policy::REDIRECT_BYTES {
        return bad("is longer than 1024 bytes");
    }
    if !uri.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)) {
        return bad("holds characters that a URI may not hold");
    }
    if uri.contains('#') {
        return bad("has a fragment");
    }
    let (https, rest) = match (uri.strip_prefix("https://"), uri.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return bad("is not an https address"),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some((authority, path)) = rest.split_at_checked(end) else { return bad("has no host") };
    if authority.contains('@') {
        return bad("carries a user name");
    }
    let Some(host) = host_of(authority) else { return bad("has no plain host and port") };
    let segments = path.split_once('?').map_or(path, |(path, _)| path);
    if segments.split('/').any(|segment| {
        matches!(segment.to_ascii_lowercase().as_str(), "." | ".." | "%2e" | "%2e%2e" | ".%2e" | "%2e.")
    }) {
        return bad("has dots for a path");
    }
    if https || is_this_machine(host) && (by.dev || by.public) {
        return Ok(());
    }
    bad(
        "is plain http; only https is registered, or http to this machine for an application without a secret",
    )
}

/// The registered address that `presented` names, if it names one.
#[must_use]
pub fn find<'a>(registered: &'a [String], presented: &str, public: bool) -> Option<&'a str> {
    registered
        .iter()
        .map(String::as_str)
        .find(|known| *known == presented || public && same_but_for_the_loopback_port(known, presented))
}

/// The host of `host[:port]` in lower case, when it is written plainly.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = if authority.starts_with('[') {
        let (host, after) = authority.split_at_checked(authority.find(']')?.saturating_add(1))?;
        (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    if port.is_some_and(|port| !is_port(port)) {
        return None;
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let literal = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let good = match literal {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            host.bytes().all(plain)
                && host
                    .split('.')
                    .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        }
    };
    good.then_some(host)
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_this_machine(host: &str) -> bool {
    // RFC 6761 6.3: `localhost` and all names under it are this machine.
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

fn same_but_for_the_loopback_port(known: &str, presented: &str) -> bool {
    // RFC 8252 8.3: not for `localhost`, which may resolve to somebody else.
    ["http://127.0.0.1", "http://[::1]"].iter().any(|start| {
        let (Some(known), Some(presented)) = (known.strip_prefix(start), presented.strip_prefix(start))
        else {
            return false;
        };
        matches!((after_port(known), after_port(presented)), (Some(a), Some(b)) if a == b)
    })
}

/// What follows an optional port.
fn after_port(rest: &str) -> Option<&str> {
    let Some(behind) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    };
    let (port, path) = behind.split_at_checked(behind.find(['/', '?']).unwrap_or(behind.len()))?;
    is_port(port).then_some(path)
}

#[cfg(test)]
mod tests;
