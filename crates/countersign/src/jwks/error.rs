//! Why keys could not be fetched, each reason with a stable code.

/// Why an issuer's keys could not be fetched. None of it says anything about a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is not `https`, or has a user, a fragment or no host; an issuer also has no query.
    #[error("`{url}` is not an https address of an issuer or a key set")]
    Address {
        /// The address.
        url: String,
    },
    /// The name leads to an address that is not of the public internet.
    #[error("`{host}` leads to an address that is not reached from here: {ip}")]
    Forbidden {
        /// The host's name.
        host: String,
        /// What it leads to.
        ip: std::net::IpAddr,
    },
    /// Nobody answered, or not in time, or the certificate is not good.
    #[error("`{url}` could not be reached: {why}")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        why: String,
    },
    /// The answer is an error, or leads elsewhere.
    #[error("`{url}` answered with the status {status}")]
    Status {
        /// The address.
        url: String,
        /// The status of HTTP.
        status: u16,
    },
    /// The answer is longer than a key set is.
    #[error("`{url}` answered with more than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is no key set, or one that must not be trusted.
    #[error("`{url}` gave no key set that can be used: {why}")]
    Keys {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: countersign_jose::Error,
    },
    /// What the issuer says about itself has no proper form, or is about another issuer (RFC 8414 3.3).
    #[error("`{url}` does not describe this issuer: its `{member}` is missing or another")]
    Metadata {
        /// The address.
        url: String,
        /// The member of the document.
        member: &'static str,
    },
}

impl FetchError {
    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "CS-1101",
            Self::Forbidden { .. } => "CS-1102",
            Self::Unreachable { .. } => "CS-1103",
            Self::Status { .. } => "CS-1104",
            Self::TooLarge { .. } => "CS-1105",
            Self::Keys { .. } => "CS-1106",
            Self::Metadata { .. } => "CS-1107",
        }
    }
}
