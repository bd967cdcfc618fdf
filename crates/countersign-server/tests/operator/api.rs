//! The JSON API as the command line uses it.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use countersign_core::extent::Actor;
use countersign_core::secret::ClientSecret;
use countersign_server::api;
use http::{Request, StatusCode, header};
use serde_json::json;
use tower::ServiceExt;

use crate::desk::{ADA, Desk, PASSWORD, sent};

fn shop(style: &str) -> serde_json::Value {
    json!({"id": "shop", "name": "Corner Shop", "style": style, "redirect_uris": ["https://shop.example/cb"]})
}

#[tokio::test]
async fn a_person_is_added_listed_changed_exported_and_erased() {
    let desk = Desk::new().await;
    let added =
        desk.api("POST", "users", Some(json!({"email": "Ada@Marsh.example", "password": PASSWORD}))).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let user = added.json();
    assert_eq!((&user["email"], &user["role"]), (&json!(ADA), &json!("person")));
    assert_eq!(user["since"], json!({"unix": 1_800_000_000, "rfc3339": "2027-01-15T08:00:00Z"}));
    let taken = desk.api("POST", "users", Some(json!({"email": ADA, "password": PASSWORD}))).await;
    assert_eq!(taken.problem(), (409, "CS-4102".to_owned()));

    let (_, cookie) = desk.ada().await;
    let whole = desk.api("GET", &format!("users/{ADA}"), None).await.json();
    assert_eq!(whole["user"], user);
    assert_eq!(whole["sessions"][0]["email"], ADA);
    let set = desk
        .api("POST", &format!("users/{ADA}/password"), Some(json!({"password": "harbour slate rope"})))
        .await;
    assert_eq!(set.json()["ended"], true);
    assert!(!desk.knows(&cookie).await);

    let subject = user["subject"].as_str().unwrap();
    let export = desk.api("GET", &format!("users/{subject}/export"), None).await;
    assert!(export.status == StatusCode::OK && export.body.contains(ADA), "{export:?}");
    let erased = desk.api("DELETE", &format!("users/{subject}"), None).await;
    assert_eq!(erased.json(), json!({"erased": true, "subject": subject}));
    assert_eq!(desk.api("GET", &format!("users/{ADA}"), None).await.problem(), (404, "CS-4101".to_owned()));
    assert_eq!(desk.api("GET", "users", None).await.json(), json!({"users": [], "next": null}));
}

#[tokio::test]
async fn an_export_is_sent_as_it_is_made_and_stands_in_the_log_as_the_operators() {
    let desk = Desk::new().await;
    desk.ada().await;
    let request = Request::get(format!("{}/users/{ADA}/export", api::PREFIX)).body(Body::empty()).unwrap();
    let (parts, body) = desk.socket.clone().oneshot(request).await.unwrap().into_parts();
    assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(body.size_hint().exact(), None, "it was made before it was sent");
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["account"]["email"], ADA);
    let by = serde_json::to_value(Actor::CommandLine).unwrap();
    assert_eq!((&document["log"][0]["event"], &document["log"][0]["by"]), (&json!("exported"), &by));
    let missing = desk.api("GET", "users/nobody@marsh.example/export", None).await;
    assert_eq!(missing.problem(), (404, "CS-4101".to_owned()));
}

#[tokio::test]
async fn an_app_tells_its_secret_when_it_is_made_and_never_again() {
    let desk = Desk::new().await;
    let added = desk.api("POST", "apps", Some(shop("hybrid"))).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let secret = added.json()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with(ClientSecret::PREFIX));
    assert_eq!(added.json()["app"]["audience"], "shop");
    for path in ["apps", "apps/shop", "audit", "overview"] {
        let answer = desk.api("GET", path, None).await;
        assert!(answer.status == StatusCode::OK && !answer.body.contains(ClientSecret::PREFIX), "{answer:?}");
    }
    let rotated = desk.api("POST", "apps/shop/rotate-secret", None).await;
    assert_ne!(rotated.json()["secret"].as_str().unwrap(), secret);
    let public =
        json!({"id": "phone", "style": "jwt", "public": true, "redirect_uris": ["http://127.0.0.1/cb"]});
    let public = desk.api("POST", "apps", Some(public)).await;
    assert_eq!((public.status, &public.json()["secret"]), (StatusCode::CREATED, &json!(null)), "{public:?}");
    let none = desk.api("POST", "apps/phone/rotate-secret", None).await;
    assert_eq!(none.problem(), (400, "CS-4103".to_owned()));
}

#[tokio::test]
async fn sessions_are_listed_by_person_page_by_page_and_ended() {
    let desk = Desk::new().await;
    let (first, one) = desk.ada().await;
    desk.rig.clock.advance(Duration::from_secs(30));
    let (second, other) = desk.ada().await;
    let page = desk.api("GET", &format!("sessions?user={ADA}&limit=1"), None).await.json();
    assert_eq!(page["sessions"][0]["handle"], second);
    assert_eq!(page["sessions"][0]["device"], "Firefox, Linux");
    assert_eq!(page["next"], second);
    let page = desk.api("GET", &format!("sessions?user={ADA}&limit=1&before={second}"), None).await.json();
    assert_eq!(page["sessions"][0]["handle"], first);

    let ended = desk.api("POST", &format!("sessions/{second}/end"), Some(json!({}))).await.json();
    assert_eq!((&ended["ended"], &ended["not_covered"]), (&json!(true), &json!([])));
    assert!(desk.knows(&one).await && !desk.knows(&other).await);
    let shown = desk.api("GET", &format!("sessions/{second}"), None).await.json();
    assert_eq!(shown["live"], false);
    assert_eq!(shown["ended"]["reason"], "ended-by-operator");
    assert_eq!(shown["ended"]["by"], json!({"kind": "command-line", "id": null, "name": null}));
    let live = desk.api("GET", "sessions?live=true", None).await.json();
    assert_eq!(live["sessions"].as_array().unwrap().len(), 1);
    let over = desk.api("GET", "sessions?live=false", None).await.json();
    assert_eq!(over["sessions"][0]["handle"], second);
}

#[tokio::test]
async fn an_ending_says_what_it_does_not_reach() {
    let desk = Desk::new().await;
    desk.api("POST", "apps", Some(shop("jwt"))).await;
    let (_, cookie) = desk.ada().await;
    let plain = json!([{"app": "shop", "seconds": 600}]);
    for path in ["apps/shop/end", "users/ada@marsh.example/end", "end-everything"] {
        let ended = desk.api("POST", path, None).await.json();
        assert_eq!((&ended["ended"], &ended["not_covered"]), (&json!(true), &plain), "{path}");
        assert_eq!(ended["position"], desk.rig.engine.view().position().number());
    }
    assert!(!desk.knows(&cookie).await);
}

#[tokio::test]
async fn the_audit_log_speaks_to_programs_and_to_people() {
    let desk = Desk::new().await;
    desk.api("POST", "apps", Some(shop("hybrid"))).await;
    desk.ada().await;
    let entries = desk.api("GET", "audit?app=shop", None).await.json()["entries"].clone();
    assert_eq!(entries[0]["event"], "app-registered");
    assert_eq!((&entries[0]["went"], &entries[0]["app"]), (&json!("done"), &json!("shop")));
    assert_eq!(entries[0]["sentence"], "The command line registered Corner Shop");
    let page = desk.api("GET", &format!("audit?user={ADA}&limit=1"), None).await.json();
    assert_eq!(page["entries"][0]["event"], "signed-in");
    let next = page["next"].as_u64().unwrap();
    let page = desk.api("GET", &format!("audit?user={ADA}&limit=1&before={next}"), None).await.json();
    assert_eq!(page["entries"][0]["event"], "account-opened");
}

#[tokio::test]
async fn the_overview_the_keys_and_the_set_up_link() {
    let desk = Desk::new().await;
    let overview = desk.api("GET", "overview", None).await.json();
    assert_eq!((&overview["issuer"], &overview["users"]), (&json!("http://localhost:8321"), &json!(0)));
    assert_eq!((&overview["view_ready"], &overview["mail"]), (&json!(true), &json!(true)));
    let keys = desk.api("POST", "keys/rotate", None).await.json();
    let states: Vec<_> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "signing").count(), 2, "{keys}");
    assert_eq!(states.iter().filter(|state| **state == "verifying").count(), 2, "{keys}");
    assert!(!keys.to_string().contains("sealed"));

    let link = desk.api("POST", "setup-link", None).await;
    assert_eq!(link.status, StatusCode::CREATED);
    let path = link.json()["path"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&path, None).await.status, StatusCode::OK);
    let operator = json!({"email": "kim@ops.example", "password": PASSWORD, "role": "operator"});
    desk.api("POST", "users", Some(operator)).await;
    assert_eq!(desk.api("POST", "setup-link", None).await.problem(), (409, "CS-4103".to_owned()));
}

#[tokio::test]
async fn an_operator_reaches_the_api_with_the_session_of_the_console() {
    let (desk, kim) = Desk::with_operator().await;
    let path = format!("{}/overview", api::PREFIX);
    assert_eq!(desk.get(&path, Some(&kim)).await.json()["users"], 1);
    let request =
        crate::desk::asking("POST", &format!("{}/keys/rotate", api::PREFIX)).header(header::COOKIE, &kim);
    let rotated = sent(&desk.console, request.body(Body::empty()).unwrap()).await;
    assert_eq!(rotated.status, StatusCode::OK, "{rotated:?}");
    let by = desk.api("GET", "audit?limit=1", None).await.json()["entries"][0]["by"].clone();
    assert_eq!((&by["kind"], &by["name"]), (&json!("operator"), &json!("kim@ops.example")));
}

#[tokio::test]
async fn what_cannot_be_read_has_its_code_and_changes_nothing() {
    let desk = Desk::new().await;
    let before = desk.everything().await;
    let user = |extra: &str| format!("{{\"email\": \"eve@x.example\", \"password\": \"{PASSWORD}\"{extra}}}");
    let json = "application/json";
    let large = user(&format!(", \"role\": \"{}\"", "a".repeat(65 * 1024)));
    for (kind, body, status, code) in [
        (json, user(", \"admin\": true"), 400, "CS-4103"),
        (json, user(", \"email\": \"b@x.example\""), 400, "CS-4103"),
        (json, user(", \"role\": \"king\""), 400, "CS-4103"),
        (json, user("") + "{}", 400, "CS-4103"),
        (json, "{\"email\": \"eve@x.example\"}".to_owned(), 400, "CS-4103"),
        (json, "not json".to_owned(), 400, "CS-4103"),
        (json, String::new(), 400, "CS-4103"),
        (json, "{\"email\": \"eve@x.example\", \"password\": 7}".to_owned(), 400, "CS-4103"),
        (json, "{\"email\": \"nobody\", \"password\": \"lantern rope harbour\"}".to_owned(), 400, "CS-4103"),
        (json, "{\"email\": \"eve@x.example\", \"password\": \"short\"}".to_owned(), 400, "CS-2104"),
        (json, "{\"email\": \"eve@x.example\", \"password\": \"password1\"}".to_owned(), 400, "CS-2106"),
        ("application/x-www-form-urlencoded", user(""), 415, "CS-7004"),
        ("text/plain", user(""), 415, "CS-7004"),
        ("application/jsonp", user(""), 415, "CS-7004"),
        (json, large, 413, "CS-4106"),
    ] {
        let request = Request::builder().method("POST").uri(format!("{}/users", api::PREFIX));
        let request = request.header(header::CONTENT_TYPE, kind).body(Body::from(body.clone())).unwrap();
        let answer = sent(&desk.socket, request).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{kind} {body:.80}");
        assert!(!answer.body.contains(PASSWORD) && !answer.body.contains("king"), "{answer:?}");
    }
    assert_eq!(desk.everything().await, before);
}

#[tokio::test]
async fn every_refusal_has_its_status_and_code() {
    let desk = Desk::new().await;
    desk.api("POST", "apps", Some(shop("hybrid"))).await;
    for (method, path, status, code) in [
        ("GET", "sessions?colour=red", 400, "CS-4103"),
        ("GET", "sessions?limit=0", 400, "CS-4103"),
        ("GET", "sessions?limit=201", 400, "CS-4103"),
        ("GET", "sessions?limit=1&limit=2", 400, "CS-4103"),
        ("GET", "sessions?live=maybe", 400, "CS-4103"),
        ("GET", "sessions?user=nobody@x.example", 404, "CS-4101"),
        ("GET", "sessions?app=bank", 404, "CS-4101"),
        ("GET", "sessions?before=AAAAAAAAAAAAAAAAAAAAAA", 404, "CS-4101"),
        ("GET", "sessions/junk", 404, "CS-4101"),
        ("POST", "sessions/AAAAAAAAAAAAAAAAAAAAAA/end", 404, "CS-4101"),
        ("GET", "users/usr_00000000000000000000000000000000", 404, "CS-4101"),
        ("GET", "users/%ff", 400, "CS-4103"),
        ("GET", "users?before=junk", 400, "CS-4103"),
        ("GET", "apps/bank", 404, "CS-4101"),
        ("POST", "apps/bank/end", 404, "CS-4101"),
        ("POST", "apps/bank/rotate-secret", 404, "CS-4101"),
        ("DELETE", "apps/shop", 405, "CS-7002"),
        ("PUT", "overview", 405, "CS-7002"),
        ("GET", "end-everything", 405, "CS-7002"),
        ("GET", "elsewhere", 404, "CS-4101"),
        ("GET", "users/a/b/c", 404, "CS-4101"),
    ] {
        assert_eq!(
            desk.api(method, path, None).await.problem(),
            (status, code.to_owned()),
            "{method} {path}"
        );
    }
    let wrong = desk.api("DELETE", "users", None).await;
    assert_eq!(wrong.headers[header::ALLOW], "GET,HEAD,POST");
    let surprise = desk.api("POST", "end-everything", Some(json!({"except": "me"}))).await;
    assert_eq!(surprise.problem(), (400, "CS-4103".to_owned()));
    let taken = desk.api("POST", "apps", Some(shop("jwt"))).await;
    assert_eq!(taken.problem(), (409, "CS-4102".to_owned()));
}
