//! Security event tokens: what tells another party that something has happened.
//!
//! RFC 8417 2, RFC 9493 3 (`sub_id`), OpenID CAEP 1.0. An event opens nothing and does not
//! expire; `jti` lets a receiver see that it has it already.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// The claims of a security event token, `typ` `secevent+jwt` (RFC 8417 2.2).
///
/// ```
/// use countersign_jose::jwt::{self, EventClaims};
/// use countersign_jose::{Algorithm, SigningKey};
/// # use serde_json::json;
///
/// const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = EventClaims::new("https://id.example", "https://shop.example", "e1", 1_800_000_000)
///     .event(REVOKED, json!({ "event_timestamp": 1_800_000_000 }).as_object().unwrap().clone());
/// let token = jwt::sign(&key, &claims)?;
///
/// let shop = jwt::verifier::<EventClaims>(key.verifying_key())
///     .issuer("https://id.example")
///     .audience("https://shop.example");
/// assert!(shop.verify(&token, 1_800_000_001).unwrap().events.contains_key(REVOKED));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventClaims {
    /// The issuer.
    pub iss: String,
    /// The receivers that it is for. The RFC leaves it out where the transport tells; here it
    /// is required, or an event could be replayed to another receiver.
    pub aud: Audience,
    /// When it was issued.
    pub iat: u64,
    /// The token's own name.
    pub jti: String,
    /// What has happened: for each event's URI an object that describes it. At least one.
    pub events: Map<String, Value>,
    /// Whom it is about, an object with a `format` (RFC 9493 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_id: Option<Map<String, Value>>,
    /// The transaction that several events belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toe: Option<u64>,
    /// From when it is refused, if somebody has set it: RFC 8417 2.2 advises against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
}

impl EventClaims {
    /// Claims without an event; [`EventClaims::event`] adds one.
    #[must_use]
    pub fn new(iss: impl Into<String>, aud: impl Into<Audience>, jti: impl Into<String>, iat: u64) -> Self {
        Self {
            iss: iss.into(),
            aud: aud.into(),
            iat,
            jti: jti.into(),
            events: Map::new(),
            sub_id: None,
            txn: None,
            toe: None,
            exp: None,
        }
    }

    /// Adds an event by its URI.
    #[must_use]
    pub fn event(mut self, uri: impl Into<String>, about: Map<String, Value>) -> Self {
        self.events.insert(uri.into(), Value::Object(about));
        self
    }

    /// The event of this URI, as a type of the caller's. `None` when it is not among the events.
    ///
    /// # Errors
    /// [`Error::OwnClaims`] when it does not fit the type.
    pub fn read_event<T: DeserializeOwned>(&self, uri: &str) -> Result<Option<T>, Error> {
        let event = self.events.get(uri).cloned();
        event.map(|event| serde_json::from_value(event).map_err(|_| Error::OwnClaims)).transpose()
    }
}

impl Sealed for EventClaims {}

impl Profile for EventClaims {
    const TYP: &'static str = "secevent+jwt";

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            // RFC 8417 only recommends it.
            ("aud", ClaimFlaw::Missing) => "RFC 8725 3.9",
            (_, ClaimFlaw::Missing) => "RFC 8417 2.2",
            // A subject without a `format`.
            ("sub_id", ClaimFlaw::Other) => "RFC 9493 3",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        let missing = || claims.refused("events", ClaimFlaw::Missing);
        let events = claims.maybe_map("events")?.ok_or_else(missing)?;
        if events.is_empty() || !events.values().all(Value::is_object) {
            return Err(claims.refused("events", ClaimFlaw::Malformed));
        }
        let sub_id = claims.maybe_map("sub_id")?;
        if sub_id.as_ref().is_some_and(|id| !id.get("format").is_some_and(Value::is_string)) {
            return Err(claims.refused("sub_id", ClaimFlaw::Other));
        }
        Ok(Self {
            iss: claims.text("iss")?,
            aud: claims.audience()?,
            iat: claims.time("iat")?,
            jti: claims.text("jti")?,
            events,
            sub_id,
            txn: claims.maybe_text("txn")?,
            toe: claims.maybe_time("toe")?,
            exp: claims.maybe_time("exp")?,
        })
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        // RFC 8417 2.2: an event token without an event says nothing, and everybody refuses it.
        if self.events.is_empty() || !self.events.values().all(Value::is_object) {
            return Err(Fault::Claims);
        }
        super::own::strictly(self, json)
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: self.exp, iat: Some(self.iat) }
    }
}
