//! Where an issuer keeps its keys.
//!
//! OpenID Connect Discovery 1.0 4.1 puts the document behind the issuer, RFC 8414 3.1 between host and path. The issuer in
//! it must be the one that was asked, byte for byte (RFC 8414 3.3), or an issuer could speak for another.

use countersign_jose::KeySet;
use countersign_jose::json::Object;

use super::address::{Reach, Url};
use super::error::FetchError;
use super::fetch::{Answer, Authorities, Fetcher};

/// Whose keys, or where.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The issuer, who says where.
    Issuer(String),
    /// The key set itself.
    Set(Url),
}

impl Source {
    pub(super) fn issuer(issuer: &str, reach: Reach) -> Result<Self, FetchError> {
        let url = Url::parse(issuer, reach)?;
        // RFC 8414 2: no query and no fragment.
        if url.target.contains('?') {
            return Err(FetchError::Address { url: issuer.to_owned() });
        }
        Ok(Self::Issuer(issuer.to_owned()))
    }
}

/// The address of the issuer's key set.
pub(super) async fn keys_of(fetcher: &Fetcher, issuer: &str) -> Result<Url, FetchError> {
    // OpenID Connect Discovery 1.0 4 and RFC 8414 3.1: a slash at the end goes for the way, and stays in the name.
    let way = issuer.strip_suffix('/').unwrap_or(issuer);
    let url = Url::parse(&format!("{way}/.well-known/openid-configuration"), fetcher.reach())?;
    match document(fetcher, &url).await {
        Err(FetchError::Status { status: 404, .. }) => {
            let path = Url::parse(way, fetcher.reach())?.target;
            let path = if path == "/" { "" } else { path.as_str() };
            let base = way.strip_suffix(path).unwrap_or(way);
            let other = format!("{base}/.well-known/oauth-authorization-server{path}");
            let url = Url::parse(&other, fetcher.reach())?;
            keys_in(&url, &document(fetcher, &url).await?, issuer, fetcher.reach())
        }
        body => keys_in(&url, &body?, issuer, fetcher.reach()),
    }
}

async fn document(fetcher: &Fetcher, url: &Url) -> Result<Vec<u8>, FetchError> {
    match fetcher.get(url, None).await? {
        Answer::New { body, .. } => Ok(body),
        Answer::Same { .. } => Err(FetchError::Status { url: url.as_str().to_owned(), status: 304 }),
    }
}

fn keys_in(url: &Url, body: &[u8], issuer: &str, reach: Reach) -> Result<Url, FetchError> {
    let faulty = |member| FetchError::Metadata { url: url.as_str().to_owned(), member };
    let metadata = Object::parse(body).map_err(|_| faulty("issuer"))?;
    let text = |member: &'static str| metadata.member(member).and_then(|value| value.text());
    if text("issuer").as_deref() != Some(issuer) {
        return Err(faulty("issuer"));
    }
    Url::parse(&text("jwks_uri").ok_or_else(|| faulty("jwks_uri"))?, reach)
}

/// A key set as it was published, read strictly.
pub(super) fn read(url: &Url, body: &[u8]) -> Result<KeySet, FetchError> {
    KeySet::from_jwks(body).map_err(|why| FetchError::Keys { url: url.as_str().to_owned(), why })
}

/// Fetches an issuer's keys once, for a program that checks one token and ends. Whoever goes on uses
/// [`trust`](super::trust) or [`JwksClient`](super::JwksClient).
///
/// # Errors
/// What stood in the way: see [`FetchError`].
pub async fn fetch_keys(issuer: &str, reach: Reach) -> Result<KeySet, FetchError> {
    let fetcher = Fetcher::new(reach, &Authorities::default())?;
    Source::issuer(issuer, reach)?;
    let url = keys_of(&fetcher, issuer).await?;
    read(&url, &document(&fetcher, &url).await?)
}
