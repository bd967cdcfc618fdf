//! Attacks below the routes: requests that two parsers of HTTP/1.1 cut apart in two ways (request smuggling).
//!
//! RFC 9112 sections 2.2, 5, 6.3 and 7.1; CWE-444.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use countersign_server::serve::Serving;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn served() -> (Serving, SocketAddr) {
    let echo = post(async |body: String| format!("first:{body}"));
    let router = Router::new().route("/first", echo).route("/second", get(async || "second"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = Serving::new();
    serving.tcp(listener, router);
    (serving, address)
}

/// All that comes back for these bytes, until the server has nothing more to say.
async fn answer(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has been refused as well.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_that_can_be_cut_in_two_ways_hides_no_second_one() {
    let (serving, address) = served().await;
    let hidden = "GET /second HTTP/1.1\r\nHost: here\r\n\r\n";
    let head = "POST /first HTTP/1.1\r\nHost: here\r\n";
    for (what, request) in [
        ("two lengths", format!("{head}Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello{hidden}")),
        ("a list of lengths", format!("{head}Content-Length: 5, 0\r\n\r\nhello{hidden}")),
        ("a signed length", format!("{head}Content-Length: +5\r\n\r\nhello{hidden}")),
        ("a negative length", format!("{head}Content-Length: -5\r\n\r\nhello{hidden}")),
        ("a length in hex", format!("{head}Content-Length: 0x5\r\n\r\nhello{hidden}")),
        (
            "length, then chunks",
            format!("{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "chunks, then length",
            format!("{head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        ("an unknown encoding", format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("chunked not last", format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}")),
        ("a space before the colon", format!("{head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a folded line", format!("{head}X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}")),
        ("a huge chunk", format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}")),
        (
            "a chunk size in words",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "chunks in an old version",
            format!(
                "POST /first HTTP/1.0\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
        ),
    ] {
        let told = answer(address, request.as_bytes()).await;
        assert!(!told.contains("second"), "{what}: {told}");
        // RFC 9112 6.3 lets a server go by the chunks, if the connection ends with that request.
        let chunks =
            what.contains("chunks") && told.ends_with("first:") && told.contains("connection: close");
        assert!(
            chunks || told.is_empty() || told.starts_with("HTTP/1.1 4") || told.starts_with("HTTP/1.0 4"),
            "{what}: {told}"
        );
    }
    serving.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let (serving, address) = served().await;
    for request in [
        "GET /second\r\n\r\n",
        "GET /second HTTP/9.9\r\nHost: here\r\n\r\n",
        "GET  /second HTTP/1.1\r\nHost: here\r\n\r\n",
        "GET /second HTTP/1.1\r\nHost: here\r\nX: a\0b\r\n\r\n",
        "GET /second HTTP/1.1\r\nHost: here\r\nX: a\rb: c\r\n\r\n",
        "GET /second HTTP/1.1\r\nHost: here\r\n: empty\r\n\r\n",
        "GET /sec\x01ond HTTP/1.1\r\nHost: here\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
    ] {
        let told = answer(address, request.as_bytes()).await;
        assert!(!told.contains("\r\n\r\nsecond"), "{request:?}: {told}");
    }
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let told = answer(address, format!("GET /second HTTP/1.1\r\nHost: here\r\n{many}\r\n").as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let good = answer(address, b"GET /second HTTP/1.1\r\nHost: here\r\n\r\n").await;
    assert!(good.ends_with("second"), "{good}");
    serving.stop(Duration::from_secs(5)).await;
}
