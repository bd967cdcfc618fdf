//! Which host a request is for, and whom it comes from: configuration says, headers of strangers do not.

use std::net::SocketAddr;

use axum::body::Body;
use countersign_core::session::cookie::Transport;
use countersign_server::app::{ServerSettings, main_router};
use countersign_server::web::Peer;
use http::{Request, StatusCode};

use crate::house::{ADA, House, ISSUER, SHOP};

#[tokio::test]
async fn an_unknown_host_is_refused() {
    let house = House::new().await;
    for host in
        ["evil.example", "localhost", "localhost:9321", "localhost:8321.evil.example", "api.localhost:8321"]
    {
        let reply = house.plain("GET", host, "/signin", &[], "").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (StatusCode::MISDIRECTED_REQUEST, Some("CS-7003"))
        );
    }
    for host in ["", "a b", "localhost:8321/", "localhost:8321@evil.example", &"x".repeat(300)] {
        let reply = house.plain("GET", host, "/signin", &[], "").await;
        assert!(reply.status.is_client_error(), "{host}");
    }
    assert_eq!(house.plain("GET", "LOCALHOST:8321", "/signin", &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn two_hosts_in_one_request_are_refused() {
    let house = House::new().await;
    let twice = house.plain("GET", ISSUER, "/signin", &[("host", "evil.example")], "").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let apart = house.plain("GET", "evil.example", "http://localhost:8321/signin", &[], "").await;
    assert_eq!(apart.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_strangers_forwarding_headers_change_nothing() {
    let house = House::new().await;
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "host=evil.example"),
        ("x-original-url", "/account"),
        ("x-rewrite-url", "/account"),
        ("x-http-method-override", "DELETE"),
    ];
    let plain = house.plain("GET", ISSUER, "/signin", &[], "").await;
    assert_eq!(house.plain("GET", ISSUER, "/signin", &forged, "").await.body, plain.body);
    let metadata = house.plain("GET", ISSUER, "/.well-known/openid-configuration", &forged, "").await;
    assert!(!metadata.body.contains("evil"));
    let fields = format!("email={}", crate::house::encoded(ADA));
    let mut headers = forged.to_vec();
    headers.push(("content-type", "application/x-www-form-urlencoded"));
    house.plain("POST", ISSUER, "/recover", &headers, &fields).await;
    let letter = house.rig.mail.letters().pop().unwrap();
    assert!(letter.text.contains("http://localhost:8321/reset?code=") && !letter.text.contains("evil"));
}

#[tokio::test]
async fn a_trusted_proxy_names_the_host() {
    let settings =
        ServerSettings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..ServerSettings::default() };
    let house = House::with(settings).await;
    let peer: SocketAddr = "10.1.2.3:5000".parse().unwrap();
    let ask = |peer: SocketAddr| {
        let request = Request::builder()
            .uri("/signin")
            .header("host", "upstream:80")
            .header("x-forwarded-host", ISSUER);
        request.extension(Peer::Tcp(peer)).body(Body::empty()).unwrap()
    };
    assert_eq!(house.send(ask(peer)).await.status, StatusCode::OK);
    assert_eq!(house.send(ask("192.0.2.1:1".parse().unwrap())).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_demo_is_told_who_asks() {
    let settings =
        ServerSettings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..ServerSettings::default() };
    let mut house = House::with(settings).await;
    let told = |parts: http::request::Parts| async move {
        let visitor = countersign_axum::visitor(&parts, Transport::DevHttp);
        visitor.network.to_string()
    };
    let demo = axum::Router::new().route("/", axum::routing::get(told));
    house.router = main_router(&house.app, vec![("demo.localhost".to_owned(), demo)]);
    for (peer, network) in
        [("192.0.2.1:1", "192.0.2.0/24"), ("10.1.2.3:1", "203.0.113.0/24"), ("127.0.0.1:1", "127.0.0.0/24")]
    {
        let request = Request::builder()
            .uri("/")
            .header("host", "demo.localhost:8321")
            .header("x-forwarded-for", "198.51.100.7, 203.0.113.9")
            .extension(Peer::Tcp(peer.parse().unwrap()));
        assert_eq!(house.send(request.body(Body::empty()).unwrap()).await.body, network, "{peer}");
    }
}

#[tokio::test]
async fn an_applications_host_serves_its_few_paths_only() {
    let house = House::new().await;
    for path in ["/signin", "/account", "/token", "/", "/jwks.json", "/session/slots"] {
        assert_eq!(house.plain("GET", SHOP, path, &[], "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let house = House::new().await;
    for (method, path) in [
        ("GET", "/signin"),
        ("GET", "/nowhere"),
        ("POST", "/token"),
        ("GET", "/check?app=shop"),
        ("PUT", "/signin"),
    ] {
        let reply = house.plain(method, ISSUER, path, &[], "").await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!reply.header("content-security-policy").contains("unsafe"), "{path}");
        assert!(!reply.header("referrer-policy").is_empty(), "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}
