//! Whether a form post comes from our own page. Decides by Fetch Metadata, and by `Origin` where a browser does not
//! send it; holds no token.
//!
//! W3C Fetch Metadata Request Headers; RFC 6454 section 7 (`Origin`); OWASP ASVS 5.0 V3.5.1.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use super::Wrong;

/// Lets a request through that comes from a page of this `origin`.
pub async fn same_origin(
    State(origin): State<std::sync::Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || comes_from(request.headers(), &origin) {
        return next.run(request).await;
    }
    Wrong::cross_site().into_response()
}

/// Whether a state-changing request comes from a page of `origin`.
///
/// A request with neither header and without a cookie carries nobody's authority, so there is nothing to forge.
#[must_use]
pub fn comes_from(headers: &HeaderMap, origin: &str) -> bool {
    let site = headers.get("sec-fetch-site");
    let named = headers.get(header::ORIGIN);
    if named.is_some_and(|named| named.as_bytes() != origin.as_bytes()) {
        return false;
    }
    match site {
        // `none`: typed or chosen by the person, which a POST never is but a reload of one may be.
        Some(site) => site == "same-origin" || (site == "none" && named.is_some()),
        None => named.is_some() || !headers.contains_key(header::COOKIE),
    }
}

/// Whether a person goes to a page, as far as is known: what a page asks for by itself says so.
#[must_use]
pub fn navigates(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_pass() {
        const HOME: (&str, &str) = ("origin", "https://id.example");
        const COOKIE: (&str, &str) = ("cookie", "a=b");
        let site = |value| ("sec-fetch-site", value);
        let cases: [(&[(&'static str, &'static str)], bool); 12] = [
            (&[site("same-origin"), HOME, COOKIE], true),
            (&[site("same-origin"), COOKIE], true),
            (&[site("none"), HOME, COOKIE], true),
            (&[HOME, COOKIE], true),
            (&[], true),
            (&[COOKIE], false),
            (&[site("none"), COOKIE], false),
            (&[site("cross-site"), COOKIE], false),
            (&[site("cross-site"), HOME], false),
            (&[site("same-site"), HOME, COOKIE], false),
            (&[site("same-origin"), ("origin", "null"), COOKIE], false),
            (&[("origin", "https://id.example.evil"), COOKIE], false),
        ];
        for (given, passes) in cases {
            assert_eq!(comes_from(&headers(given), "https://id.example"), passes, "{given:?}");
        }
    }
}
