//! Coarse facts about where a request came from: enough to recognise one's own device, too little to follow a person.
//!
//! GDPR article 25: the network is kept as a prefix (IPv4 /24, IPv6 /48), the browser as a family and a system.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A browser family and an operating system, such as `Firefox, Linux`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Device(String);

impl Device {
    /// The device that a `User-Agent` header names, coarsely.
    #[must_use]
    pub fn from_user_agent(header: Option<&str>) -> Self {
        let Some(header) = header else { return Self("Unknown device".to_owned()) };
        let browser = [
            ("Edg/", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
            ("curl/", "curl"),
        ];
        let system = [
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
        ];
        let find = |table: &[(&str, &'static str)]| {
            table.iter().find(|(mark, _)| header.contains(mark)).map(|(_, name)| *name)
        };
        Self(match (find(&browser), find(&system)) {
            (Some(browser), Some(system)) => format!("{browser}, {system}"),
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => "Unknown device".to_owned(),
        })
    }

    /// The device as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const UNKNOWN: &str = "unknown";

/// A network prefix: IPv4 /24 or IPv6 /48, such as `203.0.113.0/24`; or `unknown`, where nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Network(String);

impl Network {
    /// The prefix that `address` lies in; an IPv4 address in IPv6 dress counts as IPv4. An unspecified address (RFC 6890, RFC
    /// 4291 section 2.5.2) is nobody's, so the network is unknown.
    ///
    /// ```
    /// use countersign_core::record::Network;
    /// assert_eq!(Network::of([203, 0, 113, 9].into()).as_str(), "203.0.113.0/24");
    /// assert!(Network::of([0, 0, 0, 0].into()).is_unknown());
    /// ```
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            nobody if nobody.is_unspecified() => Self::unknown(),
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self(format!("{a}.{b}.{c}.0/24"))
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                Self(format!("{a:x}:{b:x}:{c:x}::/48"))
            }
        }
    }

    /// The network of somebody whose address nobody said.
    #[must_use]
    pub fn unknown() -> Self {
        Self(UNKNOWN.to_owned())
    }

    /// Whether nobody said.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.0 == UNKNOWN
    }

    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
