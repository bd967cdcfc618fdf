//! `Guard::sessions("shop.db")`: where an application keeps sessions of its own, said in one line.
//!
//! The one place below the command line that reads the environment: which key opens the store is not for a program's text.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use countersign::{Beyond, Fault, FrontRoom, Home, Keeping, MasterKey, Most, Place, Preset, SessionRules};

use crate::guard::Guard;

/// The key that seals the store, and the file that holds it.
const KEY: &str = "COUNTERSIGN_MASTER_KEY";
const KEY_FILE: &str = "COUNTERSIGN_MASTER_KEY_FILE";
/// The key that opens, too, while the first one is being changed.
const ALSO: &str = "COUNTERSIGN_MASTER_KEY_ALSO";
const ALSO_FILE: &str = "COUNTERSIGN_MASTER_KEY_ALSO_FILE";

/// A guard that keeps sessions of its own, about to be opened: `.await` it.
///
/// With a master key, given here or in the environment as `COUNTERSIGN_MASTER_KEY` or `COUNTERSIGN_MASTER_KEY_FILE`, this is
/// production: cookies are `__Host-` and go over https only. Without one it is development: the key is made beside the data,
/// cookies go over plain http, and requests for any host but this machine are answered with a fault, so that it cannot be
/// deployed by mistake.
#[must_use = "await it, and a guard comes of it"]
pub struct Sessions {
    place: String,
    data: Option<String>,
    folder: Option<PathBuf>,
    master: Option<MasterKey>,
    rules: SessionRules,
    in_memory: Option<usize>,
}

impl Sessions {
    pub(crate) fn at(place: String) -> Self {
        Self {
            place,
            data: None,
            folder: None,
            master: None,
            rules: SessionRules::default(),
            in_memory: None,
        }
    }

    /// The limits by the name of the standard that asks for them. Stricter ones hold for sessions that began before, too; laxer
    /// ones for those that begin from now on.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.rules.preset = Some(preset);
        self
    }

    /// One person has at most `count` sessions at once; `beyond` says what becomes of one more.
    pub fn at_most(mut self, count: u32, beyond: Beyond) -> Self {
        self.rules.most = Some(Most { count, beyond });
        self
    }

    /// This process keeps `count` sessions in memory, at up to 224 bytes each; 2,000,000 unless said otherwise, which are
    /// 448 MB when all are there. The rest are read from the store when they come. From 1,000 to 100,000,000: any other
    /// number is a fault when the guard is opened.
    pub fn in_memory(mut self, count: usize) -> Self {
        self.in_memory = Some(count);
        self
    }

    /// The key that seals the store, in place of the one in the environment.
    pub fn master_key(mut self, key: MasterKey) -> Self {
        self.master = Some(key);
        self
    }

    /// Keeps guests and what they leave in the Redis at `address`, `redis://…`, `rediss://…` (TLS) or `redis-cluster://…`, beside the
    /// store. Whoever is signed in does not depend on it: a Redis that loses everything costs guests what they had and nothing else. It wants
    /// the feature `redis`.
    pub fn data(mut self, address: impl Into<String>) -> Self {
        self.data = Some(address.into());
        self
    }

    /// A folder of this node's own beside a store in PostgreSQL, made when it is not there. It remembers who was erased, at
    /// whichever node, and names nobody: when an older dump is restored, this node erases them again before it serves. It must
    /// outlive the database, and is no part of its backups.
    pub fn beside(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    async fn open(self) -> Result<Guard, Fault> {
        let place: Place = self.place.parse()?;
        let place = match &self.folder {
            Some(folder) => place.or_beside(folder),
            None => place,
        };
        let front = self.in_memory.map(room).transpose()?.unwrap_or_default();
        let keeping = match self.master {
            Some(master) => Keeping::Production(master),
            None => keeping(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?,
        };
        if matches!(keeping, Keeping::Development) {
            tracing::warn!(
                "sessions in development: plain http, this machine only; {KEY_FILE} makes it production"
            );
        }
        let home = Home::open(&place, self.data.as_deref(), keeping, self.rules, front).await?;
        Ok(Guard::at_home(Arc::new(home)))
    }
}

impl fmt::Debug for Sessions {
    /// Without the addresses, which may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl IntoFuture for Sessions {
    type Output = Result<Guard, Fault>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

fn room(count: usize) -> Result<FrontRoom, Fault> {
    FrontRoom::of(count).ok_or_else(|| {
        let (least, most) = (FrontRoom::LEAST, FrontRoom::MOST);
        Fault::Unfit(format!("`{count}` sessions in memory: it takes {least} to {most}"))
    })
}

/// What the environment says.
fn keeping(env: &dyn Fn(&str) -> Option<String>) -> Result<Keeping, Fault> {
    let key = |name: &str, file_name: &str| {
        let text = match (env(name), env(file_name)) {
            (Some(text), _) => text,
            (None, Some(file)) => std::fs::read_to_string(Path::new(&file))
                .map_err(|why| Fault::Unfit(format!("the master key in `{file}` ({file_name}): {why}")))?,
            (None, None) => return Ok(None),
        };
        MasterKey::parse(&text).map(Some)
    };
    let Some(master) = key(KEY, KEY_FILE)? else { return Ok(Keeping::Development) };
    Ok(Keeping::Production(match key(ALSO, ALSO_FILE)? {
        Some(also) => master.also_opening(also),
        None => master,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_key_it_is_development_and_a_bad_key_is_no_key() {
        assert!(matches!(keeping(&|_| None), Ok(Keeping::Development)));
        let good = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let with = |key: &'static str, value: &str| {
            let value = value.to_owned();
            keeping(&move |name| (name == key).then(|| value.clone()))
        };
        assert!(matches!(with(KEY, good), Ok(Keeping::Production(_))));
        assert!(with(KEY, "hunter2").is_err());
        assert!(with(KEY_FILE, "/nowhere/key").is_err());
        let both =
            |also: &'static str| keeping(&move |name| Some(if name == KEY { good } else { also }.to_owned()));
        assert!(matches!(both(good), Ok(Keeping::Production(_))));
        assert!(both("hunter2").is_err());
        assert!(matches!(with(ALSO, good), Ok(Keeping::Development)));
    }

    #[tokio::test]
    async fn memory_for_no_session_is_a_fault_before_a_store_is_made() {
        let folder = std::env::temp_dir().join(format!("countersign-room-{}", std::process::id()));
        for count in [0, 999, 100_000_001] {
            let opened = Sessions::at(folder.join("shop.db").display().to_string()).in_memory(count).await;
            let fault = opened.map(drop).unwrap_err();
            assert!(matches!(&fault, Fault::Unfit(why) if why.contains(&format!("`{count}`"))), "{fault}");
        }
        assert!(!folder.exists());
        assert_eq!(room(10_000_000).unwrap().sessions(), 10_000_000);
    }
}
