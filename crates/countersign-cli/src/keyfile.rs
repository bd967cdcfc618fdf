//! Keys in files: private ones as PKCS#8 PEM (RFC 7468, RFC 5958), public ones as JWK or JWK Set (RFC 7517).

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use countersign_jose::{Algorithm, Error, Jwk, KeySet, PrivateJwk, SigningKey, VerifyingKey};

use crate::given;
use crate::problem::{Problem, Result, code};

/// Reads a private key; an RSA key is RS256 unless another algorithm is named.
pub(crate) fn signing_key(path: &Path, algorithm: Option<Algorithm>) -> Result<SigningKey> {
    private(path, &given::file(path)?, algorithm)
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
    Ok(private(path, text, None)?.verifying_key())
}

fn private(path: &Path, text: &str, algorithm: Option<Algorithm>) -> Result<SigningKey> {
    let jwk = PrivateJwk::from_pkcs8_pem(text).map_err(|error| match error {
        Error::Pem { .. } | Error::KeyFormat { .. } | Error::Der { .. } => unfit(path, &error),
        other => other.into(),
    })?;
    Ok(match algorithm {
        Some(algorithm) => SigningKey::from_jwk_as(&jwk, algorithm)?,
        None => SigningKey::from_jwk(&jwk)?,
    })
}

/// A private key as PEM.
pub(crate) fn to_pem(key: &SigningKey) -> Result<given::Secret> {
    Ok(given::Secret::new(key.to_pkcs8_pem()?.to_string()))
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

fn unfit(path: &Path, error: &Error) -> Problem {
    Problem::usage(
        code::UNREADABLE,
        format!("`{}` is no key in PEM (BEGIN PRIVATE KEY): {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in [
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
            Algorithm::Es256k,
            Algorithm::EdDsa,
            Algorithm::MlDsa65,
        ] {
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
