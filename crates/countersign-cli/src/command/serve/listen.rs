//! Opening the ports and the socket of the owner.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio::net::{TcpListener, UnixListener};

use crate::problem::{Problem, Result, code};
use crate::settings::{Listen, Settings};

/// The open ports.
pub(super) struct Doors {
    pub(super) main: Vec<TcpListener>,
    pub(super) console: Vec<TcpListener>,
    /// The real port of the main listener, also when 0 was asked for.
    pub(super) port: u16,
    pub(super) console_address: SocketAddr,
}

impl Doors {
    /// Opens both listeners.
    pub(super) async fn open(settings: &Settings) -> Result<Self> {
        let (main, address) = open("--listen", &settings.listen).await?;
        let (console, console_address) = open("--console-listen", &settings.console_listen).await?;
        Ok(Self { main, console, port: address.port(), console_address })
    }
}

async fn open(flag: &str, listen: &Listen) -> Result<(Vec<TcpListener>, SocketAddr)> {
    let mut open: Vec<TcpListener> = Vec::new();
    let mut first: Option<SocketAddr> = None;
    for wanted in listen.addresses() {
        let mut wanted = *wanted;
        if let (Some(first), 0) = (first, wanted.port()) {
            wanted.set_port(first.port());
        }
        let bound =
            TcpListener::bind(wanted).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        match bound {
            Ok((address, listener)) => {
                first.get_or_insert(address);
                open.push(listener);
            }
            // A machine without IPv6 still has a localhost.
            Err(error)
                if first.is_some() && wanted.is_ipv6() && error.kind() != std::io::ErrorKind::AddrInUse =>
            {
                tracing::debug!(%error, "no IPv6 on this machine");
            }
            Err(error) => {
                let message = format!("could not listen on `{wanted}`: {error}");
                return Err(
                    Problem::unreachable(code::ADDRESS, message).hint(format!("choose another: {flag} PORT"))
                );
            }
        }
    }
    let address =
        first.ok_or_else(|| Problem::unreachable(code::ADDRESS, "there is nothing to listen on"))?;
    Ok((open, address))
}

/// Opens the owner's socket. The store's lock is held, so a file in its place was left by an owner that is gone.
pub(super) fn socket(path: &Path) -> Result<UnixListener> {
    if path.exists() {
        std::fs::remove_file(path).map_err(|error| failed(path, &error))?;
    }
    let listener = UnixListener::bind(path).map_err(|error| failed(path, &error))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| failed(path, &error))?;
    Ok(listener)
}

fn failed(path: &Path, error: &std::io::Error) -> Problem {
    Problem::unreachable(code::ADDRESS, format!("could not open the socket `{}`: {error}", path.display()))
        .hint("a socket's path has at most 107 bytes; --data can name a shorter folder")
}
