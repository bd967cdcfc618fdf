//! A private way to one server: `rediss://[user:password@]host[:port][/database][?sslrootcert=/path/to/roots.pem]`.
//!
//! TLS is spoken here and not by the client library, which would bring roots of its own from the system with it.

use std::path::PathBuf;

use countersign_core::Fault;
use percent_encoding::percent_decode_str;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::link::{fault, unfit};
use crate::tls;

/// One server that proves who it is.
pub(super) struct Private {
    host: String,
    port: u16,
    name: ServerName<'static>,
    user: RedisConnectionInfo,
    tls: TlsConnector,
}

impl Private {
    /// The server at what stands behind `rediss://`.
    ///
    /// # Errors
    /// [`Fault::Unfit`]: it is no such address, or its roots cannot be read.
    pub(super) fn at(rest: &str) -> Result<Self, Fault> {
        let (rest, words) = rest.split_once('?').unwrap_or((rest, ""));
        let strange = |what| Fault::Unfit(format!("the address of Redis {what}"));
        let roots = match words.split_once('=') {
            None if words.is_empty() => None,
            Some(("sslrootcert", path)) => {
                let path = percent_decode_str(path).decode_utf8();
                let path = path.map_err(|_| strange("names roots that are no path"))?;
                Some(PathBuf::from(path.as_ref()))
            }
            _ => return Err(strange("asks for what is not known; there is `sslrootcert`")),
        };
        // What is left is read as an address in clear is; `#insecure` is for nobody.
        if rest.contains('#') {
            return Err(strange("has a `#`"));
        }
        let info = format!("redis://{rest}").into_connection_info().map_err(|why| unfit(&why))?;
        let ConnectionAddr::Tcp(host, port) = info.addr() else { return Err(strange("names no host")) };
        let name = ServerName::try_from(host.clone()).map_err(|_| strange("names no host"))?;
        let (host, port, user) = (host.clone(), *port, info.redis_settings().clone());
        Ok(Self { host, port, name, user, tls: tls::connector(roots.as_deref())? })
    }

    /// A connection on which the server has proven who it is.
    pub(super) async fn connect(
        &self,
        config: AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, Fault> {
        let broken = |why: std::io::Error| Fault::Store(format!("Redis: {}", why.kind()));
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(broken)?;
        stream.set_nodelay(true).map_err(broken)?;
        let unproven = |why| Fault::Store(format!("Redis has not proven who it is: {why}"));
        let stream = self.tls.connect(self.name.clone(), stream).await.map_err(unproven)?;
        let made = MultiplexedConnection::new_with_config(&self.user, stream, config).await;
        let (connection, driver) = made.map_err(|why| fault(&why))?;
        // It ends with the connection.
        drop(tokio::spawn(driver));
        Ok(connection)
    }
}
