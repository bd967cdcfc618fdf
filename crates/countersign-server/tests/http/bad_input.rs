//! What is malformed, too large, doubled or from elsewhere is refused with a code, and nothing has changed.

use http::StatusCode;

use crate::house::{ADA, House, ISSUER, PASSWORD, Reply, SHOP, form};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");

struct Case {
    request: (&'static str, &'static str),
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    answer: (u16, &'static str),
}

fn case(
    request: (&'static str, &'static str),
    headers: &[(&'static str, &'static str)],
    body: impl Into<String>,
    answer: (u16, &'static str),
) -> Case {
    Case { request, headers: headers.to_vec(), body: body.into(), answer }
}

fn bodies() -> Vec<Case> {
    let signin = ("POST", "/signin");
    let twice = form(&[("email", ADA), ("email", "eve@evil.example"), ("password", PASSWORD)]);
    vec![
        case(signin, &[SAME], "email=a", (415, "CS-7004")),
        case(signin, &[SAME, ("content-type", "text/plain")], "email=a", (415, "CS-7004")),
        case(signin, &[SAME, ("content-type", "application/json")], "{}", (415, "CS-7004")),
        case(signin, &[SAME, ("content-type", "multipart/form-data; boundary=x")], "--x--", (415, "CS-7004")),
        case(signin, &[SAME, FORM, ("content-type", "text/plain")], "email=a", (415, "CS-7004")),
        case(signin, &[SAME, FORM], "x".repeat(64 * 1024 + 1), (413, "CS-4106")),
        case(signin, &[SAME, FORM], format!("email={}", "x".repeat(9000)), (400, "CS-4103")),
        case(signin, &[SAME, FORM], twice, (400, "CS-4103")),
        case(signin, &[SAME, FORM], "email=%zz", (400, "CS-4103")),
        case(signin, &[SAME, FORM], "email=%ff", (400, "CS-4103")),
        case(signin, &[SAME, FORM], "email=a%00b", (400, "CS-4103")),
        case(signin, &[SAME, FORM], "a=1&".repeat(70), (400, "CS-4103")),
        case(("POST", "/signup/confirm"), &[SAME, FORM], "", (400, "CS-4103")),
        case(("POST", "/reset"), &[SAME, FORM], "code=nonsense&new_password=x", (410, "CS-2108")),
        case(("GET", "/reset?code=a&code=b"), &[], "", (400, "CS-4103")),
        case(("GET", "/signup/confirm"), &[], "", (400, "CS-4103")),
        case(("POST", "/token"), &[("content-type", "application/json")], "{}", (415, "CS-7004")),
        case(("POST", "/token"), &[FORM], "grant_type=refresh_token&grant_type=x", (400, "CS-4103")),
        case(("GET", "/check"), &[], "", (400, "")),
        case(("GET", "/check?app=SHOUTING"), &[], "", (400, "")),
        case(("GET", "/check?app=shop&app=bank"), &[], "", (400, "")),
    ]
}

fn addresses() -> Vec<Case> {
    vec![
        case(("GET", "/nowhere"), &[], "", (404, "CS-4101")),
        case(("GET", "/assets/none.css"), &[], "", (404, "CS-4101")),
        case(("GET", "/dev/mail/1"), &[], "", (404, "CS-4101")),
        case(("PUT", "/signin"), &[], "", (405, "CS-7002")),
        case(("DELETE", "/account"), &[], "", (405, "CS-7002")),
        case(("GET", "/token"), &[], "", (405, "CS-7002")),
        case(("TRACE", "/signin"), &[], "", (405, "CS-7002")),
        case(("GET", "/account//apps"), &[], "", (400, "CS-4103")),
        case(("GET", "/%61ccount"), &[], "", (400, "CS-4103")),
        case(("GET", "/account;x"), &[], "", (400, "CS-4103")),
        case(("GET", "/account/../account"), &[], "", (400, "CS-4103")),
        case(("GET", "/assets/..%2f..%2fCargo.toml"), &[], "", (400, "CS-4103")),
    ]
}

fn elsewhere() -> Vec<Case> {
    let mut cases = Vec::new();
    let cookie = ("cookie", "cs_dev_id=x");
    let from: [&[(&'static str, &'static str)]; 6] = [
        &[("sec-fetch-site", "cross-site"), FORM],
        &[("sec-fetch-site", "same-site"), FORM],
        &[("sec-fetch-site", "none"), cookie, FORM],
        &[("origin", "https://evil.example"), FORM],
        &[SAME, ("origin", "null"), FORM],
        &[cookie, FORM],
    ];
    for path in [
        "/signin",
        "/signup",
        "/signout",
        "/recover",
        "/reset",
        "/consent",
        "/account/erase",
        "/account/password",
    ] {
        for headers in from {
            cases.push(case(
                ("POST", path),
                headers,
                form(&[("email", ADA), ("password", PASSWORD)]),
                (403, "CS-7001"),
            ));
        }
    }
    cases
}

#[tokio::test]
async fn bad_requests_are_refused_with_a_code_and_nothing_has_changed() {
    let house = House::new().await;
    let before = state(&house).await;
    for case in bodies().into_iter().chain(addresses()).chain(elsewhere()) {
        let (method, path) = case.request;
        let reply = house.plain(method, ISSUER, path, &case.headers, &case.body).await;
        let (status, code) = case.answer;
        assert_eq!(
            reply.status.as_u16(),
            status,
            "{method} {path} {:?} {:.80}: {}",
            case.headers,
            case.body,
            reply.body
        );
        assert!(reply.body.contains(code), "{method} {path} {code}: {}", reply.body);
        assert!(reply.cookies().is_empty() && reply.location().is_empty(), "{method} {path}");
        if status == 405 {
            assert!(!reply.header("allow").is_empty(), "{method} {path}");
        }
    }
    assert_eq!(state(&house).await, before);
    assert!(house.rig.mail.letters().is_empty());
}

async fn state(house: &House) -> String {
    let lines = house.app.engine.audit(countersign_core::port::AuditFilter::default(), 100).await.unwrap();
    format!("{:?} {}", house.app.engine.overview().await.unwrap(), lines.len())
}

#[tokio::test]
async fn oauth_errors_are_oauths() {
    let house = House::new().await;
    let wrong = "Basic YXBpOmNzX2FrX3dyb25n";
    let token = |headers: Vec<(&'static str, String)>, body: &'static str| {
        let house = &house;
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.plain("POST", ISSUER, "/token", &[&[FORM], headers.as_slice()].concat(), body).await
        }
    };
    let good = || vec![("authorization", house.basic["api"].clone())];
    let error = |reply: &Reply| reply.json()["error"].as_str().unwrap().to_owned();
    let nobody = token(vec![], "grant_type=refresh_token").await;
    assert_eq!((nobody.status, error(&nobody).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
    assert_eq!(nobody.header("www-authenticate"), "");
    let bad = token(vec![("authorization", wrong.to_owned())], "grant_type=refresh_token").await;
    assert_eq!((bad.status, error(&bad).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
    assert_eq!(bad.header("www-authenticate"), "Basic realm=\"countersign\"");
    assert_eq!((bad.header("cache-control"), bad.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(bad.json()["trace"].as_str().unwrap().len(), 16);
    for (body, word) in [
        ("", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
        ("grant_type=client_credentials", "unauthorized_client"),
        ("grant_type=refresh_token&client_secret=twice", "invalid_request"),
    ] {
        let reply = token(good(), body).await;
        assert_eq!((reply.status, error(&reply).as_str()), (StatusCode::BAD_REQUEST, word), "{body}");
    }
    let none = house.plain("GET", ISSUER, "/userinfo", &[], "").await;
    assert_eq!((none.status, none.header("www-authenticate")), (StatusCode::UNAUTHORIZED, "Bearer"));
    let query = house.plain("GET", ISSUER, "/userinfo?access_token=x", &[], "").await;
    assert_eq!(query.header("www-authenticate"), "Bearer", "a token in the address is not looked at");
}

#[tokio::test]
async fn two_session_cookies_are_none() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = ada.cookie_header(ISSUER);
    let doubled = format!("{cookie}; cs_dev_id=another");
    let page = house.plain("GET", ISSUER, "/account", &[("cookie", &doubled)], "").await;
    assert_eq!(page.location(), "/signin?next=%2Faccount");
    let apart = [("cookie", cookie.as_str()), ("cookie", "cs_dev_id=another")];
    assert_eq!(
        house.plain("GET", ISSUER, "/account", &apart, "").await.location(),
        "/signin?next=%2Faccount"
    );
    assert_eq!(
        house.plain("GET", ISSUER, "/account", &[("cookie", &cookie)], "").await.status,
        StatusCode::OK
    );
    let check = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", "cs_dev=a; cs_dev=b")], "").await;
    assert_eq!(check.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_bad_bearer_is_not_made_good_by_a_cookie() {
    let house = House::new().await;
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    let cookie = browser.cookie_header(SHOP);
    for bearer in ["Bearer nonsense", "Bearer", "Bearer ", "bearer a.b.c"] {
        let headers = [("cookie", cookie.as_str()), ("authorization", bearer)];
        let reply = house.plain("GET", ISSUER, "/check?app=shop", &headers, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{bearer}");
        assert_eq!(reply.header("countersign-subject"), "");
    }
    let cross = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    let forged = house.plain("GET", ISSUER, "/check?app=shop", &cross, "").await;
    assert_eq!((forged.status, forged.body.as_str()), (StatusCode::FORBIDDEN, ""));
}

#[tokio::test]
async fn too_many_tries_are_told_to_wait() {
    let house = House::new().await;
    let mut browser = house.browser();
    for _ in 0..200 {
        let reply = browser.post(ISSUER, "/signin", &[("email", ADA), ("password", "not this one")]).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
            assert!(reply.body.contains("CS-2102") && reply.body.contains("Too many tries"));
            return;
        }
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    panic!("200 wrong passwords in a row were looked at");
}
