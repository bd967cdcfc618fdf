//! The three shops, as somebody walks through them: the same way in, and three different ends.

use http::StatusCode;

use crate::house::{ADA, Browser, House, ISSUER, PASSWORD};

const SHOPS: [&str; 3] = ["session.localhost:8321", "jwt.localhost:8321", "hybrid.localhost:8321"];

/// Takes the shop's link to sign in, wherever it leads, until the shop is shown again.
async fn enter(browser: &mut Browser<'_>, shop: &str) -> String {
    let start = if shop.starts_with("session") { "/_cs/start?return_to=%2F" } else { "/signin" };
    let (mut host, mut to) = (shop.to_owned(), start.to_owned());
    for _ in 0..10 {
        let reply = browser.follow(&host, &to).await;
        if let Some(rest) = to.strip_prefix("http://") {
            host = rest.split('/').next().unwrap().to_owned();
        }
        if reply.status == StatusCode::OK && reply.body.contains("name=\"password\"") {
            let next = reply.field("next");
            let fields = [("email", ADA), ("password", PASSWORD), ("next", next.as_str())];
            to = browser.post(ISSUER, "/signin", &fields).await.refresh().to_owned();
            continue;
        }
        if reply.status == StatusCode::OK {
            assert_eq!(host, shop);
            return reply.body;
        }
        to = reply.location().to_owned();
        assert!(!to.is_empty(), "{host}: {} {}", reply.status, reply.body);
    }
    panic!("{shop} never let Ada in");
}

#[tokio::test]
async fn three_shops_know_ada_and_notice_her_end_in_three_ways() {
    let house = House::demo().await;
    let mut browser = house.browser();
    for shop in SHOPS {
        let before = browser.get(shop, "/").await;
        assert_eq!(before.status, StatusCode::OK, "{shop}: {}", before.body);
        let sheet = browser.get(shop, "/assets/countersign.css").await;
        assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8", "{shop}");
        let inside = enter(&mut browser, shop).await;
        assert!(inside.contains("Sign out"), "{shop}: {inside}");
    }
    browser.post(ISSUER, "/signout", &[]).await;
    let mut known = Vec::new();
    for shop in SHOPS {
        known.push(browser.get(shop, "/").await.body.contains("Sign out"));
    }
    assert_eq!(
        known,
        [false, true, false],
        "session and hybrid refuse at once, jwt goes on until its token expires"
    );
}

#[tokio::test]
async fn what_a_stranger_put_into_the_cart_is_there_after_the_sign_in_and_nowhere_else() {
    let house = House::demo().await;
    let [shop, ..] = SHOPS;
    let mut browser = house.browser();
    browser.get(shop, "/").await;
    assert!(browser.cookie_header(shop).is_empty(), "looking begins nobody");
    assert_eq!(browser.post(shop, "/cart/add", &[("good", "tea")]).await.status, StatusCode::SEE_OTHER);
    let guest = browser.cookie_header(shop);
    assert!(browser.get(shop, "/").await.body.contains("/cart/remove"));
    let inside = enter(&mut browser, shop).await;
    assert!(inside.contains("Sign out") && inside.contains("/cart/remove"), "{inside}");
    // The cookie from before, which somebody may have planted, opens neither her session nor her cart.
    assert!(!browser.cookie_header(shop).contains(&guest));
    let planted = house.plain("GET", shop, "/", &[("cookie", &guest)], "").await;
    assert_eq!(planted.status, StatusCode::OK);
    assert!(!planted.body.contains("Sign out") && !planted.body.contains("/cart/remove"), "{}", planted.body);
}
