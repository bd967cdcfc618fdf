//! SD-JWT: a signed credential whose holder chooses what to show of it.
//!
//! RFC 9901. The issuer replaces claims by digests and hands the claims to the holder beside the
//! token, as *disclosures*. The holder shows some of them, and a verifier puts them back where
//! their digests stand. With key binding the holder also proves, for one verifier and one nonce,
//! that the credential was issued to their key; without it, whoever has a copy can show it.
//!
//! - The issuer: [`Claims`], [`Claims::conceal`], [`Claims::sign`].
//! - The holder: [`Held::parse`], [`Held::present`], then [`Presentation::bound`].
//! - Keys in an HSM or a phone's secure element: [`Claims::prepare`], [`Presentation::prepare`].
//! - The verifier: [`verifier`], which wants a type, an issuer, and a decision about binding.
//! - In JSON instead of the compact form: [`Claims::sign_json`], [`Held::parse_json`],
//!   [`Presentation::in_json`], [`Verifier::verify_json`]. What reads the one form refuses the other.
//!
//! ```
//! use countersign_jose::sd_jwt::{self, Claims, Held, Type};
//! use countersign_jose::{Algorithm, SigningKey};
//! # use serde_json::json;
//!
//! let (issuer, holder) = (SigningKey::generate(Algorithm::Es256)?, SigningKey::generate(Algorithm::Es256)?);
//! let mut claims = Claims::new(&json!({
//!     "iss": "https://town.example", "iat": 1_800_000_000, "exp": 1_900_000_000,
//!     "name": "Ana", "born": { "year": 1990, "town": "Porto" }
//! })).unwrap();
//! claims.conceal("/name").unwrap();
//! claims.conceal("/born/year").unwrap();
//! claims.bind_to(&holder.verifying_key()).unwrap();
//! let credential = claims.sign(&issuer, Type::CREDENTIAL)?;
//!
//! let held = Held::parse(&credential).unwrap();
//! let shown = held.present(|disclosure| disclosure.path() == "/born/year");
//! let shown = shown.bound(&holder, "https://bar.example", "n-7", 1_800_000_100)?;
//!
//! let bar = sd_jwt::verifier(issuer.verifying_key())
//!     .typ(Type::CREDENTIAL)
//!     .issuer("https://town.example")
//!     .bound_to("https://bar.example");
//! let seen = bar.verify(&shown, "n-7", 1_800_000_101).unwrap();
//! assert_eq!(seen.claims()["born"]["year"], 1990);
//! assert!(!seen.claims().contains_key("name"));
//! # Ok::<(), countersign_jose::Fault>(())
//! ```
//!
//! What is shown to two verifiers can be linked by its signature and digests; RFC 9901 10.1 says
//! how far that goes.

mod binding;
mod disclosure;
mod held;
mod issue;
mod json;
mod restore;
mod unsigned;
mod verifier;

pub use disclosure::Disclosure;
pub use held::{Held, Presentation};
pub use issue::Claims;
pub use unsigned::Unsigned;
pub use verifier::{
    Bound, Builder, Disclosed, Unbound, Verifier, WantsBinding, WantsIssuer, WantsType, verifier,
};

/// The longest SD-JWT that is looked at, in bytes, with its disclosures and its binding.
pub const MAX_PRESENTATION: usize = 64 * 1024;
/// The most disclosures that one may have.
pub const MAX_DISCLOSURES: usize = 256;
/// The deepest that claims may nest once they are put back; recursive disclosures nest in one another.
const MAX_DEPTH: usize = 16;

/// What `typ` an SD-JWT has: a name that ends in `+sd-jwt` (RFC 9901 9.11).
///
/// ```
/// use countersign_jose::sd_jwt::Type;
/// assert!(Type::new("library-card+sd-jwt").is_some());
/// assert!(Type::new("at+jwt").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type(&'static str);

impl Type {
    /// A verifiable credential (SD-JWT VC 2.2.1).
    pub const CREDENTIAL: Self = Self("dc+sd-jwt");

    /// A type of one's own; `None` unless it is made of lower-case letters, digits, `.` and `-`
    /// before `+sd-jwt`.
    #[must_use]
    pub fn new(name: &'static str) -> Option<Self> {
        let own = name.strip_suffix("+sd-jwt")?;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        (!own.is_empty() && own.bytes().all(fits)).then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod holding;
#[cfg(test)]
mod in_json;
#[cfg(test)]
mod json_attacks;
#[cfg(test)]
mod tests;
