//! HTTP/1.1 as a client, for one place only: the owner's `admin.sock`.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

/// The most bytes of an answer that is read as a whole.
const MOST: usize = 8 << 20;

/// How long the other side may take to answer, and for each part of what it says. An ending waits for the disk, nothing waits
/// longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer whose body is still to come.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Body,
    /// What moves the bytes; it ends with this.
    _driver: JoinSet<hyper::Result<()>>,
}

/// Speaks once with the process behind a socket.
pub(crate) async fn ask(socket: &Path, request: Request<Body>) -> std::io::Result<Answer> {
    speak(UnixStream::connect(socket).await?, request).await
}

impl Answer {
    /// An answer of this process.
    pub(crate) fn here(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, body, _driver: JoinSet::new() }
    }

    /// All of the body.
    pub(crate) async fn whole(self) -> std::io::Result<Bytes> {
        let body = Limited::new(self.body, MOST).collect();
        let whole = tokio::time::timeout(PATIENCE, body).await.map_err(|_| late())?;
        Ok(whole.map_err(std::io::Error::other)?.to_bytes())
    }

    /// The next bytes of the body; none behind the last ones. What was cut off ends with an error.
    pub(crate) async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.map_err(|_| late())?;
            let Some(frame) = frame.transpose().map_err(std::io::Error::other)? else { return Ok(None) };
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }
}

fn late() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 20 s")
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

async fn speak<S>(stream: S, request: Request<Body>) -> std::io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let talk = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok::<_, hyper::Error>(Answer { status: parts.status, body: Body::new(body), _driver: driver })
    };
    let answer = tokio::time::timeout(PATIENCE, talk).await;
    answer.map_err(|_| late())?.map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn an_answer_comes_in_parts_and_one_that_is_cut_off_is_no_whole_one() {
        let part = "x".repeat(1 << 20);
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
        for (end, whole) in [("0\r\n\r\n", true), ("", false)] {
            let (ours, mut theirs) = tokio::io::duplex(1024);
            let text = format!("{head}{}{end}", format!("100000\r\n{part}\r\n").repeat(12));
            let server = tokio::spawn(async move {
                let mut asked = [0; 1024];
                assert!(theirs.read(&mut asked).await.unwrap() > 0);
                theirs.write_all(text.as_bytes()).await.unwrap();
            });
            let request = Request::get("/export").body(Body::empty()).unwrap();
            let mut answer = speak(ours, request).await.unwrap();
            let (mut bytes, mut longest) = (0, 0);
            let last = loop {
                match answer.next().await {
                    Ok(Some(part)) => (bytes, longest) = (bytes + part.len(), longest.max(part.len())),
                    last => break last,
                }
            };
            server.await.unwrap();
            assert_eq!((last.is_ok(), bytes), (whole, 12 << 20));
            assert!(longest < 1 << 20, "{longest} bytes were gathered");
        }
    }

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
