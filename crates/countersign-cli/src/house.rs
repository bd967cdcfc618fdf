//! Opening the store, in a data folder or in PostgreSQL, and the engine on it. Who may open it is decided here.
//!
//! A folder with [`DEV_KEY`] in it was made by `serve --dev` and never serves production.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::{Extension, Router};
use countersign::{
    DEV_KEY, Engine, FrontRoom, HashingLimits, Kept, MasterKey, Parts, Place, SessionRules, SystemClock,
    SystemEntropy,
};
use countersign_core::extent::Actor;
use countersign_core::port::{Clock, Post};
use countersign_server::api;

use crate::given::Secret;
use crate::problem::{Problem, Result, code};
use crate::settings::{self, Origin, Settings, Sources, environment};

/// The socket of the owner, inside the data folder.
pub(crate) const SOCKET: &str = "admin.sock";

/// What a house is opened with.
pub(crate) struct Plan {
    pub(crate) place: Place,
    /// The Redis that keeps guests.
    pub(crate) guests: Option<Secret>,
    pub(crate) issuer: String,
    pub(crate) dev: bool,
    pub(crate) master: MasterKey,
    pub(crate) post: Option<Arc<dyn Post>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sessions: SessionRules,
    pub(crate) front: FrontRoom,
}

/// An open store, with its engine.
pub(crate) struct House {
    pub(crate) engine: Arc<Engine>,
    kept: Kept,
}

/// The data folder of a store that lies in one; of one in PostgreSQL, that it does not, and what does the same there.
pub(crate) fn store_folder(sources: &Sources, instead: &str) -> Result<PathBuf> {
    match sources.store(&environment)? {
        Some((address, origin)) => {
            let message = format!("the store is {address} ({}), and not in a folder", origin.told());
            Err(Problem::usage(code::IN_POSTGRES, message).hint(instead))
        }
        None => settings::data_folder(sources),
    }
}

/// Where a server with these settings keeps everything.
pub(crate) fn place(settings: &Settings, data: &Path) -> Place {
    match &settings.store {
        // A command makes no folder where no server is; what it erases, the servers write down.
        Some((address, _)) => {
            let folder = data.is_dir().then(|| data.to_path_buf());
            Place::Postgres { address: address.clone(), folder }
        }
        None => Place::Folder(data.to_path_buf()),
    }
}

/// Where a server with these settings keeps guests, if not with everything else.
pub(crate) fn guests(settings: &Settings) -> Option<Secret> {
    settings.guests_url.as_ref().map(|(address, _)| Secret::new(address.reveal().to_owned()))
}

impl House {
    /// Opens the store; the lock of a folder decides who owns it.
    pub(crate) async fn open(plan: Plan) -> Result<Self> {
        let kept = plan.place.open().await?;
        let kept = match plan.guests {
            Some(address) => kept.with_guests_in(address.reveal()).await?,
            None => kept,
        };
        let settings = countersign::Settings {
            issuer: plan.issuer,
            dev: plan.dev,
            hashing: HashingLimits::default(),
            sessions: plan.sessions,
            front: plan.front,
        };
        let parts = Parts {
            store: Arc::clone(&kept.store),
            directory: Arc::clone(&kept.directory),
            guests: Arc::clone(&kept.guests),
            clock: plan.clock,
            entropy: Arc::new(SystemEntropy),
            post: plan.post,
            master: plan.master,
        };
        let engine = match Engine::open(settings, parts).await {
            Ok(engine) => engine,
            Err(fault) => {
                kept.close().await;
                return Err(fault.into());
            }
        };
        Ok(Self { engine, kept })
    }

    /// Opens the store for one command, with the settings its server would have.
    pub(crate) async fn open_for_command(settings: &Settings, data: &Path) -> Result<Self> {
        let dev = is_dev(data);
        let public_url = settings.public_url.as_ref().map(|found| found.text.clone());
        let issuer = match public_url {
            Some(url) => url,
            None if dev => "http://localhost:8321".to_owned(),
            None => return Err(no_public_url()),
        };
        let master = if dev { dev_master(data)? } else { master(settings)? };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let (place, sessions, front) = (place(settings, data), settings.sessions, settings.front);
        let guests = guests(settings);
        Self::open(Plan { place, guests, issuer, dev, master, post: None, clock, sessions, front }).await
    }

    /// The admin API for whoever holds the data folder.
    pub(crate) fn admin_router(&self) -> Router {
        api::router(Arc::clone(&self.engine)).layer(Extension(Actor::CommandLine))
    }

    /// Finishes what is under way and gives the store back.
    pub(crate) async fn close(self) {
        self.engine.close().await;
        self.kept.close().await;
    }
}

/// Whether `serve --dev` made the folder.
pub(crate) fn is_dev(data: &Path) -> bool {
    data.join(DEV_KEY).exists()
}

/// The master key of production, and the one beside it while it is being changed.
pub(crate) fn master(settings: &Settings) -> Result<MasterKey> {
    let Some((secret, origin)) = &settings.master_key else {
        return Err(Problem::usage(code::MASTER_KEY, "there is no master key").hint(
            "countersign key new --master --out master.key, then COUNTERSIGN_MASTER_KEY_FILE=master.key",
        ));
    };
    let key = parsed_from(secret, origin)?;
    Ok(match &settings.master_key_also {
        Some((secret, origin)) => key.also_opening(parsed_from(secret, origin)?),
        None => key,
    })
}

fn parsed_from(secret: &Secret, origin: &Origin) -> Result<MasterKey> {
    parsed(secret)
        .map_err(|problem| Problem { message: format!("{} ({})", problem.message, origin.told()), ..problem })
}

/// The master key of a development folder, made when there is none.
pub(crate) fn dev_master(data: &Path) -> Result<MasterKey> {
    MasterKey::of_development(data).map_err(|fault| Problem::usage(code::MASTER_KEY, fault.to_string()))
}

fn parsed(secret: &Secret) -> Result<MasterKey> {
    MasterKey::parse(secret.reveal()).map_err(|_| {
        Problem::usage(code::MASTER_KEY, "the master key is not 32 bytes in base64url (43 characters)")
            .hint("countersign key new --master makes one; a folder opens with its own key only")
    })
}

/// Production without an address.
pub(crate) fn no_public_url() -> Problem {
    Problem::usage(code::PUBLIC_URL, "`public_url` is not set: it is the issuer, and production needs one")
        .hint("set `public_url = \"https://id.shop.example\"` in countersign.toml, or start with --dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_development_key_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_dev(folder.path()));
        let made = dev_master(folder.path()).unwrap();
        let again = dev_master(folder.path()).unwrap();
        assert_eq!(*made.reveal(), *again.reveal());
        let mode = std::fs::metadata(folder.path().join(DEV_KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(is_dev(folder.path()));
    }
}
