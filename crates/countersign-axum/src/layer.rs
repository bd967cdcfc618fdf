//! The guard as a tower layer: denies by default, and answers `/_cs/start` and `/_cs/callback` of a session application.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use countersign_core::{Attempt, Refusal};
use http::Method;
use tower_layer::Layer;
use tower_service::Service;

use crate::auth::Auth;
use crate::fence;
use crate::guard::{Door, Guard};
use crate::hop;
use crate::rejection::Rejection;
use crate::session::Access;
use crate::visit;

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

/// A service behind a [`Guard`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guard = self.guard.clone();
        // The service that was polled ready is the one to call.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            if let Some(home) = guard.home() {
                return visit::serve(home, guard.door(), guard.presence(), request, &mut inner).await;
            }
            match admit(&guard, request).await {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(*response),
            }
        })
    }
}

/// The request with what the guard found, or the answer.
async fn admit(guard: &Guard, request: Request) -> Result<Request, Box<Response>> {
    let (mut parts, body): (_, Body) = request.into_parts();
    if let Some((engine, client)) = guard.own_sessions()
        && parts.method == Method::GET
    {
        match parts.uri.path() {
            hop::START => return Err(Box::new(hop::start(engine, client, &parts).await)),
            hop::CALLBACK => return Err(Box::new(hop::callback(engine, client, &parts).await)),
            _ => {}
        }
    }
    let refused = |rejection: Rejection| Err(Box::new(rejection.into_response()));
    match guard.recognise(&parts.headers).await {
        Err(fault) => return refused(fault.into()),
        Ok(Attempt::Refused(refusal)) => return refused(refusal.into()),
        Ok(Attempt::Absent) if guard.door() == Door::Closed => return refused(Refusal::SessionAbsent.into()),
        Ok(Attempt::Absent) => {}
        Ok(Attempt::Accepted(_)) if !fence::may_act(&parts.method, &parts.headers) => {
            return refused(Rejection::CrossSite);
        }
        Ok(Attempt::Accepted(recognized)) => {
            if let Some((engine, client)) = guard.own_sessions() {
                let access = Access::new(Arc::clone(engine), client.clone(), recognized.handle.clone());
                parts.extensions.insert(access);
            }
            parts.extensions.insert(Auth::new(recognized));
        }
    }
    Ok(Request::from_parts(parts, body))
}
