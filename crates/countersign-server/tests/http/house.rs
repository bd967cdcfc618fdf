//! A server with people and applications, and a browser with a cookie jar to walk through it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use countersign::NewApp;
use countersign::testing::Rig;
use countersign_core::extent::Actor;
use countersign_core::record::Style;
use countersign_server::app::{App, Server, ServerSettings, main_router};
use countersign_server::web::Peer;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub(crate) const ISSUER: &str = "localhost:8321";
pub(crate) const SHOP: &str = "shop.localhost:8321";
/// An application of style session that is not ours.
pub(crate) const GUILD: &str = "guild.localhost:8321";
pub(crate) const ADA: &str = "ada@marsh.example";
pub(crate) const PASSWORD: &str = "lantern rope harbour 7";
pub(crate) const CALLBACK: &str = "http://localhost:4000/cb";

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct House {
    pub(crate) rig: Rig,
    pub(crate) app: App,
    pub(crate) router: Router,
    /// `Basic …` of each application with a secret.
    pub(crate) basic: BTreeMap<&'static str, String>,
}

impl House {
    /// Ada; `shop` of style session, `bank` of another session host, `api` (ours), `third` (not ours), `spa` (public).
    pub(crate) async fn new() -> Self {
        Self::with(ServerSettings::default()).await
    }

    pub(crate) async fn with(settings: ServerSettings) -> Self {
        let rig = Rig::new().await.unwrap();
        rig.person(ADA, PASSWORD).await.unwrap();
        let mut basic = BTreeMap::new();
        for (id, app) in applications() {
            let (_, secret) = rig.engine.add_app(app, Actor::CommandLine).await.unwrap();
            if let Some(secret) = secret {
                basic.insert(id, format!("Basic {}", base64(&format!("{id}:{}", secret.reveal()))));
            }
        }
        let app = Server::new(rig.engine.clone(), settings, None);
        let router = main_router(&app, Vec::new());
        Self { rig, app, router, basic }
    }

    /// As [`House::new`], with the three shops of development.
    pub(crate) async fn demo() -> Self {
        let mut house = Self::new().await;
        let demos = countersign_server::demo::open(&house.app).await.unwrap();
        house.router = main_router(&house.app, demos);
        house
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Reply {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)), 4000);
        if request.extensions().get::<Peer>().is_none() {
            request.extensions_mut().insert(Peer::Tcp(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { house: self, jars: BTreeMap::new() }
    }

    /// A browser that has signed in at the issuer.
    pub(crate) async fn ada(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let reply = browser.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        browser
    }

    /// As an application: a form with its credentials.
    pub(crate) async fn call(&self, app: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, ISSUER)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, &self.basic[app])
            .body(Body::from(form(fields)));
        self.send(request.unwrap()).await
    }

    /// A request with these headers and no cookies.
    pub(crate) async fn plain(
        &self,
        method: &str,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

fn applications() -> Vec<(&'static str, NewApp)> {
    let app = |id: &str, style| NewApp {
        name: Some(format!("The {id}")),
        scope: Some("openid email offline_access".to_owned()),
        first_party: true,
        ..NewApp::new(id, style)
    };
    let client = |id: &str, first_party, public| NewApp {
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: vec!["http://localhost:4000/bye".to_owned()],
        first_party,
        public,
        ..app(id, Style::Hybrid)
    };
    let at =
        |id: &str, host: &str| NewApp { origin: Some(format!("http://{host}")), ..app(id, Style::Session) };
    vec![
        ("shop", at("shop", SHOP)),
        ("bank", at("bank", "bank.localhost:8321")),
        ("guild", NewApp { first_party: false, ..at("guild", GUILD) }),
        ("api", client("api", true, false)),
        ("third", client("third", false, false)),
        ("spa", client("spa", true, true)),
    ]
}

pub(crate) fn authorize(client: &str) -> String {
    format!(
        "/authorize?client_id={client}&redirect_uri={}&response_type=code&scope=openid%20email%20offline_access\
         &state=s1&nonce=n1&code_challenge={CHALLENGE}&code_challenge_method=S256",
        encoded(CALLBACK)
    )
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// Where a page leads on by itself.
    pub(crate) fn refresh(&self) -> &str {
        self.header("refresh").strip_prefix("0; url=").unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) =
            self.body.split_once(&mark).unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#x2f;", "/").replace("&#x3d;", "=")
    }

    /// The first handle in a form that ends a session.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

pub(crate) struct Browser<'a> {
    pub(crate) house: &'a House,
    pub(crate) jars: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, host: &str, path: &str) -> Reply {
        let request =
            Request::builder().uri(path).header(header::HOST, host).header("sec-fetch-site", "none");
        self.go(host, request.header("accept", "text/html").body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, host: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, host)
            .header(header::ORIGIN, format!("http://{host}"))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.go(host, request.body(Body::from(form(fields))).unwrap()).await
    }

    /// Follows an absolute address or a path on `host`.
    pub(crate) async fn follow(&mut self, host: &str, to: &str) -> Reply {
        match to.strip_prefix("http://") {
            None => self.get(host, to).await,
            Some(rest) => {
                let (host, path) = rest.split_once('/').unwrap();
                self.get(host, &format!("/{path}")).await
            }
        }
    }

    pub(crate) fn cookie_header(&self, host: &str) -> String {
        let jar = self.jars.get(host).cloned().unwrap_or_default();
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn go(&mut self, host: &str, mut request: Request<Body>) -> Reply {
        let cookies = self.cookie_header(host);
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.parse().unwrap());
        }
        let reply = self.house.send(request).await;
        let jar = self.jars.entry(host.to_owned()).or_default();
        for cookie in reply.cookies() {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{cookie}");
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

pub(crate) fn encoded(text: &str) -> String {
    countersign_server::web::text::encoded(text)
}

/// The value of a query parameter in an address, decoded.
pub(crate) fn param(address: &str, name: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let params = countersign_core::oauth::Params::parse(query).unwrap();
    params.value(name).unwrap_or_else(|| panic!("no `{name}` in {address}")).to_owned()
}

fn base64(text: &str) -> String {
    let coded = countersign_jose::primitive::base64::encode(text);
    let padding = "=".repeat((4 - coded.len() % 4) % 4);
    format!("{}{padding}", coded.replace('-', "+").replace('_', "/"))
}
