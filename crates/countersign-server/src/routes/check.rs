//! The question a proxy asks before it lets a request through: is this credential good for that application? Answers
//! with headers, never with a body or a cookie. Judges the credential and where the request comes from, not the path.
//!
//! The forward-auth conventions of nginx (`auth_request`), Caddy, Traefik and Envoy; W3C Fetch Metadata.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use countersign::{Error, Refusal, sign_in_helps};
use countersign_core::Attempt;
use countersign_core::id::ClientId;
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::oauth::{Bearer, bearer, unreadable};
use super::{Guard, Route};
use crate::app::App;
use crate::web::form::need;
use crate::web::host::origin_of;
use crate::web::{Face, Query, Wrong};

pub(super) fn routes() -> Vec<Route> {
    let (path, guard, face) = ("/check", Guard::Credential, Face::Bare);
    vec![
        Route::get(path, guard, face, check),
        // Envoy, and Traefik where it is told to, ask with the method of the request that they hold.
        Route::post(path, guard, face, check),
        Route::put(path, guard, face, check),
        Route::patch(path, guard, face, check),
        Route::delete(path, guard, face, check),
    ]
}

async fn check(State(app): State<App>, Query(query): Query, request: Request) -> Result<Response, Wrong> {
    let named = need(&query, "app")?;
    let id: ClientId = named.parse().map_err(|_| Wrong::malformed("`app` is no application"))?;
    // Part of the address that the proxy asks, which no browser chooses.
    let presence = match query.value("presence") {
        None | Some("active") => Presence::Active,
        Some("passive") => Presence::Passive,
        Some(_) => return Err(Wrong::malformed("`presence` is `active` or `passive`")),
    };
    let (asked, headers) = (request.method(), request.headers());
    // Only an absent bearer lets the cookie be looked at; a bad one never does.
    let known = match bearer(headers) {
        Bearer::Unreadable => return Err(unreadable()),
        Bearer::Token(_) => by_token(&app, &id, headers).await?,
        Bearer::None => by_cookie(&app, id, (asked, headers), presence).await?,
    };
    Ok(known.into_response())
}

/// What the application is told. All of it, always: a header that is left out would let a forged one through.
struct Known {
    subject: String,
    session: String,
    app: String,
    scopes: String,
    auth_time: String,
    style: &'static str,
}

impl IntoResponse for Known {
    fn into_response(self) -> Response {
        let mut response = StatusCode::OK.into_response();
        let said = [
            ("countersign-subject", self.subject),
            ("countersign-session", self.session),
            ("countersign-app", self.app),
            ("countersign-scopes", self.scopes),
            ("countersign-auth-time", self.auth_time),
            ("countersign-style", self.style.to_owned()),
        ];
        for (name, value) in said {
            // Subjects, handles, ids and scopes are printable ASCII by their types.
            let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""));
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
        response
    }
}

async fn by_token(app: &App, id: &ClientId, headers: &HeaderMap) -> Result<Known, Wrong> {
    let client = match app.engine.app(id.as_str()).await {
        Ok(client) => client,
        Err(Error::Refusal(_)) => return Err(unreadable()),
        Err(error) => return Err(error.into()),
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let known = decided(app.engine.recognize(&client, None, authorization).await?)?;
    Ok(Known {
        subject: known.subject,
        session: known.handle,
        app: known.client,
        scopes: known.scope.to_string(),
        auth_time: known.auth_time.map(|at| at.seconds().to_string()).unwrap_or_default(),
        style: match known.style {
            Style::Session => "session",
            Style::Jwt => "jwt",
            Style::Hybrid => "hybrid",
        },
    })
}

async fn by_cookie(
    app: &App,
    id: ClientId,
    (asked, headers): (&Method, &HeaderMap),
    presence: Presence,
) -> Result<Known, Wrong> {
    // A browser sends its cookie whoever made it ask. Where it names no origin the record is not needed.
    let origin = match headers.contains_key(header::ORIGIN) {
        true => app.engine.app(id.as_str()).await.ok().and_then(|client| origin_of(&client.origin?)),
        false => None,
    };
    let may_come = may_come(asked, headers, origin.as_deref());
    let audience = Audience::Client(id);
    // What another site sends is not the person's doing, and keeps nobody signed in.
    let presence = if may_come { presence } else { Presence::Passive };
    let checked = decided(app.look_as(headers, &audience, presence).await?)?;
    if !may_come {
        return Err(Wrong::cross_site());
    }
    Ok(Known {
        subject: checked.session.subject.to_string(),
        session: checked.handle.to_string(),
        app: audience.client().map(ToString::to_string).unwrap_or_default(),
        scopes: String::new(),
        auth_time: checked.session.auth_time.seconds().to_string(),
        style: "session",
    })
}

/// 401 where signing in helps, 403 where it does not.
fn decided<T>(attempt: Attempt<T>) -> Result<T, Wrong> {
    let refusal = match attempt {
        Attempt::Accepted(known) => return Ok(known),
        Attempt::Absent => Refusal::SessionAbsent,
        Attempt::Refused(refusal) => refusal,
    };
    let status = if sign_in_helps(&refusal) { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    Err(Wrong::from(refusal).with_status(status))
}

/// Whether the request that the proxy holds may carry a cookie: from the pages of the application, which are at `origin`, typed
/// by the person, or a link that was followed to it.
///
/// The rule is that of [`comes_from`](crate::web::fence::comes_from) for what changes something. The request changes nothing when
/// neither the proxy's own method nor any that it names does. One that names none and asks by `GET`, as nginx does unless it is
/// told to, is believed as long as no other origin is named: browsers have named theirs with every POST since 2020.
fn may_come(asked: &Method, headers: &HeaderMap, origin: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let mut named =
        ["x-forwarded-method", "x-original-method"].into_iter().flat_map(|name| headers.get_all(name));
    let safe = asked.is_safe()
        && named.all(|named| Method::from_bytes(named.as_bytes()).is_ok_and(|named| named.is_safe()));
    let own = text("origin").map(|named| Some(named) == origin);
    match text("sec-fetch-site") {
        Some("same-origin") => own != Some(false),
        Some("none") | None => own.unwrap_or(safe),
        // Browsers send `Origin` with every cross-site POST and with no followed link.
        Some(_) => safe && text("sec-fetch-mode") == Some("navigate") && own.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'static str, &'static str)];

    fn headers(pairs: Pairs<'_>) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_cookie_counts_from_our_pages_and_from_followed_links() {
        let cross = ("sec-fetch-site", "cross-site");
        let navigate = ("sec-fetch-mode", "navigate");
        let here = ("origin", "https://shop.example");
        let evil = ("origin", "https://evil.example");
        let post = ("x-forwarded-method", "POST");
        let cases: [(Pairs<'_>, bool); 21] = [
            (&[], true),
            (&[("x-forwarded-method", "GET")], true),
            // A browser without Fetch Metadata.
            (&[post], false),
            (&[("x-original-method", "POST")], false),
            // Whoever brings one method cannot hide the other.
            (&[("x-forwarded-method", "GET"), ("x-original-method", "POST")], false),
            (&[("x-forwarded-method", "GET"), post], false),
            (&[here], true),
            (&[post, here], true),
            (&[evil], false),
            (&[post, evil], false),
            (&[("x-forwarded-method", "GET"), ("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), post, here], true),
            (&[("sec-fetch-site", "same-origin"), post, evil], false),
            (&[("sec-fetch-site", "none"), post], false),
            (&[cross, navigate], true),
            (&[cross, navigate, ("x-forwarded-method", "GET")], true),
            (&[cross, navigate, post], false),
            (&[cross, navigate, evil], false),
            (&[cross, ("sec-fetch-mode", "no-cors")], false),
            (&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")], false),
        ];
        for (given, may) in cases {
            let came = may_come(&Method::GET, &headers(given), Some("https://shop.example"));
            assert_eq!(came, may, "{given:?}");
        }
    }

    #[test]
    fn a_proxy_that_asks_with_the_method_it_holds_is_understood() {
        let none = ("sec-fetch-site", "none");
        let followed = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        let here = ("origin", "https://shop.example");
        let cases: [(Method, Pairs<'_>, bool); 9] = [
            (Method::HEAD, &[], true),
            (Method::HEAD, &followed, true),
            (Method::POST, &[], false),
            (Method::POST, &[none], false),
            (Method::POST, &followed, false),
            (Method::POST, &[("x-forwarded-method", "GET")], false),
            (Method::POST, &[here], true),
            (Method::POST, &[("sec-fetch-site", "same-origin")], true),
            (Method::DELETE, &[], false),
        ];
        for (asked, given, may) in cases {
            let came = may_come(&asked, &headers(given), Some("https://shop.example"));
            assert_eq!(came, may, "{asked} {given:?}");
        }
    }
}
