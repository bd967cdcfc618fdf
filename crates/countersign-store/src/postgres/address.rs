//! Which database is meant, and how it is spoken to. Opens nothing but a file of certificates.
//!
//! Of the parameters of an address, `failover` is ours, and `sslmode` and `sslrootcert` are as libpq has them with two
//! differences: what is not said is `verify-full` unless the database is on this machine, and `require` is `verify-full` too, since what is
//! encrypted for whoever answers is kept from nobody.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use countersign_core::Fault;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::Tls;

/// The address of a PostgreSQL database, such as `postgres://countersign@localhost/shop`. It prints itself without what may
/// be a secret.
///
/// ```
/// use countersign_store::PostgresAddress;
/// let address: PostgresAddress = "postgres://countersign:hunter2@db.example/shop".parse()?;
/// assert_eq!(address.to_string(), "PostgreSQL `shop` on `db.example`");
/// assert!(address.has_password());
/// assert!("postgres://db.example/shop?sslmode=prefer".parse::<PostgresAddress>().is_err());
/// # Ok::<(), countersign_core::Fault>(())
/// ```
#[derive(Clone)]
pub struct PostgresAddress {
    /// The settings of every connection.
    pub(super) config: Config,
    /// Whom to believe that they are the database.
    pub(super) tls: Tls,
    pub(super) failover: Failover,
}

/// What becomes of those who are signed in when the database is another server than before: a standby that has taken over, or
/// one that it was restored on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Failover {
    /// A new epoch begins: it may lack the last endings, and nobody could tell.
    #[default]
    Ends,
    /// They stay: whoever takes over has every commit that was answered (`failover=synchronous`).
    Keeps,
}

impl FromStr for PostgresAddress {
    type Err = Fault;

    /// # Errors
    /// [`Fault::Unfit`] when `url` is no address of a PostgreSQL database, or asks for what would only look private. The
    /// message never holds a part of `url` but the name of a file: it may carry a password.
    fn from_str(url: &str) -> Result<Self, Fault> {
        let (place, ours, theirs) = split(url)?;
        let text = if theirs.is_empty() { place.to_owned() } else { format!("{place}?{}", theirs.join("&")) };
        let mut config: Config = text.parse().map_err(|_| unreadable())?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unfit("the address of the PostgreSQL database names no host"));
        }
        let plain = match (ours.mode, &ours.roots) {
            (Some(mode), _) => mode == Mode::Disable,
            (None, Some(_)) => false,
            (None, None) => stays_here(&config),
        };
        config.ssl_mode(if plain { SslMode::Disable } else { SslMode::Require });
        let options = format!("{} {}", config.get_options().unwrap_or_default(), options());
        // A standby answers reads of the past and takes no write.
        config
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .application_name("countersign")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENT)
            .keepalives_idle(SILENT)
            .keepalives_interval(Duration::from_secs(1))
            .options(options.trim());
        Ok(Self { config, tls: Tls::trusting(ours.roots.as_deref())?, failover: ours.failover })
    }
}

impl PostgresAddress {
    /// Whether a password stands in it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        let name = config.get_dbname().or_else(|| config.get_user()).unwrap_or("postgres");
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
        let on = if hosts.is_empty() { addresses.collect() } else { hosts };
        write!(f, "PostgreSQL `{name}` on `{}`", on.join(", "))
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether the connection is to be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    VerifyFull,
}

/// The parameters that are read here.
#[derive(Debug, Default)]
struct Ours {
    mode: Option<Mode>,
    roots: Option<PathBuf>,
    failover: Failover,
}

/// What stands before the parameters, and the parameters: ours, and those of the driver.
fn split(url: &str) -> Result<(&str, Ours, Vec<&str>), Fault> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    if !["postgres://", "postgresql://"].iter().any(|scheme| place.starts_with(scheme)) {
        return Err(unreadable());
    }
    let (mut ours, mut theirs) = (Ours::default(), Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => ours.mode = Some(self::mode(mode)?),
            Some(("sslrootcert", "system")) => {
                // As libpq: to name the roots of the system is to ask for TLS.
                ours.mode.get_or_insert(Mode::VerifyFull);
            }
            Some(("failover", "synchronous")) => ours.failover = Failover::Keeps,
            Some(("sslrootcert", path)) => {
                let path = percent_decode_str(path).decode_utf8().map_err(|_| unreadable())?;
                ours.roots = Some(PathBuf::from(path.as_ref()));
            }
            _ => theirs.push(pair),
        }
    }
    Ok((place, ours, theirs))
}

fn mode(text: &str) -> Result<Mode, Fault> {
    match text {
        "disable" => Ok(Mode::Disable),
        "require" | "verify-full" => Ok(Mode::VerifyFull),
        "allow" | "prefer" | "verify-ca" => Err(unfit(
            "an `sslmode` that can be talked out of it is not taken: say `verify-full`, or `disable` where the network between \
             is yours",
        )),
        _ => Err(unfit("the `sslmode` of the PostgreSQL database is `disable` or `verify-full`")),
    }
}

/// Whether every way to it stays on this machine.
fn stays_here(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(std::net::IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn unreadable() -> Fault {
    unfit("the address of the PostgreSQL database cannot be read; it looks like `postgres://user@host/name`")
}

fn unfit(why: &str) -> Fault {
    Fault::Unfit(why.to_owned())
}

/// What the server is told when a connection begins. A transaction whose node has gone silent must not keep the head locked,
/// and what is answered is durable, whatever is usual in this database.
fn options() -> String {
    let (statement, idle) = (STATEMENT.as_millis(), IDLE.as_millis());
    format!(
        "-c search_path={SCHEMA} -c statement_timeout={statement} -c lock_timeout={statement} \
         -c idle_in_transaction_session_timeout={idle} -c default_transaction_isolation=read\\ committed \
         -c synchronous_commit=on"
    )
}

/// The schema that all tables are in, so that they meet nobody else's.
pub(super) const SCHEMA: &str = "countersign";
/// The longest wait for a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(2);
/// The longest that one statement may take, on the server's clock.
const STATEMENT: Duration = Duration::from_secs(2);
/// The longest that a transaction may wait for its node's next statement.
const IDLE: Duration = Duration::from_millis(1500);
/// The longest that the other end may be silent.
const SILENT: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        match url.parse::<PostgresAddress>() {
            Err(Fault::Unfit(message)) => message,
            other => panic!("`{url}` gave {other:?}"),
        }
    }

    fn mode(url: &str) -> SslMode {
        url.parse::<PostgresAddress>().unwrap().config.get_ssl_mode()
    }

    #[test]
    fn what_the_database_is_told_comes_after_what_the_address_says() {
        let read: PostgresAddress =
            "postgres://ada@localhost/shop?options=-c%20synchronous_commit%3Doff".parse().unwrap();
        let options = read.config.get_options().unwrap();
        assert!(
            options.rfind("synchronous_commit=on") > options.rfind("synchronous_commit=off"),
            "{options}"
        );
    }

    #[test]
    fn who_names_the_roots_of_the_system_speaks_tls_on_this_machine_too() {
        assert_eq!(mode("postgres://ada@localhost/shop?sslrootcert=system"), SslMode::Require);
        assert_eq!(
            mode("postgres://ada@localhost/shop?sslrootcert=system&sslmode=disable"),
            SslMode::Disable
        );
    }

    #[test]
    fn this_machine_is_spoken_to_in_clear() {
        for url in [
            "postgres://ada@localhost/shop",
            "postgres://ada@127.0.0.1:5433/shop",
            "postgres://ada@[::1]/shop",
            "postgresql:///shop?host=/run/postgresql",
            "postgres://ada@far.example/shop?hostaddr=127.0.0.1",
        ] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
        assert_eq!(mode("postgres://ada@localhost/shop?sslmode=verify-full"), SslMode::Require);
    }

    #[test]
    fn another_host_is_spoken_to_in_clear_only_when_the_address_says_so() {
        for url in [
            "postgres://ada:secret@db.example/shop",
            "postgres://ada:secret@localhost,db.example/shop",
            "postgres://ada@localhost/shop?hostaddr=192.0.2.1",
            "postgres://ada@db.example/shop?sslmode=require",
            "postgres://ada@db.example/shop?sslrootcert=system",
            "postgres://ada@db.example/shop?application_name=x&sslmode=verify-full",
        ] {
            assert_eq!(mode(url), SslMode::Require, "{url}");
        }
        assert_eq!(mode("postgres://ada@db.example/shop?sslmode=disable"), SslMode::Disable);
        assert!(refused("postgres://ada@db.example/shop?sslmode=prefer").contains("verify-full"));
        assert!(refused("postgres://ada@db.example/shop?sslmode=off").contains("disable"));
    }

    #[test]
    fn a_file_of_certificates_that_has_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no certificates");
        let url = format!("postgres://ada:secret@db/shop?sslrootcert={}", path.display()).replace(' ', "%20");
        assert!(refused(&url).contains("no certificates"));
        std::fs::write(&path, "nothing").unwrap();
        assert!(refused(&url).contains("holds no certificate"));
    }

    #[test]
    fn no_message_repeats_the_address() {
        for url in [
            "postgres://ada:secret@db.example:no/shop?secret=1",
            "postgres://ada:secret@db.example/shop?sslmode=prefer",
            "host=db.example password=secret",
            "mysql://ada:secret@db.example/shop",
        ] {
            assert!(!refused(url).contains("secret"));
        }
        assert!(refused("postgres://").contains("no host"));
        let read: PostgresAddress = "postgres://ada:se?cret@db.example/shop".parse().unwrap();
        assert!(!format!("{read} {read:?}").contains("cret"), "{read:?}");
    }
}
