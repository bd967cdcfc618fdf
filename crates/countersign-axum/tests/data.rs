//! The data of a session by type, over HTTP: the same for whoever is signed in and for a guest, and what goes along at a
//! sign-in.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign_axum::testing::Shop;
use countersign_axum::{Bytes, Expect, Guard, Rejection, Session, Slot, Version, Writes};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const VISITS: Slot<i64> = Slot::new("visits").carried();
const LIKES: Slot<BTreeSet<String>> = Slot::new("likes").carried();
const CART: Slot<Vec<String>> = Slot::new("cart");
const TOTAL: Slot<u32> = Slot::new("total");
const PICTURE: Slot<Bytes> = Slot::new("picture").carried();

async fn add(session: Session, Path((by, once)): Path<(i64, String)>) -> Result<String, Rejection> {
    Ok(session.add(VISITS, by, &once).await?.to_string())
}

async fn like(session: Session, Path((what, once)): Path<(String, String)>) -> Result<String, Rejection> {
    Ok(session.insert(LIKES, what, &once).await?.to_string())
}

async fn unlike(session: Session, Path((what, once)): Path<(String, String)>) -> Result<String, Rejection> {
    Ok(session.remove(LIKES, &what, &once).await?.to_string())
}

/// Writes the cart and its total together, if the cart is in this version; 0 is none yet.
async fn both(session: Session, Path((version, total)): Path<(u64, u32)>) -> Result<String, Rejection> {
    let expect = if version == 0 { Expect::Absent } else { Expect::At(Version::new(version)) };
    let cart = vec!["tea".to_owned(); usize::try_from(total).unwrap()];
    let writes = Writes::new().put(CART, expect, &cart)?.put(TOTAL, Expect::Whatever, &total)?;
    Ok(session.commit(writes).await?.number().to_string())
}

async fn clear(session: Session) -> Result<(), Rejection> {
    session.clear(TOTAL).await
}

async fn look(session: Session) -> Result<String, Rejection> {
    let cart = session.read_version(CART).await?;
    let (version, pieces) = cart.map_or((0, 0), |(version, cart)| (version.number(), cart.len()));
    let total = session.read(TOTAL).await?.map_or_else(|| "-".to_owned(), |total| total.to_string());
    let likes = session.read(LIKES).await?.unwrap_or_default().into_iter().collect::<Vec<_>>().join(",");
    let visits = session.read(VISITS).await?.unwrap_or_default();
    Ok(format!("cart v{version} of {pieces}, total {total}, likes [{likes}], visits {visits}"))
}

async fn draw(session: Session, Path(bytes): Path<usize>) -> Result<String, Rejection> {
    Ok(session.write_bytes(PICTURE, Expect::Whatever, &vec![b'.'; bytes]).await?.number().to_string())
}

async fn dot(session: Session, Path((offset, dots)): Path<(u64, String)>) -> Result<(), Rejection> {
    let (version, _) = session.read_part(PICTURE, 0, 0).await?.ok_or(Rejection::CrossSite)?;
    session.write_part(PICTURE, version, offset, dots.as_bytes()).await?;
    let stale = session.write_part(PICTURE, version, offset, b"?").await;
    assert_eq!(stale.unwrap_err().to_string(), "it has changed since it was read");
    Ok(())
}

async fn part(session: Session, Path((offset, bytes)): Path<(u64, u64)>) -> Result<String, Rejection> {
    let part = session.read_part(PICTURE, offset, bytes).await?;
    Ok(part.map_or_else(|| "none".to_owned(), |(_, part)| String::from_utf8(part).unwrap()))
}

fn app(guard: Guard) -> Router {
    Router::new()
        .route("/add/{by}/{once}", post(add))
        .route("/like/{what}/{once}", post(like))
        .route("/unlike/{what}/{once}", post(unlike))
        .route("/both/{version}/{total}", post(both))
        .route("/clear", post(clear))
        .route("/", get(look))
        .route("/draw/{bytes}", post(draw))
        .route("/dot/{offset}/{dots}", post(dot))
        .route("/part/{offset}/{bytes}", get(part))
        .route("/signin", post(|session: Session| async move { session.sign_in("ada").await }))
        .layer(guard.optional())
}

/// A browser that keeps one cookie.
struct Browser {
    app: Router,
    cookie: Option<HeaderValue>,
}

impl Browser {
    fn of(app: &Router, cookie: Option<HeaderValue>) -> Self {
        Self { app: app.clone(), cookie }
    }

    async fn send(&self, method: &str, path: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The page, or the status when it is none.
    async fn sees(&mut self, method: &str, path: &str) -> String {
        let response = self.send(method, path).await;
        if let Some(set) = response.headers().get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(HeaderValue::from_str(pair).unwrap());
        }
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        if status == StatusCode::OK {
            String::from_utf8(body.to_vec()).unwrap()
        } else {
            status.as_u16().to_string()
        }
    }

    async fn posts(&mut self, path: &str) -> String {
        self.sees("POST", path).await
    }

    async fn gets(&mut self, path: &str) -> String {
        self.sees("GET", path).await
    }
}

/// Everything that data can do, by somebody who has none yet.
async fn everything(mut browser: Browser) {
    assert_eq!(browser.posts("/add/2/a").await, "2");
    assert_eq!(browser.posts("/add/2/a").await, "2", "tried again");
    assert_eq!(browser.posts("/add/3/a").await, "5", "another one, of the same request");
    assert_eq!(browser.posts("/like/tea/a").await, "true");
    assert_eq!(browser.posts("/like/jam/a").await, "true");
    assert_eq!(browser.posts("/like/tea/b").await, "false");
    assert_eq!(browser.posts("/unlike/jam/c").await, "true");
    assert_eq!(browser.posts("/like/jam/a").await, "false", "tried again after all");
    assert_eq!(browser.posts("/unlike/honey/c").await, "false");

    let first = browser.posts("/both/0/2").await;
    assert_eq!(browser.posts("/both/0/9").await, "409");
    assert_eq!(browser.posts("/both/1/9").await, "409");
    let seen = |version: &str, pieces: u32, total: &str| {
        format!("cart v{version} of {pieces}, total {total}, likes [tea], visits 5")
    };
    assert_eq!(browser.gets("/").await, seen(&first, 2, "2"));
    let second = browser.posts(&format!("/both/{first}/3")).await;
    assert_eq!(browser.gets("/").await, seen(&second, 3, "3"));
    assert_eq!(browser.posts("/clear").await, "");
    assert_eq!(browser.posts("/clear").await, "");
    assert_eq!(browser.gets("/").await, seen(&second, 3, "-"));

    assert_eq!(browser.gets("/part/0/9").await, "none");
    assert_ne!(browser.posts("/draw/70000").await, "413");
    assert_eq!(browser.posts("/dot/65534/abcd").await, "");
    assert_eq!(browser.gets("/part/65530/10").await, "....abcd..");
    assert_eq!(browser.gets("/part/69998/10").await, "..");
    assert_eq!(browser.gets("/part/70000/10").await, "");
    assert_eq!(browser.posts("/dot/69999/ab").await, "400", "beyond the end");
}

#[tokio::test]
async fn whoever_is_signed_in_and_a_guest_have_the_same_data() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    everything(Browser::of(&app, Some(shop.signed_in_as("ada").await.unwrap()))).await;
    everything(Browser::of(&app, None)).await;
    assert_eq!(shop.guard().home().unwrap().engine().live_guests().await.unwrap(), 1);
}

#[tokio::test]
async fn what_takes_nothing_away_from_nobody_begins_no_guest() {
    let shop = Shop::open().await.unwrap();
    let mut browser = Browser::of(&app(shop.guard()), None);
    assert_eq!(browser.posts("/unlike/tea/a").await, "false");
    assert_eq!(browser.posts("/clear").await, "");
    assert_eq!(browser.gets("/part/0/9").await, "none");
    assert_eq!(browser.cookie, None);
    assert_eq!(shop.guard().home().unwrap().engine().live_guests().await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_guest_did_once_counts_once_after_the_sign_in_too() {
    let shop = Shop::open().await.unwrap();
    let mut browser = Browser::of(&app(shop.guard()), None);
    for (path, answer) in [("/add/2/a", "2"), ("/add/5/b", "7"), ("/like/tea/c", "true")] {
        assert_eq!(browser.posts(path).await, answer);
    }
    assert_eq!(browser.posts("/draw/70000").await, "4");
    assert_eq!(browser.posts("/dot/65534/abcd").await, "");
    let guest = browser.cookie.clone();
    assert_eq!(browser.posts("/signin").await, "");
    assert_ne!(browser.cookie, guest);
    assert_eq!(browser.gets("/part/65530/10").await, "....abcd..");
    for (path, answer) in [("/add/2/a", "7"), ("/add/5/b", "7"), ("/like/tea/c", "false"), ("/add/1/d", "8")]
    {
        assert_eq!(browser.posts(path).await, answer, "{path}");
    }
}

#[tokio::test]
async fn forty_operations_of_a_guest_at_once_all_count_and_each_of_them_once() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let mut browser = Browser::of(&app, None);
    assert_eq!(browser.posts("/add/0/begin").await, "0");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..80 {
        let mut one = Browser::of(&app, browser.cookie.clone());
        tasks.spawn(async move { one.posts(&format!("/add/1/request{}", number % 40)).await });
    }
    for answer in tasks.join_all().await {
        assert!(answer.parse::<i64>().is_ok_and(|sum| (1..=40).contains(&sum)), "{answer}");
    }
    assert!(browser.gets("/").await.ends_with("visits 40"));
}
