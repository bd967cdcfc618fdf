//! The body of an answer that is made a part at a time: how much a person holds says nothing of how much memory it takes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign::{Error, Export, Result};
use http::{HeaderValue, header};
use hyper::body::Frame;

/// An export, as an answer.
pub(crate) fn answer(export: Export) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], Body::new(Parts(next(export)))).into_response()
}

struct Parts(Next);

type Next = Pin<Box<dyn Future<Output = (Export, Result<Option<String>>)> + Send>>;

fn next(mut export: Export) -> Next {
    Box::pin(async move {
        let part = export.next().await;
        (export, part)
    })
}

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let (export, part) = ready!(self.0.as_mut().poll(context));
        self.0 = next(export);
        // An error cuts the connection off, so that nobody takes a part for the whole.
        Poll::Ready(part.transpose().map(|part| part.map(|text| Frame::data(Bytes::from(text)))))
    }
}
