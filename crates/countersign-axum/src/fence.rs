//! Whether a request that changes something comes from the application's own pages; asked when a cookie speaks for it.
//!
//! A browser sends a cookie along with whatever another site makes it post; a bearer token it does not. Decides by Fetch
//! Metadata, and by `Origin` against `Host` where a browser does not send it (RFC 6454 section 7; OWASP ASVS 5.0 V3.5.1).

use std::convert::Infallible;
use std::sync::Once;
use std::task::{Context, Poll};

use axum_core::extract::Request;
use axum_core::response::Response;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::layer::Passing;
use crate::rejection::Rejection;

/// Refuses what another site makes a browser send: one line for routes that no [`Guard`](crate::Guard) covers, which does
/// the same for every request that a cookie speaks for.
///
/// No token goes into a form. Every browser since 2023 says where a request comes from (`Sec-Fetch-Site`), older ones say it
/// with `Origin`; neither can be set by a page. A request that says neither and changes something is refused, and so is one
/// from a sibling host, which a token in a cookie would let through (OWASP ASVS 5.0 V3.5.1).
///
/// ```
/// use axum::{Router, routing::post};
/// use countersign_axum::Fence;
/// let app: Router = Router::new().route("/order", post(|| async { "ordered" })).layer(Fence);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Fence;

impl<S> Layer<S> for Fence {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Fenced<S> {
        Fenced(inner)
    }
}

/// A service behind a [`Fence`].
#[derive(Clone, Debug)]
pub struct Fenced<S>(S);

impl<S> Service<Request> for Fenced<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if bears_token(request.headers()) || may_act(request.method(), request.headers(), request.uri()) {
            return Passing::through(self.0.call(request));
        }
        Passing::answer(Rejection::CrossSite)
    }
}

/// Whether the request may act by its cookie.
pub(crate) fn may_act(method: &Method, headers: &HeaderMap, uri: &Uri) -> bool {
    method.is_safe() || comes_from_here(headers, uri)
}

/// Whether a person goes to a page, as far as is known: what a page asks for by itself says so (W3C Fetch Metadata).
pub(crate) fn navigates(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Whether it brings a credential that no browser adds by itself; Basic and Negotiate are remembered and added to what
/// another site posts.
fn bears_token(headers: &HeaderMap) -> bool {
    let scheme = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).and_then(|value| {
        let end = value.iter().position(|byte| *byte == b' ')?;
        value.get(..end)
    });
    scheme.is_some_and(|scheme| [&b"bearer"[..], b"dpop"].iter().any(|own| scheme.eq_ignore_ascii_case(own)))
}

/// The browser says that a page asked its own host, and `Host` names another: a proxy has changed it, and every post will be
/// refused. Said once, since anybody at all can send such a request.
fn hint() {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            code = "CS-7001",
            "a page asked its own host, and `Host` is another than its `Origin`: let the proxy pass on the host that browsers ask \
             for, in nginx by `proxy_set_header Host $http_host`"
        );
    });
}

fn comes_from_here(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // HTTP/2 has no `Host`, but `:authority` (RFC 9113 8.3.1); of two that differ neither is believed.
    let host = match (text("host"), uri.authority().map(http::uri::Authority::as_str)) {
        (Some(host), Some(authority)) if host != authority => return false,
        (host, authority) => host.or(authority),
    };
    let own =
        text("origin").map(|origin| origin.split_once("://").is_some_and(|(_, named)| Some(named) == host));
    match text("sec-fetch-site") {
        Some("same-origin") if own == Some(false) => {
            hint();
            false
        }
        Some("same-origin") => true,
        // Typed or chosen by the person: the reload of a post is, and then it names its origin.
        Some("none") | None => own == Some(true),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_applications_own_pages_may_act_by_cookie() {
        let cases: [(&[(&'static str, &'static str)], bool); 9] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://shop.example")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://shop.example")], true),
            (&[("origin", "https://shop.example.evil")], false),
            (&[], false),
        ];
        for (pairs, passes) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("shop.example"));
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            let path = Uri::from_static("/order");
            assert_eq!(may_act(&Method::POST, &headers, &path), passes, "{pairs:?}");
            assert!(may_act(&Method::GET, &headers, &path), "{pairs:?}");
            // The same over HTTP/2, which names the host in the address.
            headers.remove(header::HOST);
            let whole = Uri::from_static("https://shop.example/order");
            assert_eq!(may_act(&Method::POST, &headers, &whole), passes, "{pairs:?}");
            headers.insert(header::HOST, HeaderValue::from_static("evil.example"));
            assert!(!may_act(&Method::POST, &headers, &whole), "{pairs:?}");
        }
    }

    #[test]
    fn only_what_no_browser_adds_by_itself_counts_as_a_token() {
        let bears = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            bears_token(&headers)
        };
        assert!(bears("Bearer abc") && bears("bearer abc") && bears("DPoP abc"));
        assert!(!bears("Basic YTpi") && !bears("Negotiate abc") && !bears("Digest a=b") && !bears("Bearer"));
    }
}
