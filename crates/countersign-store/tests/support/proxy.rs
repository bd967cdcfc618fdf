//! A TCP proxy that can be told to pass, to hang, to cut, and to swallow an answer.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Passes it on.
    Pass,
    /// Keeps it until it passes again: packets are lost and nobody says so.
    Hang,
    /// Closes every connection, old and new.
    Cut,
    /// Passes requests on and closes the connection in place of the answer, once; then it passes.
    SwallowOneAnswer,
}

/// A proxy on a port of its own; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: Arc<watch::Sender<Mode>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of a local port.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let mode = Arc::new(watch::Sender::new(Mode::Pass));
        let shared = Arc::clone(&mode);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let to = SocketAddr::from(([127, 0, 0, 1], port));
                    if *shared.borrow() != Mode::Cut
                        && let Ok(server) = TcpStream::connect(to).await
                    {
                        relay(client, server, &shared).await;
                    }
                });
            }
        });
        Self { port: own, mode, task }
    }

    /// From now on.
    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.mode.send_replace(Mode::Cut);
    }
}

/// Both ways until one of them ends, which closes both.
async fn relay(client: TcpStream, server: TcpStream, mode: &Arc<watch::Sender<Mode>>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let requests = pump(from_client, to_server, Arc::clone(mode), Way::There);
    let answers = pump(from_server, to_client, Arc::clone(mode), Way::Back);
    tokio::select! { () = requests => {}, () = answers => {} }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mode: Arc<watch::Sender<Mode>>, way: Way) {
    let mut changes = mode.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = cut(&mut changes) => return,
        };
        let Ok(count @ 1..) = read else { return };
        let now = *changes.borrow_and_update();
        match now {
            Mode::Pass => {}
            Mode::Cut => return,
            Mode::SwallowOneAnswer if way == Way::Back => {
                mode.send_replace(Mode::Pass);
                return;
            }
            Mode::SwallowOneAnswer => {}
            Mode::Hang => {
                let passes =
                    changes.wait_for(|mode| *mode != Mode::Hang).await.is_ok_and(|mode| *mode != Mode::Cut);
                if !passes {
                    return;
                }
            }
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn cut(changes: &mut watch::Receiver<Mode>) {
    if changes.wait_for(|mode| *mode == Mode::Cut).await.is_err() {
        std::future::pending::<()>().await;
    }
}
