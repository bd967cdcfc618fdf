//! Attacks across borders: between sites, between applications, and past the proxy that asks `/check`.
//!
//! W3C Fetch Metadata; OWASP ASVS 5.0 V3.3 and V3.5.

use std::time::Duration;

use http::StatusCode;

use crate::house::{ADA, Browser, House, ISSUER, PASSWORD, SHOP, authorize, form};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What `/check` tells, always all of it.
const TOLD: [&str; 6] = [
    "countersign-subject",
    "countersign-session",
    "countersign-app",
    "countersign-scopes",
    "countersign-auth-time",
    "countersign-style",
];

/// Ada with a session at the issuer and one at the shop.
async fn at_the_shop(house: &House) -> Browser<'_> {
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    browser
}

async fn changes(house: &House) -> String {
    let lines = house.app.engine.audit(countersign_core::port::AuditFilter::default(), 200).await.unwrap();
    // That somebody read their own data is written down and changes nothing.
    let lines = lines.iter().filter(|(_, line)| line.event != countersign_core::audit::Event::Exported);
    format!("{:?} {}", house.app.engine.overview().await.unwrap(), lines.count())
}

#[tokio::test]
async fn identity_headers_of_a_client_never_come_back_from_the_check() {
    let house = House::new().await;
    let browser = at_the_shop(&house).await;
    let cookie = browser.cookie_header(SHOP);
    let honest = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
    let mut forged: Vec<(&str, &str)> =
        TOLD.iter().map(|name| (*name, "usr_00000000000000000000000000000001")).collect();
    forged.extend(TOLD.iter().map(|name| (*name, "twice")));
    forged.extend([("x-forwarded-user", "root"), ("remote-user", "root"), ("countersign_subject", "root")]);
    forged.push(("cookie", &cookie));
    let told = house.plain("GET", ISSUER, "/check?app=shop", &forged, "").await;
    assert_eq!(told.status, StatusCode::OK);
    for name in TOLD {
        let values: Vec<_> = told.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}");
        assert_eq!(told.header(name), honest.header(name), "{name}");
    }
    assert!(told.headers.keys().all(|name| !name.as_str().contains("user")));
    assert!(told.cookies().is_empty() && told.body.is_empty());
    let names = told.headers.keys().filter(|name| name.as_str().starts_with("countersign"));
    assert_eq!(names.count(), TOLD.len());
    // Refused: nothing about anybody, and nothing of what the client claimed.
    forged.pop();
    let refused = house.plain("GET", ISSUER, "/check?app=shop", &forged, "").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.headers.keys().all(|name| !name.as_str().starts_with("countersign-")));
    assert!(refused.cookies().is_empty());
}

/// The method, the headers beside the cookie, and the answer.
type Asked<'a> = (&'a str, &'a [(&'a str, &'a str)], StatusCode);

#[tokio::test]
async fn a_page_of_another_site_gets_nothing_past_the_proxy_in_an_old_browser_either() {
    let house = House::new().await;
    let browser = at_the_shop(&house).await;
    let cookie = browser.cookie_header(SHOP);
    let (here, sibling) = (format!("http://{SHOP}"), "http://forum.localhost:8321");
    let post = ("x-forwarded-method", "POST");
    let cases: [Asked<'_>; 11] = [
        ("GET", &[], StatusCode::OK),
        ("GET", &[("x-forwarded-method", "GET")], StatusCode::OK),
        ("GET", &[post], StatusCode::FORBIDDEN),
        ("GET", &[post, ("origin", &here)], StatusCode::OK),
        ("GET", &[post, ("origin", sibling)], StatusCode::FORBIDDEN),
        // nginx names no method unless it is told to.
        ("GET", &[("origin", sibling)], StatusCode::FORBIDDEN),
        // Envoy names none, and asks with that of the request.
        ("POST", &[], StatusCode::FORBIDDEN),
        ("POST", &[("x-forwarded-method", "GET")], StatusCode::FORBIDDEN),
        ("DELETE", &[("origin", sibling)], StatusCode::FORBIDDEN),
        ("POST", &[("origin", &here)], StatusCode::OK),
        ("PATCH", &[("sec-fetch-site", "same-origin")], StatusCode::OK),
    ];
    for (method, headers, status) in cases {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookie.as_str())]).collect();
        let reply = house.plain(method, ISSUER, "/check?app=shop", &headers, "").await;
        assert_eq!(reply.status, status, "{method} {headers:?}");
    }
}

#[tokio::test]
async fn what_a_page_polls_behind_the_proxy_keeps_nobody_signed_in() {
    let house = House::new().await;
    let (polled, used) = (at_the_shop(&house).await, at_the_shop(&house).await);
    let (polled, used) = (polled.cookie_header(SHOP), used.cookie_header(SHOP));
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        house.plain("GET", ISSUER, path, headers, "").await.status
    };
    let passive = "/check?app=shop&presence=passive";
    let foreign = [("cookie", polled.as_str()), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    for _ in 0..2 {
        house.rig.clock.advance(Duration::from_secs(3 * 60 * 60));
        assert_eq!(ask(passive, &[("cookie", &polled)]).await, StatusCode::OK);
        assert_eq!(ask("/check?app=shop", &foreign).await, StatusCode::FORBIDDEN);
        assert_eq!(ask("/check?app=shop", &[("cookie", &used)]).await, StatusCode::OK);
    }
    house.rig.clock.advance(Duration::from_secs(3 * 60 * 60));
    assert_eq!(ask(passive, &[("cookie", &polled)]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("/check?app=shop&presence=active", &[("cookie", &used)]).await, StatusCode::OK);
    let unclear = ask("/check?app=shop&presence=Passive", &[("cookie", &used)]).await;
    assert_eq!(unclear, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_cookie_of_one_door_opens_no_other() {
    let house = House::new().await;
    let browser = at_the_shop(&house).await;
    let value = |host: &str, name: &str| browser.jars[host][name].clone();
    let (shop, issuer) = (value(SHOP, "cs_dev"), value(ISSUER, "cs_dev_id"));
    for (path, cookie) in [
        ("/check?app=bank", format!("cs_dev={shop}")),
        ("/check?app=shop", format!("cs_dev={issuer}")),
        ("/check?app=shop", format!("cs_dev_id={shop}")),
        ("/check?app=shop", format!("cs_dev_id={issuer}")),
        ("/check?app=nobody", format!("cs_dev={shop}")),
    ] {
        let reply = house.plain("GET", ISSUER, path, &[("cookie", &cookie)], "").await;
        assert!(matches!(reply.status.as_u16(), 401 | 403), "{path} {}", reply.status);
        assert_eq!(reply.header("countersign-subject"), "");
    }
    for cookie in [format!("cs_dev={shop}"), format!("cs_dev_id={shop}"), format!("cs_dev_console={issuer}")]
    {
        let page = house.plain("GET", ISSUER, "/account", &[("cookie", &cookie)], "").await;
        assert_eq!(page.location(), "/signin?next=%2Faccount", "{}", cookie.split('=').next().unwrap());
        let asked = house.plain("GET", ISSUER, &authorize("api"), &[("cookie", &cookie)], "").await;
        assert!(asked.location().starts_with("/signin?"), "{}", asked.location());
    }
}

#[tokio::test]
async fn a_cookie_that_a_sibling_host_planted_is_seen_wherever_it_hides() {
    let house = House::new().await;
    let browser = at_the_shop(&house).await;
    let own = browser.cookie_header(SHOP);
    let planted = "cs_dev=cs_se_planted";
    for headers in [
        vec![format!("{own}; {planted}")],
        vec![format!("{planted}; {own}")],
        vec![own.clone(), planted.to_owned()],
        vec![format!("a=b;{planted}"), own.clone()],
        vec![format!("{own};\t cs_dev =x")],
        vec![own.clone(), own.clone()],
    ] {
        let pairs: Vec<_> = headers.iter().map(|value| ("cookie", value.as_str())).collect();
        let reply = house.plain("GET", ISSUER, "/check?app=shop", &pairs, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", headers.len());
    }
}

#[tokio::test]
async fn another_applications_cookie_in_other_letters_signs_nobody_out_and_hides_nothing() {
    let house = House::new().await;
    let browser = at_the_shop(&house).await;
    let (own, issuer) = (browser.cookie_header(SHOP), browser.cookie_header(ISSUER));
    for foreign in ["greeting=gr\u{fc}n", "\u{e9}=1"] {
        let cookie = format!("{own}; {foreign}");
        let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
        assert_eq!(known.status, StatusCode::OK, "{foreign}");
        let cookie = format!("{foreign}; {issuer}");
        let page = house.plain("GET", ISSUER, "/account", &[("cookie", &cookie)], "").await;
        assert_eq!(page.status, StatusCode::OK, "{foreign}");
        let twice = [("cookie", own.clone()), ("cookie", format!("cs_dev=other; {foreign}"))];
        let twice: Vec<_> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = house.plain("GET", ISSUER, "/check?app=shop", &twice, "").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{foreign} does not hide the second cookie");
    }
}

#[tokio::test]
async fn another_site_makes_a_signed_in_browser_do_nothing() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = ada.cookie_header(ISSUER);
    let before = changes(&house).await;
    let body = form(&[
        ("session", "x"),
        ("client", "third"),
        ("password", PASSWORD),
        ("current_password", PASSWORD),
        ("new_password", "the thief chose this 1"),
        ("email", ADA),
        ("decision", "allow"),
        ("next", &authorize("third")),
    ]);
    let from: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://shop.localhost:8321")],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("origin", "null")],
        &[("origin", "http://localhost:8321.evil.example")],
        &[("origin", "https://localhost:8321")],
        &[],
    ];
    let posts = countersign_server::routes::issuer(&house.app).into_iter().filter(|route| {
        route.method == http::Method::POST && route.face == countersign_server::web::Face::Page
    });
    let paths: Vec<_> = posts.map(|route| route.path).collect();
    assert!(paths.len() >= 12, "{paths:?}");
    for path in paths {
        for headers in from {
            let mut all = vec![("cookie", cookie.as_str()), FORM];
            all.extend_from_slice(headers);
            let reply = house.plain("POST", ISSUER, path, &all, &body).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(reply.body.contains("CS-7001") && reply.cookies().is_empty(), "{path}");
        }
    }
    assert_eq!(changes(&house).await, before);
    assert!(house.rig.mail.letters().is_empty());
}

#[tokio::test]
async fn an_image_on_another_site_changes_nothing_with_any_address_of_ours() {
    let house = House::new().await;
    let ada = house.ada().await;
    let cookie = ada.cookie_header(ISSUER);
    let before = changes(&house).await;
    let headers = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "image"),
    ];
    let mut paths: Vec<String> = countersign_server::routes::issuer(&house.app)
        .iter()
        .filter(|route| !route.path.contains('{'))
        .map(|route| route.path.to_owned())
        .collect();
    paths.extend(
        ["/logout?client_id=api", "/signout?next=/logout", "/account/erase?password=x"].map(str::to_owned),
    );
    for path in paths {
        for method in ["GET", "HEAD"] {
            let reply = house.plain(method, ISSUER, &path, &headers, "").await;
            assert!(reply.status.as_u16() != 200 || reply.cookies().is_empty(), "{method} {path}");
        }
    }
    assert_eq!(changes(&house).await, before);
    assert_eq!(
        house.plain("GET", ISSUER, "/account", &[("cookie", &cookie)], "").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_sign_out_by_link_is_asked_about_unless_the_id_token_is_of_this_very_sign_in() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let back = ada.get(ISSUER, &authorize("api")).await;
    let tokens = crate::walk::redeem(&house, "api", &crate::house::param(back.location(), "code")).await;
    let own = tokens["id_token"].as_str().unwrap().to_owned();
    let mut other = house.ada().await;
    let (head, signature) = own.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for hint in [own.clone(), forged, "x.y.z".to_owned(), tokens["access_token"].as_str().unwrap().to_owned()]
    {
        let page = other.get(ISSUER, &format!("/logout?id_token_hint={hint}")).await;
        assert!(page.body.contains("Sign out?"), "a hint that is not of this sign-in");
        assert_eq!(other.get(ISSUER, "/account").await.status, StatusCode::OK);
    }
    let done = ada.get(ISSUER, &format!("/logout?id_token_hint={own}")).await;
    assert!(done.body.contains("You are signed out"), "{}", done.body);
    assert_eq!(ada.get(ISSUER, "/account").await.location(), "/signin?next=%2Faccount");
    assert_eq!(other.get(ISSUER, "/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_link_cannot_sign_a_browser_in_as_somebody_else() {
    let house = House::new().await;
    house.rig.person("eve@evil.example", PASSWORD).await.unwrap();
    let fields = form(&[("email", "eve@evil.example"), ("password", PASSWORD)]);
    for headers in [
        [FORM, ("sec-fetch-site", "cross-site")],
        [FORM, ("origin", "https://evil.example")],
        [FORM, ("origin", "null")],
    ] {
        let reply = house.plain("POST", ISSUER, "/signin", &headers, &fields).await;
        assert_eq!((reply.status, reply.cookies().len()), (StatusCode::FORBIDDEN, 0), "{headers:?}");
    }
    let by_link = house.plain("GET", ISSUER, &format!("/signin?{fields}"), &[], "").await;
    assert!(by_link.cookies().is_empty() && !by_link.body.contains(PASSWORD), "{}", by_link.body);
    // Eve's ticket for the shop, in Ada's browser.
    let mut eve = house.browser();
    eve.post(ISSUER, "/signin", &[("email", "eve@evil.example"), ("password", PASSWORD)]).await;
    let started = eve.get(SHOP, "/_cs/start").await;
    let ticket = eve.follow(SHOP, started.location()).await.location().to_owned();
    let mut ada = at_the_shop(&house).await;
    let before = ada.cookie_header(SHOP);
    ada.get(SHOP, "/_cs/start").await;
    assert_eq!(ada.follow(ISSUER, &ticket).await.status, StatusCode::GONE);
    assert!(ada.cookie_header(SHOP).contains(&before));
}

#[tokio::test]
async fn a_demand_to_sign_in_again_is_not_talked_away() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    // A note of a request that arrived before she signed in, for another application.
    let early = house.browser().get(ISSUER, &(authorize("spa") + "&prompt=login")).await;
    let early = crate::house::param(early.location(), "next");
    let note = early.rsplit_once("cs_asked=").unwrap().1.to_owned();
    house.rig.clock.advance(std::time::Duration::from_secs(600));
    for demand in ["&prompt=login", "&max_age=300", "&max_age=0"] {
        let asked = ada.get(ISSUER, &(authorize("api") + demand)).await;
        assert!(asked.location().starts_with("/signin?"), "{demand}: {}", asked.location());
        let resume = crate::house::param(asked.location(), "next");
        let mut tries = vec![
            resume.clone(),
            format!("{}{demand}&cs_asked={note}", authorize("api")),
            format!("{}{demand}&cs_asked=", authorize("api")),
            format!("{}{demand}&cs_asked=0", authorize("api")),
            format!("{resume}A"),
            format!("{}&cs_asked={note}", resume),
        ];
        if let Some((_, own)) = resume.rsplit_once("cs_asked=") {
            tries.push(format!(
                "{}&cs_asked={own}",
                authorize("api").replace("state=s1", "state=s2") + demand
            ));
        }
        for path in tries {
            let reply = ada.get(ISSUER, &path).await;
            assert!(!reply.location().contains("code="), "{demand} {path}");
        }
    }
    // And with a fresh sign-in it is met.
    let asked = ada.get(ISSUER, &(authorize("api") + "&prompt=login")).await;
    let next = crate::house::param(asked.location(), "next");
    let signed =
        ada.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD), ("next", &next)]).await;
    let back = ada.get(ISSUER, signed.refresh()).await;
    assert!(back.location().contains("code="), "{}", back.location());
}

#[tokio::test]
async fn an_allowance_is_for_what_was_asked_and_for_nobody_else() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let narrow = authorize("third").replace("openid%20email%20offline_access", "openid");
    let next = ada.get(ISSUER, &narrow).await.field("next");
    // What the page said is what is allowed: a form that says more, or another address, is not the page's.
    for bad in [
        next.replace("client_id=third", "client_id=nobody"),
        next.replace("localhost%3A4000", "evil.example"),
        "/account".to_owned(),
        "https://evil.example/authorize".to_owned(),
        "/authorize".to_owned(),
        String::new(),
    ] {
        let reply = ada.post(ISSUER, "/consent", &[("next", &bad), ("decision", "allow")]).await;
        assert!(reply.status.is_client_error(), "{bad}: {}", reply.status);
        assert!(reply.location().is_empty() && reply.refresh().is_empty(), "{bad}");
    }
    for decision in ["", "ALLOW", "yes", "allow deny"] {
        let reply = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", decision)]).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{decision}");
    }
    let allowed = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "allow")]).await;
    assert!(allowed.refresh().contains("code="), "{}", allowed.body);
    // More than that is asked about again, silently it is refused, and another person is asked anew.
    assert!(ada.get(ISSUER, &authorize("third")).await.body.contains("Allow The third?"));
    let silent = ada.get(ISSUER, &(authorize("third") + "&prompt=none")).await;
    assert_eq!(crate::house::param(silent.location(), "error"), "consent_required");
    house.rig.person("bo@marsh.example", PASSWORD).await.unwrap();
    let mut bo = house.browser();
    bo.post(ISSUER, "/signin", &[("email", "bo@marsh.example"), ("password", PASSWORD)]).await;
    assert!(bo.get(ISSUER, &narrow).await.body.contains("Allow The third?"));
}
