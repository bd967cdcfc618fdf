//! A private connection to the database: who is believed to be it. Which connections are private, the address decides.
//!
//! The server's certificate must be of a known root and name the host that was asked for (RFC 9525). No channel binding
//! (RFC 5929): with the certificate checked it would guard against a root that lies, and needs the certificate's own hash.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use countersign_core::Fault;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Whom to believe.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Trusts the roots in the PEM file at `path`, and no others; without one those of the web, which the program brings
    /// along.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the file holds no certificate.
    pub(super) fn trusting(path: Option<&Path>) -> Result<Self, Fault> {
        let roots = match path {
            Some(path) => read(path)?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        // Named, because two providers in one program make the default one a matter of luck.
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| Fault::Unfit(format!("there is no TLS: {why}")))?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn read(path: &Path) -> Result<RootCertStore, Fault> {
    let bad = |why: String| Fault::Unfit(format!("the certificates in `{}`: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|why| bad(why.to_string()))? {
        let certificate = certificate.map_err(|why| bad(why.to_string()))?;
        roots.add(certificate).map_err(|why| bad(why.to_string()))?;
    }
    if roots.is_empty() { Err(bad("it holds no certificate".to_owned())) } else { Ok(roots) }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Private<S>;
    type TlsConnect = To;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<To, io::Error> {
        // Also called for a socket, which has no name and is spoken to in clear.
        Ok(To { connector: self.0.clone(), host: ServerName::try_from(host.to_owned()).ok() })
    }
}

/// The way to one host.
pub(super) struct To {
    connector: TlsConnector,
    host: Option<ServerName<'static>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for To {
    type Stream = Private<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Private<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let Some(host) = self.host else {
                return Err(io::Error::other("no certificate names such a host"));
            };
            Ok(Private(self.connector.connect(host, stream).await?))
        })
    }
}

/// A private connection.
pub(super) struct Private<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Private<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Private<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Private<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
