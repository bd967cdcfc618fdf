//! Attacks on codes and tokens: stolen, replayed, carried to somebody else, widened, or passed off as another kind.
//!
//! RFC 9700; RFC 6749 section 10; RFC 7636 section 7.

use http::StatusCode;

use crate::house::{CALLBACK, CHALLENGE, House, ISSUER, Reply, SHOP, VERIFIER, authorize, form, param};
use crate::walk::redeem;

/// A code for Ada that `client` asked for.
async fn code(house: &House, client: &str) -> String {
    let mut ada = house.ada().await;
    let back = ada.get(ISSUER, &authorize(client)).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.body);
    param(back.location(), "code")
}

fn redemption<'a>(code: &'a str, redirect: &'a str, verifier: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ]
}

fn refused(reply: &Reply, word: &str, what: &str) {
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{what}: {}", reply.body);
    assert_eq!(reply.json()["error"], word, "{what}");
    assert!(reply.json()["code"].as_str().is_some_and(|code| code.starts_with("CS-")), "{what}");
    assert!(!reply.body.contains("access_token"), "{what}");
}

/// The secret in a `Basic` header.
pub(crate) fn secret_in(basic: &str) -> String {
    let coded =
        basic.strip_prefix("Basic ").unwrap().trim_end_matches('=').replace('+', "-").replace('/', "_");
    let text = String::from_utf8(countersign_jose::primitive::base64::decode(&coded).unwrap()).unwrap();
    text.split_once(':').unwrap().1.to_owned()
}

async fn active(house: &House, token: &str) -> bool {
    house.call("api", "/introspect", &[("token", token)]).await.json()["active"].as_bool().unwrap()
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing_without_its_verifier_address_and_application() {
    let house = House::new().await;
    let stolen = code(&house, "api").await;
    let other = "a".repeat(43);
    for (what, fields) in [
        ("another verifier", redemption(&stolen, CALLBACK, &other)),
        ("the challenge as verifier", redemption(&stolen, CALLBACK, CHALLENGE)),
        ("another address", redemption(&stolen, "http://localhost:4000/cb/", VERIFIER)),
    ] {
        refused(&house.call("api", "/token", &fields).await, "invalid_grant", what);
    }
    for missing in ["code_verifier", "redirect_uri"] {
        let mut fields = redemption(&stolen, CALLBACK, VERIFIER);
        fields.retain(|(name, _)| *name != missing);
        let reply = house.call("api", "/token", &fields).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{missing}");
        assert!(!reply.body.contains("access_token"), "{missing}");
    }
    let good = redemption(&stolen, CALLBACK, VERIFIER);
    refused(&house.call("third", "/token", &good).await, "invalid_grant", "another application");
    let mut public = good.clone();
    public.push(("client_id", "spa"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let spa = house.plain("POST", ISSUER, "/token", &headers, &form(&public)).await;
    refused(&spa, "invalid_grant", "a public application");
}

#[tokio::test]
async fn a_code_that_comes_twice_ends_what_the_first_use_gave() {
    let house = House::new().await;
    let once = code(&house, "api").await;
    let tokens = redeem(&house, "api", &once).await;
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    assert!(active(&house, access).await);
    let again = house.call("api", "/token", &redemption(&once, CALLBACK, VERIFIER)).await;
    refused(&again, "invalid_grant", "the second use");
    assert!(!active(&house, access).await && !active(&house, refresh).await);
    let more = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    refused(&house.call("api", "/token", &more).await, "invalid_grant", "the refresh token of the first use");
}

#[tokio::test]
async fn somebody_elses_replay_of_a_code_does_not_end_the_owners_tokens() {
    let house = House::new().await;
    let once = code(&house, "api").await;
    let tokens = redeem(&house, "api", &once).await;
    let access = tokens["access_token"].as_str().unwrap();
    // Seen in a log or a history, sent by another application: no way to sign Ada out.
    refused(
        &house.call("third", "/token", &redemption(&once, CALLBACK, VERIFIER)).await,
        "invalid_grant",
        "third",
    );
    assert!(active(&house, access).await);
}

#[tokio::test]
async fn a_request_without_a_proper_challenge_gets_no_code() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let good = authorize("api");
    let challenge = format!("&code_challenge={CHALLENGE}");
    for (what, path) in [
        ("no challenge", good.replace(&challenge, "").replace("&code_challenge_method=S256", "")),
        ("a method alone", good.replace(&challenge, "")),
        ("plain", good.replace("=S256", "=plain")),
        ("no method", good.replace("&code_challenge_method=S256", "")),
        ("a short challenge", good.replace(CHALLENGE, "abc")),
        ("the method in small letters", good.replace("=S256", "=s256")),
    ] {
        let reply = ada.get(ISSUER, &path).await;
        assert!(
            reply.location().starts_with(&format!("{CALLBACK}?error=invalid_request")),
            "{what}: {}",
            reply.location()
        );
        assert!(!reply.location().contains("code="), "{what}");
        assert_eq!(param(reply.location(), "iss"), "http://localhost:8321");
    }
    for more in ["&request=x", "&request_uri=https%3A%2F%2Fevil.example%2Fr", "&response_mode=fragment"] {
        let reply = ada.get(ISSUER, &format!("{good}{more}")).await;
        assert!(reply.location().contains("error=") && !reply.location().contains("code="), "{more}");
    }
    let implicit = ada.get(ISSUER, &good.replace("response_type=code", "response_type=token")).await;
    assert_eq!(param(implicit.location(), "error"), "unsupported_response_type");
}

#[tokio::test]
async fn a_refresh_token_is_for_its_application_and_never_reaches_further() {
    let house = House::new().await;
    let tokens = redeem(&house, "api", &code(&house, "api").await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let renew = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    refused(&house.call("third", "/token", &renew).await, "invalid_grant", "another application");
    for scope in ["openid email admin", "orders", "openid\u{a0}email", "OPENID"] {
        let fields = [renew[0], renew[1], ("scope", scope)];
        refused(&house.call("api", "/token", &fields).await, "invalid_scope", scope);
    }
    let narrow = house.call("api", "/token", &[renew[0], renew[1], ("scope", "openid")]).await;
    assert_eq!(narrow.json()["scope"], "openid");
    for kind in ["refresh_token", "access_token"] {
        let token = tokens[kind].as_str().unwrap();
        house.call("third", "/revoke", &[("token", token)]).await;
        assert!(active(&house, token).await, "another application cannot take back the {kind}");
        assert_eq!(
            house.call("third", "/introspect", &[("token", token)]).await.json(),
            serde_json::json!({"active": false})
        );
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_no_access_token() {
    let house = House::new().await;
    let tokens = redeem(&house, "api", &code(&house, "api").await).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let access = text("access_token");
    let signature = access.rsplit_once('.').unwrap().1;
    let unsigned = format!("{}.", access.rsplit_once('.').unwrap().0);
    let swapped = format!("{}.{signature}", text("id_token").rsplit_once('.').unwrap().0);
    for (what, token) in [
        ("id token", text("id_token")),
        ("refresh token", text("refresh_token")),
        ("unsigned", unsigned),
        ("signature of another", swapped),
        ("doubled", format!("{access}.{access}")),
        ("padded", format!("{access}=")),
        ("huge", format!("{access}{}", "A".repeat(9000))),
    ] {
        let bearer = format!("Bearer {token}");
        for path in ["/userinfo", "/check?app=api"] {
            let reply = house.plain("GET", ISSUER, path, &[("authorization", &bearer)], "").await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what} at {path}");
            assert_eq!(reply.header("countersign-subject"), "", "{what} at {path}");
        }
    }
    // Good, but for another application.
    let bearer = format!("Bearer {access}");
    let elsewhere = house.plain("GET", ISSUER, "/check?app=third", &[("authorization", &bearer)], "").await;
    assert!(
        matches!(elsewhere.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
        "{}",
        elsewhere.status
    );
    assert_eq!(elsewhere.header("countersign-subject"), "");
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(house.plain("GET", ISSUER, "/userinfo", &twice, "").await.status, StatusCode::UNAUTHORIZED);
    let in_query = format!("/check?app=api&access_token={access}");
    assert_eq!(house.plain("GET", ISSUER, &in_query, &[], "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_application_proves_itself_in_one_way_and_never_in_the_address() {
    let house = House::new().await;
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let basic = house.basic["api"].as_str();
    let secret = secret_in(basic);
    let ask = |path: String, headers: Vec<(&'static str, String)>, body: String| {
        let house = &house;
        async move {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).chain([form_type]).collect();
            house.plain("POST", ISSUER, &path, &headers, &body).await
        }
    };
    let renew = "grant_type=refresh_token&refresh_token=x";
    let posted = format!("client_id=api&client_secret={secret}");
    let header = || vec![("authorization", basic.to_owned())];
    for path in ["/token", "/revoke", "/introspect"] {
        let body = |more: &str| format!("{renew}&token=x{more}");
        let both = ask(path.to_owned(), header(), body(&format!("&{posted}"))).await;
        refused(&both, "invalid_request", path);
        let two = ask(path.to_owned(), header(), body("&client_id=third")).await;
        refused(&two, "invalid_request", path);
        for body in [body(""), body(&format!("&{posted}"))] {
            let address = ask(format!("{path}?{posted}"), vec![], body).await;
            assert!(matches!(address.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED), "{path}");
            let word = address.json()["error"].as_str().unwrap().to_owned();
            assert!(
                matches!(word.as_str(), "invalid_request" | "invalid_client"),
                "{path}: a secret in the address: {word}"
            );
        }
        let mut twice = header();
        twice.extend(header());
        refused(&ask(path.to_owned(), twice, body("")).await, "invalid_request", path);
        let wrong =
            ask(path.to_owned(), vec![], body(&format!("&client_id=api&client_secret={secret}x"))).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(wrong.json()["error"], "invalid_client");
    }
}

#[tokio::test]
async fn a_bearer_that_is_oddly_spaced_is_bad_and_not_absent() {
    let house = House::new().await;
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    let cookie = browser.cookie_header(SHOP);
    let good = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
    assert_eq!(good.status, StatusCode::OK);
    for bearer in
        ["Bearer\tx", " Bearer x", "\tBearer x", "BEARER\t", "Bearer\t", "bearer x y", "Bearer x,Bearer y"]
    {
        let headers = [("cookie", cookie.as_str()), ("authorization", bearer)];
        let reply = house.plain("GET", ISSUER, "/check?app=shop", &headers, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{bearer:?} lets the cookie speak for it");
    }
}
