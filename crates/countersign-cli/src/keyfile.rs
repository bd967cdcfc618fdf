//! Keys in files, as somebody has them: PEM, DER, JWK, JWK Set, or a JWK under a password.
//!
//! RFC 7468, RFC 5958, RFC 7517. The library has one constructor per format and guesses nothing; here the file is the
//! user's own, so its first bytes choose the constructor, and its words are the library's.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_jose::json::Object;
use countersign_jose::jwe::{
    self, ContentAlgorithm, DecryptingKey, EncryptingKey, KeyAlgorithm, Password, SymmetricKey,
};
use countersign_jose::jws::Trusted;
use countersign_jose::{
    Algorithm, Error, Jwk, KeyId, KeySet, PrivateJwk, SharedKey, Signer, SigningKey, VerifyingKey,
};
use zeroize::Zeroizing;

use crate::given;
use crate::problem::{Problem, Result, code};
use crate::whole::{self, Readers};

/// What a key file holds.
#[derive(Debug)]
pub(crate) enum KeyFile {
    /// A private key, or a shared secret.
    Private(PrivateJwk),
    /// A public key.
    Public(Jwk),
}

/// A password of a key file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Unlock {
    /// The password of an encrypted key file: @FILE, or - for stdin
    #[arg(long, value_name = "SOURCE")]
    password: Option<String>,
}

/// Where a private key goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Out {
    /// Write it to a new file that only you can read; - shows it on the screen
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Unlock {
    /// Reads the password, if one was given.
    pub(crate) fn read(&self) -> Result<Option<given::Secret>> {
        self.password.as_deref().map(|source| given::secret(source, "password")).transpose()
    }
}

impl KeyFile {
    /// Reads one key, and refuses it when it is weak.
    pub(crate) fn read(path: &Path, unlock: &Unlock) -> Result<Self> {
        let bytes = Zeroizing::new(given::bytes(path)?);
        let found = Self::of(path, &bytes, unlock)?;
        found.sound()?;
        Ok(found)
    }

    fn of(path: &Path, bytes: &[u8], unlock: &Unlock) -> Result<Self> {
        let Ok(text) = std::str::from_utf8(bytes).map(str::trim_ascii_start) else {
            return from_der(bytes).map_err(|error| unfit(path, &error));
        };
        if text.starts_with('{') {
            return from_json(path, text);
        }
        if text.trim_ascii_end().split('.').count() == 5 {
            let Some(password) = unlock.read()? else {
                let problem = format!("`{}` is under a password", path.display());
                return Err(Problem::usage(code::UNREADABLE, problem)
                    .hint("write the password to a file and add `--password @FILE`"));
            };
            let jwk = opened(text.trim_ascii_end(), &password)?;
            return Ok(Self::Private(jwk));
        }
        if !text.contains("-----BEGIN") {
            let problem = format!("`{}` is no key: it is neither PEM nor DER nor a JWK", path.display());
            return Err(Problem::usage(code::UNREADABLE, problem).hint(A_KEY));
        }
        from_pem(text).map_err(|error| match error {
            Error::Pem { .. } | Error::KeyFormat { .. } | Error::Der { .. } => unfit(path, &error),
            other => other.into(),
        })
    }

    /// The public half.
    pub(crate) fn public(&self) -> Result<Jwk> {
        let jwk = match self {
            Self::Public(jwk) => jwk.clone(),
            Self::Private(jwk) => jwk.to_public().ok_or_else(|| {
                Problem::usage(code::BAD_VALUE, "a shared secret has no public half")
                    .hint("a key pair has one: countersign key new --algorithm ES256")
            })?,
        };
        Ok(jwk)
    }

    /// The key that signs with it; an RSA key is RS256 unless it or `algorithm` says otherwise.
    pub(crate) fn signer(&self, algorithm: Option<Algorithm>, kid: Option<KeyId>) -> Result<Box<dyn Signer>> {
        if let Self::Private(jwk) = self
            && jwk.to_public().is_none()
        {
            let key = shared(jwk, algorithm)?;
            return Ok(Box::new(match kid {
                Some(kid) => key.with_id(kid),
                None => key,
            }));
        }
        let key = self.pair(algorithm)?;
        Ok(Box::new(match kid {
            Some(kid) => key.with_id(kid),
            None => key,
        }))
    }

    /// The key pair that signs with it.
    pub(crate) fn pair(&self, algorithm: Option<Algorithm>) -> Result<SigningKey> {
        let Self::Private(jwk) = self else {
            return Err(Problem::usage(code::BAD_VALUE, "a public key cannot sign")
                .hint("give the private key that it belongs to"));
        };
        let named = algorithm.or_else(|| jwk.algorithm());
        Ok(SigningKey::from_jwk_as(jwk, named.unwrap_or(Algorithm::Rs256))?)
    }

    /// Refuses what the library refuses to work with, whatever the key is for.
    pub(crate) fn sound(&self) -> Result {
        let Self::Private(jwk) = self else {
            let jwk = self.public()?;
            let signs = |algorithm| VerifyingKey::from_jwk_as(&jwk, algorithm).map(drop);
            let encrypts = |algorithm| EncryptingKey::from_jwk_as(&jwk, algorithm).map(drop);
            return first_fit(jwk.algorithm(), jwk.key_algorithm(), &signs, &encrypts);
        };
        if jwk.to_public().is_none() {
            // What a secret without `alg` is for, and so how long it must be, is not known yet.
            let direct = ContentAlgorithm::ALL.into_iter().map(|enc| SymmetricKey::direct_from_jwk(jwk, enc));
            return match (jwk.algorithm(), jwk.key_algorithm()) {
                (Some(_), _) => Ok(SharedKey::from_jwk(jwk).map(drop)?),
                (_, Some(KeyAlgorithm::Dir)) => Ok(any(direct).map(drop)?),
                (_, Some(_)) => Ok(SymmetricKey::from_jwk(jwk).map(drop)?),
                (None, None) => Ok(()),
            };
        }
        let signs = |algorithm| SigningKey::from_jwk_as(jwk, algorithm).map(drop);
        let decrypts = |algorithm| DecryptingKey::from_jwk_as(jwk, algorithm).map(drop);
        first_fit(jwk.algorithm(), jwk.key_algorithm(), &signs, &decrypts)
    }
}

/// The first success, or the last failure.
fn any<T>(mut tries: impl Iterator<Item = core::result::Result<T, Error>>) -> core::result::Result<T, Error> {
    let mut last = Err(Error::Unsupported);
    tries
        .find_map(|tried| match tried {
            Ok(found) => Some(Ok(found)),
            Err(error) => {
                last = Err(error);
                None
            }
        })
        .unwrap_or(last)
}

type Fits<'a, A> = &'a dyn Fn(A) -> core::result::Result<(), Error>;

fn first_fit(
    named: Option<Algorithm>,
    wraps: Option<KeyAlgorithm>,
    signs: Fits<'_, Algorithm>,
    encrypts: Fits<'_, KeyAlgorithm>,
) -> Result {
    match (named, wraps) {
        (Some(algorithm), _) => return Ok(signs(algorithm)?),
        (None, Some(algorithm)) => return Ok(encrypts(algorithm)?),
        (None, None) => {}
    }
    // A bare RSA key, a bare X25519 key, or a key for encryption that names no algorithm.
    let misfit = |error: &Error| matches!(error, Error::Jwk { member: "alg" } | Error::Purpose { .. });
    let tries = [signs(Algorithm::Rs256), encrypts(KeyAlgorithm::RsaOaep256), encrypts(KeyAlgorithm::EcdhEs)];
    for tried in tries {
        match tried {
            Err(error) if misfit(&error) => {}
            other => return Ok(other?),
        }
    }
    Ok(())
}

/// What signs or checks a token by a shared secret.
fn shared(jwk: &PrivateJwk, algorithm: Option<Algorithm>) -> Result<SharedKey> {
    match algorithm {
        Some(algorithm) if jwk.algorithm() != Some(algorithm) => {
            let named = renamed(jwk, algorithm.name())?;
            Ok(SharedKey::from_jwk(&named)?)
        }
        _ if jwk.algorithm().is_none() => {
            Err(Problem::usage(code::BAD_VALUE, "the shared secret does not say which algorithm it is for")
                .hint("add `--alg HS256`, or the algorithm that both sides have agreed on"))
        }
        _ => Ok(SharedKey::from_jwk(jwk)?),
    }
}

/// The same document with an `alg`; one that names another is refused.
pub(crate) fn renamed(jwk: &PrivateJwk, algorithm: &str) -> Result<PrivateJwk> {
    let mut json = jwk.to_json();
    if json.contains("\"alg\":") {
        return Err(Error::Jwk { member: "alg" }.into());
    }
    json.pop();
    json.push_str(&format!(",\"alg\":\"{algorithm}\"}}"));
    Ok(PrivateJwk::parse(json.as_bytes())?)
}

/// The bytes of a file as a shared secret; a line break at its end does not belong to it.
pub(crate) fn raw_secret(path: &Path, algorithm: Option<Algorithm>) -> Result<SharedKey> {
    let bytes = Zeroizing::new(given::bytes(path)?);
    let secret = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
    Ok(SharedKey::new(algorithm.unwrap_or(Algorithm::Hs256), secret)?)
}

/// What checks a token: a JWK Set, one public key, the public half of a private one, or a secret.
pub(crate) fn trusted(path: &Path, algorithm: Option<Algorithm>) -> Result<Trusted> {
    let bytes = Zeroizing::new(given::bytes(path)?);
    if is_set(&bytes) {
        return Ok(KeySet::from_jwks(&bytes)?.into());
    }
    let found = KeyFile::of(path, &bytes, &Unlock::default())?;
    if let KeyFile::Private(jwk) = &found
        && jwk.to_public().is_none()
    {
        return Ok(shared(jwk, algorithm)?.into());
    }
    let jwk = found.public()?;
    let named = algorithm.or_else(|| jwk.algorithm()).unwrap_or(Algorithm::Rs256);
    Ok(VerifyingKey::from_jwk_as(&jwk, named)?.into())
}

/// Opens a private key that lies under a password.
fn opened(text: &str, password: &given::Secret) -> Result<PrivateJwk> {
    let header = text.split('.').next().unwrap_or_default();
    let named = countersign_jose::base64::decode(header).ok().and_then(|json| {
        let header: serde_json::Value = serde_json::from_slice(&json).ok()?;
        KeyAlgorithm::named(header.get("alg")?.as_str()?)
    });
    let password = password_key(password, named)?;
    Ok(jwe::decrypt_jwk(text, &password)?)
}

/// A password, which is hashed as often as one for a file at rest must be.
pub(crate) fn password_key(password: &given::Secret, named: Option<KeyAlgorithm>) -> Result<Password> {
    let algorithm = named.unwrap_or(KeyAlgorithm::Pbes2Hs512A256Kw);
    Ok(Password::new(algorithm, password.reveal())?)
}

fn is_set(bytes: &[u8]) -> bool {
    Object::parse(bytes).is_ok_and(|object| object.member("keys").is_some())
}

fn from_json(path: &Path, text: &str) -> Result<KeyFile> {
    if is_set(text.as_bytes()) {
        let problem = format!("`{}` is a set of keys, and one key is needed", path.display());
        return Err(Problem::usage(code::UNREADABLE, problem)
            .hint("write the member of `keys` that you mean into a file of its own"));
    }
    // Refused by `Jwk::parse` as private; the members say which of the two it is.
    let private = Object::parse(text.as_bytes())
        .is_ok_and(|object| ["d", "k", "priv"].iter().any(|member| object.member(member).is_some()));
    if private {
        Ok(KeyFile::Private(PrivateJwk::parse(text.as_bytes())?))
    } else {
        Ok(KeyFile::Public(Jwk::parse(text.as_bytes())?))
    }
}

fn from_pem(text: &str) -> core::result::Result<KeyFile, Error> {
    let label = text.strip_prefix("-----BEGIN ").and_then(|rest| rest.split("-----").next());
    match label {
        Some("PUBLIC KEY") => Jwk::from_spki_pem(text).map(KeyFile::Public),
        Some("RSA PUBLIC KEY") => Jwk::from_pkcs1_pem(text).map(KeyFile::Public),
        Some("RSA PRIVATE KEY") => PrivateJwk::from_pkcs1_pem(text).map(KeyFile::Private),
        Some("EC PRIVATE KEY") => PrivateJwk::from_sec1_pem(text).map(KeyFile::Private),
        _ => PrivateJwk::from_pkcs8_pem(text).map(KeyFile::Private),
    }
}

fn from_der(der: &[u8]) -> core::result::Result<KeyFile, Error> {
    let pkcs8 = PrivateJwk::from_pkcs8(der).map(KeyFile::Private);
    let tries = [
        PrivateJwk::from_pkcs1(der).map(KeyFile::Private),
        PrivateJwk::from_sec1(der).map(KeyFile::Private),
        Jwk::from_spki(der).map(KeyFile::Public),
        Jwk::from_pkcs1(der).map(KeyFile::Public),
    ];
    pkcs8.or_else(|first| tries.into_iter().find_map(core::result::Result::ok).ok_or(first))
}

impl Out {
    /// Writes a secret, and says to which file, if to one.
    ///
    /// A private key on a screen stays in its scroll-back, so there it must be asked for.
    pub(crate) fn secret(&self, secret: &[u8]) -> Result<Option<&Path>> {
        self.admits()?;
        match &self.out {
            Some(path) if path.as_os_str() != "-" => {
                whole::write(path, secret, Readers::Owner)?;
                Ok(Some(path))
            }
            _ => {
                print(secret);
                Ok(None)
            }
        }
    }

    /// Whether a secret may go there; asked before it is made.
    pub(crate) fn admits(&self) -> Result {
        if self.out.is_none() && std::io::stdout().is_terminal() {
            return Err(Problem::usage(code::ON_SCREEN, "a secret would be shown on the screen")
                .hint("add `--out FILE` for a new file, or `--out -` to see it"));
        }
        Ok(())
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// Writes what everybody may read.
    pub(crate) fn open(&self, bytes: &[u8]) -> Result {
        match self.file() {
            Some(path) => whole::write(path, bytes, Readers::All),
            None => {
                print(bytes);
                Ok(())
            }
        }
    }
}

/// Puts bytes on stdout. A reader who has gone is not an error.
pub(crate) fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(bytes).and_then(|()| out.flush());
}

/// The name of a key, from the command line.
pub(crate) fn key_id(name: &str) -> core::result::Result<KeyId, String> {
    KeyId::new(name).map_err(|error| error.to_string())
}

fn unfit(path: &Path, error: &Error) -> Problem {
    Problem::usage(code::UNREADABLE, format!("`{}` is no key: {error}", path.display())).hint(A_KEY)
}

const A_KEY: &str = "a key is a PEM, DER or JWK file; countersign key new makes one";

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let path = folder.join(name);
        whole::write(&path, bytes, Readers::Owner).unwrap();
        path
    }

    fn thumbprint(path: &Path) -> String {
        KeyFile::read(path, &Unlock::default()).unwrap().public().unwrap().thumbprint()
    }

    #[test]
    fn a_key_comes_back_from_every_format() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in [
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
            Algorithm::Es256k,
            Algorithm::EdDsa,
            Algorithm::MlDsa65,
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let public = key.verifying_key();
            let name = |end: &str| format!("{algorithm}.{end}");
            let paths = [
                put(folder.path(), &name("pem"), key.to_pkcs8_pem().unwrap().as_bytes()),
                put(folder.path(), &name("der"), &key.to_pkcs8().unwrap()),
                put(folder.path(), &name("jwk"), key.to_jwk().unwrap().to_json().as_bytes()),
                put(folder.path(), &name("pub.pem"), public.to_spki_pem().as_bytes()),
                put(folder.path(), &name("pub.der"), &public.to_spki()),
            ];
            for path in &paths {
                assert_eq!(thumbprint(path), public.thumbprint(), "{}", path.display());
            }
        }
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("text", &b"hello"[..]), ("bytes", b"\x30\x82\xff\xff")] {
            let path = put(folder.path(), name, bytes);
            assert_eq!(KeyFile::read(&path, &Unlock::default()).unwrap_err().code, "CS-6011");
        }
    }

    #[test]
    fn a_secret_has_no_public_half_and_a_public_key_signs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let secret = PrivateJwk::generate_secret(Algorithm::Hs256).unwrap();
        let path = put(folder.path(), "secret", secret.to_json().as_bytes());
        let secret = KeyFile::read(&path, &Unlock::default()).unwrap();
        assert_eq!(secret.public().unwrap_err().code, "CS-6002");
        assert_eq!(secret.signer(None, None).unwrap().algorithm(), Algorithm::Hs256);
        let public = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key().to_jwk();
        assert_eq!(KeyFile::Public(public).signer(None, None).err().unwrap().code, "CS-6002");
    }
}
