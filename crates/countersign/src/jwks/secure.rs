//! Keys by https, from a real server on this machine with certificates that are made here: good ones, and each bad in its
//! own way.
//!
//! RFC 5280 4.1 (the certificates), RFC 9110 4.3.4 (the name in them is the one that was asked for).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_jose::jwt::{self, AccessClaims};
use countersign_jose::{Algorithm, Signer, SigningKey, VerifyingKey, base64};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::tests::{NOW, http, jwks, key};
use super::*;

/// One element of DER; none here has more than 64 KiB.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, 0..=127) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], &body].concat()
}

const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
/// A time without an end (RFC 5280 4.1.2.5).
const NEVER: &str = "99991231235959Z";

fn named(name: &str) -> Vec<u8> {
    let common = der(SEQUENCE, &[&der(OID, &[&[0x55, 4, 3]]), &der(0x0c, &[name.as_bytes()])]);
    der(SEQUENCE, &[&der(0x31, &[&common])])
}

/// Who vouches for servers.
struct Authority {
    key: SigningKey,
    name: &'static str,
}

impl Authority {
    fn new(name: &'static str) -> Self {
        Self { key: key(), name }
    }

    /// A certificate, good until then.
    fn certifies(
        &self,
        name: &str,
        key: &VerifyingKey,
        (from, until): (&str, &str),
        extension: &[u8],
    ) -> Vec<u8> {
        // ECDSA with SHA-256 (RFC 5758 3.2).
        let algorithm = der(SEQUENCE, &[&der(OID, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])]);
        let time = |text: &str| der(0x18, &[text.as_bytes()]);
        let told = der(
            SEQUENCE,
            &[
                &[0xa0, 3, 2, 1, 2],
                &[2, 1, 7],
                &algorithm,
                &named(self.name),
                &der(SEQUENCE, &[&time(from), &time(until)]),
                &named(name),
                &key.to_spki(),
                &der(0xa3, &[&der(SEQUENCE, &[extension])]),
            ],
        );
        let signature = self.key.sign(&told).unwrap();
        let (r, s) = signature.split_at(32);
        // A zero in front, so that none is negative, and no second one.
        let number = |bytes: &[u8]| {
            let start = bytes.iter().position(|byte| *byte != 0).unwrap();
            let zero: &[u8] = if bytes[start] > 127 { &[0] } else { &[] };
            der(2, &[zero, &bytes[start..]])
        };
        let signature = der(SEQUENCE, &[&number(r), &number(s)]);
        der(SEQUENCE, &[&told, &algorithm, &der(3, &[&[0], &signature])])
    }

    /// What a client is given, to know servers by.
    fn pem(&self) -> String {
        // Basic constraints: critical, an authority (RFC 5280 4.2.1.9).
        let is_one = der(4, &[&der(SEQUENCE, &[&[1, 1, 0xff]])]);
        let extension = der(SEQUENCE, &[&der(OID, &[&[0x55, 0x1d, 0x13]]), &[1, 1, 0xff], &is_one]);
        let own =
            self.certifies(self.name, &self.key.verifying_key(), ("20200101000000Z", NEVER), &extension);
        let text = base64::encode(own).replace('-', "+").replace('_', "/");
        let text = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// A server's certificate for a name and an address, and its key.
    fn server(&self, host: &str, address: [u8; 4], times: (&str, &str)) -> (Vec<u8>, SigningKey) {
        let key = key();
        let names = der(SEQUENCE, &[&der(0x82, &[host.as_bytes()]), &der(0x87, &[&address])]);
        let extension = der(SEQUENCE, &[&der(OID, &[&[0x55, 0x1d, 0x11]]), &der(4, &[&names])]);
        (self.certifies("server", &key.verifying_key(), times, &extension), key)
    }
}

const GOOD: (&str, &str) = ("20200101000000Z", NEVER);
const HERE: [u8; 4] = [127, 0, 0, 1];

/// An issuer that speaks https.
struct Issuer {
    port: u16,
    signs: SigningKey,
    asked: Arc<AtomicUsize>,
    task: tokio::task::AbortHandle,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Issuer {
    async fn start((certificate, key): (Vec<u8>, SigningKey)) -> Self {
        let config = ServerConfig::builder_with_provider(super::fetch::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::try_from(key.to_pkcs8().unwrap().to_vec()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let signs = super::tests::key();
        let (asked, keys) = (Arc::new(AtomicUsize::new(0)), jwks(&[&signs]));
        let count = Arc::clone(&asked);
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not like the certificate goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    request.push(byte);
                }
                if request.is_empty() {
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let request = String::from_utf8(request).unwrap();
                let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
                let metadata = format!(r#"{{"issuer":"https://{host}","jwks_uri":"https://{host}/jwks"}}"#);
                let body = if request.starts_with("GET /jwks ") { &keys } else { &metadata };
                let _ = stream.write_all(&http("200 OK", "", body)).await;
                let _ = stream.shutdown().await;
            }
        };
        let task = tokio::spawn(serve).abort_handle();
        Self { port, signs, asked, task }
    }

    fn at(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }

    async fn trusted(&self, host: &str, pem: &str) -> Result<Remote<AccessClaims>, FetchError> {
        let authorities = Authorities::from_pem(pem).unwrap();
        trust(self.at(host))
            .audience("shop")
            .within(Reach::ThisMachine)
            .certified_by(authorities)
            .connect()
            .await
    }

    /// Why nothing was fetched; and nothing was asked of a server that could be anybody.
    async fn refused(&self, host: &str, pem: &str) -> String {
        let why = match self.trusted(host, pem).await {
            Err(FetchError::Unreachable { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(self.asked.load(Ordering::SeqCst), 0, "{why}");
        why
    }
}

#[tokio::test]
async fn keys_are_fetched_by_https_from_a_server_whose_certificate_is_good() {
    let ours = Authority::new("ours");
    let issuer = Issuer::start(ours.server("localhost", HERE, GOOD)).await;
    for host in ["localhost", "127.0.0.1"] {
        let shop = issuer.trusted(host, &ours.pem()).await.unwrap();
        let claims = AccessClaims {
            iss: issuer.at(host),
            sub: "ana".into(),
            aud: "shop".into(),
            client_id: "web".into(),
            iat: NOW,
            exp: NOW + 60,
            jti: "t1".into(),
            ..AccessClaims::default()
        };
        let token = jwt::sign(&issuer.signs, &claims).unwrap();
        assert_eq!(shop.verify_at(&token, NOW).unwrap().sub, "ana");
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_for_another_name_is_refused() {
    let ours = Authority::new("ours");
    let issuer = Issuer::start(ours.server("id.example", [127, 0, 0, 2], GOOD)).await;
    for host in ["localhost", "127.0.0.1"] {
        let why = issuer.refused(host, &ours.pem()).await;
        assert!(why.contains("not valid for name"), "{why}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_refused() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let issuer = Issuer::start(theirs.server("localhost", HERE, GOOD)).await;
    let why = issuer.refused("localhost", &ours.pem()).await;
    assert!(why.contains("UnknownIssuer"), "{why}");
    // Not even by one that calls itself as ours does.
    let impostor = Issuer::start(Authority::new("ours").server("localhost", HERE, GOOD)).await;
    let why = impostor.refused("localhost", &ours.pem()).await;
    assert!(why.contains("invalid peer certificate"), "{why}");
    // And the web has never heard of it.
    let web = trust(issuer.at("localhost")).audience("shop").within(Reach::ThisMachine);
    let why = web.connect::<AccessClaims>().await.unwrap_err().to_string();
    assert!(why.contains("UnknownIssuer") && issuer.asked.load(Ordering::SeqCst) == 0, "{why}");
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_not_good_yet_is_refused() {
    let ours = Authority::new("ours");
    let issuer = Issuer::start(ours.server("localhost", HERE, ("20200101000000Z", "20200201000000Z"))).await;
    let why = issuer.refused("localhost", &ours.pem()).await;
    assert!(why.contains("expired"), "{why}");
    let issuer = Issuer::start(ours.server("localhost", HERE, ("99980101000000Z", NEVER))).await;
    let why = issuer.refused("localhost", &ours.pem()).await;
    assert!(why.contains("not valid yet"), "{why}");
}

#[tokio::test]
async fn a_server_without_a_certificate_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&http("200 OK", "", "{}")).await;
        }
    });
    let issuer = format!("https://localhost:{port}");
    let refused = JwksClient::of_issuer(&issuer, Reach::ThisMachine).await.unwrap_err();
    assert!(matches!(refused, FetchError::Unreachable { .. }), "{refused:?}");
    plain.abort();
}

#[test]
fn what_holds_no_certificate_makes_no_authority() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key().to_spki_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let good = Authority::new("ours").pem();
    for pem in ["", "ca.pem", &key, broken, &format!("{good}{broken}")] {
        assert!(Authorities::from_pem(pem).is_none(), "{pem}");
    }
    assert!(Authorities::from_pem(&format!("{good}{}", Authority::new("theirs").pem())).is_some());
}
