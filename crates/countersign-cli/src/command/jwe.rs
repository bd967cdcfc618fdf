//! `countersign jwe`: encrypt and decrypt by hand, with a key file, a secret or a password.
//!
//! RFC 7516. Which `alg` and `enc` are used is the key's to say, and is told on stderr.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_jose::jwe::{
    self, ContentAlgorithm, Decrypter, DecryptingKey, Encrypter, EncryptingKey, KeyAlgorithm, KeyKind,
    Message, SymmetricKey,
};
use countersign_jose::{Error, Jwk, PrivateJwk, base64};
use serde_json::{Value, json};

use crate::given;
use crate::keyfile::{self, KeyFile, Unlock};
use crate::problem::{Problem, Result, code};
use crate::ui::{Ui, plain, show_json};

/// Encrypt and decrypt by hand (JWE)
#[derive(Debug, Subcommand)]
pub(crate) enum Jwe {
    Encrypt(Encrypt),
    Decrypt(Decrypt),
}

/// Encrypt a file for the owner of a key, or under a password
///
/// Everybody has a public key, so encrypting says nothing about who wrote the
/// content: sign first where that matters. Prints the compact form; for several
/// recipients, or with --json-form, the JSON form.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign jwe encrypt @letter.txt --to ana.jwk > letter.jwe\n  countersign jwe encrypt @letter.txt --to ana.jwk --to bo.jwk > letter.json\n  countersign jwe encrypt @letter.txt --password @pw.txt > letter.jwe\n  countersign jwe encrypt @token.txt --to api.jwk --cty JWT > sealed.txt"
)]
pub(crate) struct Encrypt {
    /// The content: @FILE, or - for stdin
    content: String,
    /// The recipient's public key, or a shared secret (repeatable)
    #[arg(long, value_name = "FILE", required_unless_present = "password")]
    to: Vec<PathBuf>,
    /// Under a password instead: @FILE, or - for stdin
    #[arg(long, value_name = "SOURCE", conflicts_with = "to")]
    password: Option<String>,
    /// How the key reaches the recipient, where the key file does not say
    #[arg(long, value_name = "NAME", value_parser = key_algorithm)]
    alg: Option<KeyAlgorithm>,
    /// How the content is encrypted [default: A256GCM, or the key's own]
    #[arg(long, value_name = "NAME", value_parser = content_algorithm)]
    enc: Option<ContentAlgorithm>,
    /// What the content is, such as JWT
    #[arg(long, value_name = "TYPE")]
    cty: Option<String>,
    /// Print the JSON form for one recipient as well
    #[arg(long)]
    json_form: bool,
}

/// Decrypt what was encrypted for a key, or under a password
///
/// Takes the compact form and the JSON form, and prints the content.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign jwe decrypt @letter.jwe --key ana.jwk\n  countersign jwe decrypt @letter.jwe --password @pw.txt > letter.txt\n  countersign jwe decrypt @letter.jwe --key key.pem --alg ECDH-ES+A256KW"
)]
pub(crate) struct Decrypt {
    /// The encrypted token: @FILE, or - for stdin
    token: String,
    /// The private key, or the shared secret
    #[arg(long, value_name = "FILE", required_unless_present = "password")]
    key: Option<PathBuf>,
    /// The password that it was encrypted under: @FILE, or - for stdin
    #[arg(long, value_name = "SOURCE", conflicts_with = "key")]
    password: Option<String>,
    /// How the key reached the recipient, where the key file does not say
    #[arg(long, value_name = "NAME", value_parser = key_algorithm)]
    alg: Option<KeyAlgorithm>,
    /// How the content is encrypted, for `dir` with a secret that does not say
    #[arg(long, value_name = "NAME", value_parser = content_algorithm)]
    enc: Option<ContentAlgorithm>,
}

fn key_algorithm(name: &str) -> core::result::Result<KeyAlgorithm, String> {
    if name.eq_ignore_ascii_case("RSA1_5") {
        return Err("it does not exist here: its padding lets attackers decrypt; use RSA-OAEP-256".to_owned());
    }
    let found = KeyAlgorithm::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "known are dir, A256KW, ECDH-ES+A256KW, RSA-OAEP-256 and their kin".to_owned())
}

fn content_algorithm(name: &str) -> core::result::Result<ContentAlgorithm, String> {
    let names = ContentAlgorithm::ALL.map(ContentAlgorithm::name).join(", ");
    let found = ContentAlgorithm::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| format!("known are {names}"))
}

impl Jwe {
    /// Runs the subcommand.
    pub(crate) fn run(&self, ui: Ui) -> Result {
        match self {
            Self::Encrypt(encrypt) => encrypt.run(ui),
            Self::Decrypt(decrypt) => decrypt.run(ui),
        }
    }
}

impl Encrypt {
    fn run(&self, ui: Ui) -> Result {
        if self.content == "-" && self.password.as_deref() == Some("-") {
            return Err(Problem::usage(code::BAD_VALUE, "stdin cannot be both the content and the password"));
        }
        if !(self.content.starts_with('@') || self.content == "-") {
            return Err(given::typed(&self.content, "content"));
        }
        let content = zeroize::Zeroizing::new(given::content(&self.content)?);
        let keys = self.keys()?;
        let recipients: Vec<&dyn Encrypter> = keys.iter().map(AsRef::as_ref).collect();
        let mut message = Message::new(&content);
        if let Some(cty) = &self.cty {
            message = message.cty(cty);
        }
        let token = match recipients.as_slice() {
            [one] if self.json_form => message.flattened(*one, b"")?,
            [one] => message.encrypt(*one)?,
            several => message.general(several, b"")?,
        };
        let used: Vec<String> = recipients
            .iter()
            .map(|key| format!("{} with {}", key.algorithm(), key.content_algorithm()))
            .collect();
        if ui.json {
            show_json(&json!({ "token": token, "recipients": used }));
        } else {
            keyfile::print(format!("{token}\n").as_bytes());
            used.iter().for_each(|used| eprintln!("{}", ui.dim(&format!("  encrypted by {used}"))));
        }
        Ok(())
    }

    fn keys(&self) -> Result<Vec<Box<dyn Encrypter>>> {
        if let Some(source) = &self.password {
            let password = given::secret(source, "password")?;
            let key = keyfile::password_key(&password, self.alg)?;
            return Ok(vec![match self.enc {
                Some(enc) => Box::new(key.with_content(enc)),
                None => Box::new(key),
            }]);
        }
        self.to.iter().map(|path| self.key(path)).collect()
    }

    fn key(&self, path: &std::path::Path) -> Result<Box<dyn Encrypter>> {
        let found = KeyFile::read(path, &Unlock::default())?;
        if let KeyFile::Private(jwk) = &found
            && jwk.to_public().is_none()
        {
            return Ok(Box::new(secret(jwk, self.alg, self.enc)?));
        }
        let jwk: Jwk = found.public()?;
        let key = EncryptingKey::from_jwk_as(&jwk, named(self.alg.or_else(|| jwk.key_algorithm()))?)?;
        Ok(match self.enc {
            Some(enc) => Box::new(key.with_content(enc)),
            None => Box::new(key),
        })
    }
}

impl Decrypt {
    fn run(&self, ui: Ui) -> Result {
        if self.token == "-" && self.password.as_deref() == Some("-") {
            return Err(Problem::usage(code::BAD_VALUE, "stdin cannot be both the token and the password"));
        }
        let token = given::secret(&self.token, "token")?;
        let token = token.reveal().trim();
        let key = self.key(password_alg(token))?;
        let found =
            if token.starts_with('{') { jwe::decrypt_json(token, &*key) } else { jwe::decrypt(token, &*key) };
        let found = found.map_err(|error| told(&error))?;
        if ui.json {
            let content = std::str::from_utf8(found.plain()).ok();
            show_json(&json!({
                "content": content, "base64url": base64::encode(found.plain()),
                "typ": found.typ(), "cty": found.cty()
            }));
            return Ok(());
        }
        keyfile::print(found.plain());
        let cty = found.cty().map(plain).map_or_else(String::new, |cty| format!(", it is {cty}"));
        eprintln!("{}", ui.dim(&format!("\n  decrypted; who wrote it is not known{cty}")));
        Ok(())
    }

    fn key(&self, said: Option<KeyAlgorithm>) -> Result<Box<dyn Decrypter>> {
        if let Some(source) = &self.password {
            let password = given::secret(source, "password")?;
            return Ok(Box::new(keyfile::password_key(&password, self.alg.or(said))?));
        }
        let Some(path) = &self.key else {
            return Err(Problem::usage(code::BAD_VALUE, "decrypting needs a key").hint("add `--key FILE`"));
        };
        match KeyFile::read(path, &Unlock::default())? {
            KeyFile::Public(_) => Err(Problem::usage(code::BAD_VALUE, "a public key cannot decrypt")
                .hint("give the private key that it belongs to")),
            KeyFile::Private(jwk) if jwk.to_public().is_none() => {
                Ok(Box::new(secret(&jwk, self.alg, self.enc)?))
            }
            KeyFile::Private(jwk) => {
                let algorithm = named(self.alg.or_else(|| jwk.key_algorithm()))?;
                Ok(Box::new(DecryptingKey::from_jwk_as(&jwk, algorithm)?))
            }
        }
    }
}

fn named(algorithm: Option<KeyAlgorithm>) -> Result<KeyAlgorithm> {
    algorithm.ok_or_else(|| {
        Problem::usage(code::BAD_VALUE, "the key does not say how it encrypts")
            .hint("add `--alg ECDH-ES+A256KW`, for an RSA key `--alg RSA-OAEP-256`")
    })
}

fn secret(
    jwk: &PrivateJwk,
    alg: Option<KeyAlgorithm>,
    enc: Option<ContentAlgorithm>,
) -> Result<SymmetricKey> {
    let direct = alg.or_else(|| jwk.key_algorithm()) == Some(KeyAlgorithm::Dir);
    let key = match (alg, enc) {
        (_, Some(enc)) if direct => SymmetricKey::direct_from_jwk(jwk, enc)?,
        (Some(alg), _) if jwk.key_algorithm() != Some(alg) => {
            SymmetricKey::from_jwk(&keyfile::renamed(jwk, alg.name())?)?
        }
        _ => SymmetricKey::from_jwk(jwk)?,
    };
    Ok(match enc {
        Some(enc) => key.with_content(enc)?,
        None => key,
    })
}

/// Which algorithm of passwords the token names, in either form and for any recipient. Only a password is chosen by what the
/// token says: they are of one kind and one strength.
fn password_alg(token: &str) -> Option<KeyAlgorithm> {
    let read = |text: &str| serde_json::from_slice::<Value>(&base64::decode(text).ok()?).ok();
    let headers: Vec<Value> = match serde_json::from_str::<Value>(token) {
        Err(_) => token.split('.').next().and_then(read).into_iter().collect(),
        Ok(document) => {
            let protected = document.get("protected").and_then(Value::as_str).and_then(read);
            let recipients = document.get("recipients").and_then(Value::as_array).into_iter().flatten();
            let open = recipients.filter_map(|recipient| recipient.get("header"));
            let open =
                open.chain(["unprotected", "header"].into_iter().filter_map(|name| document.get(name)));
            protected.into_iter().chain(open.cloned()).collect()
        }
    };
    let named = headers.iter().filter_map(|header| KeyAlgorithm::named(header.get("alg")?.as_str()?));
    named.into_iter().find(|algorithm| algorithm.kind() == KeyKind::Password)
}

fn told(error: &Error) -> Problem {
    let hint = match error {
        Error::Decryption => {
            "another key or password, or a changed token: it cannot be told apart on purpose"
        }
        Error::Mistaken { .. } => "a signed token is not secret: countersign token inspect",
        Error::KeyAlgorithm { .. } => "the algorithm is the key's: --alg, if the key allows several",
        Error::UnknownKey => "it was encrypted for another key: token inspect names it",
        _ => return Problem::refused(error.code(), format!("{error}, {}", error.rule())),
    };
    Problem::refused(error.code(), format!("{error}, {}", error.rule())).hint(hint)
}
