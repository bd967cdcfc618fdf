//! The guard from outside, as an axum application meets it: who passes, who does not, and what an ending does to each style.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, as the tests do")]

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use countersign::testing::Rig;
use countersign::{Attempt, Authorized, Checked, ClientAuth, NewApp, Visitor};
use countersign_axum::{Auth, Guard, Rejection, Session, Slot};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::oauth::Params;
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Style};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const ADA: &str = "ada@marsh.example";
const PASSWORD: &str = "lantern rope harbour";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const COUNT: Slot<u32> = Slot::new("count");
const SITE: header::HeaderName = header::HeaderName::from_static("sec-fetch-site");
const SAME: (header::HeaderName, &str) = (SITE, "same-origin");

/// An engine with Ada signed in, and one application.
struct House {
    rig: Rig,
    ada: Checked,
    app: Client,
}

impl House {
    async fn with(style: Style) -> Self {
        let rig = Rig::new().await.unwrap();
        rig.person(ADA, PASSWORD).await.unwrap();
        let new = NewApp {
            redirect_uris: vec!["https://shop.example/cb".to_owned()],
            origin: Some("https://shop.example".to_owned()),
            audience: Some("shop-api".to_owned()),
            scope: Some("openid orders".to_owned()),
            public: true,
            first_party: true,
            ..NewApp::new("shop", style)
        };
        let (app, _) = rig.engine.add_app(new, Actor::CommandLine).await.unwrap();
        let signed = rig.sign_in(ADA, PASSWORD).await.unwrap();
        let cookie = format!("cs_dev_id={}", signed.cookie.reveal());
        let Attempt::Accepted(ada) = rig.engine.check(Some(&cookie), &Audience::Issuer).await.unwrap() else {
            panic!("ada is signed in")
        };
        Self { rig, ada, app }
    }

    fn router(&self, guard: Guard) -> Router {
        Router::new()
            .route("/me", get(|auth: Auth| async move { auth.subject().to_owned() }))
            .route(
                "/anyone",
                get(|auth: Option<Auth>| async move { if auth.is_some() { "known" } else { "stranger" } }),
            )
            .route("/forgetful", get(|| async { "nobody asked who you are" }))
            .route("/count", post(count))
            .layer(guard)
    }

    async fn token(&self) -> String {
        let query = format!(
            "client_id=shop&redirect_uri=https://shop.example/cb&response_type=code&scope=openid+orders\
             &code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        let Authorized::Redirect(to) = self.rig.engine.authorize(&query, Some(&self.ada)).await.unwrap()
        else {
            panic!("the shop is first-party")
        };
        let code = to.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
        let form = Params::parse(&format!(
            "grant_type=authorization_code&code={code}&redirect_uri=https://shop.example/cb&code_verifier={VERIFIER}&client_id=shop"
        ))
        .unwrap();
        let auth = ClientAuth::read(None, &form).unwrap();
        let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
        self.rig.engine.token(auth, &form, &visitor).await.unwrap().access_token
    }

    async fn end_everything_of_ada(&self) {
        let extent = Extent::Subject { subject: self.ada.session.subject.clone(), except: None };
        self.rig.engine.end(extent, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
    }
}

async fn count(session: Session) -> Result<String, Rejection> {
    Ok(session.update(COUNT, |n| *n += 1).await?.to_string())
}

async fn ask(
    app: &Router,
    method: &str,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> http::Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: http::Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn set_cookie<'a>(response: &'a http::Response<Body>, name: &str) -> &'a str {
    let all = response.headers().get_all(header::SET_COOKIE);
    let found = all.iter().filter_map(|value| value.to_str().ok()).find(|value| value.starts_with(name));
    found.and_then(|value| value.split(';').next()).unwrap()
}

/// Walks `/_cs/start`, the issuer and `/_cs/callback`; the cookie pair of the application's session.
async fn session_cookie(house: &House, app: &Router) -> String {
    let start = ask(app, "GET", "/_cs/start?return_to=/me", &[]).await;
    assert_eq!(start.status(), StatusCode::SEE_OTHER);
    let nonce = set_cookie(&start, "cs_dev_start=").to_owned();
    let to = start.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let hash = to.split(['?', '&']).find_map(|pair| pair.strip_prefix("nonce=")).unwrap();
    let back = house.rig.engine.ticket(&house.ada, "shop", hash, "/me").await.unwrap();
    let path = back.strip_prefix("https://shop.example").unwrap();
    let landed = ask(app, "GET", path, &[(header::COOKIE, &nonce)]).await;
    assert_eq!(landed.status(), StatusCode::SEE_OTHER);
    assert_eq!(landed.headers()[header::LOCATION], "/me");
    assert_eq!(landed.headers()[header::CACHE_CONTROL], "no-store");
    set_cookie(&landed, "cs_dev=").to_owned()
}

#[tokio::test]
async fn a_route_that_forgets_to_ask_is_closed_all_the_same() {
    let house = House::with(Style::Hybrid).await;
    let app = house.router(Guard::hybrid(house.rig.engine.clone(), "shop-api"));
    let refused = ask(&app, "GET", "/forgetful", &[]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer");
    let bearer = format!("Bearer {}", house.token().await);
    assert_eq!(
        ask(&app, "GET", "/forgetful", &[(header::AUTHORIZATION, &bearer)]).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_optional_guard_lets_strangers_in_and_bad_credentials_out() {
    let house = House::with(Style::Hybrid).await;
    let app = house.router(Guard::hybrid(house.rig.engine.clone(), "shop-api").optional());
    assert_eq!(text(ask(&app, "GET", "/anyone", &[]).await).await, "stranger");
    let bearer = format!("Bearer {}", house.token().await);
    assert_eq!(text(ask(&app, "GET", "/anyone", &[(header::AUTHORIZATION, &bearer)]).await).await, "known");
    for bad in ["Bearer x.y.z", "Bearer", "bearer ", &format!("{bearer}x")] {
        let refused = ask(&app, "GET", "/anyone", &[(header::AUTHORIZATION, bad)]).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{bad}");
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"", "{bad}");
    }
    let two = [(header::AUTHORIZATION, bearer.as_str()), (header::AUTHORIZATION, bearer.as_str())];
    assert_eq!(ask(&app, "GET", "/anyone", &two).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn of_two_guards_one_within_the_other_the_inner_one_says_who_asks() {
    let house = House::with(Style::Hybrid).await;
    let sessions = Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()).optional();
    let app = house.router(sessions).layer(Guard::hybrid(house.rig.engine.clone(), "shop-api"));
    assert_eq!(ask(&app, "GET", "/anyone", &[]).await.status(), StatusCode::UNAUTHORIZED);
    let bearer = format!("Bearer {}", house.token().await);
    let passed = ask(&app, "GET", "/anyone", &[(header::AUTHORIZATION, &bearer)]).await;
    assert_eq!(text(passed).await, "stranger");
}

#[tokio::test]
async fn a_token_for_another_audience_does_not_pass() {
    let house = House::with(Style::Jwt).await;
    let bearer = format!("Bearer {}", house.token().await);
    for guard in [
        Guard::jwt_of(house.rig.engine.clone(), "bank-api"),
        Guard::hybrid(house.rig.engine.clone(), "bank-api"),
    ] {
        let answer = ask(&house.router(guard), "GET", "/me", &[(header::AUTHORIZATION, &bearer)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn after_an_ending_hybrid_refuses_and_plain_jwt_lives_until_its_token_dies() {
    let house = House::with(Style::Hybrid).await;
    let hybrid = house.router(Guard::hybrid(house.rig.engine.clone(), "shop-api"));
    let jwt = house.router(Guard::jwt_of(house.rig.engine.clone(), "shop-api"));
    let bearer = format!("Bearer {}", house.token().await);
    let with = [(header::AUTHORIZATION, bearer.as_str())];
    assert_eq!(ask(&hybrid, "GET", "/me", &with).await.status(), StatusCode::OK);
    house.end_everything_of_ada().await;
    assert_eq!(ask(&hybrid, "GET", "/me", &with).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&jwt, "GET", "/me", &with).await.status(), StatusCode::OK);
    house.rig.clock.advance(house.app.access_lifetime + std::time::Duration::from_secs(6));
    assert_eq!(ask(&jwt, "GET", "/me", &with).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_application_elsewhere_trusts_the_issuer_by_its_keys() {
    use countersign_axum::{Reach, trust};
    use countersign_jose::jwt::{self, AccessClaims};
    use countersign_jose::{Algorithm, JwkSet, SigningKey};

    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = serde_json::json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks.json") });
    let keys = serde_json::to_value(JwkSet::new([key.verifying_key().to_jwk()])).unwrap();
    let published = Router::new()
        .route("/.well-known/openid-configuration", get(move || async move { axum::Json(metadata) }))
        .route("/jwks.json", get(move || async move { axum::Json(keys) }));
    tokio::spawn(async move { axum::serve(listener, published).await });

    let guard = Guard::jwt(trust(&issuer).audience("shop-api").within(Reach::ThisMachine)).await.unwrap();
    let app =
        Router::new().route("/me", get(|auth: Auth| async move { auth.subject().to_owned() })).layer(guard);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token = |aud: &str| {
        let claims = AccessClaims {
            iss: issuer.clone(),
            sub: "ana".into(),
            aud: aud.into(),
            client_id: "shop-web".into(),
            iat: now,
            exp: now + 60,
            jti: "t1".into(),
            ..AccessClaims::default()
        };
        format!("Bearer {}", jwt::sign(&key, &claims).unwrap())
    };
    let good = ask(&app, "GET", "/me", &[(header::AUTHORIZATION, &token("shop-api"))]).await;
    assert_eq!(text(good).await, "ana");
    for bad in [token("bank-api"), "Bearer x.y.z".to_owned()] {
        let refused = ask(&app, "GET", "/me", &[(header::AUTHORIZATION, &bad)]).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(ask(&app, "GET", "/me", &[]).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_in_the_applications_cookie_counts_once() {
    let house = House::with(Style::Jwt).await;
    let app = house.router(Guard::jwt_of(house.rig.engine.clone(), "shop-api").token_cookie("shop_token"));
    let token = house.token().await;
    let one = format!("shop_token={token}");
    assert_eq!(ask(&app, "GET", "/me", &[(header::COOKIE, &one)]).await.status(), StatusCode::OK);
    let twice = format!("{one}; {one}");
    assert_eq!(ask(&app, "GET", "/me", &[(header::COOKIE, &twice)]).await.status(), StatusCode::UNAUTHORIZED);
    // A bad bearer does not fall through to the good cookie.
    let both = [(header::COOKIE, one.as_str()), (header::AUTHORIZATION, "Bearer x.y.z")];
    assert_eq!(ask(&app, "GET", "/me", &both).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_begins_by_ticket_keeps_data_and_ends_with_its_login() {
    let house = House::with(Style::Session).await;
    let app = house.router(Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()));
    let cookie = session_cookie(&house, &app).await;
    let with = [(header::COOKIE, cookie.as_str())];
    assert_eq!(text(ask(&app, "GET", "/me", &with).await).await, house.ada.session.subject.as_str());
    let own = [with[0].clone(), SAME];
    for expected in ["1", "2", "3"] {
        assert_eq!(text(ask(&app, "POST", "/count", &own).await).await, expected);
    }
    // Another site's form carries the cookie and changes nothing.
    for site in ["cross-site", "same-site"] {
        let forged = [with[0].clone(), (SITE, site)];
        assert_eq!(ask(&app, "POST", "/count", &forged).await.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(ask(&app, "POST", "/count", &with).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(text(ask(&app, "POST", "/count", &own).await).await, "4");
    house.end_everything_of_ada().await;
    assert_eq!(ask(&app, "GET", "/me", &with).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, "POST", "/count", &with).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn thirty_updates_at_once_all_count() {
    let house = House::with(Style::Session).await;
    let app = house.router(Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()));
    let cookie = session_cookie(&house, &app).await;
    let with = [(header::COOKIE, cookie.as_str())];
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (app, cookie) = (app.clone(), cookie.clone());
        answers.spawn(async move {
            ask(&app, "POST", "/count", &[(header::COOKIE, &cookie), SAME]).await.status()
        });
    }
    while let Some(status) = answers.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(text(ask(&app, "POST", "/count", &[with[0].clone(), SAME]).await).await, "31");
}

#[tokio::test]
async fn a_ticket_is_no_good_without_the_nonce_of_its_browser() {
    let house = House::with(Style::Session).await;
    let app = house.router(Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()));
    let start = ask(&app, "GET", "/_cs/start", &[]).await;
    let to = start.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let hash = to.split(['?', '&']).find_map(|pair| pair.strip_prefix("nonce=")).unwrap();
    let back = house.rig.engine.ticket(&house.ada, "shop", hash, "/").await.unwrap();
    let path = back.strip_prefix("https://shop.example").unwrap().to_owned();
    let victim = ask(&app, "GET", "/_cs/start", &[]).await;
    let other = set_cookie(&victim, "cs_dev_start=").to_owned();
    for headers in [vec![], vec![(header::COOKIE, other.as_str())]] {
        let refused = ask(&app, "GET", &path, &headers).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert!(refused.headers().get(header::SET_COOKIE).is_none());
    }
}

#[tokio::test]
async fn the_way_back_never_leaves_the_application() {
    let house = House::with(Style::Session).await;
    let app = house.router(Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()));
    for bad in [
        "//evil.example",
        "https://evil.example/",
        "%2F%2Fevil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
        "evil",
    ] {
        let refused = ask(&app, "GET", &format!("/_cs/start?return_to={bad}"), &[]).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{bad}");
        assert!(refused.headers().get(header::LOCATION).is_none(), "{bad}");
    }
    for bad in ["//evil.example", "/%5Cevil.example", "/%2Fevil.example", "/%0A"] {
        let refused = ask(&app, "GET", &format!("/_cs/start?{bad}"), &[]).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{bad}");
        assert!(refused.headers().get(header::LOCATION).is_none(), "{bad}");
    }
}

#[tokio::test]
async fn the_way_back_has_all_of_its_query_whether_encoded_or_as_it_stands() {
    let house = House::with(Style::Session).await;
    let app = house.router(Guard::sessions_of(house.rig.engine.clone(), house.app.id.clone()));
    for query in ["/me?a=1&b=x%2Fy", "return_to=%2Fme%3Fa%3D1%26b%3Dx%252Fy"] {
        let start = ask(&app, "GET", &format!("/_cs/start?{query}"), &[]).await;
        let to = start.headers()[header::LOCATION].to_str().unwrap();
        assert!(to.ends_with("&return_to=%2Fme%3Fa%3D1%26b%3Dx%252Fy"), "{query}: {to}");
    }
}
