//! An engine with its console and its command line, and a browser to sit before them.

use axum::body::Body;
use axum::{Extension, Router};
use countersign::testing::Rig;
use countersign_core::extent::Actor;
use countersign_server::api;
use countersign_server::console::{self, ConsoleSettings};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const ORIGIN: &str = "http://127.0.0.1:9321";
pub(crate) const HOST: &str = "127.0.0.1:9321";
pub(crate) const KIM: &str = "kim@ops.example";
pub(crate) const ADA: &str = "ada@marsh.example";
pub(crate) const PASSWORD: &str = "lantern rope harbour";

/// An engine with its console and its command line.
pub(crate) struct Desk {
    pub(crate) rig: Rig,
    pub(crate) console: Router,
    /// What the socket serves: the API without a cookie.
    pub(crate) socket: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The status and the code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["type"], format!("urn:countersign:{}", body["code"].as_str().unwrap()));
        assert!(!body["trace"].as_str().unwrap().is_empty());
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }

    /// Where a 303 leads.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The console cookie that was set, as a `Cookie` header.
    pub(crate) fn cookie(&self) -> String {
        let set = self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        let one =
            set.into_iter().find(|value| value.starts_with("cs_dev_console=")).expect("a console cookie");
        assert!(
            one.contains("; HttpOnly") && one.contains("; SameSite=Lax") && one.contains("; Path=/"),
            "{one}"
        );
        one.split(';').next().unwrap().to_owned()
    }
}

/// A request from a page of the console.
pub(crate) fn asking(method: &str, target: &str) -> http::request::Builder {
    let method: Method = method.parse().unwrap();
    let request =
        Request::builder().uri(target).header(header::HOST, HOST).header("sec-fetch-site", "same-origin");
    let request = if method.is_safe() { request } else { request.header(header::ORIGIN, ORIGIN) };
    request.method(method)
}

/// Fields of a form, as a browser posts them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let plain = |text: &str| {
        text.bytes().fold(String::new(), |out, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                out + &char::from(byte).to_string()
            }
            other => out + &format!("%{other:02X}"),
        })
    };
    fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join("&")
}

pub(crate) async fn sent(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let rig = Rig::new().await.unwrap();
        let facts = vec![("Store".to_owned(), "./.countersign, embedded".to_owned())];
        let settings = ConsoleSettings { origin: ORIGIN.to_owned(), facts };
        let console = console::router(rig.engine.clone(), settings);
        let socket = api::router(rig.engine.clone()).layer(Extension(Actor::CommandLine));
        Self { rig, console, socket }
    }

    /// A desk with its first operator, and their cookie.
    pub(crate) async fn with_operator() -> (Self, String) {
        let desk = Self::new().await;
        let code = desk.rig.engine.set_up_link().await.unwrap().unwrap();
        let fields = [("code", code.reveal()), ("email", KIM), ("password", PASSWORD)];
        let answer = desk.post("/admin/setup", &fields, None).await;
        let cookie = answer.cookie();
        (desk, cookie)
    }

    pub(crate) async fn get(&self, target: &str, cookie: Option<&str>) -> Answer {
        let mut request = asking("GET", target);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        sent(&self.console, request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, target: &str, fields: &[(&str, &str)], cookie: Option<&str>) -> Answer {
        let mut request =
            asking("POST", target).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        sent(&self.console, request.body(Body::from(form(fields))).unwrap()).await
    }

    /// Speaks to the API as the command line does.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(format!("{}/{path}", api::PREFIX));
        let request = match body {
            Some(body) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
            None => request.body(Body::empty()),
        };
        sent(&self.socket, request.unwrap()).await
    }

    /// Ada has an account and is signed in to the issuer; the handle of that session, and its cookie.
    pub(crate) async fn ada(&self) -> (String, String) {
        if self.rig.engine.user_by_email(ADA).await.unwrap().is_none() {
            self.rig.person(ADA, PASSWORD).await.unwrap();
        }
        let signed = self.rig.sign_in(ADA, PASSWORD).await.unwrap();
        let handle = self.rig.engine.handle(signed.session.serial).to_string();
        (handle, format!("cs_dev_id={}", signed.cookie.reveal()))
    }

    /// Whether the issuer would still know who comes with this cookie.
    pub(crate) async fn knows(&self, cookie: &str) -> bool {
        use countersign::Attempt;
        use countersign_core::record::session::Audience;

        matches!(self.rig.engine.check(Some(cookie), &Audience::Issuer).await.unwrap(), Attempt::Accepted(_))
    }

    /// All that an attack could have changed, as text.
    pub(crate) async fn everything(&self) -> String {
        let overview = self.rig.engine.overview().await.unwrap();
        let users = self.rig.engine.users(None, None, 200).await.unwrap();
        let apps = self.rig.engine.apps().await.unwrap();
        let keys = self.rig.engine.keys().await.unwrap();
        format!("{overview:?} {users:?} {apps:?} {}", keys.len())
    }
}
