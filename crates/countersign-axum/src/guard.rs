//! Who may pass: finds the credential of a request and asks whoever can judge it.
//!
//! Only an *absent* credential falls through to the next kind; a bad one never does, or a thief could try both doors.

use std::sync::Arc;

use countersign::jwks::{Ready, Trust};
use countersign::{Engine, FetchError, Home, Recognizer};
use countersign_core::id::ClientId;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;

use crate::sessions::Sessions;

/// Who may pass.
///
/// Where a cookie speaks for a request that changes something, the request must come from the application's own pages.
#[derive(Clone, Debug)]
pub struct Guard(pub(crate) Arc<Orders>);

/// What a guard was told; one for all routes under it.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) recognizer: Recognizer,
    /// Whose sessions count, when people are known by sessions.
    pub(crate) audience: Option<Audience>,
    pub(crate) door: Door,
    /// Where a browser application keeps its access token.
    pub(crate) token_cookie: Option<&'static str>,
    /// Where the application keeps sessions of its own.
    pub(crate) home: Option<Arc<Home>>,
    pub(crate) presence: Presence,
    /// How many proxies of the application's own a request comes through.
    pub(crate) proxies: u8,
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
    /// use std::net::SocketAddr;
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
    ///     let listener = tokio::net::TcpListener::bind("localhost:3000").await?;
    ///     axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn sessions(place: impl Into<String>) -> Sessions {
        Sessions::at(place.into())
    }

    /// Keeps the sessions of `home`.
    #[must_use]
    pub fn at_home(home: Arc<Home>) -> Self {
        Self::sessions_of(Arc::clone(home.engine()), home.client().clone())
            .with(|orders| orders.home = Some(home))
    }

    /// Knows people by the session cookie of application `client` of `engine`, on the application's own host.
    #[must_use]
    pub fn sessions_of(engine: Arc<Engine>, client: ClientId) -> Self {
        let audience = Some(Audience::Client(client.clone()));
        Self::of(Recognizer::Sessions { engine, client }).with(|orders| orders.audience = audience)
    }

    /// Knows people by a signed access token of an issuer elsewhere, until it expires: an ending is not seen before that.
    /// Fetches the issuer's keys, and keeps them fresh from then on; no request waits for it. With `.remembering(10_000)` behind
    /// the audience the same token costs one signature check and not one for each request.
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

    /// Lets requests through without looking, at next to no cost; the credential is judged when a handler takes
    /// [`Auth`](crate::Auth), `Option<Auth>` or [`Session`](crate::Session). Absent, it is none; a bad one is refused then and
    /// never counts as absent. A session is renewed by the requests that open it.
    #[must_use]
    pub fn optional(self) -> Self {
        self.with(|orders| orders.door = Door::Optional)
    }

    /// Lets requests through without renewing their session: for routes that a page polls by itself, which must not keep
    /// somebody signed in who has gone away (OWASP ASVS 5.0 V7.3.1). Put it on a route or a router of its own; under a closed
    /// guard that renews, it has no effect.
    ///
    /// ```no_run
    /// # use axum::{Router, routing::get};
    /// # fn routes(guard: countersign_axum::Guard) -> Router {
    /// let news = Router::new().route("/news", get(|| async { "none" })).layer(guard.clone().passive());
    /// Router::new().route("/", get(|| async { "hello" })).layer(guard).merge(news)
    /// # }
    /// ```
    #[must_use]
    pub fn passive(self) -> Self {
        self.with(|orders| orders.presence = Presence::Passive)
    }

    /// Believes the last `count` entries of `X-Forwarded-For`, which as many proxies of the application's own have written: the
    /// first of them is the address of whoever asks. Nobody else may reach the application then, or they could say whatever
    /// address they like.
    ///
    /// The network of a person is for their list of sessions, the audit log and how many guests may begin in it. Without a proxy
    /// it is known from the connection, where the application is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`; see [`Peer`](crate::Peer).
    #[must_use]
    pub fn behind_proxies(self, count: u8) -> Self {
        self.with(|orders| orders.proxies = count)
    }

    /// The application's own sessions, to list, end and erase those of somebody by name.
    #[must_use]
    pub fn home(&self) -> Option<&Arc<Home>> {
        self.0.home.as_ref()
    }

    /// Also looks for the access token in this cookie, where a server-side browser application keeps it.
    #[must_use]
    pub fn token_cookie(self, name: &'static str) -> Self {
        self.with(|orders| orders.token_cookie = Some(name))
    }

    fn of(recognizer: Recognizer) -> Self {
        Self(Arc::new(Orders {
            recognizer,
            audience: None,
            door: Door::Closed,
            token_cookie: None,
            home: None,
            presence: Presence::Active,
            proxies: 0,
        }))
    }

    fn with(self, change: impl FnOnce(&mut Orders)) -> Self {
        let mut orders = Arc::unwrap_or_clone(self.0);
        change(&mut orders);
        Self(Arc::new(orders))
    }
}

impl Orders {
    /// The engine and the application, when people are known by its sessions.
    pub(crate) const fn own_sessions(&self) -> Option<(&Arc<Engine>, &ClientId)> {
        match &self.recognizer {
            Recognizer::Sessions { engine, client } => Some((engine, client)),
            Recognizer::Jwt { .. } | Recognizer::Hybrid { .. } | Recognizer::Remote(_) => None,
        }
    }
}
