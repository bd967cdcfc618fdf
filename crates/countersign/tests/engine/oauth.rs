//! Codes, refresh tokens, credentials of applications, consent: what is bound to what, and how a refusal is told.

use std::time::Duration;

use countersign::testing::Rig;
use countersign::{Authorized, Checked, LogoutStep, Refusal};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::record::Style;
use countersign_jose::KeySet;
use countersign_jose::jwt::{self, IdClaims};
use serde_json::{Value, json};

use crate::common::{
    ADA, CALLBACK, Shop, VERIFIER, new_app, parameter, params, query, redemption, refresh_of, word,
};

const HOLD: Duration = Duration::from_secs(31);

/// A third party's application, which asks the person.
async fn third_party() -> Shop {
    let mut shop = Shop::open().await;
    let app = countersign::NewApp { first_party: false, ..new_app("bank", Style::Jwt) };
    let (client, secret) = shop.rig.engine.add_app(app, Actor::CommandLine).await.unwrap();
    (shop.client, shop.secret) = (client, secret.unwrap());
    shop
}

async fn authorize(shop: &Shop, query: &str, who: Option<&Checked>) -> Authorized {
    shop.engine().authorize(query, who).await.unwrap()
}

fn error_of(answer: &Authorized) -> &str {
    match answer {
        Authorized::Redirect(to) => parameter(to, "error").unwrap_or("none"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_bound_to_application_address_and_verifier() {
    let shop = Shop::open().await;
    let code = shop.code().await;
    let good = redemption(&code);
    for (from, to) in [(CALLBACK, "https://shop.example/cb2"), (VERIFIER, &"a".repeat(43))] {
        assert_eq!(word(&shop.token(&good.replace(from, to)).await.unwrap_err()), "invalid_grant");
    }
    let (_, secret) = shop.rig.engine.add_app(new_app("bank", Style::Jwt), Actor::CommandLine).await.unwrap();
    let body = params(&format!("client_id=bank&client_secret={}", secret.unwrap().reveal()));
    let bank = countersign::ClientAuth::read(None, &body).unwrap();
    let stolen = shop.engine().token(bank, &params(&good), &Rig::visitor()).await.unwrap_err();
    assert_eq!(word(&stolen), "invalid_grant");
    // None of that used the code up.
    assert!(shop.token(&good).await.is_ok());
}

#[tokio::test]
async fn a_code_is_good_for_sixty_seconds() {
    let shop = Shop::open().await;
    let code = shop.code().await;
    shop.rig.clock.advance(Duration::from_secs(60));
    assert_eq!(word(&shop.redeem(&code).await.unwrap_err()), "invalid_grant");
}

#[tokio::test]
async fn the_tokens_say_who_for_whom_and_since_when() {
    let shop = Shop::open().await;
    let answer = shop.tokens().await;
    assert_eq!((answer.expires_in, answer.scope.as_str()), (600, "email openid"));
    let keys = KeySet::from_jwks(shop.engine().jwks().to_string().as_bytes()).unwrap();
    let now = shop.engine().now().seconds();
    let verifier = jwt::verifier::<IdClaims>(keys).issuer("http://localhost:8321").audience("shop");
    let id = verifier.verify(answer.id_token.as_deref().unwrap(), now).unwrap();
    assert_eq!((id.nonce.as_deref(), id.email.as_deref()), (Some("n1"), Some(ADA)));
    assert_eq!(id.sub, shop.ada.session.subject.as_str());
    let access = shop.engine().check_bearer(&answer.access_token, "shop").unwrap().claims;
    assert_eq!((access.sub.as_str(), access.client_id.as_str()), (id.sub.as_str(), "shop"));
    assert!(shop.engine().check_bearer(&answer.access_token, "bank").is_err());
    assert!(shop.engine().check_bearer(answer.id_token.as_deref().unwrap(), "shop").is_err());
}

#[tokio::test]
async fn a_refresh_token_rotates_after_its_hold_and_keeps_its_grant() {
    let shop = Shop::open().await;
    let first = shop.tokens().await;
    let early = shop.refresh(&refresh_of(&first)).await.unwrap();
    assert!(early.refresh_token.is_none());
    shop.rig.clock.advance(HOLD);
    let second = shop.refresh(&refresh_of(&first)).await.unwrap();
    let gid = |token: &str| shop.engine().check_bearer(token, "shop").unwrap().claims.own.gid.clone();
    assert_eq!(gid(&second.access_token), gid(&early.access_token));
    assert_ne!(refresh_of(&second), refresh_of(&first));
}

#[tokio::test]
async fn a_refresh_narrows_and_never_widens() {
    let shop = Shop::open().await;
    let token = refresh_of(&shop.tokens().await);
    let narrow =
        shop.token(&format!("grant_type=refresh_token&refresh_token={token}&scope=openid")).await.unwrap();
    assert_eq!(narrow.scope, "openid");
    let wide =
        shop.token(&format!("grant_type=refresh_token&refresh_token={token}&scope=openid+orders")).await;
    assert_eq!(word(&wide.unwrap_err()), "invalid_scope");
}

#[tokio::test]
async fn somebody_elses_refresh_token_is_unknown_and_nothing_ends() {
    let shop = Shop::open().await;
    let tokens = shop.tokens().await;
    let (_, secret) = shop.rig.engine.add_app(new_app("bank", Style::Jwt), Actor::CommandLine).await.unwrap();
    let bank = |extra: &str| {
        let body = format!("client_id=bank&client_secret={}", secret.as_ref().unwrap().reveal());
        (countersign::ClientAuth::read(None, &params(&body)).unwrap(), params(extra))
    };
    let refresh = refresh_of(&tokens);
    let (auth, form) = bank(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    let refused = shop.engine().token(auth, &form, &Rig::visitor()).await;
    assert_eq!(word(&refused.unwrap_err()), "invalid_grant");
    for token in [&refresh, &tokens.access_token] {
        let (auth, form) = bank(&format!("token={token}"));
        assert_eq!(shop.engine().introspect(auth, &form).await.unwrap(), json!({ "active": false }));
        let (auth, form) = bank(&format!("token={token}"));
        shop.engine().revoke_token(auth, &form).await.unwrap();
    }
    assert!(shop.engine().check_bearer(&tokens.access_token, "shop").is_ok());
}

#[tokio::test]
async fn revoking_either_token_ends_the_grant() {
    let shop = Shop::open().await;
    for which in 0..2 {
        let tokens = shop.tokens().await;
        let token = if which == 0 { refresh_of(&tokens) } else { tokens.access_token.clone() };
        shop.engine().revoke_token(shop.auth(), &params(&format!("token={token}"))).await.unwrap();
        assert_eq!(
            shop.engine().check_bearer(&tokens.access_token, "shop").unwrap_err(),
            Refusal::GrantEnded.into()
        );
        // A second time, and a token that never was, are answered alike.
        shop.engine().revoke_token(shop.auth(), &params(&format!("token={token}"))).await.unwrap();
        shop.engine().revoke_token(shop.auth(), &params("token=junk")).await.unwrap();
    }
}

#[tokio::test]
async fn an_application_acts_for_itself_on_a_standing_grant_that_an_operator_can_end() {
    let shop = Shop::open().await;
    let alone = "grant_type=client_credentials&scope=orders";
    let (first, second) = (shop.token(alone).await.unwrap(), shop.token(alone).await.unwrap());
    assert!(first.refresh_token.is_none() && first.id_token.is_none());
    // Nothing about a person: there is none.
    assert_eq!(shop.token("grant_type=client_credentials").await.unwrap().scope, "orders");
    let person = shop.token("grant_type=client_credentials&scope=openid").await.unwrap_err();
    assert_eq!(word(&person), "invalid_scope");
    let serial = |token: &str| shop.engine().check_bearer(token, "shop").unwrap().serial;
    assert_eq!(serial(&first.access_token), serial(&second.access_token));
    let revoked =
        shop.engine().revoke_token(shop.auth(), &params(&format!("token={}", first.access_token))).await;
    assert_eq!(word(&revoked.unwrap_err()), "unsupported_token_type");
    let ended = serial(&first.access_token);
    shop.engine().end(Extent::Grant(ended), Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
    assert!(shop.engine().check_bearer(&first.access_token, "shop").is_err());
    let third = shop.token(alone).await.unwrap();
    assert_ne!(serial(&third.access_token), ended);
    shop.engine().end(Extent::Everything, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
    assert!(shop.engine().check_bearer(&third.access_token, "shop").is_err());
    let fourth = shop.token(alone).await.unwrap();
    assert_eq!(
        shop.engine().userinfo(&fourth.access_token).await.map_err(|no| word(&no)),
        Err("insufficient_scope")
    );
}

#[tokio::test]
async fn wrong_credentials_and_unknown_grant_types_are_refused() {
    let shop = Shop::open().await;
    assert_eq!(word(&shop.token("grant_type=password").await.unwrap_err()), "unsupported_grant_type");
    assert_eq!(word(&shop.token("x=y").await.unwrap_err()), "invalid_request");
    let named = countersign::ClientAuth::read(None, &params("client_id=shop")).unwrap();
    let bare = shop.engine().token(named, &params("grant_type=client_credentials"), &Rig::visitor()).await;
    assert_eq!(word(&bare.unwrap_err()), "invalid_client");
    let nobody = countersign::ClientAuth::read(None, &params("client_id=nobody")).unwrap();
    assert_eq!(word(&shop.engine().authenticate_app(nobody).await.unwrap_err()), "invalid_client");
    let old = shop.auth();
    shop.engine().rotate_app_secret("shop", Actor::CommandLine).await.unwrap();
    assert_eq!(word(&shop.engine().authenticate_app(old).await.unwrap_err()), "invalid_client");
}

#[tokio::test]
async fn a_doubtful_address_is_shown_and_never_redirected() {
    let shop = Shop::open().await;
    for bad in [
        query("nobody", ""),
        query("shop", "").replace("/cb", "/cb/"),
        "client_id=shop&client_id=shop".into(),
    ] {
        assert!(matches!(authorize(&shop, &bad, Some(&shop.ada)).await, Authorized::Show(_)), "{bad}");
    }
    let told = authorize(&shop, &query("shop", "").replace("=code", "=token"), Some(&shop.ada)).await;
    assert_eq!(error_of(&told), "unsupported_response_type");
}

#[tokio::test]
async fn a_third_party_asks_once_and_the_person_can_withdraw() {
    let shop = third_party().await;
    let asked = authorize(&shop, &query("bank", ""), Some(&shop.ada)).await;
    let Authorized::Consent { scope, resume, .. } = asked else { panic!("{asked:?}") };
    assert_eq!(scope.to_string(), "email openid");
    let denied = shop.engine().consent(&resume, &shop.ada, false).await.unwrap();
    assert_eq!(error_of(&denied), "access_denied");
    let Authorized::Redirect(to) = shop.engine().consent(&resume, &shop.ada, true).await.unwrap() else {
        panic!("no redirect")
    };
    let tokens = shop.redeem(parameter(&to, "code").unwrap()).await.unwrap();
    assert_eq!(error_of(&authorize(&shop, &query("bank", "&prompt=none"), Some(&shop.ada)).await), "none");
    assert_eq!(shop.engine().allowed_apps(&shop.ada.session.subject).await.unwrap().len(), 1);
    shop.engine().withdraw(&shop.ada, "bank").await.unwrap();
    assert!(shop.engine().check_bearer(&tokens.access_token, "bank").is_err());
    let again = authorize(&shop, &query("bank", "&prompt=none"), Some(&shop.ada)).await;
    assert_eq!(error_of(&again), "consent_required");
    assert!(shop.engine().allowed_apps(&shop.ada.session.subject).await.unwrap().is_empty());
}

#[tokio::test]
async fn prompt_login_is_asked_once_and_cannot_be_backdated() {
    let shop = Shop::open().await;
    let first = query("shop", "&prompt=login");
    shop.rig.clock.advance(Duration::from_secs(5));
    let Authorized::SignIn { resume, reauthenticate: true, .. } =
        authorize(&shop, &first, Some(&shop.ada)).await
    else {
        panic!("no sign-in")
    };
    // Coming back without having signed in again is no way round.
    assert!(matches!(authorize(&shop, &resume, Some(&shop.ada)).await, Authorized::SignIn { .. }));
    shop.rig.clock.advance(Duration::from_secs(5));
    let anew = Shop::signed_in(&shop.rig).await;
    assert_eq!(error_of(&authorize(&shop, &resume, Some(&anew)).await), "none");
    // A made-up or moved note counts for nothing.
    shop.rig.clock.advance(Duration::from_secs(5));
    let note = resume.rsplit_once("&cs_asked=").unwrap().1;
    for forged in [format!("{first}&cs_asked=0.x"), format!("{first}&scope2=x&cs_asked={note}")] {
        assert!(
            matches!(authorize(&shop, &forged, Some(&anew)).await, Authorized::SignIn { .. }),
            "{forged}"
        );
    }
    assert_eq!(error_of(&authorize(&shop, &query("shop", "&prompt=none"), None).await), "login_required");
}

#[tokio::test]
async fn a_sign_out_by_the_application_asks_unless_its_id_token_shows_this_login() {
    let shop = Shop::open().await;
    let id = shop.tokens().await.id_token.unwrap();
    let back = "post_logout_redirect_uri=https://shop.example/bye&state=s";
    let bare = shop.engine().logout("", Some(&shop.ada)).await.unwrap();
    assert!(matches!(bare, LogoutStep::Confirm { client: None }));
    let foreign = shop.engine().logout(&format!("client_id=shop&{back}x"), Some(&shop.ada)).await;
    assert!(foreign.is_ok(), "the address is the registered one, only `state` differs");
    let evil = "client_id=shop&post_logout_redirect_uri=https://evil.example/";
    assert_eq!(word(&shop.engine().logout(evil, Some(&shop.ada)).await.unwrap_err()), "invalid_request");
    // Another login of the same person is not the one that the token speaks of.
    let other = Shop::signed_in(&shop.rig).await;
    let asked = shop.engine().logout(&format!("id_token_hint={id}&{back}"), Some(&other)).await.unwrap();
    assert!(matches!(asked, LogoutStep::Confirm { client: Some(_) }));
    // An expired hint still shows who is meant.
    shop.rig.clock.advance(Duration::from_secs(3 * 3600));
    let done = shop.engine().logout(&format!("id_token_hint={id}&{back}"), Some(&shop.ada)).await.unwrap();
    let LogoutStep::Done { redirect: Some(to) } = done else { panic!("{done:?}") };
    assert_eq!(to, "https://shop.example/bye?state=s");
    let handle = shop.ada.handle.to_string();
    assert!(!shop.engine().session_by_handle(&handle).await.unwrap().live);
    let yes = shop.engine().logout_confirmed("", Some(&other)).await.unwrap();
    assert!(matches!(yes, LogoutStep::Done { redirect: None }));
}

#[tokio::test]
async fn introspection_needs_a_secret_and_tells_the_owner_all() {
    let shop = Shop::open().await;
    let tokens = shop.tokens().await;
    let asked = params(&format!("token={}", tokens.access_token));
    let answer = shop.engine().introspect(shop.auth(), &asked).await.unwrap();
    for (name, value) in
        [("active", json!(true)), ("client_id", json!("shop")), ("scope", json!("email openid"))]
    {
        assert_eq!(answer[name], value);
    }
    assert_eq!(answer["sub"], Value::String(shop.ada.session.subject.as_str().to_owned()));
    let public = countersign::NewApp { public: true, acts_alone: false, ..new_app("spa", Style::Jwt) };
    shop.rig.engine.add_app(public, Actor::CommandLine).await.unwrap();
    let named = countersign::ClientAuth::read(None, &params("client_id=spa")).unwrap();
    assert_eq!(word(&shop.engine().introspect(named, &asked).await.unwrap_err()), "invalid_client");
    shop.rig.clock.advance(Duration::from_secs(600));
    assert_eq!(shop.engine().introspect(shop.auth(), &asked).await.unwrap(), json!({ "active": false }));
}

#[tokio::test]
async fn a_changed_application_keeps_its_secret_and_its_tokens() {
    let shop = Shop::open().await;
    let tokens = shop.tokens().await;
    let mut app = new_app("shop", Style::Hybrid);
    app.redirect_uris = vec!["https://shop.example/elsewhere".to_owned()];
    let changed = shop.engine().change_app(app, Actor::CommandLine).await.unwrap();
    assert_eq!(changed.redirect_uris, ["https://shop.example/elsewhere"]);
    assert!(shop.engine().authenticate_app(shop.auth()).await.is_ok());
    assert!(shop.engine().check_bearer(&tokens.access_token, &changed.audience).is_ok());
    let before = shop.engine().authorize(&query("shop", ""), Some(&shop.ada)).await.unwrap();
    assert!(matches!(before, Authorized::Show(_)), "the old address is no longer one of its own");
    let mut public = new_app("shop", Style::Hybrid);
    public.public = true;
    assert!(shop.engine().change_app(public, Actor::CommandLine).await.is_err());
}
