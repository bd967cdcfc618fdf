//! Every route, not a chosen few: what cannot be read in one way only is refused, with a code, and nothing has changed.
//!
//! RFC 6749 section 3.1; RFC 9110 sections 9.1, 15.5.6 and 15.5.14; CWE-235.

use countersign_core::port::AuditFilter;
use countersign_server::routes::{Guard, issuer};
use countersign_server::web::Face;
use http::{Method, StatusCode};

use crate::house::{House, ISSUER, Reply};

const FORM: &str = "application/x-www-form-urlencoded";

/// Bodies and queries that mean two things, or nothing.
fn unreadable() -> Vec<(&'static str, String)> {
    vec![
        ("the same name twice", "a=1&a=1".to_owned()),
        ("the same name twice, once encoded", "email=1&%65mail=2".to_owned()),
        ("the same name twice, once empty", "code=x&code=".to_owned()),
        ("half an escape", "a=%4".to_owned()),
        ("no escape", "a=%zz".to_owned()),
        ("not UTF-8", "a=%c3%28".to_owned()),
        ("overlong UTF-8", "a=%c0%af".to_owned()),
        ("a lone surrogate", "a=%ed%a0%80".to_owned()),
        ("a NUL", "a=x%00y".to_owned()),
        ("a line break", "a=x%0d%0ay".to_owned()),
        ("an escape sequence", "a=%1b%5b31m".to_owned()),
        ("a control character in a name", "a%07=1".to_owned()),
        ("a long value", format!("a={}", "x".repeat(2049))),
        ("a long name", format!("{}=1", "x".repeat(129))),
        ("many names", (0..65).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&")),
        ("much of everything", format!("a={}&b={0}&c={0}&d={0}&e={0}", "x".repeat(2000))),
    ]
}

struct Door {
    method: Method,
    path: String,
    guard: Guard,
    face: Face,
}

/// Every route, with something in the place of each variable.
fn doors(house: &House) -> Vec<Door> {
    let door = |route: countersign_server::routes::Route| Door {
        method: route.method,
        path: route.path.replace("{name}", "cart").replace("{id}", "1"),
        guard: route.guard,
        face: route.face,
    };
    issuer(&house.app).into_iter().map(door).collect()
}

async fn state(house: &House) -> String {
    let lines = house.app.engine.audit(AuditFilter::default(), 200).await.unwrap();
    format!("{:?} {}", house.app.engine.overview().await.unwrap(), lines.len())
}

/// The headers with which a request would get in.
async fn credentials(house: &House, door: &Door) -> Vec<(&'static str, String)> {
    let mut headers = vec![("sec-fetch-site", "same-origin".to_owned())];
    match door.guard {
        Guard::App | Guard::AppForm => headers.push(("authorization", house.basic["api"].clone())),
        Guard::Person | Guard::Public => headers.push(("cookie", house.ada().await.cookie_header(ISSUER))),
        Guard::Credential | Guard::Bearer => {}
    }
    headers
}

async fn send(
    house: &House,
    method: &str,
    path: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Reply {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    house.plain(method, ISSUER, path, &headers, body).await
}

fn refused(reply: &Reply, door: &Door, statuses: &[u16], what: &str) {
    let place = format!("{} {} with {what}", door.method, door.path);
    assert!(statuses.contains(&reply.status.as_u16()), "{place}: {} {}", reply.status, reply.body);
    assert!(reply.cookies().is_empty() && reply.location().is_empty(), "{place}");
    assert!(door.face == Face::Bare || reply.body.contains("CS-"), "{place} has no code: {}", reply.body);
    for ours in ["panicked", "src/", ".rs", "sqlite", "SQL"] {
        assert!(!reply.body.contains(ours), "{place} tells of our side: {}", reply.body);
    }
}

#[tokio::test]
async fn no_form_is_read_in_two_ways() {
    let house = House::new().await;
    let mut seen = 0;
    // These read no form at all, whatever it says.
    let deaf = ["/userinfo", "/check"];
    let reads = |door: &Door| door.method == Method::POST && !deaf.contains(&door.path.as_str());
    for door in doors(&house).into_iter().filter(reads) {
        let mut headers = credentials(&house, &door).await;
        let before = state(&house).await;
        headers.push(("content-type", FORM.to_owned()));
        for (what, body) in unreadable() {
            refused(&send(&house, "POST", &door.path, &headers, &body).await, &door, &[400], what);
        }
        let huge = "x".repeat(64 * 1024 + 1);
        refused(&send(&house, "POST", &door.path, &headers, &huge).await, &door, &[413], "a huge body");
        headers.pop();
        for kind in [
            "text/plain",
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencodedx",
        ] {
            headers.push(("content-type", kind.to_owned()));
            refused(&send(&house, "POST", &door.path, &headers, "a=1").await, &door, &[415], kind);
            headers.pop();
        }
        refused(&send(&house, "POST", &door.path, &headers, "a=1").await, &door, &[415], "no type");
        assert_eq!(state(&house).await, before, "{}", door.path);
        seen += 1;
    }
    assert!(seen >= 17, "{seen}");
    assert!(house.rig.mail.letters().is_empty());
}

#[tokio::test]
async fn no_query_is_read_in_two_ways() {
    let house = House::new().await;
    // These read no query at all, whatever it says.
    let deaf =
        ["/", "/jwks.json", "/.well-known/", "/assets/", "/dev/", "/session/", "/userinfo", "/account/data"];
    let mut seen = 0;
    for door in doors(&house).into_iter().filter(|door| door.method == Method::GET) {
        if deaf.iter().any(|start| door.path == *start || *start != "/" && door.path.starts_with(start)) {
            continue;
        }
        let headers = credentials(&house, &door).await;
        let before = state(&house).await;
        for (what, query) in unreadable() {
            let reply = send(&house, "GET", &format!("{}?{query}", door.path), &headers, "").await;
            refused(&reply, &door, &[400], what);
        }
        assert_eq!(state(&house).await, before, "{}", door.path);
        seen += 1;
    }
    assert!(seen >= 11, "{seen}");
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let house = House::new().await;
    let all = doors(&house);
    let known = |path: &str, method: &str| {
        all.iter().any(|door| {
            door.path == path && (door.method == method || method == "HEAD" && door.method == Method::GET)
        })
    };
    let before = state(&house).await;
    for door in &all {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECTX", "get"] {
            if known(&door.path, method) {
                continue;
            }
            let reply = send(&house, method, &door.path, &[], "").await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {}", door.path);
            let allow = reply.header("allow");
            assert!(allow.contains(door.method.as_str()), "{method} {}: {allow}", door.path);
            assert!(
                method == "HEAD" || reply.body.contains("CS-7002"),
                "{method} {}: {}",
                door.path,
                reply.body
            );
        }
        for spoof in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let other = if door.method == Method::GET { "DELETE" } else { "GET" };
            let method = if door.method == Method::GET { "PATCH" } else { "PUT" };
            if !known(&door.path, method) {
                let reply = send(&house, method, &door.path, &[(spoof, other.to_owned())], "").await;
                assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{spoof} {}", door.path);
            }
        }
    }
    assert_eq!(state(&house).await, before);
}

#[tokio::test]
async fn a_path_that_two_parsers_read_in_two_ways_is_read_by_none() {
    let house = House::new().await;
    let cookie = house.ada().await.cookie_header(ISSUER);
    for path in [
        "//account",
        "/./account",
        "/account/.",
        "/x/../account",
        "/account%2fdata",
        "/account%00",
        "/account;a=b/data",
        "/account/data%2ejson",
        "/%2e%2e/account",
        "/account/..%5cdata",
        "/account/%252e%252e/data",
        "/signin/..;/account",
        "/ACCOUNT",
        "/account/",
        "/account.json",
        "/account/data.json/",
        "/.well-known/../account",
    ] {
        let reply = house.plain("GET", ISSUER, path, &[("cookie", &cookie)], "").await;
        assert!(matches!(reply.status.as_u16(), 400 | 404), "{path}: {}", reply.status);
        for spoof in ["x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-forwarded-path"] {
            let headers = [("cookie", cookie.as_str()), (spoof, "/account/data.json")];
            let reply = house.plain("GET", ISSUER, path, &headers, "").await;
            assert!(!reply.body.contains("marsh.example"), "{path} {spoof}");
        }
    }
}
