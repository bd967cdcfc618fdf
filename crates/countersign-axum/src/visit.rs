//! One request that has opened its session: who came, what the handler decided, and the cookies that go back.
//!
//! A session that is over makes its browser a stranger, and the next page takes the cookie away, unless a newer one may have
//! come in its place; it is not refused for ever.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_core::response::Response;
use countersign::{Engine, Home, KnownGuest, Stay, Visitor};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::ClientId;
use countersign_core::{Attempt, Refusal};
use http::{HeaderValue, header};

use crate::auth::Auth;
use crate::guard::Orders;
use crate::look::Asked;
use crate::peer::{address, cookies, stranger};
use crate::rejection::Rejection;

/// One request, shared by the guard and its handler.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) orders: Arc<Orders>,
    /// The cookies of a stranger, who may be a guest.
    cookies: String,
    browser: Option<HeaderValue>,
    address: Option<IpAddr>,
    /// Whether the request comes from the application's own pages.
    pub(crate) from_here: bool,
    /// Held while a guest is looked for or begins: two slots that are written at once are one guest's.
    pub(crate) arriving: tokio::sync::Mutex<()>,
    now: Mutex<Now>,
}

/// Who is here now, and the cookies to send: that of the session, and that of the guest.
#[derive(Debug)]
struct Now {
    known: Option<Auth>,
    guest: Guest,
    cookie: Option<Baked>,
    guest_cookie: Option<Baked>,
}

/// What is known of a stranger.
#[derive(Clone, Debug)]
pub(crate) enum Guest {
    /// Nobody has looked yet.
    Unasked,
    /// They have left nothing.
    None,
    /// They have left something.
    Known(Arc<KnownGuest>),
    /// A sign-in took their place a moment ago, and their browser may have its cookie by now: what they leave would be missed.
    Ended,
}

/// A `Set-Cookie` value; it may hold a secret.
pub(crate) struct Baked(String);

impl fmt::Debug for Baked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Baked(..)")
    }
}

impl Baked {
    pub(crate) const fn of(cookie: String) -> Self {
        Self(cookie)
    }

    /// Puts it on an answer.
    pub(crate) fn put(self, response: &mut Response) {
        let Ok(mut value) = HeaderValue::from_str(&self.0) else { return };
        value.set_sensitive(true);
        let headers = response.headers_mut();
        headers.append(header::SET_COOKIE, value);
        if !headers.get_all(header::VARY).iter().any(|value| value == "Cookie") {
            headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

impl Visit {
    /// The visit of a request that was judged; `cookie` is what is taken from it.
    pub(crate) fn begin(
        orders: Arc<Orders>,
        known: Option<Auth>,
        cookie: Option<Baked>,
        from_here: bool,
        asked: &Asked<'_>,
    ) -> Self {
        // A cookie of somebody who is signed in is no guest's.
        let cookies = match known {
            Some(_) => String::new(),
            None => cookies(asked.headers).collect::<Vec<_>>().join("; "),
        };
        let guest = if cookies.is_empty() { Guest::None } else { Guest::Unasked };
        let address = address(asked.headers, asked.extensions, orders.proxies);
        Self {
            orders,
            cookies,
            browser: asked.headers.get(header::USER_AGENT).cloned(),
            address,
            from_here,
            arriving: tokio::sync::Mutex::default(),
            now: Mutex::new(Now { known, guest, cookie, guest_cookie: None }),
        }
    }

    /// Who is signed in.
    pub(crate) fn known(&self) -> Option<Auth> {
        self.now().known.clone()
    }

    pub(crate) fn guest(&self) -> Guest {
        self.now().guest.clone()
    }

    /// The cookies that the stranger came with.
    pub(crate) fn cookies(&self) -> Option<&str> {
        (!self.cookies.is_empty()).then_some(&self.cookies)
    }

    /// Where the application keeps sessions of its own.
    pub(crate) fn home(&self) -> Result<&Arc<Home>, Rejection> {
        self.orders.home.as_ref().ok_or_else(|| {
            let what = "this guard keeps no sessions of its own, people sign in at the issuer".to_owned();
            Rejection::Refusal(Refusal::Invalid { what })
        })
    }

    /// The engine, and for which application.
    pub(crate) fn own(&self) -> Result<(&Arc<Engine>, &ClientId), Rejection> {
        self.orders.own_sessions().ok_or(Rejection::Refusal(Refusal::SessionAbsent))
    }

    /// What the request says about its sender before any credential.
    pub(crate) fn visitor(&self) -> Visitor {
        stranger(self.browser.as_ref(), self.address)
    }

    /// Signs in `name`; the answer carries the cookie, and what a guest declared for it goes along.
    pub(crate) async fn sign_in(&self, name: &str, stay: Stay) -> Result<(), Rejection> {
        let home = self.home()?;
        // Else another site could sign its visitors in as somebody it knows, and read what they then leave there.
        self.may_act()?;
        let _alone = self.arriving.lock().await;
        let before = self.known();
        let before = before.as_ref().and_then(Auth::session).map(|session| session.entered);
        let guest = match self.guest() {
            Guest::Unasked => home.engine().guest_to_carry(self.cookies(), home.audience()).await,
            Guest::None | Guest::Ended => None,
            Guest::Known(guest) => Some(KnownGuest::clone(&guest)),
        };
        let visitor = Visitor { stay, guest, ..self.visitor() };
        let (signed, known) = home.sign_in(name, &visitor, before.as_ref()).await?;
        let cookie = home.engine().cookie(home.audience()).set(&signed.cookie, signed.max_age);
        let known = Auth::by_session(known.entered, Some(known.name), Arc::clone(&self.orders));
        let came = home.engine().guest_cookie();
        let guest_cookie = match came.find(self.cookies()) {
            Attempt::Absent => None,
            Attempt::Accepted(_) | Attempt::Refused(_) => Some(Baked(came.removal())),
        };
        *self.now() =
            Now { known: Some(known), guest: Guest::None, cookie: Some(Baked(cookie)), guest_cookie };
        Ok(())
    }

    /// The session may have ended since the request came in: a slow body is one way to wait for that.
    pub(crate) fn still_here(&self) -> Result<(), Rejection> {
        let home = self.home()?;
        match self.known().as_ref().and_then(Auth::session) {
            Some(session) => Ok(home.engine().still_allows(&session.entered.checked(home.audience()))?),
            None => Ok(()),
        }
    }

    /// Refuses what another site made the browser send. It may come without the cookie, as a stranger's, and what the answer
    /// says about cookies counts for the browser all the same.
    pub(crate) const fn may_act(&self) -> Result<(), Rejection> {
        if self.from_here { Ok(()) } else { Err(Rejection::CrossSite) }
    }

    /// Signs out; the answer takes the cookie away. What a guest left is gone.
    pub(crate) async fn sign_out(&self) -> Result<(), Rejection> {
        let home = self.home()?;
        self.may_act()?;
        match self.known().as_ref().and_then(Auth::session) {
            Some(session) => home.engine().sign_out(&session.entered.checked(home.audience())).await?,
            None => self.forget_guest().await?,
        }
        self.departed();
        Ok(())
    }

    /// Ends every session of whoever is signed in.
    pub(crate) async fn sign_out_everywhere(&self) -> Result<(), Rejection> {
        let home = self.home()?;
        self.may_act()?;
        match self.known().as_ref().and_then(Auth::session) {
            Some(session) => {
                self.still_here()?;
                let subject = session.entered.session.subject();
                let by = Actor::Subject(subject.clone());
                let extent = Extent::Subject { subject, except: None };
                home.engine().end(extent, Reason::SignedOut, by).await?;
            }
            None => self.forget_guest().await?,
        }
        self.departed();
        Ok(())
    }

    /// A guest has begun, or has turned out not to be there; the answer carries the `cookie`.
    pub(crate) fn arrived(&self, guest: Guest, cookie: Option<Baked>) {
        let mut now = self.now();
        now.guest = guest;
        now.guest_cookie = cookie.or_else(|| now.guest_cookie.take());
    }

    /// The cookies to send, once.
    pub(crate) fn baked(&self) -> impl Iterator<Item = Baked> + use<> {
        let mut now = self.now();
        [now.cookie.take(), now.guest_cookie.take()].into_iter().flatten()
    }

    fn departed(&self) {
        let (cookie, guest_cookie) = (self.orders.removal(), self.orders.guest_removal());
        *self.now() = Now { known: None, guest: Guest::None, cookie, guest_cookie };
    }

    /// Never held across an await.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
