//! Attacks by number: guessing, spraying, keeping others out, and making the server forget who guessed.
//!
//! OWASP ASVS 5.0 V6.3.1; OWASP: device cookies.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use countersign_server::web::Peer;
use http::{Method, Request, StatusCode, header};

use crate::house::{ADA, House, ISSUER, PASSWORD, Reply, form};

/// A form post from `address`, with whatever else it says about itself.
async fn from(
    house: &House,
    address: &str,
    path: &str,
    body: &str,
    more: &[(&'static str, String)],
) -> Reply {
    let peer: SocketAddr = format!("{address}:4000").parse().unwrap();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, ISSUER)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in more {
        request = request.header(*name, value);
    }
    house.send(request.extension(Peer::Tcp(peer)).body(Body::from(body.to_owned())).unwrap()).await
}

async fn guess(house: &House, address: &str, email: &str, more: &[(&'static str, String)]) -> StatusCode {
    let body = form(&[("email", email), ("password", "surely not this one")]);
    from(house, address, "/signin", &body, more).await.status
}

fn owner() -> String {
    form(&[("email", ADA), ("password", PASSWORD)])
}

#[tokio::test]
async fn a_crowd_of_strangers_cannot_lock_out_a_browser_that_the_account_knows() {
    let house = House::new().await;
    let ada = house.ada().await;
    let jar = ada.cookie_header(ISSUER);
    let mark = jar.split("; ").find(|pair| pair.starts_with("cs_dev_device=")).unwrap();
    let mut refused = 0;
    for number in 0..300 {
        let status = guess(&house, &format!("198.51.{}.{}", number / 3, number % 3 + 1), ADA, &[]).await;
        refused += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused >= 150, "a crowd gets about a hundred guesses, and then an hour for the next: {refused}");
    let stranger = from(&house, "192.0.2.77", "/signin", &owner(), &[]).await;
    assert_eq!(
        stranger.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the right password from a strange browser waits as well"
    );
    let known = from(&house, "192.0.2.77", "/signin", &owner(), &[("cookie", mark.to_owned())]).await;
    assert_eq!(known.location(), "/account", "{}", known.body);
}

#[tokio::test]
async fn a_mark_of_another_account_opens_no_second_bucket() {
    let house = House::new().await;
    house.rig.person("eve@evil.example", PASSWORD).await.unwrap();
    let mut eve = house.browser();
    eve.post(ISSUER, "/signin", &[("email", "eve@evil.example"), ("password", PASSWORD)]).await;
    let jar = eve.cookie_header(ISSUER);
    let mark = jar.split("; ").find(|pair| pair.starts_with("cs_dev_device=")).unwrap().to_owned();
    let mut tries = 0;
    while guess(&house, "198.51.100.7", ADA, &[("cookie", mark.clone())]).await
        != StatusCode::TOO_MANY_REQUESTS
    {
        tries += 1;
        assert!(tries <= 10, "a stranger's mark gives no more guesses than none");
    }
}

#[tokio::test]
async fn forged_forwarding_headers_do_not_make_a_guesser_somebody_else() {
    let house = House::new().await;
    let mut passed = 0;
    for number in 0..40 {
        let forged = format!("10.{number}.0.1");
        let headers = [
            ("x-forwarded-for", forged.clone()),
            ("x-real-ip", forged.clone()),
            ("forwarded", format!("for={forged}")),
            ("cf-connecting-ip", forged.clone()),
            ("true-client-ip", forged),
        ];
        passed +=
            u32::from(guess(&house, "198.51.100.7", ADA, &headers).await != StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(passed <= 10, "{passed}");
}

#[tokio::test]
async fn one_password_tried_at_many_accounts_is_slowed_down() {
    let house = House::new().await;
    let mut passed = 0;
    for number in 0..200 {
        let address = format!("198.51.100.{}", number % 250);
        let status = guess(&house, &address, &format!("p{number}@marsh.example"), &[]).await;
        passed += u32::from(status != StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(passed <= 100, "one network prefix gets a hundred tries, whatever the accounts: {passed}");
}

#[tokio::test]
async fn after_the_told_wait_the_next_try_is_looked_at() {
    let house = House::new().await;
    let wrong = form(&[("email", ADA), ("password", "surely not this one")]);
    for step in 0..40 {
        house.rig.clock.advance(Duration::from_millis(137 * (step % 7)));
        let reply = from(&house, "198.51.100.7", "/signin", &wrong, &[]).await;
        if reply.status != StatusCode::TOO_MANY_REQUESTS {
            continue;
        }
        let wait: u64 = reply.header("retry-after").parse().unwrap();
        house.rig.clock.advance(Duration::from_secs(wait));
        let next = from(&house, "198.51.100.7", "/signin", &wrong, &[]).await;
        assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY, "told to wait {wait} s");
    }
}

#[tokio::test]
async fn wrong_secrets_do_not_keep_an_application_from_its_tokens() {
    let house = House::new().await;
    let wrong = [("authorization", "Basic YXBpOmNzX2FrX3dyb25n".to_owned())];
    let right = [("authorization", house.basic["api"].clone())];
    let body = "grant_type=refresh_token&refresh_token=x";
    let mut slowed = false;
    for _ in 0..700 {
        let secret = countersign_core::secret::ClientSecret::new([9; 32]);
        let guess = format!("{body}&client_id=api&client_secret={}", secret.reveal());
        let reply = from(&house, "198.51.100.7", "/token", &guess, &[]).await;
        slowed |= reply.status == StatusCode::TOO_MANY_REQUESTS;
        assert!(reply.status == StatusCode::UNAUTHORIZED || reply.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(slowed, "guessing at a secret is slowed down");
    let malformed = from(&house, "198.51.100.7", "/token", body, &wrong).await;
    assert!(!malformed.status.is_success());
    // Its neighbour in the same network, or an attacker who can send from there, must not be able to stop it.
    let own = from(&house, "198.51.100.8", "/token", body, &right).await;
    assert_eq!((own.status, own.json()["error"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_grant")));
}

#[tokio::test]
async fn made_up_applications_do_not_make_the_server_forget_who_guesses() {
    let house = House::new().await;
    // Some that guess, until the door is shut.
    let guessers: Vec<_> =
        (0..12).map(|n| (format!("198.51.{n}.7"), format!("p{n}@marsh.example"))).collect();
    for (address, email) in &guessers {
        while guess(&house, address, email, &[]).await != StatusCode::TOO_MANY_REQUESTS {}
    }
    // Then as many names as it takes to fill a table of 65,536.
    let secret = countersign_core::secret::ClientSecret::new([9; 32]);
    for number in 0..66_000_u32 {
        let form = countersign_core::oauth::Params::parse(&format!(
            "client_id=a{number}&client_secret={}",
            secret.reveal()
        ));
        let form = form.unwrap();
        let auth = countersign::ClientAuth::read(None, &form).unwrap();
        let visitor = countersign::Visitor::from_parts(None, [203, 0, 113, 9].into());
        assert!(house.rig.engine.token(auth, &form, &visitor).await.is_err());
    }
    // The clock stands still, so no bucket has had time to fill again.
    for (address, email) in &guessers {
        assert_eq!(guess(&house, address, email, &[]).await, StatusCode::TOO_MANY_REQUESTS);
    }
}
