//! Who may pass: finds the credential of a request and asks whoever can judge it.
//!
//! Only an *absent* credential falls through to the next kind; a bad one never does, or a thief could try both doors.

use std::fmt;
use std::sync::Arc;

use countersign::{Checked, Engine};
use countersign_core::id::ClientId;
use countersign_core::port::Clock;
use countersign_core::record::{Audience, Style};
use countersign_core::session::cookie::{Cookie, Surface, Transport};
use countersign_core::{Attempt, Fault, Refusal};
use countersign_jose::jwt::{AccessClaims, Verifier};
use http::{HeaderMap, header};

use crate::auth::Auth;
use crate::peer::cookies;

/// Who may pass.
#[derive(Clone)]
pub struct Guard {
    scheme: Arc<Scheme>,
    door: Door,
    /// Where a browser application keeps its access token.
    token_cookie: Option<&'static str>,
}

/// What happens to a request without a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Closed,
    Optional,
}

pub(crate) enum Scheme {
    Sessions { engine: Arc<Engine>, client: ClientId },
    Jwt { verifier: Verifier<AccessClaims>, clock: Arc<dyn Clock> },
    Hybrid { engine: Arc<Engine>, audience: String },
}

/// What a guard found out.
pub(crate) enum Found {
    Token(Auth),
    Session(Auth, Checked),
}

impl Guard {
    /// Knows people by the session cookie of application `client` on its own host.
    #[must_use]
    pub fn sessions(engine: Arc<Engine>, client: ClientId) -> Self {
        Self::of(Scheme::Sessions { engine, client })
    }

    /// Knows people by a signed access token alone, until it expires.
    #[must_use]
    pub fn jwt(verifier: Verifier<AccessClaims>, clock: Arc<dyn Clock>) -> Self {
        Self::of(Scheme::Jwt { verifier, clock })
    }

    /// Knows people by a signed access token for `audience` that is refused from the moment its grant ends.
    #[must_use]
    pub fn hybrid(engine: Arc<Engine>, audience: impl Into<String>) -> Self {
        Self::of(Scheme::Hybrid { engine, audience: audience.into() })
    }

    /// Lets requests without a credential through; [`Auth`] is then absent. A bad credential is refused all the same.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.door = Door::Optional;
        self
    }

    /// Also looks for the access token in this cookie, where a server-side browser application keeps it.
    #[must_use]
    pub fn token_cookie(mut self, name: &'static str) -> Self {
        self.token_cookie = Some(name);
        self
    }

    fn of(scheme: Scheme) -> Self {
        Self { scheme: Arc::new(scheme), door: Door::Closed, token_cookie: None }
    }

    pub(crate) const fn door(&self) -> Door {
        self.door
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Looks for a credential and judges it.
    pub(crate) async fn recognise(&self, headers: &HeaderMap) -> Result<Attempt<Found>, Fault> {
        match &*self.scheme {
            Scheme::Sessions { engine, client } => {
                let joined = cookies(headers).collect::<Vec<_>>().join("; ");
                let header = (!joined.is_empty()).then_some(joined.as_str());
                let attempt = engine.check(header, &Audience::Client(client.clone())).await?;
                Ok(attempt.map(|checked| Found::Session(Auth::of_session(&checked), checked)))
            }
            Scheme::Jwt { verifier, clock } => Ok(match self.token(headers) {
                Attempt::Absent => Attempt::Absent,
                Attempt::Refused(refusal) => Attempt::Refused(refusal),
                Attempt::Accepted(token) => match verifier.verify(token, clock.now().seconds()) {
                    Ok(claims) => Attempt::Accepted(Found::Token(Auth::of_claims(&claims, Style::Jwt))),
                    Err(error) => {
                        tracing::debug!(code = error.code(), "refused: {error}");
                        Attempt::Refused(Refusal::GrantEnded)
                    }
                },
            }),
            Scheme::Hybrid { engine, audience } => match self.token(headers) {
                Attempt::Absent => Ok(Attempt::Absent),
                Attempt::Refused(refusal) => Ok(Attempt::Refused(refusal)),
                Attempt::Accepted(token) => match engine.check_bearer(token, audience).await {
                    Ok(bearer) => {
                        Ok(Attempt::Accepted(Found::Token(Auth::of_bearer(&bearer, Style::Hybrid))))
                    }
                    Err(countersign::Error::Refusal(refusal)) => Ok(Attempt::Refused(refusal)),
                    Err(countersign::Error::Fault(fault)) => Err(fault),
                },
            },
        }
    }

    /// The access token of a request (RFC 6750 section 2.1): one `Authorization: Bearer`, or the application's cookie.
    fn token<'a>(&self, headers: &'a HeaderMap) -> Attempt<&'a str> {
        let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
        match (authorization.next(), authorization.next()) {
            (None, _) => {}
            (Some(_), Some(_)) => return Attempt::Refused(Refusal::SessionTwice),
            (Some(only), None) => {
                let text = only.to_str().unwrap_or_default();
                return match text.split_once(' ') {
                    Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                        Attempt::Accepted(token.trim_matches(' '))
                    }
                    _ => Attempt::Refused(Refusal::SessionMalformed),
                };
            }
        }
        let Some(name) = self.token_cookie else { return Attempt::Absent };
        let mut found = Attempt::Absent;
        for pair in cookies(headers).flat_map(|header| header.split(';')) {
            let Some((key, value)) = pair.split_once('=') else { continue };
            if key.trim_matches([' ', '\t']) == name {
                if !matches!(found, Attempt::Absent) {
                    return Attempt::Refused(Refusal::SessionTwice);
                }
                found = Attempt::Accepted(value.trim_matches([' ', '\t']));
            }
        }
        found
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match &*self.scheme {
            Scheme::Sessions { client, .. } => format!("sessions of {client}"),
            Scheme::Jwt { .. } => "jwt".to_owned(),
            Scheme::Hybrid { audience, .. } => format!("hybrid for {audience}"),
        };
        f.debug_struct("Guard").field("scheme", &scheme).field("door", &self.door).finish_non_exhaustive()
    }
}

/// How the browser reaches an engine with these settings.
pub(crate) fn transport(engine: &Engine) -> Transport {
    if engine.settings().issuer.starts_with("https://") { Transport::Https } else { Transport::DevHttp }
}

/// The application's own session cookie.
pub(crate) fn session_cookie(engine: &Engine) -> Cookie {
    Cookie::new(Surface::Application, transport(engine))
}
