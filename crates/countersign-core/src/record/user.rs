//! A person who can sign in.

use std::fmt;
use std::str::FromStr;

use countersign_jose::primitive;
use serde::{Deserialize, Serialize};

use crate::error::Refusal;
use crate::id::{BadName, Subject};
use crate::policy;
use crate::time::Timestamp;

/// An e-mail address, compared without regard to case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The longest address (RFC 5321 section 4.5.3.1.3).
    pub const MAX_BYTES: usize = 254;

    /// What stands for an address where an application keeps its own accounts: made from its name for the person, so that one
    /// name is one record, and no mail can ever go there (RFC 2606 section 2).
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: the name is empty, longer than [`policy::OWN_NAME_BYTES`], or has control characters.
    pub fn of_own(name: &str) -> Result<Self, Refusal> {
        if !(1..=policy::OWN_NAME_BYTES).contains(&name.len()) || name.chars().any(char::is_control) {
            let what = format!(
                "a person's name has 1 to {} bytes and no control characters",
                policy::OWN_NAME_BYTES
            );
            return Err(Refusal::Invalid { what });
        }
        let hash = primitive::sha256(&[b"countersign own name\0", name.as_bytes()].concat());
        Ok(Self(format!("{}@own.invalid", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())))
    }

    /// The address, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName::expected(text, "an e-mail address");
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
        let clean = |part: &str| {
            !part.is_empty()
                && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c))
        };
        let dotted = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
        if text.len() > Self::MAX_BYTES
            || local.len() > 64
            || !clean(local)
            || !clean(domain)
            || !dotted(domain)
            || !dotted(local)
        {
            return Err(bad());
        }
        Ok(Self(text.to_lowercase()))
    }
}

impl TryFrom<String> for Email {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What a person may do besides signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nothing more.
    Person,
    /// Run the console.
    Operator,
}

/// An Argon2id hash as a PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Who.
    pub subject: Subject,
    /// Where letters go, and what is typed at sign-in.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// What the application that keeps their account calls them; none for whoever has an account here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the password is checked against.
    pub password: PasswordHash,
    /// Moves when the password changes or all logins end, so that a sign-in begun before cannot finish after.
    pub generation: u64,
    /// The key that seals this subject's session data, itself sealed under the master key.
    pub data_key: Vec<u8>,
    /// When the account was opened.
    pub since: Timestamp,
}
