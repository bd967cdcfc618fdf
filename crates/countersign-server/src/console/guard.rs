//! Who gets through to the operator's pages: an operator whose console session is alive now. Draws every refusal.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign::{Attempt, Checked, Fault, Leftover, Refusal};
use countersign_core::extent::Actor;
use countersign_core::record::Role;
use countersign_core::record::session::Audience;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Console, to};
use crate::api::{self, Problem};
use crate::pages;
use crate::web::face::sentence;
use crate::web::fence::navigates;
use crate::web::peer::cookies;
use crate::web::text::encoded;

/// Who looks: proof that the request came with a live console session of somebody who is an operator.
#[derive(Clone, Debug)]
pub(super) struct Operator {
    pub(super) checked: Checked,
    pub(super) email: String,
}

/// Lets operators through and tells the routes who acts.
pub(super) async fn operators_only(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    match console.recognise(request.headers()).await {
        Ok(Attempt::Accepted(operator)) => {
            let actor = Actor::Operator(operator.checked.session.subject.clone());
            request.extensions_mut().insert(actor);
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Ok(Attempt::Absent) => console.stranger(request, Refusal::SessionAbsent).await,
        Ok(Attempt::Refused(refusal)) => console.stranger(request, refusal).await,
        Err(fault) => Problem::from(fault).to_a_stranger().into_response(),
    }
}

impl Console {
    /// Who comes with these headers.
    pub(super) async fn recognise(&self, headers: &HeaderMap) -> Result<Attempt<Operator>, Fault> {
        // Two headers are one list, so that a second cookie of the same name is seen wherever it stands.
        let cookies = cookies(headers).collect::<Vec<_>>().join("; ");
        let header = (!cookies.is_empty()).then_some(cookies.as_str());
        let checked = match self.engine.check(header, &Audience::Console).await? {
            Attempt::Absent => return Ok(Attempt::Absent),
            Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            Attempt::Accepted(checked) => checked,
        };
        let user = match self.engine.user(&checked.session.subject).await {
            Ok(user) => user,
            Err(countersign::Error::Fault(fault)) => return Err(fault),
            Err(countersign::Error::Refusal(refusal)) => return Ok(Attempt::Refused(refusal)),
        };
        // The role is read anew: a session does not keep anybody an operator.
        Ok(match user {
            Some(user) if user.role == Role::Operator => {
                Attempt::Accepted(Operator { checked, email: user.email.to_string() })
            }
            _ => Attempt::Refused(Refusal::NotOperator),
        })
    }

    /// Sends a stranger to the sign-in, or refuses a program.
    async fn stranger(&self, request: Request, refusal: Refusal) -> Response {
        let headers = request.headers();
        // Whoever is no operator any more has no use for a cookie that is good.
        let left_over = refusal == Refusal::NotOperator
            || (navigates(headers)
                && self.engine.leftover(cookies(headers), &Audience::Console).await == Leftover::Dead);
        let mut response = if request.uri().path().starts_with(api::PREFIX) {
            let status = if refusal == Refusal::NotOperator {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::UNAUTHORIZED
            };
            Problem::refused(status, &refusal).into_response()
        } else if request.method().is_safe() {
            let asked = request.uri().path_and_query().map_or("/admin", |asked| asked.as_str());
            to(&format!("/admin/signin?next={}", encoded(asked)))
        } else {
            to("/admin/signin")
        };
        if left_over {
            self.clear_cookie(&mut response);
        }
        response
    }

    /// Takes the session cookie back.
    pub(super) fn clear_cookie(&self, response: &mut Response) {
        if let Ok(value) = HeaderValue::from_str(&self.engine.cookie(&Audience::Console).removal()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// Draws what was refused as a page where a page was asked for, and puts on the headers of every answer.
pub(super) async fn dress(State(console): State<Console>, request: Request, next: Next) -> Response {
    let program = request.uri().path().starts_with(api::PREFIX);
    let mut response = next.run(request).await;
    if !program && let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let drawn = console.draw(&page(&console, &problem)).into_response();
        let (head, body) = drawn.into_parts();
        *response.body_mut() = body;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().extend(head.headers);
    }
    if console.settings.origin.starts_with("https://") {
        let two_years = HeaderValue::from_static("max-age=63072000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    let asset = response.headers().contains_key(header::ETAG);
    if !asset {
        api::guarded(&mut response);
    }
    response
}

fn page(console: &Console, problem: &Problem) -> pages::Problem {
    let frame = console.door_frame();
    let wait = problem.retry_after.map_or(1, |wait| u32::try_from(wait).unwrap_or(u32::MAX));
    let (code, trace) = (problem.code, problem.trace.as_str());
    match problem.status {
        StatusCode::TOO_MANY_REQUESTS => pages::Problem::too_many(frame, code, trace, wait),
        StatusCode::SERVICE_UNAVAILABLE => pages::Problem::busy(frame, code, trace, wait),
        status => {
            let said = problem.clone().to_a_stranger();
            let title = match status {
                StatusCode::NOT_FOUND => "Nothing is here",
                StatusCode::GONE => "This link is over",
                StatusCode::INTERNAL_SERVER_ERROR => "Could not do it",
                _ => "Refused",
            };
            pages::Problem::new(frame, code, trace, title, &sentence(&said.detail))
                .way("To the console", "/admin")
        }
    }
}
