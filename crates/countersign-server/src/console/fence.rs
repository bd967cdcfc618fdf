//! Whether a request comes from the console's own pages, to the console's own name. Holds no token.
//!
//! W3C Fetch Metadata Request Headers; RFC 6454 section 7 (`Origin`); OWASP ASVS 5.0 V3.5.1. The `Host` is compared because
//! a listener on loopback can be reached under any name (DNS rebinding).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use super::Console;
use crate::api::Problem;

/// Probes come by address, carry nothing and change nothing.
const PROBES: [&str; 2] = ["/livez", "/readyz"];

/// Lets through what comes from here to here.
pub(super) async fn keep(State(console): State<Console>, request: Request, next: Next) -> Response {
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    if !named(&request, console.host()) {
        return Problem::host(&console.settings.origin).into_response();
    }
    if !comes_from(request.method(), request.headers(), &console.settings.origin) {
        return Problem::cross_site().into_response();
    }
    next.run(request).await
}

/// Whether the request names `host`: in its target (HTTP/2) or in one `Host` header.
fn named(request: &Request, host: &str) -> bool {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    let target = request.uri().authority().map(http::uri::Authority::as_str);
    let same = |name: &str| name.eq_ignore_ascii_case(host);
    headers.next().is_none()
        && (header.is_some() || target.is_some())
        && header.is_none_or(same)
        && target.is_none_or(same)
}

/// Whether a request may come from where it says it does.
///
/// What changes something must come from a page of `origin`. What only reads may also be typed in, or be a link that
/// somebody follows at the top of a window: the pages refuse to be framed.
fn comes_from(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.as_bytes());
    let site = text("sec-fetch-site");
    if method.is_safe() {
        let followed =
            text("sec-fetch-mode") == Some(b"navigate") && text("sec-fetch-dest") == Some(b"document");
        return matches!(site, None | Some(b"same-origin" | b"none")) || followed;
    }
    match (site, text("origin")) {
        (Some(site), None) => site == b"same-origin",
        (Some(site), Some(named)) => site == b"same-origin" && named == origin.as_bytes(),
        (None, Some(named)) => named == origin.as_bytes(),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const HERE: &str = "http://127.0.0.1:9321";

    fn passes(method: &Method, headers: &[(&'static str, &'static str)]) -> bool {
        let value = |text| http::HeaderValue::from_static(text);
        let headers = headers.iter().map(|(name, text)| (http::HeaderName::from_static(name), value(text)));
        comes_from(method, &headers.collect(), HERE)
    }

    #[test]
    fn a_post_comes_from_the_console_or_not_at_all() {
        let post = |headers: &[(&'static str, &'static str)]| passes(&Method::POST, headers);
        assert!(post(&[("sec-fetch-site", "same-origin"), ("origin", HERE)]));
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        assert!(post(&[("origin", HERE)]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!post(&[("sec-fetch-site", site), ("origin", HERE)]), "{site}");
            assert!(!post(&[
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document")
            ]));
        }
        for origin in
            ["null", "http://127.0.0.1:8321", "https://127.0.0.1:9321", "http://127.0.0.1:9321.evil.example"]
        {
            assert!(!post(&[("origin", origin)]), "{origin}");
            assert!(!post(&[("sec-fetch-site", "same-origin"), ("origin", origin)]), "{origin}");
        }
        assert!(!post(&[]));
    }

    #[test]
    fn a_page_may_be_typed_in_or_linked_to_but_not_fetched_from_elsewhere() {
        let read = |headers: &[(&'static str, &'static str)]| passes(&Method::GET, headers);
        assert!(
            read(&[]) && read(&[("sec-fetch-site", "none")]) && read(&[("sec-fetch-site", "same-origin")])
        );
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert!(read(&link));
        assert!(!read(&[
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty")
        ]));
        let frame =
            [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert!(!read(&frame));
    }

    #[test]
    fn only_one_name_is_answered_to() {
        let asked = |hosts: &[&str], target: &str| {
            let mut request = Request::builder().uri(target);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            named(&request.body(Body::empty()).unwrap(), "127.0.0.1:9321")
        };
        assert!(asked(&["127.0.0.1:9321"], "/admin") && asked(&[], "http://127.0.0.1:9321/admin"));
        assert!(!asked(&["rebound.example:9321"], "/admin") && !asked(&[], "/admin"));
        assert!(!asked(&["127.0.0.1:9321", "127.0.0.1:9321"], "/admin"));
        assert!(!asked(&["127.0.0.1:9321"], "http://evil.example/admin"));
    }
}
