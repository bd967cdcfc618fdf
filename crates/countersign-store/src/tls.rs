//! Whom to believe at the other end of a private connection: a server whose certificate is of a known root and names the host
//! that was asked for (RFC 9525).

use std::path::Path;
use std::sync::Arc;

use countersign_core::Fault;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Trusts the roots in the PEM file at `path`, and no others; without one those of the web, which the program brings along.
///
/// # Errors
/// [`Fault::Unfit`] when the file holds no certificate.
pub(crate) fn connector(path: Option<&Path>) -> Result<TlsConnector, Fault> {
    let roots = match path {
        Some(path) => read(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    // Named, because two providers in one program make the default one a matter of luck.
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| Fault::Unfit(format!("there is no TLS: {why}")))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
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
