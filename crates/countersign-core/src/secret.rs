//! Bearer secrets, each its own type: read strictly, printed as `Name(..)`, wiped when dropped, known to a store by hash.
//!
//! The prefixes (`cs_st_` and so on) let leak scanners find a secret that has escaped. A secret has no `Clone`, `Display`,
//! `PartialEq` or `Serialize`, and leaves by `reveal()` only.

use std::fmt;

use countersign_jose::primitive;
use zeroize::Zeroizing;

use crate::record::{SecretHash, SpendKey};
use crate::wire;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $prefix:literal { $($field:ident: $bytes:literal)? }) => {
        $(#[$doc])*
        pub struct $name {
            text: Zeroizing<String>,
            $($field: Zeroizing<[u8; $bytes]>,)?
        }

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &str = $prefix;

            /// The text, to be sent to its owner and nobody else.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

/// The text of a secret.
fn spell(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let rest = Zeroizing::new(wire::encode(bytes));
    // Exactly as long as needed, so that nothing is moved and left behind unwiped.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + rest.len()));
    text.push_str(prefix);
    text.push_str(&rest);
    text
}

/// The bytes that `text` spells: the prefix and the one spelling of exactly `N` bytes; else none.
pub(crate) fn read<const N: usize>(prefix: &str, text: impl AsRef<[u8]>) -> Option<Zeroizing<[u8; N]>> {
    wire::decode::<N>(text.as_ref().strip_prefix(prefix.as_bytes())?).map(Zeroizing::new)
}

/// A secret whose bytes mean something.
macro_rules! composed_secret {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $bytes:literal) => {
        secret! { $(#[$doc])* $name, $prefix { bytes: $bytes } }

        impl $name {
            /// The secret made of these bytes.
            pub(crate) fn of(bytes: [u8; $bytes]) -> Self {
                Self { text: spell($prefix, &bytes), bytes: Zeroizing::new(bytes) }
            }

            /// The secret that `text` spells: the prefix and the one spelling of exactly its bytes; else none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = read::<$bytes>($prefix, text)?;
                Some(Self { text: Zeroizing::new(text.to_owned()), bytes })
            }

            /// The bytes that the text spells.
            pub(crate) fn bytes(&self) -> &[u8; $bytes] {
                &self.bytes
            }
        }
    };
}

/// A secret of 32 unpredictable bytes.
macro_rules! random_secret {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        secret! { $(#[$doc])* $name, $prefix {} }

        impl $name {
            /// A new secret from 32 unpredictable bytes.
            #[must_use]
            pub fn new(chance: [u8; 32]) -> Self {
                Self { text: spell($prefix, &chance) }
            }

            /// The secret that `text` spells: the prefix and the one spelling of 32 bytes; else none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                read::<32>($prefix, text)?;
                Some(Self { text: Zeroizing::new(text.to_owned()) })
            }
        }
    };
}

macro_rules! spendable {
    ($($name:ident),*) => {$(
        impl $name {
            /// What a store knows it by: SHA-256 of its text.
            #[must_use]
            pub fn key(&self) -> SpendKey {
                SpendKey(primitive::sha256(self.reveal().as_bytes()))
            }
        }
    )*};
}

composed_secret! {
    /// What a session cookie carries: handle, secret, last version seen.
    SessionToken, "cs_st_", 54
}
composed_secret! {
    /// A refresh token (RFC 6749 section 1.5): handle, generation, sibling, MAC.
    RefreshToken, "cs_rt_", 54
}
random_secret! {
    /// An authorization code (RFC 6749 section 4.1.2).
    Code, "cs_ac_"
}
random_secret! {
    /// The one-time ticket that carries a sign-in to an application's own host.
    Ticket, "cs_tk_"
}
random_secret! {
    /// The secret in a link sent by mail.
    MailCode, "cs_ml_"
}
random_secret! {
    /// The secret in the link that sets up the first operator.
    SetUpCode, "cs_su_"
}
random_secret! {
    /// The secret of a confidential application (RFC 6749 section 2.3.1).
    ClientSecret, "cs_ak_"
}
random_secret! {
    /// The nonce in a browser's cookie that a ticket is bound to.
    TicketNonce, "cs_tn_"
}

spendable!(Code, Ticket, MailCode, SetUpCode);

impl ClientSecret {
    /// What a store knows it by. It is drawn from 256 bits, so one SHA-256 is enough.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(primitive::sha256(self.reveal().as_bytes()))
    }
}

impl TicketNonce {
    /// What a ticket knows it by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        primitive::sha256(self.reveal().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_its_name_only() {
        let code = Code::new([7; 32]);
        assert_eq!(format!("{code:?}"), "Code(..)");
        assert_eq!(format!("{:?}", code.key()), "SpendKey(..)");
    }

    #[test]
    fn a_secret_survives_the_wire() {
        let secret = ClientSecret::new([9; 32]);
        let back = ClientSecret::parse(secret.reveal()).unwrap();
        assert_eq!(back.reveal(), secret.reveal());
        assert_eq!(back.hash(), secret.hash());
        assert!(secret.reveal().starts_with("cs_ak_"));
    }

    #[test]
    fn another_prefix_length_or_spelling_is_refused() {
        let text = Code::new([7; 32]).reveal().to_owned();
        assert!(Code::parse(&text).is_some());
        assert!(Ticket::parse(&text).is_none());
        assert!(Code::parse(text.split_at(1).1).is_none());
        assert!(Code::parse(&format!("{text}A")).is_none());
        assert!(Code::parse(&format!("{text} ")).is_none());
        assert!(Code::parse(&format!("{}=", text.split_at(text.len() - 1).0)).is_none());
        assert!(Code::parse("").is_none());
    }

    #[test]
    fn kinds_of_secret_from_the_same_bytes_have_different_keys() {
        assert_ne!(Code::new([7; 32]).key(), Ticket::new([7; 32]).key());
    }
}
