//! For tests of an application: a guard whose clock you move, and a cookie of whoever you like.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use countersign_axum::{Auth, testing::Shop};
//! use http::{Request, StatusCode, header};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shop = Shop::open().await?;
//! let app = Router::new().route("/me", get(|auth: Auth| async move { auth.subject().to_owned() }));
//! let app = app.layer(shop.guard());
//!
//! let ada = shop.signed_in_as("ada").await?;
//! let ask = || Request::get("/me").header(header::COOKIE, &ada).body(Body::empty());
//! assert_eq!(app.clone().oneshot(ask()?).await?.status(), StatusCode::OK);
//!
//! shop.clock().advance(std::time::Duration::from_secs(31 * 24 * 60 * 60));
//! assert_eq!(app.oneshot(ask()?).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(()) }
//! ```

use std::sync::Arc;

use countersign::testing::{FixedClock, Rig};
use countersign::{Engine, Home, SessionRules};
use countersign_core::Fault;
use countersign_core::id::ClientId;
use http::HeaderValue;

use crate::guard::Guard;
use crate::rejection::Rejection;

/// An application with sessions of its own, in memory: it writes no file, and all of it goes when this is dropped.
#[derive(Debug)]
pub struct Shop {
    rig: Rig,
    home: Arc<Home>,
}

impl Shop {
    /// A shop that nobody has been in.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn open() -> Result<Self, Fault> {
        Self::with(SessionRules::default()).await
    }

    /// A shop whose sessions live by `rules`.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn with(rules: SessionRules) -> Result<Self, Fault> {
        let rig = Rig::in_memory(rules).await?;
        let home = Arc::new(Home::of(Arc::clone(&rig.engine), rules).await?);
        Ok(Self { rig, home })
    }

    /// A guard of it, as `Guard::sessions("shop.db").await?` gives one.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::at_home(Arc::clone(&self.home))
    }

    /// The clock that its sessions live by.
    #[must_use]
    pub fn clock(&self) -> &FixedClock {
        &self.rig.clock
    }

    /// The `Cookie` header of a browser in which `name` has just signed in and wants to be remembered.
    ///
    /// # Errors
    /// As [`Session::sign_in`](crate::Session::sign_in).
    pub async fn signed_in_as(&self, name: &str) -> Result<HeaderValue, Rejection> {
        signed_in(self.home.engine(), self.home.client(), name).await
    }
}

/// The `Cookie` header of a browser in which `name` has just signed in, for a guard made by
/// [`Guard::sessions`](crate::Guard::sessions) or [`Guard::sessions_of`](crate::Guard::sessions_of).
///
/// # Errors
/// The guard knows people by tokens; as [`Session::sign_in`](crate::Session::sign_in).
pub async fn signed_in_as(guard: &Guard, name: &str) -> Result<HeaderValue, Rejection> {
    let Some((engine, client)) = guard.0.own_sessions() else {
        let what = "the guard knows people by tokens, not by sessions".to_owned();
        return Err(Rejection::Refusal(countersign_core::Refusal::Invalid { what }));
    };
    signed_in(engine, client, name).await
}

async fn signed_in(engine: &Engine, client: &ClientId, name: &str) -> Result<HeaderValue, Rejection> {
    let cookie = engine.cookie(&countersign_core::record::session::Audience::Client(client.clone()));
    let signed = engine.vouch(client, name, &Rig::visitor(), None).await?;
    let header = format!("{}={}", cookie.name(), signed.cookie.reveal());
    HeaderValue::from_str(&header).map_err(|why| Rejection::Fault(Fault::Codec(why.to_string())))
}
