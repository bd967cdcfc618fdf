//! The way to Redis: one server or a cluster, an answer or a fault within a time limit, and a new connection when the old one
//! is no good.
//!
//! Every change carries its own number and finds itself done, so a command whose connection broke is sent once more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_core::Fault;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};

use super::private::Private;
use super::script::Script;

/// How long Redis may take for one answer, connecting included: a guest waits that long at most, and nobody else waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a cluster's client tries again by itself: a moved slot, a node that is being replaced.
const REDIRECTS: u32 = 3;

/// The way to one server or one cluster.
pub(super) struct Link {
    target: Target,
    /// The connection in use, with its number; made when it is first needed.
    open: Mutex<(u64, Option<Open>)>,
    /// Held while a connection is made, so that one is made and not a thousand.
    opening: tokio::sync::Mutex<()>,
}

enum Target {
    Single(Client),
    Private(Box<Private>),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
enum Open {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    /// The way to `address`: `redis://host:port`, `rediss://host:port`, or `redis-cluster://host:port,host:port`. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// [`Fault::Unfit`]: it is no such address.
    pub(super) fn to(address: &str) -> Result<Self, Fault> {
        let target = match address.split_once("://") {
            Some(("redis", _)) => Target::Single(Client::open(address).map_err(|why| unfit(&why))?),
            Some(("redis-cluster", rest)) => Target::Cluster(cluster(rest)?),
            Some(("rediss", rest)) => Target::Private(Box::new(Private::at(rest)?)),
            Some(("rediss-cluster", _)) => {
                let why = "TLS to a cluster of Redis is not built in; name one server with `rediss://`, or use a tunnel";
                return Err(Fault::Unfit(why.to_owned()));
            }
            _ => {
                let why = "the address of Redis begins with `redis://`, `rediss://` or `redis-cluster://`";
                return Err(Fault::Unfit(why.to_owned()));
            }
        };
        Ok(Self { target, open: Mutex::new((0, None)), opening: tokio::sync::Mutex::new(()) })
    }

    /// What `command` answers.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        self.within(Ask::One(command)).await
    }

    /// What the commands of `pipeline` answer, one after the other.
    pub(super) async fn ask_all(&self, pipeline: &Pipeline) -> Result<Value, Fault> {
        self.within(Ask::All(pipeline)).await
    }

    /// What `script` answers; `arguments` adds the keys and what follows them.
    pub(super) async fn run(&self, script: &Script, arguments: impl Fn(&mut Cmd)) -> Result<Value, Fault> {
        let command = |name: &str, what: &str| {
            let mut command = redis::cmd(name);
            command.arg(what);
            arguments(&mut command);
            command
        };
        let (known, whole) = (command("EVALSHA", &script.hash), command("EVAL", &script.text));
        self.within(Ask::Script { known: &known, whole: &whole }).await
    }

    /// Goes through the keys that match `pattern` on every server, and counts them until there are `most`.
    pub(super) async fn count(&self, pattern: &str, most: u32) -> Result<u32, Fault> {
        let scan = |cursor: &[u8]| {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1000);
            command
        };
        let most_keys = usize::try_from(most).unwrap_or(usize::MAX);
        let mut pages = match self.within(Ask::Everywhere(&scan(b"0"))).await? {
            Value::Map(pages) => pages,
            page => vec![(Value::Nil, page)],
        };
        let mut count = 0_usize;
        while let Some((server, page)) = pages.pop() {
            let (cursor, keys): (Vec<u8>, Vec<Vec<u8>>) =
                redis::from_redis_value(page).map_err(|why| fault(&why.into()))?;
            count = count.saturating_add(keys.len());
            if count >= most_keys {
                return Ok(most);
            }
            if cursor != b"0" {
                let next = self.within(Ask::At(&server, &scan(&cursor))).await?;
                pages.push((server, next));
            }
        }
        Ok(u32::try_from(count).unwrap_or(most))
    }

    /// The answer within the time limit; asked once more on a new connection when the old one broke.
    async fn within(&self, ask: Ask<'_>) -> Result<Value, Fault> {
        match tokio::time::timeout(PATIENCE, self.twice(ask)).await {
            Ok(answer) => answer,
            Err(_) => {
                // Whatever hangs, the next one need not wait behind it.
                let number = self.lock().0;
                self.discard(number);
                Err(Fault::Store("Redis did not answer in time".to_owned()))
            }
        }
    }

    async fn twice(&self, ask: Ask<'_>) -> Result<Value, Fault> {
        let mut tried = false;
        loop {
            let (number, mut open) = self.connection().await?;
            let why = match open.ask(ask).await {
                Ok(answer) => return Ok(answer),
                Err(why) => why,
            };
            let broke = why.is_io_error() || why.is_timeout();
            if broke {
                self.discard(number);
            }
            if tried || !broke || why.is_timeout() {
                return Err(fault(&why));
            }
            tried = true;
        }
    }

    async fn connection(&self) -> Result<(u64, Open), Fault> {
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let _one_at_a_time = self.opening.lock().await;
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let open = match &self.target {
            Target::Single(client) => {
                let open = client.get_multiplexed_async_connection_with_config(&config).await;
                Open::Single(open.map_err(|why| fault(&why))?)
            }
            Target::Private(server) => Open::Single(server.connect(config).await?),
            Target::Cluster(client) => {
                Open::Cluster(client.get_async_connection().await.map_err(|why| fault(&why))?)
            }
        };
        let mut current = self.lock();
        *current = (current.0.wrapping_add(1), Some(open.clone()));
        Ok((current.0, open))
    }

    fn current(&self) -> Option<(u64, Open)> {
        let current = self.lock();
        current.1.clone().map(|open| (current.0, open))
    }

    /// Forgets connection `number`, unless there is a newer one.
    fn discard(&self, number: u64) {
        let mut current = self.lock();
        if current.0 == number {
            current.1 = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Option<Open>)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing to be asked.
#[derive(Clone, Copy)]
enum Ask<'a> {
    One(&'a Cmd),
    All(&'a Pipeline),
    /// By its hash, and whole where the server does not know that.
    Script {
        known: &'a Cmd,
        whole: &'a Cmd,
    },
    /// Every server that owns keys.
    Everywhere(&'a Cmd),
    /// The server of that name.
    At(&'a Value, &'a Cmd),
}

impl Open {
    async fn ask(&mut self, ask: Ask<'_>) -> Result<Value, RedisError> {
        match (ask, self) {
            (Ask::Script { known, whole }, open) => match open.one(known).await {
                Err(why) if why.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    open.one(whole).await
                }
                answer => answer,
            },
            (Ask::All(pipeline), Self::Single(connection)) => pipeline.query_async(connection).await,
            (Ask::All(pipeline), Self::Cluster(connection)) => pipeline.query_async(connection).await,
            (Ask::Everywhere(command), Self::Cluster(connection)) => {
                let all = MultipleNodeRoutingInfo::AllMasters;
                connection.route_command(command.clone(), RoutingInfo::MultiNode((all, None))).await
            }
            (Ask::At(server, command), Self::Cluster(connection)) => {
                let server: String = redis::from_redis_value_ref(server)?;
                let Some((host, port)) = server.rsplit_once(':') else { return Err(strange()) };
                let port = port.parse().map_err(|_| strange())?;
                let there = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port };
                connection.route_command(command.clone(), RoutingInfo::SingleNode(there)).await
            }
            (Ask::One(command) | Ask::Everywhere(command) | Ask::At(_, command), open) => {
                open.one(command).await
            }
        }
    }

    async fn one(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::Single(connection) => connection.req_packed_command(command).await?.extract_error(),
            Self::Cluster(connection) => connection.req_packed_command(command).await?.extract_error(),
        }
    }
}

fn cluster(servers: &str) -> Result<Box<ClusterClient>, Fault> {
    let (user, hosts) = servers.rsplit_once('@').map_or(("", servers), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let nodes: Vec<String> = hosts
        .trim_end_matches('/')
        .split(',')
        .map(|host| format!("redis://{user}{at}{}", host.trim()))
        .collect();
    ClusterClientBuilder::new(nodes)
        .connection_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .retries(REDIRECTS)
        .build()
        .map(Box::new)
        .map_err(|why| unfit(&why))
}

fn strange() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "an answer has another shape").into()
}

/// Says what kind of thing went wrong; the text of an error may hold an address with its password.
pub(super) fn fault(why: &RedisError) -> Fault {
    let kind = why.code().map_or_else(|| why.category().to_owned(), str::to_owned);
    Fault::Store(format!("Redis: {kind}"))
}

pub(super) fn unfit(why: &RedisError) -> Fault {
    Fault::Unfit(format!("the address of Redis cannot be read: {}", why.category()))
}
