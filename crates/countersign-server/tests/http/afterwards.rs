//! After each kind of ending: every way in that it closes is closed, for what was held before and for what was under way,
//! and it stays closed when the server starts again on the same folder.

use countersign_core::extent::{Actor, Extent, Reason};
use countersign_server::app::{Server, ServerSettings, main_router};
use http::StatusCode;

use crate::house::{ADA, CALLBACK, House, ISSUER, PASSWORD, SHOP, VERIFIER, authorize, param};
use crate::walk::redeem;

/// Everything that one sign-in gives, and what is under way.
struct Held {
    issuer: String,
    shop: String,
    handle: String,
    access: String,
    refresh: String,
    id_token: String,
    gid: String,
    /// Issued, not yet used.
    code: String,
    /// Issued, not yet used; with the cookie that it is bound to.
    ticket: (String, String),
}

/// The ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Issuer,
    Shop,
    Slots,
    Bearer,
    Refresh,
    Code,
    Ticket,
}

use Way::{Bearer, Code, Issuer, Refresh, Shop, Slots, Ticket};

const ALL: [Way; 7] = [Issuer, Shop, Slots, Bearer, Refresh, Code, Ticket];

async fn hold(house: &House) -> Held {
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    let shop = browser.cookie_header(SHOP);
    let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &shop)], "").await;
    let tokens =
        redeem(house, "api", &param(browser.get(ISSUER, &authorize("api")).await.location(), "code")).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {}", text("access_token"));
    let told = house.plain("GET", ISSUER, "/check?app=api", &[("authorization", &bearer)], "").await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let code = param(browser.get(ISSUER, &authorize("api")).await.location(), "code");
    let started = browser.get(SHOP, "/_cs/start").await;
    let waiting = browser.follow(SHOP, started.location()).await;
    let path = waiting.location().strip_prefix("http://shop.localhost:8321").unwrap().to_owned();
    let start = format!("cs_dev_start={}", browser.jars[SHOP]["cs_dev_start"]);
    Held {
        issuer: browser.cookie_header(ISSUER),
        shop,
        handle: known.header("countersign-session").to_owned(),
        access: text("access_token"),
        refresh: text("refresh_token"),
        id_token: text("id_token"),
        gid: told.header("countersign-session").to_owned(),
        code,
        ticket: (path, start),
    }
}

/// Whether this way in is open. Codes, tickets and refresh tokens are used up by asking.
async fn open(house: &House, held: &Held, way: Way) -> bool {
    let bearer = format!("Bearer {}", held.access);
    let get = |host: &'static str, path: String, headers: Vec<(&'static str, String)>| async move {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        house.plain("GET", host, &path, &headers, "").await
    };
    match way {
        Issuer => {
            let cookie = || vec![("cookie", held.issuer.clone())];
            let mut opened = Vec::new();
            for path in
                ["/account", "/account/apps", "/account/password", "/account/data", "/account/data.json"]
            {
                opened.push(get(ISSUER, path.to_owned(), cookie()).await.status == StatusCode::OK);
            }
            let account = agreed(&opened);
            let code = get(ISSUER, authorize("api"), cookie()).await;
            let sso = format!("/sso?app=shop&nonce={}", "A".repeat(43));
            let ticket = get(ISSUER, sso, cookie()).await;
            // An application whose everything ended wants a new sign-in, so these may be shut while the account is open.
            assert!(
                account || !code.location().starts_with(CALLBACK) && !ticket.location().contains("ticket=")
            );
            account
        }
        Shop => {
            get(ISSUER, "/check?app=shop".to_owned(), vec![("cookie", held.shop.clone())]).await.status
                == StatusCode::OK
        }
        Slots => {
            let headers = vec![
                ("authorization", house.basic["shop"].clone()),
                ("countersign-session", held.handle.clone()),
            ];
            get(ISSUER, "/session/slots".to_owned(), headers).await.status == StatusCode::OK
        }
        Bearer => {
            let mut opened = Vec::new();
            for path in ["/userinfo", "/check?app=api"] {
                let reply = get(ISSUER, path.to_owned(), vec![("authorization", bearer.clone())]).await;
                opened.push(reply.status == StatusCode::OK);
            }
            for token in [&held.access, &held.refresh] {
                let told = house.call("api", "/introspect", &[("token", token)]).await;
                opened.push(told.json()["active"] == true);
            }
            agreed(&opened)
        }
        Refresh => {
            let fields = [("grant_type", "refresh_token"), ("refresh_token", held.refresh.as_str())];
            house.call("api", "/token", &fields).await.status == StatusCode::OK
        }
        Code => {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", held.code.as_str()),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
            ];
            house.call("api", "/token", &fields).await.status == StatusCode::OK
        }
        Ticket => {
            let (path, start) = held.ticket.clone();
            get(SHOP, path, vec![("cookie", start)]).await.status == StatusCode::SEE_OTHER
        }
    }
}

fn agreed(opened: &[bool]) -> bool {
    assert!(
        opened.iter().all(|one| *one == opened[0]),
        "one endpoint believes what another refuses: {opened:?}"
    );
    opened[0]
}

async fn restarted(house: House) -> House {
    let House { rig, app, router, basic } = house;
    drop((app, router));
    let rig = rig.restart().await.unwrap();
    let app = Server::new(rig.engine.clone(), ServerSettings::default(), None);
    let router = main_router(&app, Vec::new());
    House { rig, app, router, basic }
}

/// Ends by `how`, and sees to it that exactly `closed` is closed, then and after a restart.
async fn ends(closed: &[Way], how: impl AsyncFnOnce(&House, &Held)) {
    let house = House::new().await;
    let held = hold(&house).await;
    how(&house, &held).await;
    for way in closed {
        assert!(!open(&house, &held, *way).await, "{way:?} is still open");
    }
    let house = restarted(house).await;
    for way in ALL {
        assert_eq!(open(&house, &held, way).await, !closed.contains(&way), "{way:?} after a restart");
    }
}

async fn end(house: &House, extent: Extent) {
    house.rig.engine.end(extent, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
}

async fn ada(house: &House) -> countersign_core::id::Subject {
    house.rig.engine.user_by_email(ADA).await.unwrap().unwrap().subject
}

async fn by_handle(house: &House, handle: &str) {
    house.rig.engine.end_by_handle(handle, None, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
}

#[tokio::test]
async fn nothing_ends_by_itself_and_a_restart_ends_nothing() {
    ends(&[], async |_, _| {}).await;
}

#[tokio::test]
async fn an_ended_session_is_refused_everywhere() {
    ends(&[Shop, Slots], async |house, held| by_handle(house, &held.handle).await).await;
}

#[tokio::test]
async fn an_ended_grant_is_refused_everywhere() {
    ends(&[Bearer, Refresh], async |house, held| by_handle(house, &held.gid).await).await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_everywhere() {
    for kind in ["access", "refresh"] {
        ends(&[Bearer, Refresh], async |house, held| {
            let token = if kind == "access" { &held.access } else { &held.refresh };
            assert_eq!(house.call("api", "/revoke", &[("token", token)]).await.status, StatusCode::OK);
        })
        .await;
    }
}

#[tokio::test]
async fn a_sign_out_closes_every_way_in_of_the_sign_in() {
    ends(&ALL, async |house, held| {
        let path = format!("/logout?id_token_hint={}", held.id_token);
        let out = house.plain("GET", ISSUER, &path, &[("cookie", &held.issuer)], "").await;
        assert!(out.body.contains("You are signed out"), "{}", out.body);
    })
    .await;
}

#[tokio::test]
async fn ending_a_person_closes_every_way_in_of_theirs() {
    ends(&ALL, async |house, _| {
        end(house, Extent::Subject { subject: ada(house).await, except: None }).await
    })
    .await;
}

#[tokio::test]
async fn ending_everything_closes_every_way_in() {
    ends(&ALL, async |house, _| end(house, Extent::Everything).await).await;
}

#[tokio::test]
async fn ending_an_application_closes_every_way_into_it() {
    ends(&[Bearer, Refresh, Code], async |house, _| {
        end(house, Extent::Client("api".parse().unwrap())).await;
    })
    .await;
}

#[tokio::test]
async fn ending_a_session_style_application_closes_every_way_into_it() {
    ends(&[Shop, Slots, Ticket], async |house, _| end(house, Extent::Client("shop".parse().unwrap())).await)
        .await;
}

#[tokio::test]
async fn a_withdrawn_application_is_shut_out_with_what_it_had_under_way() {
    ends(&[Bearer, Refresh, Code], async |house, held| {
        let headers = [
            ("cookie", held.issuer.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let reply = house.plain("POST", ISSUER, "/account/apps/withdraw", &headers, "client=api").await;
        assert_eq!(reply.location(), "/account/apps?done=withdrawn");
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_session_style_application_is_shut_out_with_the_ticket_under_way() {
    ends(&[Shop, Slots, Ticket], async |house, _| {
        let client = "shop".parse().unwrap();
        end(house, Extent::Allowance { subject: ada(house).await, client }).await;
    })
    .await;
}

#[tokio::test]
async fn a_new_password_closes_every_other_way_in() {
    ends(&ALL, async |house, _| {
        let mut other = house.ada().await;
        let fields = [
            ("current_password", PASSWORD),
            ("new_password", "quite another harbour 3"),
            ("end_others", "on"),
        ];
        assert_eq!(other.post(ISSUER, "/account/password", &fields).await.status, StatusCode::SEE_OTHER);
    })
    .await;
}

#[tokio::test]
async fn a_reset_closes_every_way_in() {
    ends(&ALL, async |house, _| {
        let mut other = house.browser();
        other.post(ISSUER, "/recover", &[("email", ADA)]).await;
        let code = house.rig.mail.code().unwrap();
        let fields = [("code", code.as_str()), ("new_password", "quite another harbour 3")];
        assert_eq!(other.post(ISSUER, "/reset", &fields).await.status, StatusCode::SEE_OTHER);
    })
    .await;
}

#[tokio::test]
async fn a_password_set_by_an_operator_closes_every_way_in() {
    ends(&ALL, async |house, _| {
        let new = countersign::Password::typed("quite another harbour 3".to_owned());
        house.rig.engine.set_password(&ada(house).await, new, Actor::CommandLine).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_erased_person_is_refused_everywhere() {
    ends(&ALL, async |house, _| {
        let mut other = house.ada().await;
        let erased = other.post(ISSUER, "/account/erase", &[("password", PASSWORD)]).await;
        assert_eq!(erased.location(), "/signin?done=erased");
    })
    .await;
}
