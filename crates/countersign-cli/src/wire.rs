//! HTTP/1.1 as a client, for one place only: the owner's `admin.sock`.

use std::path::Path;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

/// The most bytes of an answer: an export of everything about one person fits.
const MOST: usize = 64 << 20;

/// How long the other side may take. An ending waits for the disk, nothing waits longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Speaks once with the process behind a socket.
pub(crate) async fn ask(
    socket: &Path,
    request: Request<Full<Bytes>>,
) -> std::io::Result<(StatusCode, Bytes)> {
    speak(UnixStream::connect(socket).await?, request).await
}

/// Whether an issuer is an http origin whose host is this machine: `http://localhost:8321`.
pub(crate) fn is_this_machine(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://") else { return false };
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let ours =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    ours && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

async fn speak<S>(stream: S, request: Request<Full<Bytes>>) -> std::io::Result<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let talk = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await;
        let (parts, body) = answer?.into_parts();
        let body = Limited::new(body, MOST).collect().await.map(http_body_util::Collected::to_bytes);
        driver.abort();
        Ok::<_, hyper::Error>((parts.status, body))
    };
    let answer = tokio::time::timeout(PATIENCE, talk).await;
    let late = || std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 20 s");
    let (status, body) = answer.map_err(|_| late())?.map_err(std::io::Error::other)?;
    Ok((status, body.map_err(std::io::Error::other)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_is_fetched() {
        for ours in ["http://localhost:8321", "http://[::1]:8321", "http://127.0.0.1"] {
            assert!(is_this_machine(ours), "{ours}");
        }
        for other in [
            "https://localhost:8321",
            "http://id.example",
            "http://localhost.evil.example",
            "http://10.0.0.1",
        ] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
