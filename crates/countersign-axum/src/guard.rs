//! Who may pass: finds the credential of a request and asks whoever can judge it.
//!
//! Only an *absent* credential falls through to the next kind; a bad one never does, or a thief could try both doors.

use std::sync::Arc;

use countersign::jwks::{Ready, Trust};
use countersign::{Engine, FetchError, Home, Recognized, Recognizer};
use countersign_core::id::ClientId;
use countersign_core::session::admit::Presence;
use countersign_core::{Attempt, Fault, Refusal};
use http::{HeaderMap, header};

use crate::peer::cookies;
use crate::sessions::Sessions;

/// Who may pass.
///
/// Where a cookie speaks for a request that changes something, the request must come from the application's own pages.
#[derive(Clone, Debug)]
pub struct Guard {
    recognizer: Arc<Recognizer>,
    door: Door,
    /// Where a browser application keeps its access token.
    token_cookie: Option<&'static str>,
    /// Where the application keeps sessions of its own.
    home: Option<Arc<Home>>,
    presence: Presence,
}

/// What happens to a request without a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Closed,
    Optional,
}

impl Guard {
    /// Keeps sessions of the application's own in `place`, a folder such as `shop.db` that is made when it is not there; no
    /// server is needed. The application checks credentials itself and calls [`Session::sign_in`](crate::Session::sign_in).
    ///
    /// ```no_run
    /// use axum::{Router, routing::{get, post}};
    /// use countersign_axum::{Guard, Rejection, Session};
    ///
    /// async fn hello(session: Session) -> String {
    ///     format!("hello, {}", session.subject().as_deref().unwrap_or("stranger"))
    /// }
    /// async fn sign_in(session: Session) -> Result<(), Rejection> {
    ///     session.sign_in("ada").await // after the application's own check of a password, a passkey, a letter
    /// }
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let guard = Guard::sessions("shop.db").await?.optional();
    ///     let app = Router::new().route("/", get(hello)).route("/signin", post(sign_in)).layer(guard);
    ///     axum::serve(tokio::net::TcpListener::bind("localhost:3000").await?, app).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn sessions(place: impl Into<String>) -> Sessions {
        Sessions::at(place.into())
    }

    /// Keeps the sessions of `home`.
    #[must_use]
    pub fn at_home(home: Arc<Home>) -> Self {
        let (engine, client) = (Arc::clone(home.engine()), home.client().clone());
        Self { home: Some(home), ..Self::of(Recognizer::Sessions { engine, client }) }
    }

    /// Knows people by the session cookie of application `client` of `engine`, on the application's own host.
    #[must_use]
    pub fn sessions_of(engine: Arc<Engine>, client: ClientId) -> Self {
        Self::of(Recognizer::Sessions { engine, client })
    }

    /// Knows people by a signed access token of an issuer elsewhere, until it expires: an ending is not seen before that.
    /// Fetches the issuer's keys, and keeps them fresh from then on; no request waits for it.
    ///
    /// # Errors
    /// What stood in the way of the first keys.
    ///
    /// ```no_run
    /// use countersign_axum::{Auth, Guard, trust};
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = Guard::jwt(trust("https://id.shop.example").audience("shop-api")).await?;
    /// let app = axum::Router::<()>::new().route("/me", axum::routing::get(me)).layer(guard);
    /// async fn me(auth: Auth) -> String {
    ///     format!("hello, {}", auth.subject())
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn jwt(trust: Trust<Ready>) -> Result<Self, FetchError> {
        Ok(Self::of(Recognizer::Remote(Arc::new(trust.connect().await?))))
    }

    /// Knows people by a signed access token of the engine in this process, until it expires: an ending is not seen before
    /// that.
    #[must_use]
    pub fn jwt_of(engine: Arc<Engine>, audience: impl Into<String>) -> Self {
        Self::of(Recognizer::Jwt { engine, audience: audience.into() })
    }

    /// Knows people by a signed access token for `audience` that is refused from the moment its grant ends.
    #[must_use]
    pub fn hybrid(engine: Arc<Engine>, audience: impl Into<String>) -> Self {
        Self::of(Recognizer::Hybrid { engine, audience: audience.into() })
    }

    /// Lets requests without a credential through; [`Auth`](crate::Auth) is then absent. A bad credential is refused all the
    /// same.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.door = Door::Optional;
        self
    }

    /// Lets requests through without renewing their session: for routes that a page polls by itself, which must not keep
    /// somebody signed in who has gone away (OWASP ASVS 5.0 V7.3.1). Put it on a route or a router of its own; under a guard
    /// that renews, it has no effect.
    ///
    /// ```no_run
    /// # use axum::{Router, routing::get};
    /// # fn routes(guard: countersign_axum::Guard) -> Router {
    /// let news = Router::new().route("/news", get(|| async { "none" })).layer(guard.clone().passive());
    /// Router::new().route("/", get(|| async { "hello" })).layer(guard).merge(news)
    /// # }
    /// ```
    #[must_use]
    pub fn passive(mut self) -> Self {
        self.presence = Presence::Passive;
        self
    }

    /// The application's own sessions, to list, end and erase those of somebody by name.
    #[must_use]
    pub const fn home(&self) -> Option<&Arc<Home>> {
        self.home.as_ref()
    }

    /// Also looks for the access token in this cookie, where a server-side browser application keeps it.
    #[must_use]
    pub fn token_cookie(mut self, name: &'static str) -> Self {
        self.token_cookie = Some(name);
        self
    }

    fn of(recognizer: Recognizer) -> Self {
        let (door, presence) = (Door::Closed, Presence::Active);
        Self { recognizer: Arc::new(recognizer), door, token_cookie: None, home: None, presence }
    }

    pub(crate) const fn door(&self) -> Door {
        self.door
    }

    pub(crate) const fn presence(&self) -> Presence {
        self.presence
    }

    /// The engine and the application, when people are known by its sessions.
    pub(crate) fn own_sessions(&self) -> Option<(&Arc<Engine>, &ClientId)> {
        match &*self.recognizer {
            Recognizer::Sessions { engine, client } => Some((engine, client)),
            Recognizer::Jwt { .. } | Recognizer::Hybrid { .. } | Recognizer::Remote(_) => None,
        }
    }

    /// Looks for a credential and judges it.
    pub(crate) async fn recognise(&self, headers: &HeaderMap) -> Result<Attempt<Recognized>, Fault> {
        let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
        let authorization = match (authorizations.next(), authorizations.next()) {
            (Some(_), Some(_)) => return Ok(Attempt::Refused(Refusal::SessionTwice)),
            // What cannot be read is a bad credential, not an absent one.
            (Some(only), None) => Some(only.to_str().unwrap_or("Bearer ").to_owned()),
            (None, _) => match self.token_in_cookie(headers) {
                Attempt::Absent => None,
                Attempt::Accepted(token) => Some(format!("Bearer {token}")),
                Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            },
        };
        let joined = cookies(headers).collect::<Vec<_>>().join("; ");
        let cookie = (!joined.is_empty()).then_some(joined.as_str());
        self.recognizer.recognize_as(cookie, authorization.as_deref(), self.presence).await
    }

    /// The access token in the application's cookie; two of one name are refused.
    fn token_in_cookie<'a>(&self, headers: &'a HeaderMap) -> Attempt<&'a str> {
        let Some(name) = self.token_cookie else { return Attempt::Absent };
        let mut found = Attempt::Absent;
        for pair in cookies(headers).flat_map(|header| header.split(';')) {
            let Some((key, value)) = pair.split_once('=') else { continue };
            if key.trim_matches([' ', '\t']) != name {
                continue;
            }
            if !matches!(found, Attempt::Absent) {
                return Attempt::Refused(Refusal::SessionTwice);
            }
            found = Attempt::Accepted(value.trim_matches([' ', '\t']));
        }
        found
    }
}
