//! Which part of the server a request is for, by its host name. Decides the part, never an address that is written
//! into an answer: the issuer comes from configuration.
//!
//! RFC 9110 section 7.2 (`Host`), section 15.5.20 (421); RFC 9113 section 8.3.1 (`:authority`).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use countersign_core::record::Client;
use http::{Uri, header};
use tower::ServiceExt;

use super::Wrong;
use super::peer::{client_address, is_trusted, peer};
use crate::app::App;

/// The most bytes of a host name with its port (RFC 1035 section 2.3.4, and the port).
const HOST_BYTES: usize = 262;

/// The parts of the main listener.
#[derive(Clone)]
pub(crate) struct Hosts {
    /// The server.
    pub app: App,
    /// The issuer's own pages and endpoints.
    pub issuer: Router,
    /// What is served on the hosts of session-style applications.
    pub applications: Router,
    /// The three shops of development, by host name.
    pub demos: Arc<Vec<(String, Router)>>,
}

/// The application whose own host a request came to, as an extension of the request.
#[derive(Clone, Debug)]
pub struct AppHost(pub Client);

/// Sends the request to the part that its host names.
pub(crate) async fn dispatch(State(hosts): State<Hosts>, mut request: Request) -> Response {
    let issuer = authority_of(&hosts.app.engine.settings().issuer);
    let host = match host(&hosts.app, &request) {
        Ok(host) => host,
        Err(wrong) => return wrong.into_response(),
    };
    if host == issuer {
        return served(hosts.issuer, request).await;
    }
    // A demo has a host of its own as any application has; what the guard and the pages need goes before its own routes.
    let path = request.uri().path();
    let demo = demo(&hosts.demos, &host, &issuer);
    match demo {
        Some(_) if path.starts_with("/assets/") => return served(hosts.applications, request).await,
        Some(router) if !path.starts_with("/_cs/") => {
            // An application elsewhere would learn it of its own connection.
            let trusted = &hosts.app.settings.trusted_proxies;
            let address = client_address(request.headers(), peer(request.extensions()), trusted);
            request.extensions_mut().insert(countersign_axum::Peer(address));
            return served(router, request).await;
        }
        _ => {}
    }
    match hosts.app.engine.app_by_origin(&host).await {
        Ok(Some(client)) => {
            request.extensions_mut().insert(AppHost(client));
            served(hosts.applications, request).await
        }
        Ok(None) => Wrong::host(format!("this server is `{issuer}`; nobody else is served at this address"))
            .into_response(),
        Err(error) => Wrong::from(error).into_response(),
    }
}

async fn served(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The demo of that host: by host and port, or by name on the issuer's port.
fn demo(demos: &[(String, Router)], host: &str, issuer: &str) -> Option<Router> {
    let (name, port) = split(host);
    let own = |label: &str| label == host || label == name && port == split(issuer).1;
    demos.iter().find(|(label, _)| own(label)).map(|(_, router)| router.clone())
}

/// The one host that a request names, in lower case and without a default port.
fn host(app: &App, request: &Request) -> Result<String, Wrong> {
    let unclear = || Wrong::malformed("the request does not name one host");
    let one = |name| {
        let mut all = request.headers().get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(|text| Some(text.trim())).map_err(|_| unclear()),
            _ => Err(unclear()),
        }
    };
    let plain = app.engine.settings().issuer.starts_with("http://");
    let named = one(header::HOST)?.map(|text| normal(text, plain));
    let target = request.uri().authority().map(|authority| normal(authority.as_str(), plain));
    let own = match (named, target) {
        (Some(named), Some(target)) if named != target => return Err(unclear()),
        (named, target) => target.or(named).ok_or_else(unclear)?,
    };
    let forwarded = one(header::HeaderName::from_static("x-forwarded-host"));
    let host = if is_trusted(peer(request.extensions()), &app.settings.trusted_proxies) {
        forwarded?.map_or(own, |text| normal(text, plain))
    } else {
        own
    };
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'_');
    if host.is_empty() || host.len() > HOST_BYTES || !host.bytes().all(good) {
        Err(unclear())
    } else {
        Ok(host)
    }
}

/// The host and port of an address, as [`normal`] writes them.
#[must_use]
pub fn authority_of(address: &str) -> String {
    let plain = address.starts_with("http://");
    let uri = address.parse::<Uri>().ok();
    uri.as_ref()
        .and_then(Uri::authority)
        .map(|authority| normal(authority.as_str(), plain))
        .unwrap_or_default()
}

/// The scheme, host and port of an address, as browsers write an origin (RFC 6454 section 6.2).
#[must_use]
pub fn origin_of(address: &str) -> Option<String> {
    let (scheme, _) = address.split_once("://")?;
    let authority = authority_of(address);
    (!authority.is_empty()).then(|| format!("{scheme}://{authority}"))
}

fn normal(authority: &str, plain: bool) -> String {
    let lower = authority.to_ascii_lowercase();
    let default = if plain { ":80" } else { ":443" };
    lower.strip_suffix(default).map(str::to_owned).unwrap_or(lower)
}

fn split(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
        _ => (host, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        assert_eq!(origin_of("https://Shop.example:443/cb?x=1").as_deref(), Some("https://shop.example"));
        assert_eq!(origin_of("http://localhost:8321").as_deref(), Some("http://localhost:8321"));
        assert_eq!(origin_of("com.example.app:/cb"), None);
        assert_eq!(authority_of("http://[::1]:8321/x"), "[::1]:8321");
    }

    #[test]
    fn a_demo_is_found_by_name_on_the_issuers_port() {
        let demos = vec![("jwt.localhost".to_owned(), Router::new())];
        assert!(demo(&demos, "jwt.localhost:8321", "localhost:8321").is_some());
        assert!(demo(&demos, "jwt.localhost:9321", "localhost:8321").is_none());
        let whole = vec![("jwt.localhost:8321".to_owned(), Router::new())];
        assert!(demo(&whole, "jwt.localhost:8321", "localhost:8321").is_some());
        assert!(demo(&demos, "evil.jwt.localhost:8321", "localhost:8321").is_none());
    }
}
