//! An application that keeps its own sessions, from outside: signing in and out, data, messages, and what another site or an
//! old cookie can do.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::time::Duration;

use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::{MasterKey, Most, SessionRules};
use countersign_axum::testing::{Shop, signed_in_as};
use countersign_axum::{Auth, Beyond, Fence, Guard, Preset, Rejection, Session, Slot};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart").carried();
const NOTE: Slot<String> = Slot::new("note");
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn who(session: Session) -> String {
    session.subject().as_deref().unwrap_or("stranger").to_owned()
}

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

async fn stay(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in_and_stay(&name).await
}

async fn add(session: Session, Path(item): Path<String>) -> Result<Json<Vec<String>>, Rejection> {
    Ok(Json(session.update(CART, |cart| cart.push(item.clone())).await?))
}

async fn cart(session: Session) -> Result<String, Rejection> {
    Ok(session.read(CART).await?.unwrap_or_default().join(" "))
}

async fn note(session: Session) -> Result<(), Rejection> {
    session.write(NOTE, &"mine".to_owned()).await
}

async fn noted(session: Session) -> Result<String, Rejection> {
    Ok(session.read(NOTE).await?.unwrap_or_default())
}

async fn both(session: Session) -> Result<(), Rejection> {
    let jam = vec!["jam".to_owned()];
    let (note, cart) = tokio::join!(note(session.clone()), session.write(CART, &jam));
    note.and(cart)
}

async fn flash(session: Session) -> Result<(), Rejection> {
    session.flash("saved").await
}

async fn flashed(session: Session) -> Result<String, Rejection> {
    Ok(session.flashed().await?.join(" "))
}

async fn list(session: Session) -> Result<String, Rejection> {
    let mut lines = Vec::new();
    for fact in session.list().await? {
        lines.push(format!("{} {}", fact.handle, fact.this));
    }
    Ok(lines.join("\n"))
}

async fn end(session: Session, Path(handle): Path<String>) -> Result<(), Rejection> {
    session.end(&handle).await
}

fn app(guard: Guard) -> Router {
    let polled = Router::new().route("/poll", get(who)).layer(guard.clone().passive());
    let closed = Router::new()
        .route("/me", get(|auth: Auth| async move { auth.subject().to_owned() }))
        .layer(guard.clone());
    Router::new()
        .route("/", get(who))
        .route("/signin/{name}", post(sign_in))
        .route("/stay/{name}", post(stay))
        .route("/add/{item}", post(add))
        .route("/cart", get(cart))
        .route("/note", get(noted).post(note))
        .route("/both", post(both))
        .route("/shelf", get(|| async { "tea, jam" }))
        .route("/flash", post(flash))
        .route("/flashed", get(flashed))
        .route("/list", get(list))
        .route("/end/{handle}", post(end))
        .route("/signout", post(|session: Session| async move { session.sign_out().await }))
        .route("/signout/all", post(|session: Session| async move { session.sign_out_everywhere().await }))
        .layer(guard.optional())
        .merge(polled)
        .merge(closed)
}

/// A request of the application's own pages with this cookie.
async fn ask(app: &Router, method: &str, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:3000")
        .header("sec-fetch-site", "same-origin");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn said(app: &Router, path: &str, cookie: &HeaderValue) -> String {
    text(ask(app, "GET", path, Some(cookie)).await).await
}

/// The cookie that an answer sets, as the browser sends it back.
fn baked(response: &Response<Body>) -> Option<HeaderValue> {
    let set = response.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    HeaderValue::from_str(set.split(';').next().unwrap()).ok()
}

fn attributes(response: &Response<Body>) -> String {
    response.headers()[header::SET_COOKIE].to_str().unwrap().split_once(';').unwrap().1.to_owned()
}

async fn post_as(app: &Router, path: &str, cookie: &HeaderValue) -> StatusCode {
    ask(app, "POST", path, Some(cookie)).await.status()
}

#[tokio::test]
async fn somebody_signs_in_is_known_and_signs_out() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    assert_eq!(text(ask(&app, "GET", "/", None).await).await, "stranger");
    assert_eq!(ask(&app, "GET", "/me", None).await.status(), StatusCode::UNAUTHORIZED);

    let signed = ask(&app, "POST", "/signin/ada%20lovelace", None).await;
    assert_eq!(signed.status(), StatusCode::OK);
    assert_eq!(attributes(&signed), " Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(signed.headers()[header::CACHE_CONTROL], "no-store");
    let ada = baked(&signed).unwrap();
    assert_eq!(said(&app, "/", &ada).await, "ada lovelace");
    assert_eq!(said(&app, "/me", &ada).await, "ada lovelace");
    assert!(ask(&app, "GET", "/", Some(&ada)).await.headers().get(header::SET_COOKIE).is_none());

    let left = ask(&app, "POST", "/signout", Some(&ada)).await;
    assert!(attributes(&left).ends_with("Max-Age=0"));
    let again = ask(&app, "GET", "/me", Some(&ada)).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert!(attributes(&again).ends_with("Max-Age=0"), "an old cookie goes");
}

#[tokio::test]
async fn an_old_cookie_makes_a_stranger_who_can_sign_in() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let ada = shop.signed_in_as("ada").await.unwrap();
    shop.clock().advance(15 * 24 * HOUR);
    assert_eq!(said(&app, "/", &ada).await, "stranger");
    let signed = ask(&app, "POST", "/signin/ada", Some(&ada)).await;
    assert_eq!(said(&app, "/", &baked(&signed).unwrap()).await, "ada");
    let junk = HeaderValue::from_static("cs_dev=junk");
    assert_eq!(said(&app, "/", &junk).await, "stranger");
    // Two of one name are refused: one of them is somebody else's.
    let two = HeaderValue::from_str(&format!("{0}; {0}", ada.to_str().unwrap())).unwrap();
    assert_eq!(ask(&app, "GET", "/", Some(&two)).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_site_signs_nobody_in_and_does_nothing_for_anybody() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let ada = shop.signed_in_as("ada").await.unwrap();
    for site in ["cross-site", "same-site"] {
        for cookie in [None, Some(&ada)] {
            let mut request = Request::post("/signin/mallory").header("sec-fetch-site", site);
            if let Some(cookie) = cookie {
                request = request.header(header::COOKIE, cookie);
            }
            let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN);
            assert!(baked(&answer).is_none());
        }
    }
    let unsaid = Request::post("/signin/mallory").body(Body::empty()).unwrap();
    assert_eq!(app.clone().oneshot(unsaid).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(said(&app, "/", &ada).await, "ada");
}

#[tokio::test]
async fn signing_in_again_is_a_new_session_that_keeps_the_cart_of_the_same_person() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let first = shop.signed_in_as("ada").await.unwrap();
    assert_eq!(post_as(&app, "/add/tea", &first).await, StatusCode::OK);
    let second = baked(&ask(&app, "POST", "/signin/ada", Some(&first)).await).unwrap();
    assert_ne!(first, second);
    assert_eq!(said(&app, "/cart", &second).await, "tea");
    assert_eq!(said(&app, "/", &first).await, "stranger");
    let bob = baked(&ask(&app, "POST", "/signin/bob", Some(&second)).await).unwrap();
    assert_eq!(said(&app, "/cart", &bob).await, "");
    assert_eq!(said(&app, "/", &second).await, "stranger");
}

#[tokio::test]
async fn to_stay_is_a_choice_that_a_strict_preset_does_not_give() {
    let shop = Shop::open().await.unwrap();
    let staying = ask(&app(shop.guard()), "POST", "/stay/ada", None).await;
    assert!(attributes(&staying).ends_with("Max-Age=2592000"), "{}", attributes(&staying));
    let rules = SessionRules { preset: Some(Preset::Pci), most: None };
    let strict = Shop::with(rules).await.unwrap();
    let app = app(strict.guard());
    let staying = ask(&app, "POST", "/stay/ada", None).await;
    assert!(!attributes(&staying).contains("Max-Age"));
    strict.clock().advance(HOUR / 4);
    assert_eq!(said(&app, "/", &baked(&staying).unwrap()).await, "stranger");
}

#[tokio::test]
async fn a_route_that_a_page_polls_keeps_nobody_signed_in() {
    let rules = SessionRules { preset: Some(Preset::Pci), most: None };
    let shop = Shop::with(rules).await.unwrap();
    let app = app(shop.guard());
    let (ada, bob) = (shop.signed_in_as("ada").await.unwrap(), shop.signed_in_as("bob").await.unwrap());
    for _ in 0..2 {
        shop.clock().advance(HOUR / 10);
        assert_eq!(said(&app, "/poll", &ada).await, "ada");
        assert_eq!(said(&app, "/", &bob).await, "bob");
    }
    shop.clock().advance(HOUR / 10);
    assert_eq!(ask(&app, "GET", "/poll", Some(&ada)).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(said(&app, "/", &bob).await, "bob");
}

#[tokio::test]
async fn a_message_is_shown_once() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let ada = shop.signed_in_as("ada").await.unwrap();
    assert_eq!(said(&app, "/flashed", &ada).await, "");
    for _ in 0..2 {
        assert_eq!(post_as(&app, "/flash", &ada).await, StatusCode::OK);
    }
    assert_eq!(said(&app, "/flashed", &ada).await, "saved saved");
    assert_eq!(said(&app, "/flashed", &ada).await, "");
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_only() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let (here, there) = (shop.signed_in_as("ada").await.unwrap(), shop.signed_in_as("ada").await.unwrap());
    let bob = shop.signed_in_as("bob").await.unwrap();
    let listed = said(&app, "/list", &here).await;
    assert_eq!(listed.lines().count(), 2);
    let other = listed.lines().find(|line| line.ends_with("false")).unwrap().split(' ').next().unwrap();
    assert_eq!(post_as(&app, &format!("/end/{other}"), &bob).await, StatusCode::NOT_FOUND);
    assert_eq!(said(&app, "/", &there).await, "ada");
    assert_eq!(post_as(&app, &format!("/end/{other}"), &here).await, StatusCode::OK);
    assert_eq!(said(&app, "/", &there).await, "stranger");
    assert_eq!(said(&app, "/", &here).await, "ada");
    let third = shop.signed_in_as("ada").await.unwrap();
    assert_eq!(post_as(&app, "/signout/all", &here).await, StatusCode::OK);
    assert_eq!(said(&app, "/", &third).await, "stranger");
    assert_eq!(said(&app, "/", &bob).await, "bob");
}

#[tokio::test]
async fn one_session_too_many_is_refused_or_ends_the_oldest() {
    let most = |beyond| SessionRules { preset: None, most: Some(Most { count: 1, beyond }) };
    let shop = Shop::with(most(Beyond::Deny)).await.unwrap();
    let first = shop.signed_in_as("ada").await.unwrap();
    let refused = ask(&app(shop.guard()), "POST", "/signin/ada", None).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(said(&app(shop.guard()), "/", &first).await, "ada");
    let shop = Shop::with(most(Beyond::EndOldest)).await.unwrap();
    let first = shop.signed_in_as("ada").await.unwrap();
    let second = baked(&ask(&app(shop.guard()), "POST", "/signin/ada", None).await).unwrap();
    assert_eq!(said(&app(shop.guard()), "/", &first).await, "stranger");
    assert_eq!(said(&app(shop.guard()), "/", &second).await, "ada");
}

#[tokio::test]
async fn sessions_outlive_the_process_and_a_development_store_serves_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shop.db").display().to_string();
    let guard = Guard::sessions(&place).await.unwrap();
    let ada = signed_in_as(&guard, "ada").await.unwrap();
    drop(guard);
    let guard = Guard::sessions(&place).await.unwrap();
    let app = app(guard);
    assert_eq!(said(&app, "/", &ada).await, "ada");
    let away = Request::get("/").header(header::HOST, "shop.example").body(Body::empty()).unwrap();
    assert_eq!(app.clone().oneshot(away).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(Guard::sessions(&place).await.is_err(), "one process, one owner");
    drop(app);
    let other = Guard::sessions(&place).master_key(MasterKey::from_bytes([1; 32]));
    assert!(other.await.unwrap_err().to_string().contains("another master key"));
}

#[tokio::test]
async fn in_production_the_cookie_goes_over_https_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shop.db").display().to_string();
    let guard = Guard::sessions(&place).master_key(MasterKey::from_bytes([1; 32])).preset(Preset::NistAal2);
    let app = app(guard.await.unwrap());
    let signed = Request::post("/signin/ada")
        .header(header::HOST, "shop.example")
        .header(header::ORIGIN, "https://shop.example")
        .body(Body::empty())
        .unwrap();
    let signed = app.clone().oneshot(signed).await.unwrap();
    assert!(baked(&signed).unwrap().to_str().unwrap().starts_with("__Host-cs="));
    assert_eq!(attributes(&signed), " Path=/; HttpOnly; SameSite=Lax; Secure");
}

#[tokio::test]
async fn a_guest_begins_with_the_first_write_and_not_before() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    for path in ["/", "/cart", "/note", "/flashed", "/shelf"] {
        let looked = ask(&app, "GET", path, None).await;
        assert_eq!((looked.status(), baked(&looked)), (StatusCode::OK, None), "{path}");
    }
    let added = ask(&app, "POST", "/add/tea", None).await;
    assert!(attributes(&added).contains("Max-Age="), "{}", attributes(&added));
    let guest = baked(&added).unwrap();
    assert_eq!(baked(&ask(&app, "POST", "/add/jam", Some(&guest)).await), None);
    assert_eq!(said(&app, "/cart", &guest).await, "tea jam");
    assert_eq!(said(&app, "/", &guest).await, "stranger");
    assert_eq!(ask(&app, "GET", "/me", Some(&guest)).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(said(&app, "/flashed", &guest).await, "");
    assert_eq!(post_as(&app, "/flash", &guest).await, StatusCode::OK);
    assert_eq!(said(&app, "/flashed", &guest).await, "saved");
}

#[tokio::test]
async fn what_a_guest_declared_goes_along_at_the_sign_in_and_its_cookie_is_dead() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let guest = baked(&ask(&app, "POST", "/add/tea", None).await).unwrap();
    assert_eq!(post_as(&app, "/note", &guest).await, StatusCode::OK);
    let ada = baked(&ask(&app, "POST", "/signin/ada", Some(&guest)).await).unwrap();
    assert_ne!(ada, guest);
    assert_eq!(said(&app, "/", &ada).await, "ada");
    assert_eq!(said(&app, "/cart", &ada).await, "tea");
    assert_eq!(said(&app, "/note", &ada).await, "", "not declared");
    // Whoever planted the cookie beforehand has nothing in their hands, and leaves nothing with her.
    assert_eq!(said(&app, "/", &guest).await, "stranger");
    assert_eq!(said(&app, "/cart", &guest).await, "");
    let refused = ask(&app, "POST", "/add/poison", Some(&guest)).await;
    assert_eq!((refused.status(), baked(&refused)), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(said(&app, "/cart", &ada).await, "tea");
}

#[tokio::test]
async fn two_slots_that_a_stranger_writes_at_once_are_one_guests() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let answer = ask(&app, "POST", "/both", None).await;
    assert_eq!(answer.headers().get_all(header::SET_COOKIE).iter().count(), 1);
    let guest = baked(&answer).unwrap();
    assert_eq!(
        (said(&app, "/note", &guest).await, said(&app, "/cart", &guest).await),
        ("mine".into(), "jam".into())
    );
    assert_eq!(shop.guard().home().unwrap().engine().live_guests().await.unwrap(), 1);
}

#[tokio::test]
async fn another_site_leaves_nothing_with_a_guest_and_begins_none() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let guest = baked(&ask(&app, "POST", "/add/tea", None).await).unwrap();
    for cookie in [None, Some(&guest)] {
        let mut request = Request::post("/add/poison").header("sec-fetch-site", "cross-site");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!((answer.status(), baked(&answer)), (StatusCode::FORBIDDEN, None));
    }
    assert_eq!(said(&app, "/cart", &guest).await, "tea");
}

#[tokio::test]
async fn a_guest_who_signs_out_has_left_nothing() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let guest = baked(&ask(&app, "POST", "/add/tea", None).await).unwrap();
    let out = ask(&app, "POST", "/signout", Some(&guest)).await;
    let name = guest.to_str().unwrap().split_once('=').unwrap().0;
    let all = out.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let removal = all.into_iter().find(|cookie| cookie.starts_with(name)).unwrap();
    assert!(removal.starts_with(&format!("{name}=;")) && removal.ends_with("Max-Age=0"), "{removal}");
    assert_eq!(said(&app, "/cart", &guest).await, "");
    assert_eq!(shop.guard().home().unwrap().engine().live_guests().await.unwrap(), 0);
}

#[tokio::test]
async fn a_page_that_does_not_ask_neither_renews_a_session_nor_takes_a_cookie() {
    let rules = SessionRules { preset: Some(Preset::Pci), most: None };
    let shop = Shop::with(rules).await.unwrap();
    let app = app(shop.guard());
    let (ada, bob) = (shop.signed_in_as("ada").await.unwrap(), shop.signed_in_as("bob").await.unwrap());
    for _ in 0..2 {
        shop.clock().advance(HOUR / 10);
        assert_eq!(said(&app, "/shelf", &ada).await, "tea, jam");
        assert_eq!(said(&app, "/", &bob).await, "bob");
    }
    shop.clock().advance(HOUR / 10);
    let looked = ask(&app, "GET", "/shelf", Some(&ada)).await;
    assert!(looked.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(said(&app, "/", &ada).await, "stranger");
    assert_eq!(said(&app, "/", &bob).await, "bob");
}

#[tokio::test]
async fn who_asks_is_never_somebody_elses_request() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    let unguarded = Router::new()
        .route("/", get(who))
        .route("/opt", get(|auth: Option<Auth>| async move { auth.is_some().to_string() }));
    let within = unguarded.clone();
    // A handler that asks, and then sends a request of its own to routes without a guard.
    let asks = move |_: Session| async move {
        let (session, auth) = (
            ask(&within, "GET", "/", None).await.status(),
            text(ask(&within, "GET", "/opt", None).await).await,
        );
        format!("{session} {auth}")
    };
    let panics = |_: Session| async {
        if true {
            panic!("on purpose")
        }
    };
    let routes = Router::new().route("/asks", get(asks)).route("/panics", get(panics));
    let app = routes.layer(shop.guard().optional()).merge(unguarded);
    assert_eq!(said(&app, "/asks", &ada).await, "401 Unauthorized false");
    let panicked = {
        let (app, ada) = (app.clone(), ada.clone());
        tokio::spawn(async move { drop(ask(&app, "GET", "/panics", Some(&ada)).await) })
    };
    assert!(panicked.await.unwrap_err().is_panic());
    for unguarded in ["/", "/opt"] {
        let asked = ask(&app, "GET", unguarded, Some(&ada)).await;
        assert_eq!(asked.status(), StatusCode::INTERNAL_SERVER_ERROR, "{unguarded}");
    }
}

#[tokio::test]
async fn what_is_not_built_in_is_said_without_the_password() {
    for place in ["postgres://shop:hunter2@db/shop?sslmode=prefer", "", "mysql://hunter2@db"] {
        let why = Guard::sessions(place).await.unwrap_err().to_string();
        assert!(!why.contains("hunter2"), "{why}");
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shop.db").display().to_string();
    for data in ["rediss-cluster://:hunter2@data", "", "hunter2", "redis://:hunter2@data:port"] {
        let opening = Guard::sessions(&place).data(data);
        assert!(!format!("{opening:?}").contains("hunter2"));
        let why = opening.await.unwrap_err().to_string();
        assert!(!why.contains("hunter2"), "{why}");
    }
}

#[tokio::test]
async fn a_fence_keeps_other_sites_out_of_routes_without_a_guard() {
    let app = Router::new().route("/order", get(|| async {}).post(|| async {})).layer(Fence);
    let send = |method: &str, site: &'static str| {
        let request = Request::builder().method(method).uri("/order").header("sec-fetch-site", site);
        app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(send("POST", "same-origin").await.unwrap().status(), StatusCode::OK);
    assert_eq!(send("POST", "cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(send("GET", "cross-site").await.unwrap().status(), StatusCode::OK);
}
