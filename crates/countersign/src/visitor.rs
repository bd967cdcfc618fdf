//! What is known of whoever is at the door before they say who they are: coarse facts, no identity.

use countersign_core::policy::Stay;
use countersign_core::record::{Device, Network};

use crate::guests::KnownGuest;

/// Whoever is at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Their browser family and system.
    pub device: Device,
    /// The network prefix that they come from.
    pub network: Network,
    /// The value of the device-mark cookie, if one came: a browser that has signed in to an account before is throttled
    /// apart from strangers, so that strangers cannot lock its owner out.
    pub mark: Option<String>,
    /// Whether they want to be remembered when the browser closes. A strict preset remembers nobody.
    pub stay: Stay,
    /// The guest that they are in this browser, if one is known: what it declared for it goes along when they sign in, and the
    /// guest ends.
    pub guest: Option<KnownGuest>,
}

impl Visitor {
    /// A visitor from `address` with this `User-Agent` and no device mark, who wants to be remembered.
    ///
    /// ```
    /// use countersign::Visitor;
    /// let visitor = Visitor::from_parts(Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), [203, 0, 113, 9].into());
    /// assert_eq!(visitor.device.as_str(), "Firefox, Linux");
    /// assert_eq!(visitor.network.as_str(), "203.0.113.0/24");
    /// ```
    #[must_use]
    pub fn from_parts(user_agent: Option<&str>, address: std::net::IpAddr) -> Self {
        Self {
            device: Device::from_user_agent(user_agent),
            network: Network::of(address),
            mark: None,
            stay: Stay::default(),
            guest: None,
        }
    }
}
