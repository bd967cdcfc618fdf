//! `countersign serve`: the server, until it is told to stop.
//!
//! Decides what is fit to be started; what is served is the server's.

mod banner;
mod listen;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use countersign::SystemClock;
use countersign_core::port::{Clock, Post};
use countersign_server::console::ConsoleSettings;
use countersign_server::mail::{DevMailbox, Smtp};
use countersign_server::{Cidr, Server, ServerSettings, Serving, console, demo, main_router};
use tokio::signal::unix::{SignalKind, signal};

use self::banner::Banner;
use self::listen::Doors;
use crate::cli::Common;
use crate::dev;
use crate::house::{self, House, Plan};
use crate::problem::{Problem, Result, code};
use crate::settings::{self, Flags, Settings, Sources, environment};
use crate::ui::Ui;

/// How long requests under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(25);

/// How often the engine is given a moment for its upkeep.
const UPKEEP: Duration = Duration::from_secs(60);

/// Serve: sign-in, tokens, sessions, the console
///
/// With --dev everything is on this machine, with demo people and demo
/// applications, and needs no settings. Without, it is production, and says
/// what is missing. SIGTERM and SIGINT let requests finish, 25 s at most.
///
/// Guests are kept with everything else, or in the Redis whose address
/// COUNTERSIGN_GUESTS_URL holds: redis://…, rediss://… or redis-cluster://…
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// For trying it out and for development: http on this machine only
    #[arg(long)]
    dev: bool,
    /// Where to listen, such as 8321 or 0.0.0.0:8321
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where the console listens
    #[arg(long, value_name = "ADDRESS")]
    console_listen: Option<String>,
    /// The issuer: the address people and applications reach it at
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// What is to be served, checked.
struct Checked {
    settings: Settings,
    data: PathBuf,
    dev: bool,
}

impl Serve {
    /// What `countersign` without a command is.
    pub(crate) const fn development() -> Self {
        Self { dev: true, listen: None, console_listen: None, public_url: None }
    }

    /// Serves until a signal comes.
    pub(crate) fn run(&self, common: &Common, ui: Ui, begun: Instant) -> Result {
        log(self.dev);
        let sources = Sources::gather(self.flags(common), common.config.as_deref(), &environment)?;
        let settings = sources.parse(&environment)?;
        let checked = if self.dev { development(settings)? } else { production(settings)? };
        crate::run(serve(checked, ui, begun))?
    }

    fn flags(&self, common: &Common) -> Flags {
        let all = [
            ("listen", "--listen", self.listen.clone()),
            ("console_listen", "--console-listen", self.console_listen.clone()),
            ("public_url", "--public-url", self.public_url.clone()),
        ];
        let own = all.into_iter().filter_map(|(key, flag, value)| value.map(|value| (key, flag, value)));
        own.chain(common.flags()).collect()
    }
}

fn development(settings: Settings) -> Result<Checked> {
    for (key, listen) in [("listen", &settings.listen), ("console_listen", &settings.console_listen)] {
        if !listen.is_local() {
            let message =
                format!("`{key}` reaches beyond this machine, and --dev has demo passwords and plain http");
            return Err(
                Problem::usage(code::BAD_VALUE, message).hint("listen on localhost, or start without --dev")
            );
        }
    }
    let data = folder(&settings, settings::DEV_DATA);
    // Someone's real data must not get demo people and a key beside it.
    if data.join("countersign.db").exists() && !house::is_dev(&data) {
        let message = format!("`{}` is not a development folder", data.display());
        return Err(
            Problem::usage(code::DEV_DATA, message).hint("give --dev a folder of its own with --data")
        );
    }
    Ok(Checked { settings, data, dev: true })
}

fn production(settings: Settings) -> Result<Checked> {
    let Some(url) = &settings.public_url else { return Err(house::no_public_url()) };
    if !url.text.starts_with("https://") {
        let message = format!("`public_url` must be https: `{}` from {}", url.text, url.origin.told());
        return Err(Problem::usage(code::PUBLIC_URL, message)
            .hint("set `public_url = \"https://id.shop.example\"`, or start with --dev"));
    }
    let data = folder(&settings, settings::DATA);
    if house::is_dev(&data) {
        let message = format!(
            "`{}` was made by --dev: it has demo people, and its master key lies beside it",
            data.display()
        );
        return Err(Problem::usage(code::DEV_DATA, message)
            .hint("give production a folder of its own: data = \"/var/lib/countersign\""));
    }
    house::master(&settings)?;
    Ok(Checked { settings, data, dev: false })
}

fn folder(settings: &Settings, default: &str) -> PathBuf {
    PathBuf::from(settings.data.as_ref().map_or(default, |found| found.text.as_str()))
}

async fn serve(checked: Checked, ui: Ui, begun: Instant) -> Result {
    let Checked { settings, data, dev } = checked;
    let mut stop = Stop::new()?;
    let doors = Doors::open(&settings).await?;
    let issuer = match &settings.public_url {
        Some(found) => found.text.clone(),
        None => format!("http://localhost:{}", doors.port),
    };
    make_folder(&data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mailbox = dev.then(|| Arc::new(DevMailbox::new(Arc::clone(&clock))));
    let master = if dev { house::dev_master(&data)? } else { house::master(&settings)? };
    let post = post(&settings, mailbox.as_ref())?;
    let mail = post.is_some();
    let (sessions, front) = (settings.sessions, settings.front);
    let place = house::place(&settings, &data);
    let told = place.to_string();
    let guests = house::guests(&settings);
    let plan = Plan { place, guests, issuer: issuer.clone(), dev, master, post, clock, sessions, front };
    let house = House::open(plan).await?;
    let engine = Arc::clone(&house.engine);
    let people = if dev { dev::people(&engine).await? } else { Vec::new() };
    let link = if dev { engine.set_up_link().await.map_err(dev::told)? } else { None };
    let console = format!("http://{}", doors.console_address);
    let app = Server::new(Arc::clone(&engine), server_settings(&settings, &issuer, &console, dev)?, mailbox);
    let demos = if dev { demo::open(&app).await.map_err(dev::told)? } else { Vec::new() };
    let socket = listen::socket(&data.join(house::SOCKET))?;
    let mut serving = Serving::new();
    for door in doors.main {
        serving.tcp(door, main_router(&app, demos.clone()));
    }
    for door in doors.console {
        serving.tcp(
            door,
            console::router(
                Arc::clone(&engine),
                console_settings(&console, &told, settings.guests_url.is_some()),
            ),
        );
    }
    serving.unix(socket, house.admin_router());
    let setup = link.map(|code| format!("{console}/admin/setup?code={}", code.reveal()));
    Banner {
        dev,
        issuer,
        console,
        setup,
        people,
        store: told,
        embedded: settings.store.is_none(),
        mail,
        begun,
    }
    .show(ui);
    stop.wait(&engine).await;
    serving.stop(DRAIN).await;
    let _gone = std::fs::remove_file(data.join(house::SOCKET));
    house.close().await;
    Ok(())
}

fn console_settings(origin: &str, store: &str, guests_apart: bool) -> ConsoleSettings {
    let mut facts = vec![("Store".to_owned(), store.to_owned())];
    if guests_apart {
        facts.push(("Guests".to_owned(), "in Redis".to_owned()));
    }
    ConsoleSettings { origin: origin.to_owned(), facts }
}

fn make_folder(data: &Path) -> Result {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| {
        Problem::unreachable(code::NO_DATA, format!("could not make `{}`: {error}", data.display()))
    })
}

fn post(settings: &Settings, mailbox: Option<&Arc<DevMailbox>>) -> Result<Option<Arc<dyn Post>>> {
    if let Some(mailbox) = mailbox {
        return Ok(Some(Arc::clone(mailbox) as _));
    }
    let Some((url, _)) = &settings.smtp_url else { return Ok(None) };
    let from = settings.smtp_from.as_ref().ok_or_else(|| {
        Problem::usage(code::BAD_VALUE, "a mail server is set, but not who the letters are from")
            .hint("set `smtp.from`, such as \"Corner Shop <id@shop.example>\"")
    })?;
    Ok(Some(Arc::new(Smtp::new(url.reveal(), &from.text)?)))
}

fn server_settings(settings: &Settings, issuer: &str, console: &str, dev: bool) -> Result<ServerSettings> {
    let proxies = settings.trusted_proxies.iter().map(|text| {
        text.parse::<Cidr>()
            .map_err(|error| Problem::usage(code::BAD_VALUE, format!("`trusted_proxies`: {error}")))
    });
    let mut server =
        ServerSettings { trusted_proxies: proxies.collect::<Result<_>>()?, ..ServerSettings::default() };
    server.console = console.to_owned();
    if dev {
        server.demo_users = dev::PEOPLE.map(str::to_owned).to_vec();
        server.demo_apps = demo::shops(issuer);
    }
    Ok(server)
}

/// The signals that end the server, and its upkeep until then.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self> {
        let listen = |kind: SignalKind| {
            signal(kind).map_err(|error| {
                Problem::unreachable(code::ADDRESS, format!("could not listen for signals: {error}"))
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn wait(&mut self, engine: &countersign::Engine) {
        let mut upkeep = tokio::time::interval_at(tokio::time::Instant::now() + UPKEEP, UPKEEP);
        upkeep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                // A closed terminal does not end a server that was put into the background.
                _ = self.hang_up.recv() => {}
                _ = upkeep.tick() => {
                    if let Err(fault) = engine.tick().await {
                        tracing::error!(code = fault.code(), %fault, "could not do the upkeep");
                    }
                }
            }
        }
    }
}

/// Lines for people in development, JSON for machines in production; both on stderr.
fn log(dev: bool) {
    let level = if dev { "warn" } else { "info" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    // Below that level the driver of PostgreSQL repeats what is written: people's records.
    let filter = match "tokio_postgres=info".parse() {
        Ok(driver) => filter.add_directive(driver),
        Err(_) => filter,
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process would be the test's; it keeps its own.
    let _set = if dev { log.with_target(false).compact().try_init() } else { log.json().try_init() };
}
