//! One request for one document, with a limit on everything: where it goes, how long it takes, how much comes.
//!
//! RFC 9110 13.1.2 (`If-None-Match`) and 15.4 (redirects, which are not followed: a checked address must not lead to an
//! unchecked one), RFC 9111 5.2.2 (`max-age`) and 5.1 (`Age`). Each request has a connection of its own; keys are fetched
//! every few minutes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::{Reach, Url};
use super::error::FetchError;

/// The longest document in bytes. A set of 100 RSA keys has 40 KB.
pub(super) const MAX_DOCUMENT: usize = 256 * 1024;
/// From the first look-up to the last byte.
const WHOLE: Duration = Duration::from_secs(5);
/// Looking up, connecting and shaking hands.
const CONNECT: Duration = Duration::from_secs(3);

/// What came back.
#[derive(Debug)]
pub(super) enum Answer {
    /// What the caller has is still the document.
    Same { max_age: Option<Duration> },
    /// A document.
    New { body: Vec<u8>, etag: Option<HeaderValue>, max_age: Option<Duration> },
}

/// Fetches documents from where it may.
#[derive(Clone)]
pub(super) struct Fetcher {
    tls: Arc<ClientConfig>,
    reach: Reach,
    names: Names,
}

/// Who says where a name leads.
#[derive(Clone)]
enum Names {
    /// The system.
    System,
    /// A test.
    #[cfg(test)]
    Told(Arc<Told>),
}

/// The addresses that a name leads to.
#[cfg(test)]
type Told = dyn Fn(&str) -> Vec<std::net::IpAddr> + Send + Sync;

impl Names {
    async fn find(&self, url: &Url) -> std::io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((url.host.as_str(), url.port)).await?.collect()),
            #[cfg(test)]
            Self::Told(names) => {
                Ok(names(&url.host).into_iter().map(|ip| SocketAddr::new(ip, url.port)).collect())
            }
        }
    }
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// Whose word counts on which server is which. By default the roots of the web, which the program brings along.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<RootCertStore>);

impl Default for Authorities {
    fn default() -> Self {
        Self(Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }))
    }
}

impl Authorities {
    /// These alone, from certificates in PEM: for an issuer inside one's own network. `None` when it holds no certificate, or
    /// one that cannot be read.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.ok()?).ok()?;
        }
        (!roots.is_empty()).then(|| Self(Arc::new(roots)))
    }
}

impl Fetcher {
    /// Trusts servers on the word of these.
    ///
    /// # Errors
    /// [`FetchError::Unreachable`] when the cryptographic library offers no TLS.
    pub(super) fn new(reach: Reach, authorities: &Authorities) -> Result<Self, FetchError> {
        let tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|why| FetchError::Unreachable { url: String::new(), why: why.to_string() })?;
        let tls = tls.with_root_certificates(Arc::clone(&authorities.0)).with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), reach, names: Names::System })
    }

    pub(super) const fn reach(&self) -> Reach {
        self.reach
    }

    /// Fetches a document, unless it is the one with this tag.
    pub(super) async fn get(&self, url: &Url, known: Option<&HeaderValue>) -> Result<Answer, FetchError> {
        let late = |_| unreachable(url, "it took too long");
        tokio::time::timeout(WHOLE, self.exchange(url, known)).await.map_err(late)?
    }

    async fn exchange(&self, url: &Url, known: Option<&HeaderValue>) -> Result<Answer, FetchError> {
        let late = |_| unreachable(url, "it took too long to connect");
        let stream = tokio::time::timeout(CONNECT, self.connect(url)).await.map_err(late)??;
        let (mut sender, _connection) = match stream {
            Stream::Plain(stream) => shake(url, stream).await?,
            Stream::Tls(stream) => shake(url, stream).await?,
        };
        let mut request = Request::get(&url.target)
            .header(header::HOST, url.authority())
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::USER_AGENT, concat!("countersign/", env!("CARGO_PKG_VERSION")));
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let request =
            request.body(Empty::<Bytes>::new()).map_err(|why| unreachable(url, &why.to_string()))?;
        let answer = sender.send_request(request).await.map_err(|why| unreachable(url, &why.to_string()))?;
        let max_age = max_age(answer.headers());
        match answer.status() {
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Answer::Same { max_age }),
            StatusCode::OK => {
                let etag = answer.headers().get(header::ETAG).cloned();
                Ok(Answer::New { body: read(url, answer.into_body()).await?, etag, max_age })
            }
            status => Err(FetchError::Status { url: url.as_str().to_owned(), status: status.as_u16() }),
        }
    }

    /// Connects to an address that was checked, and to no other.
    async fn connect(&self, url: &Url) -> Result<Stream, FetchError> {
        let found = self.names.find(url).await.map_err(|why| unreachable(url, &why.to_string()))?;
        // One forbidden address among good ones is a name that plays tricks.
        if let Some(bad) = found.iter().find(|address| !self.reach.allows(address.ip())) {
            return Err(FetchError::Forbidden { host: url.host.clone(), ip: bad.ip() });
        }
        let stream =
            TcpStream::connect(found.as_slice()).await.map_err(|why| unreachable(url, &why.to_string()))?;
        if !url.tls {
            return Ok(Stream::Plain(stream));
        }
        let name =
            ServerName::try_from(url.host.clone()).map_err(|why| unreachable(url, &why.to_string()))?;
        let connected = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
        connected.map(|tls| Stream::Tls(Box::new(tls))).map_err(|why| unreachable(url, &why.to_string()))
    }
}

/// Named, because two providers in one program make the default one a matter of luck.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(crypto::aws_lc_rs::default_provider())
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Ends the connection's task with the request.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Sender = hyper::client::conn::http1::SendRequest<Empty<Bytes>>;

async fn shake<S>(url: &Url, stream: S) -> Result<(Sender, Connection), FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|why| unreachable(url, &why.to_string()))?;
    let task = tokio::spawn(async move {
        // What goes wrong is told to the request that waits.
        let _ = connection.await;
    });
    Ok((sender, Connection(task.abort_handle())))
}

async fn read(url: &Url, mut body: hyper::body::Incoming) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| unreachable(url, &why.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        if document.len() + data.len() > MAX_DOCUMENT {
            return Err(FetchError::TooLarge { url: url.as_str().to_owned(), limit: MAX_DOCUMENT });
        }
        document.extend_from_slice(data);
    }
    Ok(document)
}

/// For how long the answer may be kept, less the time it was kept on its way. `None` when it does not say.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut kept = None;
    for directive in directives.flat_map(|value| value.split(',')) {
        let directive = directive.trim();
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => kept = value.trim_matches('"').parse().ok(),
            _ => {}
        }
    }
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()).and_then(|age| age.parse().ok());
    kept.map(|kept: u32| Duration::from_secs(u64::from(kept.saturating_sub(age.unwrap_or(0)))))
}

fn unreachable(url: &Url, why: &str) -> FetchError {
    FetchError::Unreachable { url: url.as_str().to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::tests::{Issuer, http};
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

    /// A fetcher for which a name that the system does not know leads to `answers`, the last of them from then on; and how
    /// often it was asked.
    fn led(reach: Reach, answers: &'static [&'static [IpAddr]]) -> (Fetcher, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let names = move |_: &str| {
            let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            answers[at].to_vec()
        };
        let fetcher = Fetcher::new(reach, &Authorities::default()).unwrap();
        (Fetcher { names: Names::Told(Arc::new(names)), ..fetcher }, asked)
    }

    #[tokio::test]
    async fn a_name_is_asked_once_and_the_address_that_was_checked_is_connected_to() {
        let issuer = Issuer::start().await;
        issuer.answers(|_| (http("200 OK", "", "{}"), Duration::ZERO));
        let url = issuer.url.replace("127.0.0.1", "keys.invalid") + "/jwks";
        let url = Url::parse(&url, Reach::ThisMachine).unwrap();
        // Asked again, the name would lead elsewhere; and the system knows no such name.
        let (fetcher, asked) = led(Reach::ThisMachine, &[&[HERE], &[ELSEWHERE]]);
        assert!(matches!(fetcher.get(&url, None).await, Ok(Answer::New { body, .. }) if body == b"{}"));
        assert_eq!((asked.load(Ordering::SeqCst), issuer.asked()), (1, 1));
    }

    #[tokio::test]
    async fn a_name_with_one_forbidden_address_is_not_connected_to_at_all() {
        let issuer = Issuer::start().await;
        let url = issuer.url.replace("http://127.0.0.1", "https://keys.invalid") + "/jwks";
        let url = Url::parse(&url, Reach::Internet).unwrap();
        let answers: [&[&[IpAddr]]; 3] =
            [&[&[HERE], &[ELSEWHERE]], &[&[ELSEWHERE, HERE]], &[&[HERE, ELSEWHERE]]];
        for answers in answers {
            let (fetcher, asked) = led(Reach::Internet, answers);
            let told = fetcher.get(&url, None).await.unwrap_err();
            assert!(matches!(told, FetchError::Forbidden { ip, .. } if ip == HERE), "{told:?}");
            assert_eq!((asked.load(Ordering::SeqCst), issuer.asked()), (1, 0));
        }
    }

    #[test]
    fn freshness_is_read_from_the_headers() {
        let age = |control: &'static str, age: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
            if let Some(age) = age {
                headers.insert(header::AGE, HeaderValue::from_static(age));
            }
            max_age(&headers).map(|age| age.as_secs())
        };
        assert_eq!(age("public, max-age=300", None), Some(300));
        assert_eq!(age("Max-Age=\"300\", must-revalidate", Some("100")), Some(200));
        assert_eq!(age("max-age=300", Some("400")), Some(0));
        assert_eq!(age("max-age=300, no-store", None), Some(0));
        assert_eq!(age("public", None), None);
        assert_eq!(age("max-age=-1", None), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
