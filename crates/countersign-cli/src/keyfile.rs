//! Keys in files: private ones as PKCS#8 PEM (RFC 7468, RFC 5958), public ones as JWK or JWK Set (RFC 7517).

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use countersign_jose::{Algorithm, Jwk, KeySet, SigningKey, VerifyingKey, base64};

use crate::given;
use crate::problem::{Problem, Result, code};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The algorithms a key file is tried for, in this order; an RSA key is RS256 unless another is named.
const TRIED: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256];

/// Reads a private key.
pub(crate) fn signing_key(path: &Path, algorithm: Option<Algorithm>) -> Result<SigningKey> {
    from_pem(&given::file(path)?, algorithm)
        .ok_or_else(|| unfit(path, "a PKCS#8 key in PEM (BEGIN PRIVATE KEY)"))?
}

/// Reads public keys: a JWK Set, one JWK, or the public half of a private key.
pub(crate) fn key_set(path: &Path) -> Result<KeySet> {
    let text = given::file(path)?;
    if text.trim_start().starts_with('{') && text.contains("\"keys\"") {
        return KeySet::from_jwks(text.as_bytes()).map_err(Into::into);
    }
    KeySet::new([public_of(path, &text)?]).map_err(Into::into)
}

/// Reads one public key: a JWK, or the public half of a private key.
pub(crate) fn public_key(path: &Path) -> Result<VerifyingKey> {
    public_of(path, &given::file(path)?)
}

fn public_of(path: &Path, text: &str) -> Result<VerifyingKey> {
    if text.trim_start().starts_with('{') {
        return Ok(VerifyingKey::from_jwk(&Jwk::parse(text.as_bytes())?)?);
    }
    let key = from_pem(text, None)
        .ok_or_else(|| unfit(path, "a JWK, or a PKCS#8 key in PEM (BEGIN PRIVATE KEY)"))?;
    Ok(key?.verifying_key())
}

/// `None` when the text is no PEM of a PKCS#8 key at all.
fn from_pem(text: &str, algorithm: Option<Algorithm>) -> Option<Result<SigningKey>> {
    let (_, body) = text.split_once(BEGIN)?;
    let (body, _) = body.split_once(END)?;
    // PEM uses the other base64 alphabet, with padding and line breaks.
    let body: String = body
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let der = base64::decode(body).ok()?;
    let mut last = None;
    for algorithm in algorithm.map_or_else(|| TRIED.to_vec(), |one| vec![one]) {
        match SigningKey::from_pkcs8(algorithm, &der) {
            Ok(key) => return Some(Ok(key)),
            Err(error @ countersign_jose::Error::PrivateKey { .. }) => {
                last.get_or_insert(error);
            }
            Err(error) => return Some(Err(error.into())),
        }
    }
    last.map(|error| Err(error.into()))
}

/// A private key as PEM.
pub(crate) fn to_pem(key: &SigningKey) -> Result<given::Secret> {
    let body = base64::encode(key.to_pkcs8()?.as_slice()).replace('-', "+").replace('_', "/");
    let pad = "=".repeat((4 - body.len() % 4) % 4);
    let mut text = format!("{BEGIN}\n");
    let mut column = 0;
    for c in body.chars().chain(pad.chars()) {
        text.push(c);
        column += 1;
        if column % 64 == 0 {
            text.push('\n');
        }
    }
    if column % 64 != 0 {
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    Ok(given::Secret::new(text))
}

/// Writes a secret to a new file that only its owner can read; an existing file is never overwritten.
pub(crate) fn write_new(path: &Path, secret: &given::Secret) -> Result {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written =
        file.and_then(|mut file| file.write_all(secret.reveal().as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        Problem::usage(code::UNREADABLE, format!("could not write `{}`: {error}", path.display()))
    })
}

fn unfit(path: &Path, wanted: &str) -> Problem {
    Problem::usage(code::UNREADABLE, format!("`{}` is not {wanted}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa] {
            let path = folder.path().join(algorithm.name());
            let key = SigningKey::generate(algorithm).unwrap();
            write_new(&path, &to_pem(&key).unwrap()).unwrap();
            let again = signing_key(&path, None).unwrap();
            assert_eq!((again.key_id(), again.algorithm()), (key.key_id(), algorithm));
            assert_eq!(public_key(&path).unwrap().thumbprint(), key.verifying_key().thumbprint());
            assert_eq!(write_new(&path, &to_pem(&key).unwrap()).unwrap_err().code, "CS-6011");
        }
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        std::fs::write(&path, "hello").unwrap();
        assert_eq!(signing_key(&path, None).unwrap_err().code, "CS-6011");
        assert_eq!(public_key(&path).unwrap_err().code, "CS-6011");
    }
}
