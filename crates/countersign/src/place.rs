//! Where everything is kept: a folder of this process's own, or a PostgreSQL database that several nodes share. Decides which
//! of the two a text means; what is kept there is the store's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use countersign_core::Fault;
#[cfg(feature = "postgres")]
use countersign_core::extent::Actor;
#[cfg(feature = "redis")]
use countersign_core::port::Entropy;
use countersign_core::port::{Directory, Guests, Store};
#[cfg(feature = "redis")]
use countersign_store::Redis;
use countersign_store::{Durability, Embedded};
#[cfg(feature = "postgres")]
use countersign_store::{Postgres, PostgresAddress, Remembering};

#[cfg(feature = "redis")]
use crate::outside::SystemEntropy;

/// Where everything is kept. It prints itself without what may be a secret.
///
/// ```
/// use countersign::Place;
/// assert_eq!("shop.db".parse::<Place>()?.to_string(), "shop.db");
/// assert!("mysql://shop:hunter2@db/shop".parse::<Place>().is_err());
/// # Ok::<(), countersign::Fault>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// A folder, which is made when it is not there. One process at a time owns it.
    Folder(PathBuf),
    /// A PostgreSQL database; any number of nodes share it.
    #[cfg(feature = "postgres")]
    Postgres {
        /// Where it is.
        address: Box<PostgresAddress>,
        /// The folder of this node's own that remembers who was erased, so that a restored database does not bring them back.
        /// Without one nothing outside the database does.
        folder: Option<PathBuf>,
    },
}

impl FromStr for Place {
    type Err = Fault;

    /// # Errors
    /// [`Fault::Unfit`] when nothing can be kept there. An address may hold a password, so it is not repeated.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let why = match text.split_once("://") {
            None if text.is_empty() => "a store needs a place, such as `shop.db`",
            None if ["sqlite:", "file:", ":memory:"].iter().any(|other| text.starts_with(other)) => {
                "a store is a folder of its own, such as `shop.db`, without `sqlite:`; for tests there is `testing::Shop`"
            }
            None => return Ok(Self::Folder(PathBuf::from(text))),
            Some(("redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "valkey", _)) => {
                "Redis keeps guests beside a store, and is none: name a folder or PostgreSQL, and Redis with `.data(…)` or `COUNTERSIGN_GUESTS_URL`"
            }
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                return Ok(Self::Postgres { address: Box::new(text.parse()?), folder: None });
            }
            #[cfg(not(feature = "postgres"))]
            Some(("postgres" | "postgresql", _)) => {
                "a store in PostgreSQL is not built in: turn the feature `postgres` on, or name a folder, such as `shop.db`"
            }
            Some(_) => "a store is a folder, such as `shop.db`, or an address that begins with `postgres://`",
        };
        Err(Fault::Unfit(why.to_owned()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres { address, .. } => address.fmt(f),
        }
    }
}

impl Place {
    /// The same place, with a folder of this node's own where it has none: see `Place::Postgres`.
    #[must_use]
    pub fn or_beside(self, beside: &Path) -> Self {
        #[cfg(feature = "postgres")]
        if let Self::Postgres { address, folder: None } = self {
            return Self::Postgres { address, folder: Some(beside.to_owned()) };
        }
        #[cfg(not(feature = "postgres"))]
        let _ = beside;
        self
    }

    /// Opens what is there. Of a database, an older state of which was restored, those are erased again first whom the folder
    /// of this node names.
    ///
    /// # Errors
    /// [`Fault::InUse`], [`Fault::Unfit`], and what the disk or the database could not do.
    pub async fn open(&self) -> Result<Kept, Fault> {
        match self {
            Self::Folder(path) if path.is_file() => Err(Fault::Unfit(format!(
                "`{}` is a file, and a store is a folder of its own: name another",
                path.display()
            ))),
            Self::Folder(path) => Ok(Kept::of(Embedded::open(path, Durability::Full)?, What::Embedded)),
            #[cfg(feature = "postgres")]
            Self::Postgres { address, folder: Some(folder) } => {
                let erased = Remembering { folder, also: None, by: Actor::System };
                let (store, _) = Postgres::open_remembering(address, &erased).await?;
                Ok(Kept::of(store, What::Postgres))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { address, folder: None } => {
                Ok(Kept::of(Postgres::open_at(address).await?, What::Postgres))
            }
        }
    }

    /// The folder of this process's own, where it has one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres { folder, .. } => folder.as_deref(),
        }
    }
}

/// An open place, as an engine needs it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Kept {
    /// Sessions, grants, the log.
    pub store: Arc<dyn Store>,
    /// People, applications, keys.
    pub directory: Arc<dyn Directory>,
    /// Guests.
    pub guests: Arc<dyn Guests>,
    what: What,
}

#[derive(Debug)]
enum What {
    Embedded(Arc<Embedded>),
    #[cfg(feature = "postgres")]
    Postgres(Arc<Postgres>),
}

impl Kept {
    fn of<T: Store + Directory + Guests + 'static>(it: Arc<T>, what: impl FnOnce(Arc<T>) -> What) -> Self {
        Self {
            store: Arc::clone(&it) as _,
            directory: Arc::clone(&it) as _,
            guests: Arc::clone(&it) as _,
            what: what(it),
        }
    }

    /// The same place with its guests in the Redis at `address`, `redis://…`, `rediss://…` or `redis-cluster://…`, which may lose them.
    ///
    /// Nothing is connected before the first guest comes, so no outage there keeps anybody from starting.
    ///
    /// # Errors
    /// [`Fault::Unfit`]: it is no such address, or Redis is not built in. An address may hold a password, so it is not repeated.
    #[cfg_attr(
        not(feature = "redis"),
        expect(clippy::unused_async, reason = "the same signature with and without")
    )]
    pub async fn with_guests_in(self, address: &str) -> Result<Self, Fault> {
        #[cfg(feature = "redis")]
        {
            let mut mark = [0; 8];
            SystemEntropy.fill(&mut mark)?;
            let epoch = self.store.log_state().await?.epoch;
            Ok(Self { guests: Redis::open(address, epoch, mark)?, ..self })
        }
        #[cfg(not(feature = "redis"))]
        {
            let _ = address;
            Err(Fault::Unfit("guests in Redis are not built in: turn the feature `redis` on".to_owned()))
        }
    }

    /// Finishes the writes under way and lets go; every later call answers a [`Fault`].
    pub async fn close(&self) {
        match &self.what {
            What::Embedded(store) => store.close(),
            #[cfg(feature = "postgres")]
            What::Postgres(store) => store.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_file_of_another_library_is_no_store_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        std::fs::write(&path, "theirs").unwrap();
        let why = Place::Folder(path.clone()).open().await.unwrap_err().to_string();
        assert!(why.contains("is a file, and a store is a folder"), "{why}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_place_is_a_folder_or_an_address_and_an_address_is_not_repeated() {
        let Ok(Place::Folder(path)) = "shop.db".parse() else { panic!("a folder is a place") };
        assert_eq!(path, PathBuf::from("shop.db"));
        for bad in ["", "mysql://hunter2@db", "postgres://shop:hunter2@db/shop?sslmode=prefer"] {
            let why = bad.parse::<Place>().unwrap_err().to_string();
            assert!(!why.contains("hunter2"), "{why}");
        }
        for (bad, hint) in [
            ("redis://cache:6379", ".data("),
            ("redis-cluster://a:1,b:1", ".data("),
            ("sqlite://shop.db", "a folder"),
            ("sqlite:shop.db", "without `sqlite:`"),
            (":memory:", "testing::Shop"),
        ] {
            let why = bad.parse::<Place>().unwrap_err().to_string();
            assert!(why.contains(hint), "{bad}: {why}");
        }
        if let Ok(place) = "postgres://shop:hunter2@db/shop".parse::<Place>() {
            assert!(!format!("{place} {place:?}").contains("hunter2"));
        }
    }
}
