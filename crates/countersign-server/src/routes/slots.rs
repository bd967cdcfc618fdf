//! The data an application keeps in its users' sessions. The application proves itself; the handle only names the
//! session, so that a user cannot write their own role.
//!
//! RFC 9110 sections 8.8.3 and 13.1 (entity tags, conditions); RFC 6585 section 3 (428).

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use countersign::{Error, Refusal};
use countersign_core::batch::Expect;
use countersign_core::id::Version;
use countersign_core::policy;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{Guard, OfApp, Route};
use crate::app::App;
use crate::web::{Face, Wrong, form};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/session/slots", Guard::App, Face::Api, names),
        Route::get("/session/slots/{name}", Guard::App, Face::Api, read),
        Route::put("/session/slots/{name}", Guard::App, Face::Api, write),
        Route::delete("/session/slots/{name}", Guard::App, Face::Api, drop_it),
    ]
}

async fn names(State(app): State<App>, OfApp(client): OfApp, headers: HeaderMap) -> Result<Response, Wrong> {
    let slots = app.engine.slot_names(&client, handle(&headers)?).await.map_err(of_session)?;
    let listed: Vec<_> = slots
        .iter()
        .map(|(name, version, bytes)| json!({ "name": name, "version": version.number(), "bytes": bytes }))
        .collect();
    Ok(axum::Json(json!({ "slots": listed })).into_response())
}

async fn read(
    State(app): State<App>,
    OfApp(client): OfApp,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Wrong> {
    let found = app.engine.slot(&client, handle(&headers)?, &name).await.map_err(of_session)?;
    let (version, value) = found.ok_or(Refusal::Missing { what: "slot" })?;
    let etag = tag(version);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == etag || known == "*");
    let kind = HeaderValue::from_static("application/octet-stream");
    let said = [(header::ETAG, etag), (header::CONTENT_TYPE, kind)];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, said).into_response());
    }
    Ok((said, value).into_response())
}

async fn write(
    State(app): State<App>,
    OfApp(client): OfApp,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let (handle, expect) = (handle(&parts.headers)?, expectation(&parts.headers)?);
    // Whoever is refused is refused before the value is read: it may be 10 MiB.
    let there = app.engine.slot_part(&client, handle, &name, 0, 0).await.map_err(of_session)?;
    holds(expect, there.map(|(version, _)| version))?;
    let limit = usize::try_from(policy::SLOT_BYTES).unwrap_or(usize::MAX);
    let value = form::read(body, limit).await?;
    let new = expect == Expect::Absent;
    let written = app.engine.put_slot(&client, handle, &name, expect, &value).await;
    let version = written.map_err(of_session)?;
    let status = if new { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    Ok((status, [(header::ETAG, tag(version))]).into_response())
}

async fn drop_it(
    State(app): State<App>,
    OfApp(client): OfApp,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Wrong> {
    let expect = expectation(&headers)?;
    app.engine.drop_slot(&client, handle(&headers)?, &name, expect).await.map_err(of_session)?;
    Ok(StatusCode::NO_CONTENT)
}

/// 401 would say that the application's credentials are wrong; they are good, and the session is not.
fn of_session(error: Error) -> Wrong {
    let wrong = Wrong::from(error);
    if wrong.status == StatusCode::UNAUTHORIZED { wrong.with_status(StatusCode::GONE) } else { wrong }
}

/// Which session is meant.
fn handle(headers: &HeaderMap) -> Result<&str, Wrong> {
    let mut all = headers.get_all(HeaderName::from_static("countersign-session")).iter();
    match (all.next().map(HeaderValue::to_str), all.next()) {
        (Some(Ok(handle)), None) => Ok(handle),
        _ => Err(Wrong::malformed("`Countersign-Session` names no one session")),
    }
}

/// What must be true of the slot for the write to happen. A write that does not say is refused: it would be the one
/// that loses somebody else's update.
fn expectation(headers: &HeaderMap) -> Result<Expect, Wrong> {
    let text = |name| {
        let mut all = headers.get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(|text| Some(text.trim())).map_err(|_| unclear()),
            _ => Err(unclear()),
        }
    };
    match (text(header::IF_MATCH)?, text(header::IF_NONE_MATCH)?) {
        (Some("*"), None) => Ok(Expect::Present),
        (Some(etag), None) => version(etag).map(Expect::At).ok_or_else(unclear),
        (None, Some("*")) => Ok(Expect::Absent),
        (None, None) => Err(Wrong::unconditional()),
        _ => Err(unclear()),
    }
}

/// Whether a write may still happen to a slot that is `there`; the write itself says so again.
fn holds(expect: Expect, there: Option<Version>) -> Result<(), Refusal> {
    match (expect, there) {
        (Expect::Present, None) => Err(Refusal::Missing { what: "slot" }),
        (Expect::Absent, Some(_)) | (Expect::At(_), None) => Err(Refusal::Moved),
        (Expect::At(version), Some(there)) if version != there => Err(Refusal::Moved),
        _ => Ok(()),
    }
}

fn unclear() -> Wrong {
    Wrong::malformed("send one `If-Match` with one strong entity tag or `*`, or `If-None-Match: *`")
}

/// RFC 9110 section 8.8.3: a strong entity tag, `"v3"` for the third write.
fn tag(version: Version) -> HeaderValue {
    HeaderValue::from_str(&format!("\"v{}\"", version.number())).unwrap_or(HeaderValue::from_static("\"v0\""))
}

fn version(etag: &str) -> Option<Version> {
    let digits = etag.strip_prefix("\"v")?.strip_suffix('"')?;
    let plain = !digits.is_empty() && digits.len() <= 19 && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || digits.starts_with('0') {
        return None;
    }
    digits.parse().ok().map(Version::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(pairs: &[(HeaderName, &'static str)]) -> Result<Expect, &'static str> {
        let headers: HeaderMap =
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        expectation(&headers).map_err(|wrong| wrong.code)
    }

    #[test]
    fn a_write_says_what_it_replaces() {
        assert_eq!(expect(&[(header::IF_MATCH, "\"v3\"")]), Ok(Expect::At(Version::new(3))));
        assert_eq!(expect(&[(header::IF_MATCH, "*")]), Ok(Expect::Present));
        assert_eq!(expect(&[(header::IF_NONE_MATCH, "*")]), Ok(Expect::Absent));
        assert_eq!(expect(&[]), Err("CS-7005"));
        for bad in
            ["v3", "W/\"v3\"", "\"v03\"", "\"v\"", "\"v1\", \"v2\"", "\"v-1\"", "\"v99999999999999999999\""]
        {
            assert_eq!(expect(&[(header::IF_MATCH, bad)]), Err("CS-4103"), "{bad}");
        }
        assert_eq!(expect(&[(header::IF_NONE_MATCH, "\"v3\"")]), Err("CS-4103"));
        assert_eq!(expect(&[(header::IF_MATCH, "*"), (header::IF_NONE_MATCH, "*")]), Err("CS-4103"));
    }

    #[test]
    fn a_tag_is_read_as_it_was_written() {
        assert_eq!(tag(Version::new(12)), "\"v12\"");
        assert_eq!(version("\"v12\""), Some(Version::new(12)));
    }
}
