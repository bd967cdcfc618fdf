//! The console as an operator uses it.

use std::time::Duration;

use countersign_core::secret::ClientSecret;
use http::{StatusCode, header};
use serde_json::json;

use crate::desk::{ADA, Desk, KIM, PASSWORD};

#[tokio::test]
async fn the_set_up_link_makes_one_operator_and_works_once() {
    let desk = Desk::new().await;
    let code = desk.rig.engine.set_up_link().await.unwrap().unwrap().reveal().to_owned();
    let page = desk.get(&format!("/admin/setup?code={code}"), None).await;
    assert_eq!(page.status, StatusCode::OK);
    // Looking does not use it up, and a weak password neither.
    let weak =
        desk.post("/admin/setup", &[("code", &code), ("email", KIM), ("password", "password1")], None).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.body.contains("aria-invalid"), "{}", weak.body);
    let fields = [("code", code.as_str()), ("email", KIM), ("password", PASSWORD)];
    let done = desk.post("/admin/setup", &fields, None).await;
    assert_eq!(done.location(), "/admin?done=set-up");
    let first = desk.get("/admin?done=set-up", Some(&done.cookie())).await;
    assert!(first.body.contains("You are the operator.") && first.body.contains(KIM), "{}", first.body);

    let again = desk.post("/admin/setup", &[fields[0], ("email", "eve@x.example"), fields[2]], None).await;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(again.body.contains("CS-2108") && !again.headers.contains_key(header::SET_COOKIE));
    assert_eq!(desk.get(&format!("/admin/setup?code={code}"), None).await.status, StatusCode::GONE);
    assert_eq!(desk.rig.engine.users(None, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_set_up_link_is_over_after_half_an_hour() {
    let desk = Desk::new().await;
    let code = desk.rig.engine.set_up_link().await.unwrap().unwrap().reveal().to_owned();
    desk.rig.clock.advance(Duration::from_secs(30 * 60));
    let fields = [("code", code.as_str()), ("email", KIM), ("password", PASSWORD)];
    assert_eq!(desk.post("/admin/setup", &fields, None).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn an_operator_signs_in_goes_on_where_they_wanted_and_signs_out() {
    let (desk, _) = Desk::with_operator().await;
    let sent_away = desk.get("/admin/users?q=ada", None).await;
    assert_eq!(sent_away.location(), "/admin/signin?next=%2Fadmin%2Fusers%3Fq%3Dada");
    let page = desk.get(sent_away.location(), None).await;
    assert!(
        page.body.contains("name=\"next\" value=\"&#x2f;admin&#x2f;users?q=ada\"")
            || page.body.contains("name=\"next\" value=\"/admin/users?q=ada\""),
        "{}",
        page.body
    );

    let fields = [("email", KIM), ("password", PASSWORD), ("next", "/admin/users?q=ada")];
    let entered = desk.post("/admin/signin", &fields, None).await;
    assert_eq!(entered.location(), "/admin/users?q=ada");
    let cookie = entered.cookie();
    assert_eq!(desk.get("/admin", Some(&cookie)).await.status, StatusCode::OK);

    let again = desk.post("/admin/signin", &fields, Some(&cookie)).await;
    let late = desk.get("/admin", Some(&cookie)).await;
    assert!(late.location().starts_with("/admin/signin"));
    assert!(!late.headers.contains_key(header::SET_COOKIE), "the browser may have the newer one by now");

    let cookie = again.cookie();
    let out = desk.post("/admin/signout", &[], Some(&cookie)).await;
    assert_eq!(out.location(), "/admin/signin?done=signed-out");
    assert!(desk.get(out.location(), None).await.body.contains("You are signed out of the console."));
    let over = desk.get("/admin", Some(&cookie)).await;
    assert!(over.location().starts_with("/admin/signin"));
    assert!(over.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn whoever_is_no_operator_is_refused_like_a_wrong_password() {
    let (desk, _) = Desk::with_operator().await;
    desk.ada().await;
    let person = desk.post("/admin/signin", &[("email", ADA), ("password", PASSWORD)], None).await;
    let wrong = desk.post("/admin/signin", &[("email", ADA), ("password", "harbour slate rope")], None).await;
    assert_eq!(person.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((person.status, person.body), (wrong.status, wrong.body));
}

#[tokio::test]
async fn half_an_hour_away_signs_an_operator_out() {
    let (desk, cookie) = Desk::with_operator().await;
    desk.rig.clock.advance(Duration::from_secs(29 * 60 / 2));
    assert_eq!(desk.get("/admin", Some(&cookie)).await.status, StatusCode::OK);
    desk.rig.clock.advance(Duration::from_secs(31 * 60));
    assert!(desk.get("/admin", Some(&cookie)).await.location().starts_with("/admin/signin"));
}

#[tokio::test]
async fn an_operator_who_is_erased_runs_the_console_no_longer() {
    let (desk, _) = Desk::with_operator().await;
    let body = json!({"email": "lee@ops.example", "password": PASSWORD, "role": "operator"});
    assert_eq!(desk.api("POST", "users", Some(body)).await.status, StatusCode::CREATED);
    let lee = desk
        .post("/admin/signin", &[("email", "lee@ops.example"), ("password", PASSWORD)], None)
        .await
        .cookie();
    assert_eq!(desk.get("/admin", Some(&lee)).await.status, StatusCode::OK);
    assert_eq!(desk.api("DELETE", "users/lee@ops.example", None).await.status, StatusCode::OK);
    assert!(desk.get("/admin", Some(&lee)).await.location().starts_with("/admin/signin"));
}

#[tokio::test]
async fn a_new_app_shows_its_secret_once_and_only_to_its_maker() {
    let (desk, kim) = Desk::with_operator().await;
    let fields = [
        ("name", "Corner Shop"),
        ("client", "shop"),
        ("style", "hybrid"),
        ("redirects", "https://shop.example/callback\r\nhttps://shop.example/other"),
        ("after_signout", ""),
        ("audience", ""),
        ("first_party", "on"),
    ];
    let added = desk.post("/admin/apps", &fields, Some(&kim)).await;
    assert_eq!(added.location(), "/admin/apps/shop/secret");
    assert!(!added.body.contains(ClientSecret::PREFIX));

    let lee = desk.post("/admin/signin", &[("email", KIM), ("password", PASSWORD)], None).await.cookie();
    assert_eq!(desk.get("/admin/apps/shop/secret", Some(&lee)).await.location(), "/admin/apps/shop");
    let shown = desk.get("/admin/apps/shop/secret", Some(&kim)).await;
    assert_eq!(shown.body.matches(ClientSecret::PREFIX).count(), 1, "{}", shown.body);
    assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(desk.get("/admin/apps/shop/secret", Some(&kim)).await.location(), "/admin/apps/shop");

    let detail = desk.get("/admin/apps/shop", Some(&kim)).await;
    assert!(detail.body.contains("Corner Shop") && !detail.body.contains(ClientSecret::PREFIX));
    assert!(
        detail.body.contains("https:&#x2f;&#x2f;shop.example&#x2f;other")
            || detail.body.contains("https://shop.example/other")
    );
    let app = desk.rig.engine.app("shop").await.unwrap();
    assert!(app.first_party && app.secret.is_some());

    let rotated = desk.post("/admin/apps/rotate-secret", &[("client", "shop")], Some(&kim)).await;
    let again = desk.get(rotated.location(), Some(&kim)).await;
    assert!(again.body.contains("The secret is new.") && again.body.contains(ClientSecret::PREFIX));
    assert_ne!(desk.rig.engine.app("shop").await.unwrap().secret, app.secret);
}

#[tokio::test]
async fn a_refused_app_keeps_what_was_typed_and_says_what_is_wrong() {
    let (desk, kim) = Desk::with_operator().await;
    let refused = |client: &'static str, redirects: &'static str| {
        let (desk, kim) = (&desk, &kim);
        async move {
            let fields = [
                ("name", "Corner <Shop>"),
                ("client", client),
                ("style", "session"),
                ("redirects", redirects),
            ];
            desk.post("/admin/apps", &fields, Some(kim)).await
        }
    };
    for (client, redirects) in
        [("Shop!", "https://a.example/_cs/callback"), ("shop", "http://a.example/cb"), ("shop", "")]
    {
        let answer = refused(client, redirects).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.body.contains("role=\"alert\"") && answer.body.contains("Corner &lt;Shop&gt;"),
            "{}",
            answer.body
        );
    }
    assert!(desk.rig.engine.apps().await.unwrap().is_empty());
    let added = refused("shop", "https://a.example/_cs/callback").await;
    assert_eq!(added.location(), "/admin/apps/shop/secret");
    assert_eq!(desk.rig.engine.app("shop").await.unwrap().origin.as_deref(), Some("https://a.example"));
    let taken = refused("shop", "https://a.example/_cs/callback").await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn ending_a_session_from_the_console_ends_it() {
    let (desk, kim) = Desk::with_operator().await;
    let (handle, ada) = desk.ada().await;
    assert!(desk.knows(&ada).await);
    let page = desk.get(&format!("/admin/sessions/{handle}"), Some(&kim)).await;
    assert!(page.body.contains(ADA) && page.body.contains("End this session"), "{}", page.body);
    let ended = desk.post("/admin/sessions/end", &[("session", &handle)], Some(&kim)).await;
    assert!(!desk.knows(&ada).await);
    let page = desk.get(ended.location(), Some(&kim)).await;
    assert!(
        page.body.contains("The session has ended.") && page.body.contains(&format!("by {KIM}")),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn ending_and_erasing_a_person_from_the_console_works_at_once() {
    let (desk, kim) = Desk::with_operator().await;
    let (_, one) = desk.ada().await;
    let (_, other) = desk.ada().await;
    let ada = desk.rig.engine.user_by_email(ADA).await.unwrap().unwrap().subject;
    let page = desk.get(&format!("/admin/users/{ada}"), Some(&kim)).await;
    assert!(page.body.contains("End 2 sessions"), "{}", page.body);
    let ended = desk.post("/admin/users/end-all", &[("user", ada.as_str())], Some(&kim)).await;
    assert_eq!(ended.location(), format!("/admin/users/{ada}?done=person-ended"));
    assert!(!desk.knows(&one).await && !desk.knows(&other).await);
    let erased = desk.post("/admin/users/erase", &[("user", ada.as_str())], Some(&kim)).await;
    assert_eq!(erased.location(), "/admin/users?done=erased");
    assert!(!desk.get("/admin/users", Some(&kim)).await.body.contains(ADA));
    assert_eq!(desk.get(&format!("/admin/users/{ada}"), Some(&kim)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ending_ones_own_session_leads_back_to_the_sign_in() {
    let (desk, kim) = Desk::with_operator().await;
    let mine =
        desk.rig.engine.list_sessions(countersign_core::port::SessionFilter::default(), 1).await.unwrap();
    let handle = mine[0].handle.to_string();
    let ended = desk.post("/admin/sessions/end", &[("session", &handle)], Some(&kim)).await;
    let next = desk.get(ended.location(), Some(&kim)).await;
    assert!(next.location().starts_with("/admin/signin?next="));
}

#[tokio::test]
async fn the_lists_are_filtered_and_go_on() {
    let (desk, kim) = Desk::with_operator().await;
    for number in 0..52 {
        if number > 0 {
            // The doors are throttled: time passes between sign-ins.
            desk.rig.clock.advance(Duration::from_secs(30));
        }
        desk.ada().await;
    }
    let count = |body: &str| body.matches("<tr><th scope=\"row\"").count();
    let kim = {
        let fields = [("email", KIM), ("password", PASSWORD)];
        drop(kim);
        desk.post("/admin/signin", &fields, None).await.cookie()
    };
    let first = desk.get("/admin/sessions?q=marsh&state=live", Some(&kim)).await;
    assert_eq!(count(&first.body), 50, "{}", first.body);
    let (_, rest) = first.body.split_once("before=").expect("an older page");
    let handle = rest.split('"').next().unwrap();
    let second = desk.get(&format!("/admin/sessions?q=marsh&state=live&before={handle}"), Some(&kim)).await;
    assert_eq!(count(&second.body), 2, "{}", second.body);
    assert_eq!(count(&desk.get("/admin/sessions?q=nobody", Some(&kim)).await.body), 0);
    assert_eq!(count(&desk.get(&format!("/admin/sessions?q={KIM}"), Some(&kim)).await.body), 2);
    assert_eq!(count(&desk.get("/admin/sessions?q=firefox%20on%20linux", Some(&kim)).await.body), 50);

    let audit = desk.get("/admin/audit?kind=signed-in", Some(&kim)).await;
    assert_eq!((count(&audit.body), audit.body.matches("signed in").count()), (50, 50), "{}", audit.body);
    let people = desk.get("/admin/audit?q=opened&kind=people", Some(&kim)).await;
    assert!(people.body.contains(&format!("{ADA} opened an account")), "{}", people.body);
    assert!(desk.get("/admin/users?q=marsh", Some(&kim)).await.body.contains(ADA));
}

#[tokio::test]
async fn the_first_page_the_keys_and_the_probes_say_how_things_stand() {
    let (desk, kim) = Desk::with_operator().await;
    let now = desk.get("/admin", Some(&kim)).await;
    for said in ["No apps yet", "./.countersign, embedded", "ES256", "RS256", "set up the console"] {
        assert!(
            now.body.contains(said) || now.body.contains(&said.replace('/', "&#x2f;")),
            "{said}: {}",
            now.body
        );
    }
    let before = desk.rig.engine.keys().await.unwrap().len();
    let rotated = desk.post("/admin/keys/rotate", &[("algorithm", "ES256 and RS256")], Some(&kim)).await;
    assert_eq!(rotated.location(), "/admin/keys?done=rotated");
    assert_eq!(desk.rig.engine.keys().await.unwrap().len(), before + 2);
    assert!(desk.get("/admin/keys", Some(&kim)).await.body.contains("verifying"));
    let (live, ready) = (desk.get("/livez", None).await, desk.get("/readyz", None).await);
    assert_eq!((live.status, live.body.as_str()), (StatusCode::OK, "alive\n"));
    assert_eq!((ready.status, ready.body.as_str()), (StatusCode::OK, "ready\n"));
}

#[tokio::test]
async fn the_metrics_say_how_much_waits_to_be_swept() {
    let (desk, _) = Desk::with_operator().await;
    let backlog = async || {
        let metrics = desk.get("/metrics", None).await;
        assert_eq!(metrics.status, StatusCode::OK);
        assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
        let line = metrics.body.lines().find(|line| line.contains("kind=\"session\"")).unwrap().to_owned();
        line.strip_prefix("countersign_retention_backlog_rows{kind=\"session\"} ").unwrap().to_owned()
    };
    assert_eq!(backlog().await, "0");
    // The operator's session is over by then, and has been for more than a day.
    desk.rig.clock.advance(std::time::Duration::from_secs(400 * 24 * 60 * 60));
    assert_eq!(backlog().await, "1");
    desk.rig.engine.tick().await.unwrap();
    assert_eq!(backlog().await, "0");
}
