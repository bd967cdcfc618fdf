//! Introspection responses: a signed answer to "is this token good?".
//!
//! RFC 9701 5. It is for the resource server that has asked, named in `aud`, and for nobody else.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::jwt::reader::Claims;
use crate::jwt::{Audience, Confirmation};

/// The claims of an introspection response, `typ` `token-introspection+jwt` (RFC 9701 5).
///
/// ```
/// use countersign_jose::jwt::{self, Introspected, IntrospectionClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = IntrospectionClaims {
///     iss: "https://id.example".into(),
///     aud: "shop-api".into(),
///     iat: 1_800_000_000,
///     token_introspection: Introspected::Inactive,
/// };
/// let answer = jwt::sign(&key, &claims)?;
///
/// let api = jwt::verifier::<IntrospectionClaims>(key.verifying_key()).issuer("https://id.example").audience("shop-api");
/// assert_eq!(api.verify(&answer, 1_800_000_001).unwrap().token_introspection, Introspected::Inactive);
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IntrospectionClaims {
    /// The issuer.
    pub iss: String,
    /// The resource server that has asked.
    pub aud: Audience,
    /// When it was answered. An answer may be a minute old, unless the verifier says otherwise:
    /// [`Verifier::lasting_at_most`](crate::jwt::Verifier::lasting_at_most).
    pub iat: u64,
    /// The answer.
    pub token_introspection: Introspected,
}

/// Whether the token is good, and what it says (RFC 7662 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Introspected {
    /// It is not good. Nothing else is told.
    Inactive,
    /// It is good: the members beside `active`.
    Active(Map<String, Value>),
}

impl Serialize for Introspected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("active", &matches!(self, Self::Active(_)))?;
        if let Self::Active(members) = self {
            for (name, value) in members.iter().filter(|(name, _)| *name != "active") {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl Sealed for IntrospectionClaims {}

impl Profile for IntrospectionClaims {
    const TYP: &'static str = "token-introspection+jwt";
    /// RFC 9701 gives no `exp`. What was true of a token a minute ago may have ended since.
    const LONGEST: Option<u64> = Some(60);

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            (_, ClaimFlaw::Missing) => "RFC 9701 5",
            // Its members.
            ("token_introspection", ClaimFlaw::Other) => "RFC 7662 2.2",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        let refused = |flaw| claims.refused("token_introspection", flaw);
        let answer = claims.maybe_map("token_introspection")?;
        let mut members = answer.ok_or_else(|| refused(ClaimFlaw::Missing))?;
        let token_introspection = match members.remove("active") {
            // RFC 7662 2.2: a time in whole seconds.
            Some(Value::Bool(true)) if members.get("exp").is_none_or(Value::is_u64) => {
                Introspected::Active(members)
            }
            Some(Value::Bool(false)) => Introspected::Inactive,
            _ => return Err(refused(ClaimFlaw::Other)),
        };
        Ok(Self {
            iss: claims.text("iss")?,
            aud: claims.audience()?,
            iat: claims.time("iat")?,
            token_introspection,
        })
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        super::own::strictly(self, json)
    }

    /// The key of the token that was asked about (RFC 9449 6.2, RFC 8705 3.2): whoever acts on the
    /// answer acts on that token.
    fn bound(claims: &Claims<'_>) -> Result<Option<Confirmation>, Error> {
        let within = claims.object("token_introspection")?.member("cnf");
        let faulty = || claims.refused("cnf", ClaimFlaw::Malformed);
        let within = within.map(|cnf| cnf.object().ok_or_else(faulty)).transpose()?;
        match (Confirmation::read(claims)?, within) {
            (of_answer, None) => Ok(of_answer),
            (None, Some(cnf)) => Confirmation::within(&cnf).map(Some),
            (Some(_), Some(_)) => Err(claims.refused("cnf", ClaimFlaw::Other)),
        }
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: None, iat: Some(self.iat) }
    }

    /// RFC 7662 4: no answer is kept beyond the `exp` of the token that it is about.
    fn ends(&self, longest: Option<u64>) -> Option<u64> {
        let token = match &self.token_introspection {
            Introspected::Active(members) => members.get("exp").and_then(Value::as_u64),
            Introspected::Inactive => None,
        };
        let aged = longest.map(|longest| self.iat.saturating_add(longest));
        token.into_iter().chain(aged).min()
    }

    fn ended_by(&self, at: u64, longest: Option<u64>) -> &'static str {
        let aged = longest.map(|longest| self.iat.saturating_add(longest));
        match &self.token_introspection {
            _ if aged == Some(at) => "iat",
            Introspected::Active(members) if members.get("exp").and_then(Value::as_u64) == Some(at) => {
                "token_introspection"
            }
            // One of its own, which the kind does not have.
            _ => "exp",
        }
    }
}
