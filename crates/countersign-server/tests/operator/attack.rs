//! What strangers, other sites and other names try against the console.

use axum::Router;
use axum::body::Body;
use countersign_server::api::{self, Route};
use countersign_server::console::{CLOSED_ROUTES, OPEN_ROUTES};
use http::{Request, StatusCode, header};

use crate::desk::{Desk, HOST, KIM, ORIGIN, PASSWORD, asking, form, sent};

/// A path with something in its gaps.
fn filled(route: &Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "shop".to_owned() } else { part.to_owned() };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn all_closed() -> impl Iterator<Item = &'static Route> {
    CLOSED_ROUTES.iter().chain(api::ROUTES)
}

#[tokio::test]
async fn without_a_session_every_route_is_refused() {
    let (desk, kim) = Desk::with_operator().await;
    let (_, ada) = desk.ada().await;
    let before = desk.everything().await;
    // A person's session is none of the console's, under whatever name it comes.
    let smuggled = ada.replace("cs_dev_id=", "cs_dev_console=");
    let twice = format!("{kim}; {kim}");
    for cookie in ["", "cs_dev_console=junk", ada.as_str(), smuggled.as_str(), twice.as_str()] {
        for route in all_closed() {
            let request = asking(route.method, &filled(route)).header(header::COOKIE, cookie);
            let answer = sent(&desk.console, request.body(Body::empty()).unwrap()).await;
            if route.path.starts_with(api::PREFIX) {
                let (status, code) = answer.problem();
                assert_eq!(status, 401, "{route:?}");
                assert!(code.starts_with("CS-20"), "{route:?} {code}");
            } else {
                assert!(answer.location().starts_with("/admin/signin"), "{route:?} {answer:?}");
                assert!(!answer.body.contains(KIM));
            }
        }
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn the_api_serves_nobody_that_nobody_vouched_for() {
    let desk = Desk::new().await;
    let bare: Router = api::router(desk.rig.engine.clone());
    for route in api::ROUTES {
        let request = Request::builder().method(route.method).uri(filled(route)).body(Body::empty()).unwrap();
        assert_eq!(sent(&bare, request).await.problem(), (403, "CS-4105".to_owned()), "{route:?}");
    }
}

#[tokio::test]
async fn what_another_site_sends_is_refused_and_changes_nothing() {
    let (desk, kim) = Desk::with_operator().await;
    let before = desk.everything().await;
    let changing = || all_closed().chain(OPEN_ROUTES).filter(|route| route.method != "GET");
    assert!(changing().count() > 15);
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("x", "y")]
    {
        for route in changing() {
            let request = Request::builder()
                .method(route.method)
                .uri(filled(route))
                .header(header::HOST, HOST)
                .header(header::COOKIE, &kim)
                .header(name, value);
            let answer = sent(&desk.console, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?} {name} {value}");
            assert!(answer.body.contains("CS-7001"), "{route:?}");
        }
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn another_name_for_this_machine_is_not_answered_to() {
    let (desk, kim) = Desk::with_operator().await;
    for host in ["rebound.example:9321", "127.0.0.1", "localhost:9321", "127.0.0.1:9321.evil.example"] {
        let request =
            Request::builder().uri("/admin").header(header::HOST, host).header(header::COOKIE, &kim);
        let request = request.header("x-forwarded-host", HOST).body(Body::empty()).unwrap();
        let answer = sent(&desk.console, request).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.body.contains("CS-7003") && !answer.body.contains(KIM));
    }
    let probe =
        Request::builder().uri("/readyz").header(header::HOST, "10.0.0.7:9321").body(Body::empty()).unwrap();
    assert_eq!(sent(&desk.console, probe).await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_is_private_and_cannot_be_framed() {
    let (desk, kim) = Desk::with_operator().await;
    for cookie in [None, Some(kim.as_str())] {
        for route in all_closed().chain(OPEN_ROUTES).filter(|route| !route.path.starts_with("/assets/")) {
            let mut request = asking(route.method, &filled(route));
            if let Some(cookie) = cookie {
                request = request.header(header::COOKIE, cookie);
            }
            let answer = sent(&desk.console, request.body(Body::empty()).unwrap()).await;
            let sent = |name: header::HeaderName| {
                answer.headers.get(&name).map_or("", |value| value.to_str().unwrap())
            };
            assert_eq!(sent(header::CACHE_CONTROL), "no-store", "{route:?}");
            assert_eq!(sent(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{route:?}");
            assert_eq!(sent(header::X_FRAME_OPTIONS), "DENY", "{route:?}");
            let policy = sent(header::CONTENT_SECURITY_POLICY);
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{route:?}"
            );
            assert_eq!(
                answer.headers.get_all(header::CONTENT_SECURITY_POLICY).iter().count(),
                1,
                "{route:?}"
            );
            assert_eq!(
                answer.headers.get_all(header::CONTENT_TYPE).iter().count(),
                usize::from(!answer.body.is_empty())
            );
            if answer.status.as_u16() == 405 || answer.status.is_server_error() {
                panic!("{route:?} {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_address_never_speaks_through_the_page() {
    let (desk, kim) = Desk::with_operator().await;
    for page in ["/admin", "/admin/signin", "/admin/users", "/admin/apps", "/admin/keys"] {
        let answer = desk.get(&format!("{page}?done=%3Cscript%3EYou%20won"), Some(&kim)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{page}");
        assert!(!answer.body.contains("<script>You"), "{page}");
        assert_eq!(desk.get(&format!("{page}?surprise=1"), Some(&kim)).await.status, StatusCode::BAD_REQUEST);
    }
    let entered = desk
        .post(
            "/admin/signin",
            &[("email", KIM), ("password", PASSWORD), ("next", "//evil.example/admin")],
            None,
        )
        .await;
    assert_eq!(entered.location(), "/admin");
}

#[tokio::test]
async fn a_form_that_cannot_be_read_changes_nothing() {
    let (desk, kim) = Desk::with_operator().await;
    let before = desk.everything().await;
    let whole = form(&[
        ("name", "Shop"),
        ("client", "shop"),
        ("style", "hybrid"),
        ("redirects", "https://a.example/cb"),
    ]);
    let kind = "application/x-www-form-urlencoded";
    let large = format!("{whole}&audience={}", "a".repeat(70 * 1024));
    for (kind, body, status) in [
        (kind, format!("{whole}&admin=yes"), 400),
        (kind, format!("{whole}&client=other"), 400),
        (kind, "name=Shop&client=shop".to_owned(), 400),
        (kind, format!("{whole}&first_party=maybe"), 400),
        ("application/json", whole.clone(), 415),
        ("text/plain", whole.clone(), 415),
        ("multipart/form-data; boundary=x", whole.clone(), 415),
        (kind, large, 413),
    ] {
        let request =
            asking("POST", "/admin/apps").header(header::COOKIE, &kim).header(header::CONTENT_TYPE, kind);
        let answer = sent(&desk.console, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{kind} {answer:?}");
        assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    }
    assert_eq!(desk.everything().await, before);
    assert_eq!(ORIGIN, format!("http://{HOST}"));
}

#[tokio::test]
async fn guessing_at_the_sign_in_is_slowed_down() {
    let (desk, _) = Desk::with_operator().await;
    let mut throttled = false;
    for number in 0..40 {
        let guess = format!("guess number {number}");
        let answer = desk.post("/admin/signin", &[("email", KIM), ("password", &guess)], None).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers.contains_key(header::RETRY_AFTER) && answer.body.contains("CS-2102"));
            throttled = true;
            break;
        }
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(throttled);
}

#[tokio::test]
async fn without_its_store_the_console_refuses_and_says_when_to_come_back() {
    let (desk, kim) = Desk::with_operator().await;
    let Desk { rig, console, socket } = desk;
    // The routers keep the engine; its store is closed under it.
    rig.close().await;
    let page = asking("GET", "/admin").header(header::COOKIE, &kim).body(Body::empty()).unwrap();
    let page = sent(&console, page).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("CS-5001") && !page.body.contains(KIM), "{page:?}");
    let overview = Request::builder().uri(format!("{}/overview", api::PREFIX)).body(Body::empty()).unwrap();
    let overview = sent(&socket, overview).await;
    assert_eq!(overview.problem(), (503, "CS-5001".to_owned()));
    assert!(overview.headers.contains_key(header::RETRY_AFTER));
    let told = asking("GET", &format!("{}/overview", api::PREFIX)).header(header::COOKIE, &kim);
    let told = sent(&console, told.body(Body::empty()).unwrap()).await;
    assert_eq!(told.json()["detail"], "the server could not do this");
    let ready = sent(&console, asking("GET", "/readyz").body(Body::empty()).unwrap()).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    let live = sent(&console, asking("GET", "/livez").body(Body::empty()).unwrap()).await;
    assert_eq!(live.status, StatusCode::OK);
}
