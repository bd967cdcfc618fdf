//! Clients against a real server on this machine that does what it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_jose::jwt::dpop::Request;
use countersign_jose::jwt::{self, AccessClaims, Confirmation, Profile};
use countersign_jose::{Algorithm, Error, KeySet, Signer as _, SigningKey, base64};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

pub(super) const NOW: u64 = 1_800_000_000;

/// What the server answers to a path: raw HTTP, and a pause before its end.
type Script = Arc<Mutex<Box<dyn FnMut(&str) -> (Vec<u8>, Duration) + Send>>>;

pub(super) struct Issuer {
    pub(super) url: String,
    requests: Arc<AtomicUsize>,
    script: Script,
    task: tokio::task::AbortHandle,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
        .into_bytes()
}

pub(super) fn jwks(keys: &[&SigningKey]) -> String {
    let set = KeySet::new(keys.iter().map(|key| key.verifying_key())).unwrap();
    serde_json::to_string(&set.to_jwks()).unwrap()
}

impl Issuer {
    /// A server that answers each path by the script; what it was asked is counted for `/jwks`.
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let script: Script = Arc::new(Mutex::new(Box::new(|_| (http("500 No", "", ""), Duration::ZERO))));
        let (count, answers) = (Arc::clone(&requests), Arc::clone(&script));
        let serve = async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (count, answers) = (Arc::clone(&count), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => request.push(byte),
                            Err(_) => return,
                        }
                    }
                    let request = String::from_utf8(request).unwrap();
                    if request.starts_with("GET /jwks") {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    let (answer, pause) = (answers.lock().unwrap())(&request);
                    let (most, last) = answer.split_at(answer.len().saturating_sub(1));
                    let _ = stream.write_all(most).await;
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    let _ = stream.write_all(last).await;
                });
            }
        };
        let task = tokio::spawn(serve).abort_handle();
        Self { url, requests, script, task }
    }

    pub(super) fn answers(&self, mut script: impl FnMut(&str) -> (Vec<u8>, Duration) + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(move |request| script(request));
    }

    /// Publishes metadata and these keys, with these headers beside them.
    pub(super) fn publishes(&self, keys: &[&SigningKey], headers: &'static str) {
        let (metadata, body) = (self.metadata(), jwks(keys));
        self.answers(move |request| {
            let answer = if request.starts_with("GET /jwks ") {
                http("200 OK", headers, &body)
            } else if request.starts_with("GET /.well-known/openid-configuration ") {
                http("200 OK", "", &metadata)
            } else {
                http("404 Not Found", "", "")
            };
            (answer, Duration::ZERO)
        });
    }

    pub(super) fn metadata(&self) -> String {
        format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/jwks"}}"#, self.url)
    }

    pub(super) fn asked(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(super) fn token(&self, key: &SigningKey) -> String {
        jwt::sign(key, &self.claims()).unwrap()
    }

    pub(super) fn claims(&self) -> AccessClaims {
        AccessClaims {
            iss: self.url.clone(),
            sub: "ana".into(),
            aud: "shop-api".into(),
            client_id: "shop-web".into(),
            iat: NOW,
            exp: NOW + 300,
            jti: "t1".into(),
            ..AccessClaims::default()
        }
    }

    pub(super) async fn trusted(&self) -> Result<Remote<AccessClaims>, FetchError> {
        trust(&self.url).audience("shop-api").within(Reach::ThisMachine).connect().await
    }
}

pub(super) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

#[tokio::test]
async fn tokens_are_checked_with_keys_that_were_discovered() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let shop = issuer.trusted().await.unwrap();
    for _ in 0..3 {
        assert_eq!(shop.verify_at(&issuer.token(&key), NOW).unwrap().sub, "ana");
    }
    assert_eq!(issuer.asked(), 1);
    assert_eq!(shop.verify_at("junk", NOW).unwrap_err(), NotVerified::Refused(Error::Shape));
    assert_eq!(fetch_keys(&issuer.url, Reach::ThisMachine).await.unwrap().keys().len(), 1);
}

#[tokio::test]
async fn a_bound_token_is_refused_alone_and_taken_with_proof_of_its_key() {
    let (issuer, signer, holder) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&signer], "");
    let shop = issuer.trusted().await.unwrap();
    let cnf = Some(Confirmation::of(&holder.verifying_key()));
    let token = jwt::sign(&signer, &AccessClaims { cnf, ..issuer.claims() }).unwrap();
    assert_eq!(shop.verify_at(&token, NOW).unwrap_err(), NotVerified::Refused(Error::Bound));
    let request = Request::new("GET", "https://shop.example/cart").with_token(&token);
    let proof = |key: &SigningKey| request.check(&request.prove(key, "p1", NOW).unwrap(), NOW).unwrap();
    assert_eq!(shop.verify_bound_at(&token, &proof(&holder), NOW).unwrap().sub, "ana");
    let stolen = shop.verify_bound_at(&token, &proof(&key()), NOW).unwrap_err();
    assert_eq!(stolen, NotVerified::Refused(Error::Bound));
    let has = |key: &SigningKey| {
        let key = key.verifying_key();
        shop.verify_bound_by_at(&token, NOW, |cnf| cnf.is_key(&key)).is_ok()
    };
    assert!(has(&holder) && !has(&signer));
}

#[tokio::test]
async fn the_other_place_of_the_metadata_is_found_too() {
    let (issuer, key) = (Issuer::start().await, key());
    let (body, base) = (jwks(&[&key]), issuer.url.clone());
    issuer.answers(move |request| {
        let answer = if request.starts_with("GET /jwks ") {
            http("200 OK", "", &body)
        } else if request.starts_with("GET /.well-known/oauth-authorization-server/tenant ") {
            http("200 OK", "", &format!(r#"{{"issuer":"{base}/tenant","jwks_uri":"{base}/jwks"}}"#))
        } else {
            http("404 Not Found", "", "")
        };
        (answer, Duration::ZERO)
    });
    let issuer = format!("{}/tenant", issuer.url);
    assert!(fetch_keys(&issuer, Reach::ThisMachine).await.is_ok());
}

/// OpenID Connect Discovery 1.0 4 and RFC 8414 3.1: the slash goes for the way to the document, not for the name.
#[tokio::test]
async fn an_issuer_that_ends_in_a_slash_is_found_and_compared_with_its_slash() {
    let (issuer, key) = (Issuer::start().await, key());
    for (path, found_at) in [
        ("/", "/.well-known/openid-configuration"),
        ("/", "/.well-known/oauth-authorization-server"),
        ("/tenant/", "/tenant/.well-known/openid-configuration"),
        ("/tenant/", "/.well-known/oauth-authorization-server/tenant"),
    ] {
        let (body, base, own) = (jwks(&[&key]), issuer.url.clone(), format!("{}{path}", issuer.url));
        let metadata = format!(r#"{{"issuer":"{own}","jwks_uri":"{base}/jwks"}}"#);
        issuer.answers(move |request| {
            let answer = if request.starts_with("GET /jwks ") {
                http("200 OK", "", &body)
            } else if request.starts_with(&format!("GET {found_at} ")) {
                http("200 OK", "", &metadata)
            } else {
                http("404 Not Found", "", "")
            };
            (answer, Duration::ZERO)
        });
        assert_eq!(fetch_keys(&own, Reach::ThisMachine).await.unwrap().keys().len(), 1, "{path} {found_at}");
        let trusted = trust(&own).audience("shop-api").within(Reach::ThisMachine);
        let shop = trusted.connect::<AccessClaims>().await.unwrap();
        let token =
            |iss: &str| jwt::sign(&key, &AccessClaims { iss: iss.into(), ..issuer.claims() }).unwrap();
        assert_eq!(shop.verify_at(&token(&own), NOW).unwrap().iss, own);
        let without = own.strip_suffix('/').unwrap();
        assert_eq!(shop.verify_at(&token(without), NOW).unwrap_err(), NotVerified::Refused(Error::Issuer));
        let refused = fetch_keys(without, Reach::ThisMachine).await.unwrap_err();
        assert!(matches!(refused, FetchError::Metadata { member: "issuer", .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn what_must_not_be_trusted_is_told_at_the_start() {
    let (issuer, key) = (Issuer::start().await, key());
    let url = issuer.url.clone();
    let metadata = issuer.metadata();
    let jwks_url = format!("{url}/jwks");
    let secret = r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#;
    let body = jwks(&[&key]);
    let cases: Vec<(Vec<u8>, FetchError)> = vec![
        (
            http("302 Found", &format!("Location: {jwks_url}2\r\n"), ""),
            FetchError::Status { url: jwks_url.clone(), status: 302 },
        ),
        (http("503 No", "", ""), FetchError::Status { url: jwks_url.clone(), status: 503 }),
        (
            http("200 OK", "", &" ".repeat(300_000)),
            FetchError::TooLarge { url: jwks_url.clone(), limit: 256 * 1024 },
        ),
        (http("200 OK", "", secret), FetchError::Keys { url: jwks_url.clone(), why: Error::MixedKeys }),
        (http("304 Not Modified", "", ""), FetchError::Status { url: jwks_url.clone(), status: 304 }),
    ];
    for (answer, wanted) in cases {
        let metadata = metadata.clone();
        issuer.answers(move |request| {
            let answer = if request.starts_with("GET /jwks ") {
                answer.clone()
            } else {
                http("200 OK", "", &metadata)
            };
            (answer, Duration::ZERO)
        });
        assert_eq!(issuer.trusted().await.unwrap_err(), wanted);
    }
    for other in ["https://other.example", &format!("{url}/")] {
        let (metadata, body) = (format!(r#"{{"issuer":"{other}","jwks_uri":"{jwks_url}"}}"#), body.clone());
        issuer.answers(move |request| {
            let found = if request.starts_with("GET /jwks ") { &body } else { &metadata };
            (http("200 OK", "", found), Duration::ZERO)
        });
        let refused = issuer.trusted().await.unwrap_err();
        assert!(matches!(refused, FetchError::Metadata { member: "issuer", .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn metadata_leads_nowhere_that_was_not_allowed() {
    let issuer = Issuer::start().await;
    for leads in ["http://10.0.0.1/jwks", "file:///etc/passwd", "http://169.254.169.254/latest"] {
        let metadata = format!(r#"{{"issuer":"{}","jwks_uri":"{leads}"}}"#, issuer.url);
        issuer.answers(move |_| (http("200 OK", "", &metadata), Duration::ZERO));
        let refused = issuer.trusted().await.unwrap_err();
        assert!(matches!(refused, FetchError::Forbidden { .. } | FetchError::Address { .. }), "{refused:?}");
    }
    // And this machine is out of reach unless somebody says otherwise.
    let public = trust(&issuer.url).audience("shop-api").connect::<AccessClaims>().await.unwrap_err();
    assert!(matches!(public, FetchError::Address { .. }));
    let https = issuer.url.replace("http://", "https://");
    let public = trust(https).audience("shop-api").connect::<AccessClaims>().await.unwrap_err();
    assert!(matches!(public, FetchError::Forbidden { .. }), "{public:?}");
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn a_token_sends_nobody_anywhere() {
    let (issuer, attacker, good, bad) = (Issuer::start().await, Issuer::start().await, key(), key());
    issuer.publishes(&[&good], "");
    attacker.publishes(&[&bad], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    let (kid, url) = (bad.verifying_key().thumbprint(), format!("{}/jwks", attacker.url));
    let claims = serde_json::to_vec(&issuer.claims()).unwrap();
    let mut outcomes = Vec::new();
    for member in ["jku", "x5u", "iss", "kid"] {
        let header = serde_json::json!({ "alg": "ES256", "typ": "at+jwt", member: url });
        let named = serde_json::json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid, member: url });
        for header in [header, named] {
            let signed = format!("{}.{}", base64::encode(header.to_string()), base64::encode(&claims));
            let token = format!("{signed}.{}", base64::encode(bad.sign(signed.as_bytes()).unwrap()));
            outcomes.push(shop.verify_at(&token, NOW));
        }
    }
    assert!(outcomes.iter().all(|told| matches!(told, Err(NotVerified::Refused(_)))), "{outcomes:?}");
    // What an unknown key leads to is the next look at the issuer's own keys.
    come_again(&shop).await;
    assert_eq!(attacker.asked(), 0);
    assert_eq!(shop.verify_at(&issuer.token(&good), NOW).unwrap().sub, "ana");
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    let (issuer, key) = (Issuer::start().await, key());
    let body = jwks(&[&key]);
    issuer.answers(move |_| (http("200 OK", "", &body), Duration::from_secs(60)));
    let begun = std::time::Instant::now();
    let refused = JwksClient::of_url(&format!("{}/jwks", issuer.url), Reach::ThisMachine).await.unwrap_err();
    assert!(matches!(refused, FetchError::Unreachable { .. }), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn keys_turn_and_outages_pass_without_a_token_that_waits() {
    let (issuer, old, new) = (Issuer::start().await, key(), key());
    // The plan's times are real; the clock is not.
    issuer.publishes(&[&old], "Cache-Control: max-age=60\r\n");
    let shop = issuer.trusted().await.unwrap();
    let (by_old, by_new) = (issuer.token(&old), issuer.token(&new));
    assert!(shop.verify_at(&by_old, NOW).is_ok());
    tokio::time::pause();

    issuer.publishes(&[&old, &new], "");
    assert_eq!(shop.verify_at(&by_new, NOW).unwrap_err(), NotVerified::Refused(Error::UnknownKey));
    until(&shop, |health| health.fetches == 2 && health.keys == 2).await;
    assert!(shop.verify_at(&by_new, NOW).is_ok() && shop.verify_at(&by_old, NOW).is_ok());

    // An outage, and a set that is none: the keys from before count.
    issuer.answers(|_| (http("503 No", "", ""), Duration::ZERO));
    until(&shop, |health| health.failed.is_some()).await;
    issuer.answers(|_| (http("200 OK", "", "{}"), Duration::ZERO));
    until(&shop, |health| matches!(health.failed, Some(FetchError::Metadata { .. }))).await;
    assert!(shop.verify_at(&by_old, NOW).is_ok());
    assert!(shop.client().health().good);

    // A key that is gone is gone.
    issuer.publishes(&[&new], "");
    until(&shop, |health| health.keys == 1).await;
    assert_eq!(shop.verify_at(&by_old, NOW).unwrap_err(), NotVerified::Refused(Error::UnknownKey));
    assert!(shop.verify_at(&by_new, NOW).is_ok());

    // Out of reach for more than a day: nothing is accepted, and it says why.
    issuer.answers(|_| (http("503 No", "", ""), Duration::ZERO));
    until(&shop, |health| !health.good).await;
    let blind = shop.verify_at(&by_new, NOW).unwrap_err();
    assert!(matches!(&blind, NotVerified::Blind(why) if why.contains("503")), "{blind:?}");
    issuer.publishes(&[&new], "");
    until(&shop, |health| health.good).await;
    assert!(shop.verify_at(&by_new, NOW).is_ok());
}

/// RFC 9110 13.1.2: whoever has the keys asks for others, and is told that there are none.
#[tokio::test]
async fn keys_that_are_the_same_by_their_tag_count_for_longer() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "ETag: \"1\"\r\nCache-Control: max-age=60\r\n");
    let (shop, begun) = (issuer.trusted().await.unwrap(), Instant::now());
    let token = issuer.token(&key);
    tokio::time::pause();
    let told = Arc::new(AtomicUsize::new(0));
    let tells = Arc::clone(&told);
    issuer.answers(move |request| {
        // Without the tag there is nothing to be had.
        let knows = request.to_ascii_lowercase().contains("\r\nif-none-match: \"1\"\r\n");
        if knows && request.starts_with("GET /jwks ") {
            tells.fetch_add(1, Ordering::SeqCst);
            (http("304 Not Modified", "", ""), Duration::ZERO)
        } else {
            (http("503 No", "", ""), Duration::ZERO)
        }
    });
    let first = good_until(&shop);
    for times in 1..=2 {
        come_again(&shop).await;
        assert_eq!(told.load(Ordering::SeqCst), times);
    }
    let last = good_until(&shop);
    // From here on it cannot be reached.
    issuer.answers(|_| (http("503 No", "", ""), Duration::ZERO));
    tokio::time::advance(first + Duration::from_secs(1) - begun.elapsed()).await;
    assert!(shop.client().health().good);
    assert_eq!(shop.verify_at(&token, NOW).unwrap().sub, "ana");
    tokio::time::advance(last + Duration::from_secs(1) - begun.elapsed()).await;
    assert!(matches!(shop.verify_at(&token, NOW), Err(NotVerified::Blind(_))));
}

/// Until when the keys count, since the client began.
pub(super) fn good_until(shop: &Remote<impl Profile>) -> Duration {
    shop.client().keys().unwrap().good_until
}

/// Lets time pass until keys came once more, or were said to be the same; slowly while they are on their way.
pub(super) async fn come_again(shop: &Remote<impl Profile>) {
    let (before, fetches) = (good_until(shop), shop.client().health().fetches);
    for _ in 0..10_000 {
        let under_way = shop.client().health().fetches > fetches;
        let step = if under_way { Duration::from_millis(1) } else { Duration::from_secs(1) };
        tokio::time::advance(step).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        if good_until(shop) != before {
            return;
        }
    }
    panic!("never: {:?}", shop.client().health());
}

/// Lets time pass until it is so.
pub(super) async fn until(shop: &Remote<AccessClaims>, so: impl Fn(&Health) -> bool) {
    for _ in 0..200_000 {
        if so(&shop.client().health()) {
            return;
        }
        tokio::time::advance(Duration::from_secs(5)).await;
        // The server's side needs turns of its own, which no clock gives.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    panic!("never: {:?}", shop.client().health());
}
