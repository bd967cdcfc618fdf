//! The same attacks where it counts: behind `https`, with the settings of production.
//!
//! RFC 6265bis section 4.1.3 (`__Host-`); OWASP ASVS 5.0 V3.3 and V3.4.1.

use axum::Router;
use axum::body::Body;
use countersign::NewApp;
use countersign::testing::Rig;
use countersign_core::extent::Actor;
use countersign_core::record::Style;
use countersign_server::app::{Server, ServerSettings, main_router};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use crate::house::{ADA, PASSWORD, form};

const HOST: &str = "id.example";
const SAME: [(&str, &str); 2] =
    [("origin", "https://id.example"), ("content-type", "application/x-www-form-urlencoded")];

struct Behind {
    rig: Rig,
    router: Router,
}

impl Behind {
    async fn https() -> Self {
        let rig = Rig::production().await.unwrap();
        rig.person(ADA, PASSWORD).await.unwrap();
        let app = Server::new(rig.engine.clone(), ServerSettings::default(), None);
        let router = main_router(&app, Vec::new());
        Self { rig, router }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> (StatusCode, HeaderMap, String) {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn signed_in(&self) -> Vec<String> {
        let body = form(&[("email", ADA), ("password", PASSWORD)]);
        let (status, headers, text) = self.send("POST", "/signin", &SAME, body).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
        headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn cookies_are_of_this_host_alone_and_never_travel_in_the_open() {
    let behind = Behind::https().await;
    let cookies = behind.signed_in().await;
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        assert!(cookie.starts_with("__Host-cs-"), "{cookie}");
        for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let (_, headers, _) = behind.send("GET", "/signin", &[], String::new()).await;
    assert!(headers["strict-transport-security"].to_str().unwrap().starts_with("max-age=63072000"));
    // What a plain host planted under the name of development is nothing here.
    let value = cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix("__Host-cs-id="))
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    for (cookie, status) in [
        (format!("__Host-cs-id={value}"), StatusCode::OK),
        (format!("cs_dev_id={value}"), StatusCode::SEE_OTHER),
        (format!("__host-cs-id={value}"), StatusCode::SEE_OTHER),
        (format!("__Host-cs={value}"), StatusCode::SEE_OTHER),
        (format!("__Host-cs-id={value}; __Host-cs-id=x"), StatusCode::SEE_OTHER),
    ] {
        assert_eq!(behind.send("GET", "/account", &[("cookie", &cookie)], String::new()).await.0, status);
    }
}

#[tokio::test]
async fn nothing_of_development_is_there() {
    let behind = Behind::https().await;
    for path in ["/dev/mail", "/dev/mail/1", "/dev", "/admin", "/livez", "/readyz", "/metrics"] {
        assert_eq!(behind.send("GET", path, &[], String::new()).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, headers, _) = behind.send("GET", "/", &[], String::new()).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/account"));
    for origin in ["http://id.example", "https://id.example.evil.example", "https://ID.example:444"] {
        let headers = [("origin", origin), SAME[1]];
        let body = form(&[("email", ADA), ("password", PASSWORD)]);
        assert_eq!(behind.send("POST", "/signin", &headers, body).await.0, StatusCode::FORBIDDEN, "{origin}");
    }
}

#[tokio::test]
async fn an_application_whose_answers_travel_in_the_open_is_not_registered() {
    let behind = Behind::https().await;
    for address in [
        "http://shop.example/cb",
        "http://localhost/cb",
        "http://shop.localhost/cb",
        "https://shop.example/cb#x",
        "https://user@shop.example/cb",
        "https://shop.example/../cb",
        "https://shop.example/%2e%2e/cb",
        "https://SHOP.example/cb",
        "https://shop_.example/cb",
        "https://*.shop.example/cb",
        "https://shop.example\\@evil.example/cb",
        "https:/shop.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "shop:/cb",
        "",
    ] {
        let app = NewApp {
            redirect_uris: vec![address.to_owned()],
            first_party: true,
            ..NewApp::new("shop", Style::Hybrid)
        };
        let logout = NewApp {
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: vec![address.to_owned()],
            ..app.clone()
        };
        let host = NewApp {
            redirect_uris: Vec::new(),
            origin: Some(address.to_owned()),
            style: Style::Session,
            ..app.clone()
        };
        for app in [app, logout, host] {
            assert!(behind.rig.engine.add_app(app, Actor::CommandLine).await.is_err(), "{address}");
        }
    }
    let person = NewApp {
        first_party: true,
        acts_alone: true,
        ..NewApp::new(format!("usr_{}", "0".repeat(32)), Style::Jwt)
    };
    assert!(
        behind.rig.engine.add_app(person, Actor::CommandLine).await.is_err(),
        "an application is no person"
    );
}
