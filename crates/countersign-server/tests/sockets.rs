//! The listeners themselves: real sockets, one owner, an end that waits for what is under way.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use countersign_server::serve::Serving;
use countersign_server::web::peer::peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc;

fn router() -> Router {
    let whoami =
        get(|request: axum::extract::Request| async move { format!("{:?}", peer(request.extensions())) });
    Router::new().route("/peer", whoami)
}

async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_request_carries_who_sent_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.sock");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = Serving::new();
    serving.tcp(listener, router());
    serving.unix(UnixListener::bind(&file).unwrap(), router());
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let own = tcp.local_addr().unwrap();
    assert!(ask(&mut tcp, "/peer").await.ends_with(&format!("Tcp({own})")));
    let mut unix = UnixStream::connect(&file).await.unwrap();
    assert!(ask(&mut unix, "/peer").await.ends_with("Local"));
    serving.stop(Duration::from_secs(5)).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_new_begins() {
    let (began, mut begun) = mpsc::channel::<()>(1);
    let (go, gate) = tokio::sync::watch::channel(false);
    let slow = get(move || {
        let (began, mut gate) = (began.clone(), gate.clone());
        async move {
            began.send(()).await.unwrap();
            gate.wait_for(|open| *open).await.unwrap();
            "finished"
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = Serving::new();
    serving.tcp(listener, Router::new().route("/slow", slow));
    let asking = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/slow").await
    });
    begun.recv().await.unwrap();
    let stopping = tokio::spawn(serving.stop(Duration::from_secs(60)));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    go.send(true).unwrap();
    assert!(asking.await.unwrap().ends_with("finished"));
    stopping.await.unwrap();
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = Serving::new();
    serving.tcp(listener, router());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /peer HTTP/1.1\r\nHost: here\r\n").await.unwrap();
    let line = format!("X-Filler: {}\r\n", "x".repeat(1000));
    for _ in 0..200 {
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // Either the refusal is read or the connection is gone; what does not come is a page.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    serving.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn framing_that_two_parsers_read_in_two_ways_is_refused_and_the_connection_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = Serving::new();
    serving.tcp(listener, router());
    for odd in [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Content-Length: +5\r\n\r\nabcde",
        "X: a\r\n b\r\n\r\n",
        "Y : a\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("POST /peer HTTP/1.1\r\nHost: here\r\n{odd}GET /peer HTTP/1.1\r\nHost: here\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{odd:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{odd:?}: {answer}");
    }
    serving.stop(Duration::from_secs(5)).await;
}
