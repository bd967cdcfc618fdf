//! Nobody is sent to an address that is not literally registered or literally ours.

use http::StatusCode;

use crate::house::{ADA, CALLBACK, House, ISSUER, PASSWORD, SHOP, authorize, encoded, form};

/// Addresses that are nearly `base`.
fn nearly(base: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let pieces =
        ["/", "\\", "@", "#", "?", ".", "%2f", "%00", " ", "\t", ";", "..", "//", ":", "%0d%0a", "\u{2024}"];
    for at in 0..=base.len() {
        let (before, after) = base.split_at(at);
        all.extend(pieces.iter().map(|piece| format!("{before}{piece}{after}")));
        if let Some(first) = after.chars().next() {
            all.push(format!("{before}{}", &after[1..]));
            all.push(format!("{before}{}{after}", first));
            all.push(format!("{before}%{:02x}{}", first as u32, &after[1..]));
            all.push(format!("{before}{}{}", first.to_uppercase(), &after[1..]));
        }
    }
    let others = [
        "https://evil.example/cb",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://localhost:4000@evil.example/cb",
        "http://evil.example#http://localhost:4000/cb",
        "http://localhost:4001/cb",
        "http://127.0.0.1:4000/cb",
        "http://[::1]:4000/cb",
        "https://localhost:4000/cb",
        "http://localhost./cb",
        "http://l\u{43e}calhost:4000/cb",
        "http://localhost:04000/cb",
        "http:localhost:4000/cb",
        "cb",
        "",
    ];
    all.extend(others.map(str::to_owned));
    all.retain(|address| address != base);
    all.sort();
    all.dedup();
    all
}

#[tokio::test]
async fn a_mutated_redirect_address_is_shown_and_never_followed() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = ada.cookie_header(ISSUER);
    let mutated = nearly(CALLBACK);
    assert!(mutated.len() >= 200, "{}", mutated.len());
    for address in mutated {
        let path = authorize("api").replace(&encoded(CALLBACK), &encoded(&address));
        let reply =
            house.plain("GET", ISSUER, &path, &[("cookie", &cookie), ("accept", "text/html")], "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(reply.location().is_empty() && reply.refresh().is_empty(), "{address}");
        assert!(!reply.body.contains("http-equiv"), "{address}");
    }
    let good = house.plain("GET", ISSUER, &authorize("api"), &[("cookie", &cookie)], "").await;
    assert!(good.location().starts_with(CALLBACK));
}

#[tokio::test]
async fn next_leads_to_our_own_pages_only() {
    let house = House::new().await;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    for next in nearly("/account").into_iter().filter(|next| !next.is_empty()) {
        let own =
            matches!(next.split('?').next(), Some("/account" | "/")) && next.contains('?') || next == "/";
        let page = house.plain("GET", ISSUER, &format!("/signin?next={}", encoded(&next)), &[], "").await;
        let body = form(&[("email", ADA), ("password", PASSWORD), ("next", &next)]);
        let posted = house.plain("POST", ISSUER, "/signin", &headers, &body).await;
        if own {
            assert_eq!(posted.location(), next);
            continue;
        }
        for reply in [page, posted] {
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{next:?}");
            assert!(reply.location().is_empty() && reply.cookies().is_empty(), "{next:?}");
        }
    }
}

#[tokio::test]
async fn the_way_back_to_an_application_is_a_path_on_it() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = ada.cookie_header(ISSUER);
    let hash = "A".repeat(43);
    for way in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "cart",
        "javascript:alert(1)",
        "/a b",
        "/\ta",
    ] {
        let way = encoded(way);
        let start = house.plain("GET", SHOP, &format!("/_cs/start?return_to={way}"), &[], "").await;
        assert_eq!(start.status, StatusCode::BAD_REQUEST, "{way}");
        let path = format!("/sso?app=shop&nonce={hash}&return_to={way}");
        for headers in [vec![], vec![("cookie", cookie.as_str())]] {
            let reply = house.plain("GET", ISSUER, &path, &headers, "").await;
            assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""), "{way}");
        }
    }
}

#[tokio::test]
async fn the_way_back_that_a_proxy_names_has_all_of_its_query_and_is_a_path_too() {
    let house = House::new().await;
    let start = house.plain("GET", SHOP, "/_cs/start?/cart?a=1&b=x%2Fy", &[], "").await;
    assert!(start.location().ends_with("&return_to=%2Fcart%3Fa%3D1%26b%3Dx%252Fy"), "{}", start.location());
    for way in ["//evil.example", "/%5Cevil.example", "/%2Fevil.example", "/%0a"] {
        let start = house.plain("GET", SHOP, &format!("/_cs/start?{way}"), &[], "").await;
        assert_eq!((start.status, start.location()), (StatusCode::BAD_REQUEST, ""), "{way}");
        assert!(start.cookies().is_empty(), "{way}");
    }
}

#[tokio::test]
async fn a_sign_out_goes_back_to_registered_addresses_only() {
    let house = House::new().await;
    for address in nearly("http://localhost:4000/bye") {
        let path = format!("/logout?client_id=api&post_logout_redirect_uri={}", encoded(&address));
        let reply = house.plain("GET", ISSUER, &path, &[], "").await;
        assert!(
            reply.location().is_empty() && reply.refresh().is_empty(),
            "{address:?}: {}",
            reply.location()
        );
    }
}
