//! An engine on a store with as many live sessions as wanted, and the cookies that open them.

use std::sync::Arc;

use countersign::{
    Engine, HashingLimits, MasterKey, NewApp, Parts, Password, Settings, SystemClock, SystemEntropy, Visitor,
};
use countersign_core::batch::{Batch, Outcome};
use countersign_core::extent::Actor;
use countersign_core::id::{ClientId, Serial, SlotsId};
use countersign_core::login::Origin;
use countersign_core::policy::{FrontRoom, PERSON_SESSION, SessionLimits};
use countersign_core::port::{Clock, Directory, Guests, Store};
use countersign_core::record::session::Audience;
use countersign_core::record::{Device, Login, Network, Role, Style};
use countersign_core::session::NewSession;
use countersign_store::{Durability, Embedded};
use http::HeaderValue;

/// How many sessions are started in one commit.
const AT_ONCE: u32 = 1000;
/// Memory for every session that is measured: one that was put out would be read from the store.
const ROOM: usize = 20_000_000;

/// An engine and its store; an embedded one in a folder that goes with it.
pub struct House<S = Embedded> {
    pub engine: Arc<Engine>,
    pub store: Arc<S>,
    pub client: ClientId,
    login: Login,
    folder: Option<tempfile::TempDir>,
}

/// A folder on the disk of the build: a temporary one may be memory, and what a run that was killed leaves is no source.
pub fn folder() -> tempfile::TempDir {
    let builds = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    std::fs::create_dir_all(builds).unwrap();
    tempfile::tempdir_in(builds).unwrap()
}

/// An engine on `store`.
pub async fn engine<S>(store: &Arc<S>, clock: Arc<dyn Clock>) -> Arc<Engine>
where
    S: Store + Directory + Guests + 'static,
{
    let parts = Parts {
        store: Arc::clone(store) as Arc<dyn Store>,
        directory: Arc::clone(store) as Arc<dyn Directory>,
        guests: Arc::clone(store) as _,
        clock,
        entropy: Arc::new(SystemEntropy),
        post: None,
        master: MasterKey::from_bytes([7; 32]),
    };
    let settings = Settings {
        issuer: "https://id.marsh.example".to_owned(),
        dev: false,
        hashing: HashingLimits::default(),
        sessions: countersign_core::policy::SessionRules::default(),
        front: FrontRoom::of(ROOM).unwrap(),
    };
    Engine::open(settings, parts).await.unwrap()
}

impl House {
    /// An engine on an empty store, with one person signed in and one application.
    pub async fn new(durability: Durability, clock: Arc<dyn Clock>) -> Self {
        let folder = folder();
        let store = Embedded::open(folder.path(), durability).unwrap();
        Self { folder: Some(folder), ..Self::on(store, clock).await }
    }

    /// As [`House::new`] with the system's clock, on a store that does not wait for the disk.
    pub async fn quick() -> Self {
        Self::new(Durability::Relaxed, Arc::new(SystemClock::default())).await
    }

    /// Where the store is.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().unwrap().path()
    }
}

impl<S: Store + Directory + Guests + 'static> House<S> {
    /// An engine on `store`, which is empty, with one person signed in and one application.
    pub async fn on(store: Arc<S>, clock: Arc<dyn Clock>) -> Self {
        let engine = engine(&store, clock).await;
        let client = add_app(&engine).await;
        let typed = || Password::typed("lantern rope harbour".to_owned());
        engine.add_user("ada@marsh.example", typed(), Role::Person, Actor::CommandLine).await.unwrap();
        let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
        let signed =
            engine.sign_in("ada@marsh.example", typed(), &visitor, Audience::Issuer, None).await.unwrap();
        Self { engine, store, client, login: signed.login, folder: None }
    }

    /// Starts `count` sessions behind the engine's back and answers their `Cookie` headers: the engine has yet to read them.
    pub async fn start(&self, count: u32) -> Vec<HeaderValue> {
        self.start_under(count, PERSON_SESSION).await
    }

    /// As [`House::start`], with these limits.
    pub async fn start_under(&self, count: u32, limits: SessionLimits) -> Vec<HeaderValue> {
        let mut cookies = Vec::with_capacity(count as usize);
        let mut serials = self.store.lease_serials(count).await.unwrap();
        let mut left = count;
        while left > 0 {
            let mut batch = Batch::new();
            for _ in 0..left.min(AT_ONCE) {
                let (cookie, started) = self.session(serials.next().unwrap(), limits);
                cookies.push(cookie);
                batch = started.changes().iter().cloned().fold(batch, Batch::with);
            }
            left = left.saturating_sub(AT_ONCE);
            assert!(matches!(self.store.commit(batch).await.unwrap(), Outcome::Committed(..)));
        }
        cookies
    }

    /// A session that nobody has committed: its cookie, and what starts it.
    pub fn session(&self, serial: u64, limits: SessionLimits) -> (HeaderValue, Batch) {
        let serial = Serial::new(serial).unwrap();
        let now = self.engine.now();
        let mut chance = [0; 32];
        countersign_core::port::Entropy::fill(&SystemEntropy, &mut chance).unwrap();
        let new = NewSession {
            serial,
            handle: self.engine.handle(serial),
            secret: chance,
            slots: SlotsId::new(now, chance.first_chunk().unwrap()),
            audience: Audience::Client(self.client.clone()),
            origin: Origin {
                device: Device::from_user_agent(None),
                network: Network::of([203, 0, 113, 9].into()),
            },
            limits,
        };
        let started = self.login.start_session(new, now).unwrap();
        let name = self.engine.cookie(&Audience::Client(self.client.clone())).name();
        (HeaderValue::from_str(&format!("{name}={}", started.token.reveal())).unwrap(), started.batch)
    }
}

async fn add_app(engine: &Engine) -> ClientId {
    let new = NewApp {
        redirect_uris: vec!["https://shop.example/cb".to_owned()],
        origin: Some("https://shop.example".to_owned()),
        audience: Some("shop-api".to_owned()),
        scope: Some("openid orders".to_owned()),
        public: true,
        first_party: true,
        ..NewApp::new("shop", Style::Session)
    };
    engine.add_app(new, Actor::CommandLine).await.unwrap().0.id
}
