//! The guard as a tower layer: denies by default, and answers `/_cs/start` and `/_cs/callback` of a session application.
//!
//! What memory can decide is decided where the request comes in: nothing is boxed and nobody waits.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::guard::{Door, Guard, Orders};
use crate::hop;
use crate::look::{Asked, Found};
use crate::seat::{self, Seat};
use crate::visit::Visit;

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { orders: Arc::clone(&self.0), inner }
    }
}

/// A service behind a [`Guard`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    orders: Arc<Orders>,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Of two guards, one within the other, the inner one says who asks.
        request.extensions_mut().remove::<Found>();
        if let Some(why) = self.orders.unfit(&Asked::from(&request)) {
            return Passing::answer(why);
        }
        if self.orders.answers(request.method(), request.uri().path()) {
            return self.wait(request);
        }
        if self.orders.door == Door::Optional {
            let seat = Some(Seat::Free(Arc::clone(&self.orders)));
            return Passing { way: Way::Handler { seat, inner: self.inner.call(request) } };
        }
        let asked = Asked::from(&request);
        let cookies = asked.cookies();
        match self.orders.glance(&asked, &cookies) {
            Some(Ok(found)) => {
                let seat = Some(Seat::taken(found, cookies.iter().next()));
                Passing { way: Way::Handler { seat, inner: self.inner.call(request) } }
            }
            Some(Err(turned)) => Passing::answer(turned),
            None => self.wait(request),
        }
    }
}

impl<S> Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    /// The way of a request that memory cannot decide.
    fn wait(&mut self, request: Request) -> Passing<S::Future> {
        let orders = Arc::clone(&self.orders);
        // The service that was polled ready is the one to call.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let waiting = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            if orders.answers(&parts.method, parts.uri.path())
                && let Some((engine, client)) = orders.own_sessions()
            {
                return Ok(hop::answer(engine, client, &parts, orders.proxies).await);
            }
            let found = match orders.look(Asked::from(&parts)).await {
                Ok(found) => found,
                Err(turned) => return Ok(turned.into_response()),
            };
            let visit = found.visit();
            found.leave(&mut parts.extensions);
            let mut response = inner.call(Request::from_parts(parts, body)).await?;
            send_off(visit.as_ref(), &mut response);
            Ok(response)
        });
        Passing { way: Way::Waiting { waiting } }
    }
}

/// The cookies of whoever visited go back with the answer.
fn send_off(visit: Option<&Arc<Visit>>, response: &mut Response) {
    let Some(visit) = visit else { return };
    for cookie in visit.baked() {
        cookie.put(response);
    }
}

pin_project! {
    /// A request on its way through a [`Guarded`] or [`Fenced`](crate::Fenced) service.
    pub struct Passing<F> {
        #[pin]
        way: Way<F>,
    }
}

pin_project! {
    #[project = Step]
    enum Way<F> {
        // The handler runs; where there is a seat, it may ask for the guard.
        Handler { seat: Option<Seat>, #[pin] inner: F },
        Waiting { waiting: Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>> },
        Answer { answer: Option<Response> },
    }
}

impl<F> Passing<F> {
    /// Past a guard that has nothing to say afterwards.
    pub(crate) const fn through(inner: F) -> Self {
        Self { way: Way::Handler { seat: None, inner } }
    }

    pub(crate) fn answer(response: impl IntoResponse) -> Self {
        Self { way: Way::Answer { answer: Some(response.into_response()) } }
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Passing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().way.project() {
            Step::Handler { seat, inner } => {
                let mut polled = seat::lend(seat, || inner.poll(cx));
                if let Poll::Ready(Ok(response)) = &mut polled {
                    send_off(seat.as_ref().and_then(Seat::visit), response);
                }
                polled
            }
            Step::Waiting { waiting } => waiting.as_mut().poll(cx),
            // Asked again after its answer, it has none.
            Step::Answer { answer } => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
        }
    }
}

impl<F> std::fmt::Debug for Passing<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passing(..)")
    }
}
