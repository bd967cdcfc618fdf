//! Connections, and asking on one. No answer is waited for longer than a limit: a database that is paused or cut off says
//! nothing at all, and then the connection is given up.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::Conflict;
use deadpool_postgres::{
    ClientWrapper, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
    Timeouts,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::address::{CONNECT, PostgresAddress};
use super::convert::Stop;

/// The values of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The connections of this node.
#[derive(Clone)]
pub(super) struct Links {
    pool: Pool,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("open", &self.pool.status().size).finish()
    }
}

impl Links {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when there can be no pool.
    pub(super) fn new(address: PostgresAddress) -> Result<Self, Fault> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(address.config, address.tls, how))
            .max_size(MOST)
            .runtime(Runtime::Tokio1)
            .build();
        Ok(Self { pool: pool.map_err(|error| Fault::Unfit(format!("no connections: {error}")))? })
    }

    /// A connection to ask on.
    ///
    /// # Errors
    /// [`Stop::Lost`] or [`Stop::Silent`] when none is to be had within the limit.
    pub(super) async fn link(&self) -> Result<Link, Stop> {
        self.link_within(ANSWER).await
    }

    async fn link_within(&self, wait: Duration) -> Result<Link, Stop> {
        let limits = Timeouts { wait: Some(wait), create: Some(CONNECT), recycle: Some(CONNECT) };
        match self.pool.timeout_get(&limits).await {
            Ok(object) => Ok(Link { object: Some(object), spoilt: AtomicBool::new(false) }),
            Err(PoolError::Backend(error)) => Err(Stop::Lost(super::convert::broken(&error))),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Stop::Silent(Fault::Store(
                "none of the connections to PostgreSQL became free".to_owned(),
            ))),
            Err(PoolError::Timeout(_)) => Err(silent()),
            Err(error) => Err(Stop::Lost(Fault::Store(format!("no connection to PostgreSQL: {error}")))),
        }
    }

    /// The rows that `sql` finds. A connection that had died while nobody used it is replaced, once: a read can be repeated.
    pub(super) async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Fault> {
        let link = self.link().await?;
        match link.rows(sql, values).await {
            Err(Stop::Lost(_)) => {
                self.give_up(link);
                Ok(self.link().await?.rows(sql, values).await?)
            }
            other => Ok(other?),
        }
    }

    /// A connection on which a transaction has begun; end it with [`Links::end`], whatever happens in between.
    ///
    /// A crowd may come at once, and each has its turn: what is written is waited for longer than what is read.
    pub(super) async fn begin(&self) -> Result<Link, Fault> {
        let link = self.link_within(TURN).await?;
        let link = match link.say("BEGIN").await {
            Ok(()) => return Ok(link),
            // It had died while nobody used it; nothing has been written on it.
            Err(Stop::Lost(_)) => {
                self.give_up(link);
                self.link().await?
            }
            Err(stop) => {
                self.give_up(link);
                return Err(stop.into());
            }
        };
        match link.say("BEGIN").await {
            Ok(()) => Ok(link),
            Err(stop) => {
                self.give_up(link);
                Err(stop.into())
            }
        }
    }

    /// Commits what was `done` on `link`, or undoes it when it did not succeed.
    pub(super) async fn end<T>(
        &self,
        link: Link,
        done: Result<T, Stop>,
    ) -> Result<Result<T, Conflict>, Fault> {
        let ended = match &done {
            Ok(_) => link.commit().await,
            Err(Stop::Conflict(_) | Stop::Fault(_) | Stop::Said(_)) => link.say("ROLLBACK").await,
            Err(Stop::Lost(fault) | Stop::Silent(fault)) => Err(Stop::Lost(fault.clone())),
        };
        if let Err(stop) = ended {
            // Without its connection a transaction that was not committed is undone.
            self.give_up(link);
            return Err(stop.into());
        }
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(Stop::Conflict(conflict)) => Ok(Err(conflict)),
            Err(stop) => Err(stop.into()),
        }
    }

    /// Drops `link`, and with it those that nobody uses.
    pub(super) fn give_up(&self, link: Link) {
        link.spoil();
        drop(link);
    }

    /// Drops all connections; every later question is refused.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// One connection. When this is dropped it goes back to those that nobody uses, but not after it has fallen silent.
#[derive(Debug)]
pub(super) struct Link {
    /// There until it is dropped.
    object: Option<Object>,
    /// Nobody may have it next: an answer is due on it that nobody waits for any more, or a transaction is open.
    spoilt: AtomicBool,
}

impl Link {
    /// The rows that `sql` finds.
    pub(super) async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, Stop> {
        self.within(async {
            let object = self.object()?;
            let statement = object.prepare_cached(sql).await?;
            Ok(object.query(&statement, values).await?)
        })
        .await
    }

    /// Runs `sql`; answers how many rows it changed.
    pub(super) async fn run(&self, sql: &str, values: Values<'_>) -> Result<u64, Stop> {
        self.within(async {
            let object = self.object()?;
            let statement = object.prepare_cached(sql).await?;
            Ok(object.execute(&statement, values).await?)
        })
        .await
    }

    /// Runs statements without values.
    pub(super) async fn say(&self, sql: &str) -> Result<(), Stop> {
        self.within(async { Ok(self.object()?.batch_execute(sql).await?) }).await
    }

    /// Ends a transaction; after an error nobody knows whether what was done in it is there.
    pub(super) async fn commit(&self) -> Result<(), Stop> {
        self.say("COMMIT").await.map_err(|stop| {
            let fault = Fault::from(stop);
            Stop::Fault(Fault::Store(format!("whether it was committed is not known: {fault}")))
        })
    }

    /// Runs statements without values that may take long, such as making tables.
    pub(super) async fn say_at_length(&self, sql: &str) -> Result<(), Stop> {
        Ok(self.object()?.batch_execute(sql).await?)
    }

    async fn within<T>(&self, answer: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        tokio::time::timeout(ANSWER, answer).await.unwrap_or_else(|_| {
            self.spoil();
            Err(silent())
        })
    }

    fn object(&self) -> Result<&Object, Stop> {
        self.object.as_ref().ok_or_else(|| Stop::Lost(Fault::Store("the connection was given up".to_owned())))
    }

    fn spoil(&self) {
        self.spoilt.store(true, Ordering::Relaxed);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if self.spoilt.load(Ordering::Relaxed) {
            let pool = Object::pool(&object);
            drop::<ClientWrapper>(Object::take(object));
            // What silenced the one has probably silenced them all.
            drop(pool.map(|pool| pool.retain(|_, _| false)));
        }
    }
}

fn silent() -> Stop {
    Stop::Silent(Fault::Store(format!("PostgreSQL has not answered for {} s", ANSWER.as_secs())))
}

/// The most connections of one node: PostgreSQL allows 100 by default, for all nodes together.
const MOST: usize = 12;
/// The longest wait for a connection to write on.
const TURN: Duration = Duration::from_secs(10);
/// The longest wait for an answer; a little longer than the server's own limit, so that its word comes first.
const ANSWER: Duration = Duration::from_secs(3);
