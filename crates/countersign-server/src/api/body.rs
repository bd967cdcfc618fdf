//! What the JSON API reads of a request, strictly: one media type, a limit, no field that it does not know, no duplicate.
//!
//! Decides whether a request can be read, never whether it may. RFC 8259 for the bodies.

use std::error::Error as _;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use countersign::Refusal;
use countersign_core::extent::Actor;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::Problem;

/// The most bytes of a body: an application with 32 redirect addresses of 1 KiB fits.
pub(crate) const BODY_BYTES: usize = 64 * 1024;

/// A JSON body.
pub(crate) struct Body64<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body64<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_type(&parts.headers, "application/json")?;
        Ok(Self(read(&limited(body).await?)?))
    }
}

/// A request that needs no body: none, or an empty JSON object.
pub(crate) struct Bare;

impl<S: Send + Sync> FromRequest<S> for Bare {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        let (parts, body) = request.into_parts();
        let bytes = limited(body).await?;
        if !bytes.is_empty() {
            expect_type(&parts.headers, "application/json")?;
            read::<Nothing>(&bytes)?;
        }
        Ok(Self)
    }
}

/// The parameters of the query.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let text = rejection.body_text();
                let why = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, why)| why);
                Err(Problem::invalid(format!("the query cannot be read: {why}")))
            }
        }
    }
}

/// The one name in the path.
pub(crate) struct Part(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => Err(Problem::invalid("the path is not UTF-8")),
        }
    }
}

/// Who acts; put into the request by whoever mounts the API, never by the request itself.
pub(crate) struct Acting(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Actor>().cloned().map(Self).ok_or_else(|| Refusal::NotOperator.into())
    }
}

/// Reads a body up to the limit.
pub(crate) async fn limited(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, BODY_BYTES).await.map_err(|error| {
        let large = error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if large {
            Refusal::TooLarge { what: "the body", limit: BODY_BYTES as u64 }.into()
        } else {
            Problem::invalid("the body broke off")
        }
    })
}

/// Refuses a body of another media type; parameters such as `charset` play no part.
pub(crate) fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let mut named = headers.get_all(header::CONTENT_TYPE).iter();
    let came = named.next().and_then(|value| value.to_str().ok());
    let essence = came.and_then(|value| value.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case(wanted)) && named.next().is_none() {
        return Ok(());
    }
    Err(Problem::media_type(wanted))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        // Names of fields may be repeated; values may be passwords.
        let named =
            ["unknown field", "missing field", "duplicate field"].iter().any(|start| text.starts_with(start));
        if named {
            return Problem::invalid(format!("the body cannot be read: {text}"));
        }
        let what = if error.is_data() { "a value is not of its type" } else { "it is not JSON" };
        Problem::invalid(format!(
            "the body cannot be read: {what}, at line {} column {}",
            error.line(),
            error.column()
        ))
    })
}
