//! Which database is meant, and whether it may be spoken to in clear. Opens nothing.

use std::time::Duration;

use countersign_core::Fault;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// The settings of every connection to the database at `url`.
///
/// # Errors
/// [`Fault::Unfit`] when `url` is no address of a PostgreSQL database, or names a host that is neither this machine nor said
/// to be spoken to in clear. The message never holds a part of `url`: it may carry a password.
pub(super) fn parse(url: &str) -> Result<Config, Fault> {
    let mut config: Config = url.parse().map_err(|_| {
        Fault::Unfit("the address of the PostgreSQL database cannot be read; it looks like `postgres://user@host/name`".to_owned())
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Fault::Unfit("the address of the PostgreSQL database names no host".to_owned()));
    }
    match config.get_ssl_mode() {
        SslMode::Disable => {}
        SslMode::Prefer if stays_here(&config) => drop(config.ssl_mode(SslMode::Disable)),
        SslMode::Prefer => {
            return Err(Fault::Unfit(
                "the PostgreSQL database is on another host and would be spoken to in clear; \
                 say so with `sslmode=disable` where the network between is yours, or tunnel it"
                    .to_owned(),
            ));
        }
        _ => {
            return Err(Fault::Unfit(
                "TLS to PostgreSQL is not built in; `sslmode=disable` through a tunnel does the same"
                    .to_owned(),
            ));
        }
    }
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
    Ok(config)
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

/// What the server is told when a connection begins. A transaction whose node has gone silent must not keep the head locked.
fn options() -> String {
    let (statement, idle) = (STATEMENT.as_millis(), IDLE.as_millis());
    format!(
        "-c search_path={SCHEMA} -c statement_timeout={statement} -c lock_timeout={statement} \
         -c idle_in_transaction_session_timeout={idle} -c default_transaction_isolation=read\\ committed"
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
        match parse(url) {
            Err(Fault::Unfit(message)) => message,
            other => panic!("`{url}` gave {other:?}"),
        }
    }

    #[test]
    fn this_machine_is_spoken_to_in_clear() {
        for url in [
            "postgres://ada@localhost/shop",
            "postgres://ada@127.0.0.1:5433/shop",
            "postgres://ada@[::1]/shop",
            "postgresql:///shop?host=/run/postgresql",
            "host=far.example hostaddr=127.0.0.1 user=ada",
        ] {
            assert!(parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn another_host_is_spoken_to_in_clear_only_when_the_address_says_so() {
        assert!(refused("postgres://ada:secret@db.example/shop").contains("in clear"));
        assert!(refused("postgres://ada:secret@localhost,db.example/shop").contains("in clear"));
        assert!(refused("host=localhost hostaddr=192.0.2.1 user=ada").contains("in clear"));
        assert!(parse("postgres://ada@db.example/shop?sslmode=disable").is_ok());
        assert!(refused("postgres://ada@db.example/shop?sslmode=require").contains("TLS"));
    }

    #[test]
    fn no_message_repeats_the_address() {
        for url in
            ["postgres://ada:secret@db.example/shop", "postgres://ada:secret@db.example:no/shop?secret=1"]
        {
            assert!(!refused(url).contains("secret"));
        }
        assert!(refused("user=ada").contains("no host"));
    }
}
