//! Waking other nodes when the log has grown. Only a hint: each node also looks by itself every second.
//!
//! A transaction that notifies takes a lock over the whole database when it commits, so the commit that wrote the entries
//! does not; a connection of its own does, once for all that came in between.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};

use super::address::PostgresAddress;

/// The way to the task that rings and listens; it ends with this.
#[derive(Debug)]
pub(super) struct Bell {
    ring: Arc<Notify>,
    heard: Arc<Notify>,
    _task: JoinSet<()>,
}

impl Bell {
    /// Hangs the bell; connects by itself, again and again.
    pub(super) fn hang(address: PostgresAddress) -> Self {
        let (ring, heard) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut task = JoinSet::new();
        task.spawn(serve(address, Arc::clone(&ring), Arc::clone(&heard)));
        Self { ring, heard, _task: task }
    }

    /// Says that the log has grown.
    pub(super) fn ring(&self) {
        self.ring.notify_one();
    }

    /// Waits until another node has said so.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}

async fn serve(address: PostgresAddress, ring: Arc<Notify>, heard: Arc<Notify>) {
    loop {
        if let Err(error) = connected(&address, &ring, &heard).await {
            tracing::debug!(%error, "the bell between nodes is down; the log is looked at every second");
        }
        // Whatever was rung while it was down.
        heard.notify_one();
        sleep(PAUSE).await;
    }
}

/// Rings and listens until the connection fails.
async fn connected(address: &PostgresAddress, ring: &Notify, heard: &Arc<Notify>) -> Result<(), Down> {
    let (client, mut connection) = timeout(LIMIT, address.config.connect(address.tls.clone())).await??;
    let own = Arc::new(std::sync::atomic::AtomicI32::new(0));
    let mut driver = JoinSet::new();
    let (heard, itself) = (Arc::clone(heard), Arc::clone(&own));
    driver.spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message? {
                AsyncMessage::Notification(note)
                    if note.process_id() != itself.load(std::sync::atomic::Ordering::Relaxed) =>
                {
                    heard.notify_one();
                }
                _ => {}
            }
        }
        Ok::<(), Down>(())
    });
    if let Some(row) = timeout(LIMIT, client.query_opt("SELECT pg_backend_pid()", &[])).await?? {
        own.store(row.try_get(0)?, std::sync::atomic::Ordering::Relaxed);
    }
    say(&client, "LISTEN countersign_log").await?;
    loop {
        tokio::select! {
            done = driver.join_next() => return done.unwrap_or(Ok(Ok(())))?,
            () = ring.notified() => {
                say(&client, "NOTIFY countersign_log").await?;
                sleep(DEBOUNCE).await;
            }
        }
    }
}

async fn say(client: &Client, sql: &str) -> Result<(), Down> {
    Ok(timeout(LIMIT, client.batch_execute(sql)).await??)
}

/// Why it is down.
#[derive(Debug, thiserror::Error)]
enum Down {
    #[error(transparent)]
    Database(#[from] tokio_postgres::Error),
    #[error("no answer within a limit")]
    Silent(#[from] tokio::time::error::Elapsed),
    #[error(transparent)]
    Driver(#[from] JoinError),
}

/// After one ring the next waits this long; what comes in between is one ring.
const DEBOUNCE: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_secs(2);
