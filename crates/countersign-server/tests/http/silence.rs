//! Whoever reads the log learns no secret: a whole walk, with everything that anybody would ever log.
//!
//! OWASP ASVS 5.0 V16.2.5.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use http::StatusCode;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

use crate::house::{ADA, House, ISSUER, PASSWORD, SHOP, VERIFIER, authorize, form, param};
use crate::tokens::secret_in;
use crate::walk::redeem;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that must not be in the log, with its name.
type Secrets = Vec<(&'static str, String)>;

async fn people(house: &House, secrets: &mut Secrets) {
    let mut bo = house.browser();
    let (email, password) = ("bo@marsh.example", "harbour slate rope 9");
    bo.post(ISSUER, "/signup", &[("email", email), ("password", password)]).await;
    let code = house.rig.mail.code().unwrap();
    bo.get(ISSUER, &format!("/signup/confirm?code={code}")).await;
    bo.post(ISSUER, "/signup/confirm", &[("code", &code), ("password", password)]).await;
    bo.post(ISSUER, "/signup/confirm", &[("code", &code), ("password", password)]).await;
    bo.post(ISSUER, "/recover", &[("email", email)]).await;
    let reset = house.rig.mail.code().unwrap();
    let next = "a lantern in the fog 4";
    bo.post(ISSUER, "/reset", &[("code", &reset), ("new_password", "short")]).await;
    bo.post(ISSUER, "/reset", &[("code", &reset), ("new_password", next)]).await;
    bo.post(ISSUER, "/signin", &[("email", email), ("password", "a wrong guess by somebody 1")]).await;
    bo.post(ISSUER, "/signin", &[("email", email), ("password", next)]).await;
    let cookies = bo.jars[ISSUER].clone();
    let last = "and one more harbour 5";
    let fields = [("current_password", next), ("new_password", last), ("end_others", "on")];
    assert_eq!(bo.post(ISSUER, "/account/password", &fields).await.status, StatusCode::SEE_OTHER);
    bo.post(ISSUER, "/account/erase", &[("password", "not this password 11")]).await;
    bo.post(ISSUER, "/account/erase", &[("password", last)]).await;
    for (what, secret) in [
        ("password", password),
        ("new password", next),
        ("last password", last),
        ("wrong password", "a wrong guess by somebody 1"),
        ("wrong password", "not this password 11"),
        ("confirm code", &code),
        ("reset code", &reset),
    ] {
        secrets.push((what, secret.to_owned()));
    }
    secrets.extend(cookies.into_values().map(|value| ("cookie", value)));
}

async fn applications(house: &House, secrets: &mut Secrets) {
    let mut ada = house.ada().await;
    let started = ada.get(SHOP, "/_cs/start").await;
    let ticket = ada.follow(SHOP, started.location()).await;
    secrets.push(("ticket", param(ticket.location(), "ticket")));
    secrets.push(("start nonce", ada.jars[SHOP]["cs_dev_start"].clone()));
    ada.follow(ISSUER, ticket.location()).await;
    ada.follow(ISSUER, ticket.location()).await;
    let cookie = ada.cookie_header(SHOP);
    let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
    house.plain("GET", ISSUER, "/check?app=bank", &[("cookie", &cookie)], "").await;
    let value = "the value of a slot 77";
    let slot = [
        ("authorization", house.basic["shop"].as_str()),
        ("countersign-session", known.header("countersign-session")),
        ("if-none-match", "*"),
    ];
    house.plain("PUT", ISSUER, "/session/slots/cart", &slot, value).await;
    secrets.push(("slot", value.to_owned()));
    let code = param(ada.get(ISSUER, &authorize("api")).await.location(), "code");
    let tokens = redeem(house, "api", &code).await;
    secrets.push(("code", code.clone()));
    secrets.push(("verifier", VERIFIER.to_owned()));
    for name in ["access_token", "refresh_token", "id_token"] {
        let token = tokens[name].as_str().unwrap().to_owned();
        for path in ["/introspect", "/revoke"] {
            house.call("third", path, &[("token", &token)]).await;
        }
        let bearer = format!("Bearer {token}");
        house.plain("GET", ISSUER, "/userinfo", &[("authorization", &bearer)], "").await;
        house.plain("GET", ISSUER, "/check?app=third", &[("authorization", &bearer)], "").await;
        house.plain("GET", ISSUER, &format!("/nowhere?access_token={token}"), &[], "").await;
        secrets.push((name, token));
    }
    let refresh = tokens["refresh_token"].as_str().unwrap();
    house.call("api", "/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    let again = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    house.call("api", "/token", &again).await;
    ada.get(ISSUER, &format!("/logout?id_token_hint={}", tokens["id_token"].as_str().unwrap())).await;
    for (what, jar) in [("issuer cookie", ISSUER), ("shop cookie", SHOP)] {
        secrets.extend(ada.jars[jar].values().map(|value| (what, value.clone())));
    }
    secrets
        .extend(house.basic.values().map(|basic| ("client secret in a header", basic.replace("Basic ", ""))));
    secrets.extend(house.basic.values().map(|basic| ("client secret", secret_in(basic))));
}

/// Requests that go wrong while they carry secrets.
async fn mistakes(house: &House) {
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let body = form(&[("email", ADA), ("password", PASSWORD)]);
    for headers in [
        vec![form_type, ("sec-fetch-site", "cross-site")],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/json")],
    ] {
        house.plain("POST", ISSUER, "/signin", &headers, &body).await;
    }
    house.plain("POST", ISSUER, "/signin", &[form_type], &format!("{body}&password={PASSWORD}")).await;
    house.plain("POST", ISSUER, "/signin", &[form_type], &format!("{body}%zz")).await;
    house.plain("GET", ISSUER, &format!("/signin?{body}"), &[], "").await;
    house.plain("GET", "evil.example", &format!("/signin?{body}"), &[], "").await;
}

/// The operator's console and API, with everything in the wrong place.
async fn operators(house: &House, secrets: &mut Secrets) {
    let origin = "http://127.0.0.1:9321";
    let settings =
        countersign_server::console::ConsoleSettings { origin: origin.to_owned(), facts: Vec::new() };
    let console = countersign_server::console::router(house.rig.engine.clone(), settings);
    let actor = axum::Extension(countersign_core::extent::Actor::CommandLine);
    let api = countersign_server::api::router(house.rig.engine.clone()).layer(actor);
    let link = house.rig.engine.set_up_link().await.unwrap().unwrap();
    let password = "the operator types this 5";
    let good = form(&[("code", link.reveal()), ("email", "kim@ops.example"), ("password", password)]);
    let twice = format!("{good}&password=again");
    let mut cookie = String::new();
    for (path, body) in [
        ("/admin/setup", twice.as_str()),
        ("/admin/setup", "code=x"),
        ("/admin/setup", &good),
        ("/admin/setup", &good),
        ("/admin/signin", "email=kim%40ops.example&password=a+guess+by+nobody+6"),
        ("/admin/signin", &form(&[("email", "kim@ops.example"), ("password", password), ("more", "x")])),
    ] {
        let request = http::Request::post(path)
            .header("host", "127.0.0.1:9321")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded");
        let response =
            console.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        if let Some(set) = response.headers().get("set-cookie") {
            let value = set.to_str().unwrap().split(';').next().unwrap();
            value.split_once('=').unwrap().1.clone_into(&mut cookie);
        }
    }
    assert!(!cookie.is_empty());
    secrets.extend([("console cookie", cookie), ("set-up link", link.reveal().to_owned())]);
    secrets.extend([
        ("operator's password", password.to_owned()),
        ("a guess", "a guess by nobody 6".to_owned()),
    ]);
    let hidden = "a secret in the wrong place 8";
    for (method, path, body) in [
        ("POST", "users", format!(r#"{{"email":"{hidden}","password":7}}"#)),
        ("POST", "users", format!(r#"{{"email":"x@y.example","password":["{hidden}"]}}"#)),
        ("POST", "users", format!(r#"{{"email":"x@y.example","password":"{hidden}","role":"{hidden}"}}"#)),
        ("POST", "users", format!(r#"{{"email":"x@y.example","password":"{hidden}""#)),
        ("POST", "users", format!(r#"{{"email":"x@y.example","password":"{hidden}"}}"#)),
        ("POST", "users/x@y.example/password", format!(r#"{{"password":{{"x":"{hidden}"}}}}"#)),
        ("POST", "users/nobody@y.example/password", format!(r#"{{"password":"{hidden}"}}"#)),
        ("POST", "end-everything", format!(r#""{hidden}""#)),
        ("POST", "setup-link", String::new()),
        ("POST", "apps/api/rotate-secret", String::new()),
    ] {
        let request = http::Request::builder().method(method).uri(format!("/admin/api/v1/{path}"));
        let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
        let response = api.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for name in ["secret", "code"] {
            // Problems have a code as well, and it is no secret.
            let secret = told[name].as_str().filter(|text| !text.starts_with("CS-"));
            secrets.extend(secret.map(|secret| ("told once", secret.to_owned())));
        }
    }
    secrets.push(("a secret in the wrong place", hidden.to_owned()));
}

/// Nobody writes lines of their own into the log, nor speaks to the terminal of whoever reads it.
async fn forged_lines(house: &House, log: &Log) {
    let actor = axum::Extension(countersign_core::extent::Actor::CommandLine);
    let api = countersign_server::api::router(house.rig.engine.clone()).layer(actor);
    for path in [
        "users/%0aFORGED%20line@x.example",
        "users/%1b%5b2JFORGED",
        "apps/%0d%0aFORGED",
        "sessions/%0aFORGED",
        "sessions?app=%0aFORGED&user=%1b%5b31mFORGED",
        "audit?user=%0aFORGED",
    ] {
        let request = http::Request::get(format!("/admin/api/v1/{path}")).body(Body::empty()).unwrap();
        let response = api.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_client_error(), "{path}");
    }
    for name in ["user-agent", "referer", "x-forwarded-for"] {
        house.plain("GET", ISSUER, "/nowhere", &[(name, "\tFORGED")], "").await;
    }
    for path in [
        "/logout?client_id=%0aFORGED",
        "/sso?app=%0aFORGED&nonce=x",
        "/authorize?client_id=%1bFORGED",
        "/check?app=%0aFORGED",
    ] {
        house.plain("GET", ISSUER, path, &[], "").await;
    }
    let text = log.text();
    assert!(text.lines().all(|line| !line.starts_with("FORGED")), "a line of somebody's own");
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "a word to the terminal");
}

#[tokio::test]
async fn a_log_at_its_loudest_holds_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let house = House::new().await;
    let mut secrets: Secrets = vec![("password", PASSWORD.to_owned())];
    people(&house, &mut secrets).await;
    applications(&house, &mut secrets).await;
    mistakes(&house).await;
    operators(&house, &mut secrets).await;
    forged_lines(&house, &log).await;
    let text = log.text();
    assert!(text.contains("refused"), "the log works: {} bytes", text.len());
    assert!(secrets.len() >= 30, "{}", secrets.len());
    for (what, secret) in &secrets {
        let coded = countersign_server::web::text::encoded(secret);
        // A part of a secret is a secret: its last 12 characters, without what all tokens of a kind share.
        let end = secret.get(secret.len().saturating_sub(12)..).unwrap();
        for shape in [secret.as_str(), &coded, &secret.replace(' ', "+"), end] {
            assert!(!text.contains(shape), "the log holds the {what}");
        }
    }
}
