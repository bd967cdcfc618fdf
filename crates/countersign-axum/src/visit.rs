//! One request at an application that keeps sessions of its own: who came, what the handler decided, and the cookie that
//! goes back.
//!
//! A session that is over makes its browser a stranger and takes the cookie away; it is not refused for ever.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use countersign::{Fault, Home, Known, Stay, Visitor};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::session::admit::Presence;
use countersign_core::{Attempt, Refusal};
use http::{HeaderMap, HeaderValue, Uri, header};
use tower_service::Service;

use crate::auth::Auth;
use crate::fence;
use crate::guard::Door;
use crate::peer::{cookies, visitor};
use crate::rejection::Rejection;
use crate::session::Access;

/// One request, shared by the guard and its handler.
#[derive(Debug)]
pub(crate) struct Visit {
    home: Arc<Home>,
    visitor: Visitor,
    /// Whether the request comes from the application's own pages.
    from_here: bool,
    now: Mutex<Now>,
}

/// Who is here now, and the cookie to send.
#[derive(Debug, Default)]
struct Now {
    known: Option<Known>,
    cookie: Option<Baked>,
}

/// A `Set-Cookie` value; it may hold a secret.
struct Baked(String);

impl fmt::Debug for Baked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Baked(..)")
    }
}

impl Visit {
    /// Who is signed in.
    pub(crate) fn known(&self) -> Option<Known> {
        self.now().known.clone()
    }

    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Signs in `name`; the answer carries the cookie.
    pub(crate) async fn sign_in(&self, name: &str, stay: Stay) -> Result<(), Rejection> {
        // Else another site could sign its visitors in as somebody it knows, and read what they then leave there.
        if !self.from_here {
            return Err(Rejection::CrossSite);
        }
        let before = self.known();
        let visitor = Visitor { stay, ..self.visitor.clone() };
        let before = before.as_ref().map(|known| &known.checked);
        let (signed, known) = self.home.sign_in(name, &visitor, before).await?;
        let cookie = self.home.engine().cookie(&self.home.audience());
        let cookie = Baked(cookie.set(&signed.cookie, signed.max_age));
        *self.now() = Now { known: Some(known), cookie: Some(cookie) };
        Ok(())
    }

    /// Signs out; the answer takes the cookie away.
    pub(crate) async fn sign_out(&self) -> Result<(), Rejection> {
        if let Some(known) = self.known() {
            self.home.engine().sign_out(&known.checked).await?;
        }
        self.left();
        Ok(())
    }

    /// Ends every session of whoever is signed in.
    pub(crate) async fn sign_out_everywhere(&self) -> Result<(), Rejection> {
        if let Some(known) = self.known() {
            let subject = known.checked.session.subject;
            let by = Actor::Subject(subject.clone());
            let extent = Extent::Subject { subject, except: None };
            self.home.engine().end(extent, Reason::SignedOut, by).await?;
        }
        self.left();
        Ok(())
    }

    fn left(&self) {
        let removal = Baked(self.home.engine().cookie(&self.home.audience()).removal());
        *self.now() = Now { known: None, cookie: Some(removal) };
    }

    /// Never held across an await.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the cookie on the answer, if there is one to send.
    fn bake(&self, response: &mut Response) {
        let Some(Baked(cookie)) = self.now().cookie.take() else { return };
        let Ok(mut value) = HeaderValue::from_str(&cookie) else { return };
        value.set_sensitive(true);
        let headers = response.headers_mut();
        headers.append(header::SET_COOKIE, value);
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Answers `request` behind a guard with sessions of its own.
pub(crate) async fn serve<S>(
    home: &Arc<Home>,
    door: Door,
    presence: Presence,
    request: Request,
    inner: &mut S,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let (mut parts, body) = request.into_parts();
    if home.engine().settings().dev && !is_local(&parts.headers, &parts.uri) {
        let why = "sessions in development serve this machine only: set COUNTERSIGN_MASTER_KEY_FILE";
        return Ok(Rejection::Fault(Fault::Unfit(why.to_owned())).into_response());
    }
    let joined = cookies(&parts.headers).collect::<Vec<_>>().join("; ");
    let attempt = match home.check((!joined.is_empty()).then_some(joined.as_str()), presence).await {
        Ok(attempt) => attempt,
        Err(fault) => return Ok(Rejection::Fault(fault).into_response()),
    };
    let from_here = fence::may_act(&parts.method, &parts.headers);
    let visit = Arc::new(Visit {
        home: Arc::clone(home),
        visitor: visitor(&parts, home.engine().transport()),
        from_here,
        now: Mutex::default(),
    });
    let refused = match attempt {
        Attempt::Accepted(_) if !from_here => Some(Rejection::CrossSite),
        Attempt::Accepted(known) => {
            parts.extensions.insert(Auth::new(known.recognized()));
            visit.now().known = Some(known);
            None
        }
        Attempt::Absent => (door == Door::Closed).then_some(Rejection::Refusal(Refusal::SessionAbsent)),
        // One of the two was put there by somebody else, and there is no telling which.
        Attempt::Refused(refusal @ Refusal::SessionTwice) => Some(refusal.into()),
        Attempt::Refused(refusal) => {
            visit.left();
            (door == Door::Closed).then(|| refusal.into())
        }
    };
    let mut response = match refused {
        Some(rejection) => rejection.into_response(),
        None => {
            parts.extensions.insert(Access::visiting(Arc::clone(&visit)));
            inner.call(Request::from_parts(parts, body)).await?
        }
    };
    visit.bake(&mut response);
    Ok(response)
}

/// Whether the request is for this machine. One that names no host comes from no browser.
fn is_local(headers: &HeaderMap, uri: &Uri) -> bool {
    let named = headers.get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    let Some(host) = named.or_else(|| uri.authority().map(http::uri::Authority::as_str)) else { return true };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        let local = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            is_local(&headers, &Uri::from_static("/"))
        };
        for here in
            ["localhost", "localhost:3000", "shop.localhost:3000", "127.0.0.1:1", "[::1]:3000", "LOCALHOST"]
        {
            assert!(local(here), "{here}");
        }
        for there in
            ["shop.example", "localhost.evil.example", "10.0.0.1", "[2001:db8::1]:80", "127.0.0.1.evil", ""]
        {
            assert!(!local(there), "{there}");
        }
        assert!(!is_local(&HeaderMap::new(), &Uri::from_static("https://shop.example/")));
        assert!(is_local(&HeaderMap::new(), &Uri::from_static("/")));
    }
}
