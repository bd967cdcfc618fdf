//! How a guard finds the credential of a request and judges it: from memory where that can decide, else by asking.

use std::sync::Arc;

use axum_core::response::{IntoResponse, Response};
use countersign::{Entered, Fault, Leftover, Recognizer};
use countersign_core::{Attempt, Refusal};
use http::header::GetAll;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Uri, Version, header};

use crate::auth::Auth;
use crate::fence;
use crate::guard::{Door, Orders};
use crate::hop;
use crate::local::is_local;
use crate::peer::cookies;
use crate::rejection::Rejection;
use crate::visit::{Baked, Visit};

/// What a guard looks at.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> Asked<'a> {
    /// The cookies as they came.
    pub(crate) fn cookies(&self) -> GetAll<'a, HeaderValue> {
        self.headers.get_all(header::COOKIE)
    }
}

impl<'a> From<&'a Parts> for Asked<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            version: parts.version,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}

impl<'a, B> From<&'a Request<B>> for Asked<'a> {
    fn from(request: &'a Request<B>) -> Self {
        let (method, uri, version) = (request.method(), request.uri(), request.version());
        Self { method, uri, version, headers: request.headers(), extensions: request.extensions() }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A stranger, and the door is open to them.
    Nobody,
    /// Somebody who stays who they are while the request is served.
    Somebody(Auth),
    /// Whoever it is, they may sign in or out or leave something.
    Visitor(Arc<Visit>),
}

impl Found {
    /// Who they are now.
    pub(crate) fn auth(&self) -> Option<Auth> {
        match self {
            Self::Nobody => None,
            Self::Somebody(auth) => Some(auth.clone()),
            Self::Visitor(visit) => visit.known(),
        }
    }

    /// Leaves what was found where extractors look.
    pub(crate) fn leave(self, extensions: &mut Extensions) {
        if !matches!(self, Self::Nobody) {
            extensions.insert(self);
        }
    }

    /// The visit, whose cookie goes back with the answer.
    pub(crate) fn visit(&self) -> Option<Arc<Visit>> {
        match self {
            Self::Visitor(visit) => Some(Arc::clone(visit)),
            Self::Nobody | Self::Somebody(_) => None,
        }
    }
}

/// Somebody who may not pass, and the cookie that is taken from them.
#[derive(Debug)]
pub(crate) struct Turned {
    why: Rejection,
    removal: Option<Baked>,
}

impl<E: Into<Rejection>> From<E> for Turned {
    fn from(why: E) -> Self {
        Self { why: why.into(), removal: None }
    }
}

impl Turned {
    pub(crate) fn why(self) -> Rejection {
        self.why
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        let mut response = self.why.into_response();
        if let Some(removal) = self.removal {
            removal.put(&mut response);
        }
        response
    }
}

impl Orders {
    /// Whether the guard itself answers this request, instead of the application.
    pub(crate) fn answers(&self, method: &Method, path: &str) -> bool {
        self.home.is_none()
            && method == Method::GET
            && (path == hop::START || path == hop::CALLBACK)
            && self.own_sessions().is_some()
    }

    /// Why no request of this kind is served at all.
    pub(crate) fn unfit(&self, asked: &Asked<'_>) -> Option<Rejection> {
        let dev = self.home.as_ref().is_some_and(|home| home.engine().settings().dev);
        (dev && !is_local(asked)).then(|| {
            let why = "sessions in development serve this machine only, without a proxy that others come through: set \
                COUNTERSIGN_MASTER_KEY_FILE";
            Rejection::Fault(Fault::Unfit(why.to_owned()))
        })
    }

    /// Who asks, as far as it can be said without waiting; the `cookies` are those of the request.
    pub(crate) fn glance(
        self: &Arc<Self>,
        asked: &Asked<'_>,
        cookies: &GetAll<'_, HeaderValue>,
    ) -> Option<Result<Found, Turned>> {
        let (Recognizer::Sessions { engine, .. }, Some(audience)) = (&self.recognizer, &self.audience) else {
            return None;
        };
        if let Err(refusal) = only_authorization(asked.headers) {
            return Some(Err(refusal.into()));
        }
        let found = match &self.home {
            Some(home) => {
                let known = home.glance(cookies, self.presence)?;
                known.map(|known| self.named(known.entered, Some(known.name)))
            }
            None => {
                let entered = engine.glance(cookies, audience, self.presence)?;
                entered.map(|entered| self.named(entered, None))
            }
        };
        // What the cookie is to its browser stands in the store.
        let known = !self.may_be_left_over(&found, asked.headers);
        known.then(|| self.settle(found, Leftover::Unclear, asked))
    }

    /// Who asks.
    pub(crate) async fn look(self: &Arc<Self>, asked: Asked<'_>) -> Result<Found, Turned> {
        let authorization = only_authorization(asked.headers)?;
        let found = match (&self.recognizer, &self.audience, &self.home) {
            (Recognizer::Sessions { .. }, _, Some(home)) => {
                let known = home.check(asked.cookies(), self.presence).await?;
                known.map(|known| self.named(known.entered, Some(known.name)))
            }
            (Recognizer::Sessions { engine, .. }, Some(audience), None) => {
                let entered = engine.enter(asked.cookies(), audience, self.presence).await?;
                entered.map(|entered| self.named(entered, None))
            }
            _ => self.by_token(authorization, asked.headers).await?,
        };
        let leftover = match (&self.recognizer, &self.audience) {
            (Recognizer::Sessions { engine, .. }, Some(audience))
                if self.may_be_left_over(&found, asked.headers) =>
            {
                engine.leftover(asked.cookies(), audience).await
            }
            _ => Leftover::Unclear,
        };
        self.settle(found, leftover, &asked)
    }

    /// Whether the answer may take the cookie away, if it turns out to be dead. A page's own request takes none: a poll is
    /// under way at any time, also while its browser signs in.
    fn may_be_left_over(&self, found: &Attempt<Auth>, headers: &HeaderMap) -> bool {
        let over = match found {
            Attempt::Refused(refusal) => matches!(
                refusal,
                Refusal::SessionEnded
                    | Refusal::SessionIdle
                    | Refusal::SessionOver
                    | Refusal::SessionElsewhere
            ),
            Attempt::Absent | Attempt::Accepted(_) => false,
        };
        over && self.home.is_some() && fence::navigates(headers)
    }

    fn named(self: &Arc<Self>, entered: Entered, name: Option<Arc<str>>) -> Auth {
        Auth::by_session(entered, name, Arc::clone(self))
    }

    /// What becomes of a request with this credential; `leftover` says what a cookie that was refused is.
    fn settle(
        self: &Arc<Self>,
        found: Attempt<Auth>,
        leftover: Leftover,
        asked: &Asked<'_>,
    ) -> Result<Found, Turned> {
        // A token in a header was put there by the application; whatever else stands there, a session is a cookie's.
        let by_header = self.own_sessions().is_none() && asked.headers.contains_key(header::AUTHORIZATION);
        let from_here = by_header || fence::may_act(asked.method, asked.headers, asked.uri);
        let mut removal = None;
        let auth = match found {
            Attempt::Accepted(_) if !from_here => return Err(Rejection::CrossSite.into()),
            Attempt::Accepted(auth) => Some(auth),
            Attempt::Absent if self.door == Door::Closed => return Err(Refusal::SessionAbsent.into()),
            Attempt::Absent => None,
            Attempt::Refused(refusal) => {
                // Of two cookies one was put there by somebody else, and there is no telling which.
                if self.home.is_none() || refusal == Refusal::SessionTwice {
                    return Err(refusal.into());
                }
                if leftover == Leftover::Dead {
                    removal = self.removal();
                }
                if self.door == Door::Closed {
                    return Err(Turned { why: refusal.into(), removal });
                }
                None
            }
        };
        if self.own_sessions().is_none() || (self.home.is_none() && self.door == Door::Closed) {
            return Ok(auth.map_or(Found::Nobody, Found::Somebody));
        }
        Ok(Found::Visitor(Arc::new(Visit::begin(Arc::clone(self), auth, removal, from_here, asked))))
    }

    /// What takes the cookie of a guest away.
    pub(crate) fn guest_removal(&self) -> Option<Baked> {
        Some(Baked::of(self.own_sessions()?.0.guest_cookie().removal()))
    }

    /// What takes the cookie of a session away.
    pub(crate) fn removal(&self) -> Option<Baked> {
        let (engine, _) = self.own_sessions()?;
        Some(Baked::of(engine.cookie(self.audience.as_ref()?).removal()))
    }

    async fn by_token(
        &self,
        authorization: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Attempt<Auth>, Rejection> {
        let in_cookie = match authorization {
            Some(_) => None,
            None => match self.token_in_cookie(headers) {
                Attempt::Absent => None,
                Attempt::Accepted(token) => Some(format!("Bearer {token}")),
                Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            },
        };
        let bearer = authorization.or(in_cookie.as_deref());
        Ok(self.recognizer.recognize(None, bearer).await?.map(Auth::by_token))
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

/// The request's `Authorization`; two of them are refused.
fn only_authorization(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    match (authorizations.next(), authorizations.next()) {
        (Some(_), Some(_)) => Err(Refusal::SessionTwice),
        // What cannot be read is a bad credential, not an absent one.
        (Some(only), None) => Ok(Some(only.to_str().unwrap_or("Bearer "))),
        (None, _) => Ok(None),
    }
}
