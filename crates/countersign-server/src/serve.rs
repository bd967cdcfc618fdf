//! Accepting connections and letting them go. Decides how long a peer may take and how much it may send before a route
//! sees it; knows nothing of routes.
//!
//! RFC 9112 and RFC 9113; slow headers, endless headers and stream floods end here.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use crate::web::Peer;

/// How long a request's head may take; also how long an idle connection is kept.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// The most bytes of a request's head over HTTP/1; cookies of 16 KiB and a query of 8 KiB fit twice.
const HEAD_BYTES: usize = 64 * 1024;

/// The most headers of one request.
const HEADERS: usize = 100;

/// The most requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;

/// The most connections at once on one listener: each costs memory before it has said anything.
const CONNECTIONS: usize = 4096;

/// How long to wait after the listener could not accept, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listeners that are being served. Whoever holds it joins everything by [`Serving::stop`].
#[derive(Debug)]
pub struct Serving {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Default for Serving {
    fn default() -> Self {
        Self::new()
    }
}

impl Serving {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { stop: watch::Sender::new(false), tasks: Vec::new() }
    }

    /// Serves `router` on a TCP listener.
    pub fn tcp(&mut self, listener: TcpListener, router: Router) {
        self.tasks.push(tokio::spawn(accept(Door::Tcp(listener), router, self.stop.subscribe())));
    }

    /// Serves `router` on a socket file. Who may open the file is decided by its mode.
    pub fn unix(&mut self, listener: UnixListener, router: Router) {
        self.tasks.push(tokio::spawn(accept(Door::Unix(listener), router, self.stop.subscribe())));
    }

    /// Accepts nothing more, lets what is under way finish for `grace`, then cuts it off. Returns when all is over.
    pub async fn stop(self, grace: Duration) {
        self.stop.send_replace(true);
        let deadline = tokio::time::Instant::now() + grace;
        for mut task in self.tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                if let Err(error) = task.await
                    && !error.is_cancelled()
                {
                    tracing::error!(%error, "a listener broke");
                }
            }
        }
    }
}

enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Caller {
    Tcp(tokio::net::TcpStream, Peer),
    Unix(tokio::net::UnixStream),
}

impl Door {
    async fn next(&self) -> io::Result<Caller> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are small and written whole; waiting to fill a segment only delays them.
                stream.set_nodelay(true)?;
                Ok(Caller::Tcp(stream, Peer::Tcp(address)))
            }
            Self::Unix(listener) => Ok(Caller::Unix(listener.accept().await?.0)),
        }
    }
}

async fn accept(door: Door, router: Router, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut talks = JoinSet::new();
    loop {
        let caller = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = talks.join_next(), if !talks.is_empty() => continue,
            caller = door.next() => caller,
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        match caller {
            Ok(Caller::Tcp(stream, peer)) => {
                let talk = talk(stream, peer, router.clone(), &graceful);
                talks.spawn(async move { (talk.await, place) });
            }
            Ok(Caller::Unix(stream)) => {
                let talk = talk(stream, Peer::Local, router.clone(), &graceful);
                talks.spawn(async move { (talk.await, place) });
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(door);
    graceful.shutdown().await;
    while talks.join_next().await.is_some() {}
}

fn talk<S>(
    stream: S,
    peer: Peer,
    router: Router,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_TIME)
        .keep_alive_timeout(HEAD_TIME)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection broke off");
        }
    }
}
