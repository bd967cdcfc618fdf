//! Settings: flag, then environment, then the TOML file, then the default. Every value keeps where it came from.
//!
//! Secrets come from the environment or from a file of their own, never from flags or the configuration file.

mod file;
mod value;

use std::path::{Path, PathBuf};

use countersign::{FrontRoom, Most, Preset, SessionRules};
use countersign_store::PostgresAddress;

use crate::given::{self, Secret};
use crate::problem::{Problem, Result, code};

pub(crate) use value::{Listen, span};

/// A key that may be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Its name in the file, with the section before a dot.
    pub(crate) key: &'static str,
    /// Its name in the environment.
    pub(crate) env: &'static str,
    /// What holds when nobody says anything.
    pub(crate) default: Option<&'static str>,
}

/// Every key, in the order they are printed.
pub(crate) const KNOWN: &[Known] = &[
    Known { key: "public_url", env: "COUNTERSIGN_PUBLIC_URL", default: None },
    Known { key: "listen", env: "COUNTERSIGN_LISTEN", default: Some("localhost:8321") },
    Known { key: "console_listen", env: "COUNTERSIGN_CONSOLE_LISTEN", default: Some("127.0.0.1:9321") },
    Known { key: "data", env: "COUNTERSIGN_DATA", default: None },
    Known { key: "store", env: STORE_URL_ENV, default: None },
    Known { key: "store_url_file", env: "COUNTERSIGN_STORE_URL_FILE", default: None },
    Known { key: "trusted_proxies", env: "COUNTERSIGN_TRUSTED_PROXIES", default: Some("") },
    Known { key: "master_key_file", env: "COUNTERSIGN_MASTER_KEY_FILE", default: None },
    Known { key: "master_key_also_file", env: "COUNTERSIGN_MASTER_KEY_ALSO_FILE", default: None },
    Known { key: "guests.url_file", env: "COUNTERSIGN_GUESTS_URL_FILE", default: None },
    Known { key: "smtp.url_file", env: "COUNTERSIGN_SMTP_URL_FILE", default: None },
    Known { key: "smtp.from", env: "COUNTERSIGN_SMTP_FROM", default: None },
    Known { key: "sessions.preset", env: "COUNTERSIGN_SESSIONS_PRESET", default: Some("usual") },
    Known { key: "sessions.most", env: "COUNTERSIGN_SESSIONS_MOST", default: None },
    Known { key: "sessions.beyond", env: "COUNTERSIGN_SESSIONS_BEYOND", default: Some("end-oldest") },
    Known { key: "sessions.in_memory", env: "COUNTERSIGN_SESSIONS_IN_MEMORY", default: Some("2000000") },
];

const MASTER_KEY_ENV: &str = "COUNTERSIGN_MASTER_KEY";
const STORE_URL_ENV: &str = "COUNTERSIGN_STORE_URL";
const MASTER_KEY_ALSO_ENV: &str = "COUNTERSIGN_MASTER_KEY_ALSO";
const GUESTS_URL_ENV: &str = "COUNTERSIGN_GUESTS_URL";
const SMTP_URL_ENV: &str = "COUNTERSIGN_SMTP_URL";
const CONFIG_ENV: &str = "COUNTERSIGN_CONFIG";
const CONFIG_FILE: &str = "countersign.toml";

/// The folder of `serve --dev`.
pub(crate) const DEV_DATA: &str = ".countersign";
/// The folder in production, unless one is named.
pub(crate) const DATA: &str = "countersign-data";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Env(&'static str),
    File { path: String, line: usize },
    Default,
}

impl Origin {
    /// For people: `countersign.toml:12`.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Flag(flag) => (*flag).to_owned(),
            Self::Env(name) => (*name).to_owned(),
            Self::File { path, line } => format!("{path}:{line}"),
            Self::Default => "default".to_owned(),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// What was typed as flags: key and value.
pub(crate) type Flags = Vec<(&'static str, &'static str, String)>;

/// The way to the environment; tests bring their own.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Every setting as text, not yet parsed.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    found: Vec<(&'static Known, Option<Found>)>,
    pub(crate) config: Option<PathBuf>,
}

/// The settings, parsed.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) public_url: Option<Found>,
    pub(crate) listen: Listen,
    pub(crate) console_listen: Listen,
    pub(crate) data: Option<Found>,
    pub(crate) store: Option<(Box<PostgresAddress>, Origin)>,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) master_key: Option<(Secret, Origin)>,
    /// A master key that opens and does not seal, while the key is being changed.
    pub(crate) master_key_also: Option<(Secret, Origin)>,
    /// The Redis that keeps guests beside the store.
    pub(crate) guests_url: Option<(Secret, Origin)>,
    pub(crate) smtp_url: Option<(Secret, Origin)>,
    pub(crate) smtp_from: Option<Found>,
    pub(crate) sessions: SessionRules,
    pub(crate) front: FrontRoom,
}

impl Sources {
    /// Collects flags, environment and file.
    pub(crate) fn gather(flags: Flags, config: Option<&Path>, env: Env<'_>) -> Result<Self> {
        let named = config.map(Path::to_path_buf).or_else(|| env(CONFIG_ENV).map(PathBuf::from));
        let path = named.or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()));
        let written = match &path {
            Some(path) => file::read(path)?,
            None => Vec::new(),
        };
        let found = KNOWN.iter().map(|known| {
            let flag = flags.iter().find(|(key, ..)| *key == known.key);
            let value = flag
                .map(|(_, flag, text)| Found { text: text.clone(), origin: Origin::Flag(flag) })
                .or_else(|| env(known.env).map(|text| Found { text, origin: Origin::Env(known.env) }))
                .or_else(|| written.iter().find(|(key, _)| *key == known.key).map(|(_, found)| found.clone()))
                .or_else(|| {
                    known.default.map(|text| Found { text: text.to_owned(), origin: Origin::Default })
                });
            (known, value)
        });
        Ok(Self { found: found.collect(), config: path })
    }

    /// One setting as it was found.
    pub(crate) fn of(&self, key: &str) -> Option<&Found> {
        self.found.iter().find(|(known, _)| known.key == key).and_then(|(_, found)| found.as_ref())
    }

    /// Every key with what was found.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static Known, Option<&Found>)> {
        self.found.iter().map(|(known, found)| (*known, found.as_ref()))
    }

    /// Parses everything; the first value that cannot be taken is told with its origin.
    pub(crate) fn parse(&self, env: Env<'_>) -> Result<Settings> {
        if let Some(found) = self.of("public_url") {
            value::origin(&found.text).map_err(|why| {
                let problem = self.bad("public_url", why);
                // Not taken off here: the discovery document and `iss` must say the very text that is set in every
                // application (OpenID Connect Discovery 4.3, RFC 8414 3.3), so whoever sets it shall see it.
                match value::without_slashes(&found.text) {
                    Some(bare) => {
                        problem.hint(format!("set it to `{bare}`, and the same in every application"))
                    }
                    None => problem,
                }
            })?;
        }
        Ok(Settings {
            public_url: self.of("public_url").cloned(),
            listen: self.value("listen", Listen::parse)?,
            console_listen: self.value("console_listen", Listen::parse)?,
            data: self.of("data").cloned(),
            store: self.store(env)?,
            trusted_proxies: self.value("trusted_proxies", value::networks)?,
            master_key: self.secret(MASTER_KEY_ENV, "master_key_file", env)?,
            master_key_also: self.secret(MASTER_KEY_ALSO_ENV, "master_key_also_file", env)?,
            guests_url: self.secret(GUESTS_URL_ENV, "guests.url_file", env)?,
            smtp_url: self.secret(SMTP_URL_ENV, "smtp.url_file", env)?,
            smtp_from: self.of("smtp.from").cloned(),
            sessions: self.sessions()?,
            front: self.value("sessions.in_memory", value::in_memory)?,
        })
    }

    fn value<T>(
        &self,
        key: &'static str,
        read: fn(&str) -> core::result::Result<T, &'static str>,
    ) -> Result<T> {
        let text = self.of(key).map_or("", |found| found.text.as_str());
        read(text).map_err(|why| self.bad(key, why))
    }

    /// The PostgreSQL database that is the store; none where the data folder is. A password is taken from the environment or
    /// from a file of its own.
    pub(crate) fn store(&self, env: Env<'_>) -> Result<Option<(Box<PostgresAddress>, Origin)>> {
        let named = self.of("store");
        let typed = named.filter(|found| matches!(found.origin, Origin::Flag(_)));
        let (text, origin, open) = match (typed, self.secret(STORE_URL_ENV, "store_url_file", env)?, named) {
            (None, Some((secret, origin)), _) => (secret, origin, false),
            (Some(found), ..) | (None, None, Some(found)) => {
                (Secret::new(found.text.clone()), found.origin.clone(), true)
            }
            (None, None, None) => return Ok(None),
        };
        let address: PostgresAddress = text.reveal().parse().map_err(|fault| {
            let message = format!("the store from {}: {fault}", origin.told());
            Problem::usage(code::BAD_VALUE, message)
        })?;
        if open && address.has_password() {
            let message = format!("the store's address from {} holds a password", origin.told());
            return Err(Problem::usage(code::SECRET_IN_ARGV, message).hint(format!(
                "set {STORE_URL_ENV}, or {STORE_URL_ENV}_FILE to a file that holds the address"
            )));
        }
        Ok(Some((Box::new(address), origin)))
    }

    /// How long the issuer's sessions live, and how many one person may have.
    fn sessions(&self) -> Result<SessionRules> {
        let preset = self.of("sessions.preset").map(|found| {
            found.text.parse::<Preset>().map_err(|why| {
                let message = format!("`sessions.preset` from {}: {why}", found.origin.told());
                Problem::usage(code::BAD_VALUE, message)
            })
        });
        let beyond = self.value("sessions.beyond", value::beyond)?;
        let count = self.of("sessions.most").map(|found| value::most(&found.text));
        let count = count.transpose().map_err(|why| self.bad("sessions.most", why))?;
        Ok(SessionRules { preset: preset.transpose()?, most: count.map(|count| Most { count, beyond }) })
    }

    fn bad(&self, key: &str, why: &str) -> Problem {
        let (text, origin) =
            self.of(key).map_or((String::new(), Origin::Default), |f| (f.text.clone(), f.origin.clone()));
        Problem::usage(code::BAD_VALUE, format!("`{key}` {why}: `{text}` from {}", origin.told()))
    }

    /// A secret: the variable itself, or the file that the variable with `_FILE` or the configuration names.
    fn secret(&self, name: &'static str, file_key: &str, env: Env<'_>) -> Result<Option<(Secret, Origin)>> {
        if let Some(text) = env(name) {
            return Ok(Some((Secret::new(text.trim().to_owned()), Origin::Env(name))));
        }
        let Some(found) = self.of(file_key) else { return Ok(None) };
        let text = given::file(Path::new(&found.text))?;
        Ok(Some((Secret::new(text.trim().to_owned()), found.origin.clone())))
    }
}

/// The data folder for commands that work on one: the one that is named, else the one that exists here.
pub(crate) fn data_folder(sources: &Sources) -> Result<PathBuf> {
    if let Some(found) = sources.of("data") {
        let path = PathBuf::from(&found.text);
        return if path.is_dir() {
            Ok(path)
        } else {
            Err(Problem::unreachable(
                code::NO_DATA,
                format!("there is no data folder `{}` ({})", found.text, found.origin.told()),
            )
            .hint("start a server on it first: countersign serve"))
        };
    }
    match (Path::new(DEV_DATA).is_dir(), Path::new(DATA).is_dir()) {
        (true, false) => Ok(PathBuf::from(DEV_DATA)),
        (false, true) => Ok(PathBuf::from(DATA)),
        (true, true) => Err(Problem::usage(
            code::NO_DATA,
            format!("there are two data folders here, `{DEV_DATA}` and `{DATA}`"),
        )
        .hint("name one: --data FOLDER")),
        (false, false) => Err(Problem::unreachable(code::NO_DATA, "there is no data folder here")
            .hint("start a server first: countersign serve --dev, or name its folder: --data FOLDER")),
    }
}

#[cfg(test)]
mod tests;
