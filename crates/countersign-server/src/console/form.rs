//! What the console reads of a form, strictly: one media type, a limit, no field that it does not know, no duplicate.

use axum::body::Body;
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use countersign::Visitor;
use countersign_core::Attempt;
use countersign_core::session::{Cookie, Surface};
use http::header;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Console;
use crate::api::Problem;
use crate::api::body::{expect_type, limited};
use crate::web::peer::{cookies, peer};

/// The fields of a form that was posted.
pub(super) struct Posted<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        expect_type(&parts.headers, "application/x-www-form-urlencoded")?;
        let bytes = limited(body).await?;
        match Form::from_request(Request::from_parts(parts, Body::from(bytes)), state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            // The rejection's own words may repeat a value, and a value may be a password.
            Err(_) => Err(Problem::invalid("the form has a field too many, too few, or twice")),
        }
    }
}

/// Whoever is at the door.
pub(super) struct Guest(pub(super) Visitor);

impl FromRequestParts<Console> for Guest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Self::Rejection> {
        let address = peer(&parts.extensions).address();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let mut visitor = Visitor::from_parts(agent, address);
        let mark = Cookie::new(Surface::Device, console.engine.transport());
        if let Attempt::Accepted(value) = mark.find(cookies(&parts.headers)) {
            visitor.mark = Some(value.to_owned());
        }
        Ok(Self(visitor))
    }
}
