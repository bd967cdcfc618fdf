//! This library as one of the peers in `tests/interop/jose`: a command of JSON per line in, an answer per line out.
//!
//! It decides nothing that the library does not. Keys travel as JWKs, so that what one library writes another must read;
//! tokens travel by the hundred, because starting a program costs more than a signature.

mod content;
mod documents;
mod sd_jwt;

use std::io::{BufRead, Write};
use std::sync::OnceLock;

use countersign_jose::jwe::{
    self, ContentAlgorithm, Curve, Decrypter, DecryptingKey, Encrypter, EncryptingKey, KeyAlgorithm, KeyKind,
    MaxLength, Password, Rounds, SymmetricKey,
};
use countersign_jose::jws::{self, Trusted};
use countersign_jose::{
    Algorithm, Family, Jwk, PrivateJwk, SharedKey, Signer, SigningKey, VerifyingKey, base64,
};
use serde_json::{Map, Value, json};

type Problem = Box<dyn std::error::Error>;
type Answer = Result<Value, Problem>;

#[expect(clippy::disallowed_methods, reason = "a peer speaks on its standard streams; the library has none")]
fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?).map_err(Into::into).and_then(|command| obey(&command))
        {
            Ok(answer) => answer,
            Err(error) => json!({ "problem": error.to_string() }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn obey(command: &Value) -> Answer {
    match text(command, "op")? {
        "supports" => Ok(json!({
            "sign": Algorithm::ALL.map(Algorithm::name),
            "key": KeyAlgorithm::ALL.map(KeyAlgorithm::name),
            "content": ContentAlgorithm::ALL.map(ContentAlgorithm::name),
            "curves": ["P-256", "P-384", "P-521", "X25519"],
        })),
        "generate" => generate(command),
        "sign" => sign(command),
        "verify" => verify(command),
        "encrypt" => {
            let key = encrypter(command)?;
            each(command, "payloads", "tokens", |payload| Ok(jwe::encrypt(&*key, payload.as_bytes())?))
        }
        "decrypt" => {
            let key = decrypter(command)?;
            each(command, "tokens", "payloads", |token| {
                let decrypted = jwe::decrypt_within(token, &*key, MaxLength::DEFAULT)?;
                Ok(String::from_utf8(decrypted.plain().to_vec())?)
            })
        }
        "sign_content" => content::sign(command),
        "verify_content" => content::verify(command),
        "sign_json" => documents::sign(command),
        "verify_json" => documents::verify(command),
        "encrypt_json" => documents::encrypt(command),
        "decrypt_json" => documents::decrypt(command),
        "issue" => sd_jwt::issue(command),
        "present" => sd_jwt::present(command),
        "read" => sd_jwt::read(command),
        op => Err(format!("no operation `{op}`").into()),
    }
}

/// A key pair as this library writes it. Secrets need no writing: the test draws them.
fn generate(command: &Value) -> Answer {
    if let Ok(algorithm) = algorithm(command) {
        let key = signing_key(algorithm)?;
        let private: Value = serde_json::from_str(&key.to_jwk()?.to_json())?;
        return Ok(json!({ "private": private, "public": key.verifying_key().to_jwk() }));
    }
    let algorithm = key_algorithm(command)?;
    let private = match command.get("crv").and_then(Value::as_str) {
        Some(crv) => DecryptingKey::generate_jwk_on(Curve::named(crv).ok_or("no such curve")?, algorithm)?,
        None => DecryptingKey::generate_jwk(algorithm)?,
    };
    let public = private.to_public().ok_or("no key pairs for this algorithm")?;
    let private: Value = serde_json::from_str(&private.to_json())?;
    Ok(json!({ "private": private, "public": public }))
}

/// RSA keys share their numbers, because making them takes the time of all other tests together.
fn signing_key(algorithm: Algorithm) -> Result<SigningKey, Problem> {
    static RSA: OnceLock<Vec<u8>> = OnceLock::new();
    if algorithm.family() != Family::Rsa {
        return Ok(SigningKey::generate(algorithm)?);
    }
    let pkcs8 = match RSA.get() {
        Some(pkcs8) => pkcs8,
        None => {
            let made = SigningKey::generate(algorithm)?.to_pkcs8()?.to_vec();
            RSA.get_or_init(|| made)
        }
    };
    Ok(SigningKey::from_pkcs8(algorithm, pkcs8)?)
}

fn sign(command: &Value) -> Answer {
    let key = signer(command)?;
    each(command, "payloads", "tokens", |payload| Ok(jws::sign(&*key, None, payload.as_bytes())?))
}

fn verify(command: &Value) -> Answer {
    let trusted = trusted(command)?;
    each(command, "tokens", "payloads", |token| {
        let signed = jws::verify(token, &trusted)?;
        Ok(String::from_utf8(signed.payload().to_vec())?)
    })
}

fn signer(command: &Value) -> Result<Box<dyn Signer>, Problem> {
    let (algorithm, jwk) = (algorithm(command)?, private_jwk(command)?);
    Ok(match algorithm.family() {
        Family::Secret => Box::new(SharedKey::from_jwk(&jwk)?),
        _ => Box::new(SigningKey::from_jwk_as(&jwk, algorithm)?),
    })
}

fn trusted(command: &Value) -> Result<Trusted, Problem> {
    let algorithm = algorithm(command)?;
    Ok(match algorithm.family() {
        Family::Secret => SharedKey::from_jwk(&private_jwk(command)?)?.into(),
        _ => VerifyingKey::from_jwk_as(&public_jwk(member(command, "jwk")?)?, algorithm)?.into(),
    })
}

fn encrypter(command: &Value) -> Result<Box<dyn Encrypter>, Problem> {
    let (algorithm, content) = (key_algorithm(command)?, content_algorithm(command)?);
    Ok(match algorithm.kind() {
        KeyKind::Rsa | KeyKind::Agreement => {
            let key = EncryptingKey::from_jwk_as(&public_jwk(member(command, "jwk")?)?, algorithm)?;
            Box::new(key.with_content(content))
        }
        KeyKind::Password => Box::new(password(command, algorithm)?.with_content(content)),
        _ => Box::new(symmetric(command, algorithm, content)?),
    })
}

fn decrypter(command: &Value) -> Result<Box<dyn Decrypter>, Problem> {
    let (algorithm, content) = (key_algorithm(command)?, content_algorithm(command)?);
    Ok(match algorithm.kind() {
        KeyKind::Rsa | KeyKind::Agreement => {
            let key = DecryptingKey::from_jwk_as(&private_jwk(command)?, algorithm)?;
            Box::new(key.with_content(content))
        }
        KeyKind::Password => Box::new(password(command, algorithm)?.with_content(content)),
        _ => Box::new(symmetric(command, algorithm, content)?),
    })
}

fn symmetric(
    command: &Value,
    algorithm: KeyAlgorithm,
    content: ContentAlgorithm,
) -> Result<SymmetricKey, Problem> {
    let jwk = private_jwk(command)?;
    if algorithm == KeyAlgorithm::Dir {
        return Ok(SymmetricKey::direct_from_jwk(&jwk, content)?);
    }
    Ok(SymmetricKey::from_jwk(&jwk)?.with_content(content)?)
}

/// A password has no JWK here; the test's is text, and its `k` is that text in base64url.
fn password(command: &Value, algorithm: KeyAlgorithm) -> Result<Password, Problem> {
    let secret = base64::decode(text(member(command, "jwk")?, "k")?)?;
    // Some of the others refuse more rounds than these.
    Ok(Password::new(algorithm, &String::from_utf8(secret)?)?.with_rounds(Rounds::MESSAGE))
}

/// Does one thing to every text of a list.
fn each(command: &Value, from: &str, to: &str, one: impl Fn(&str) -> Result<String, Problem>) -> Answer {
    each_of(list(command, from)?, to, |item| one(item.as_str().unwrap_or_default()))
}

/// Does one thing to every item. What is refused answers `null`, with the first reason beside the list.
fn each_of<T>(
    items: impl IntoIterator<Item = T>,
    to: &str,
    one: impl Fn(T) -> Result<String, Problem>,
) -> Answer {
    let mut refused = Value::Null;
    let results = items.into_iter().map(|item| match one(item) {
        Ok(result) => Value::from(result),
        Err(error) => {
            if refused.is_null() {
                refused = error.to_string().into();
            }
            Value::Null
        }
    });
    let results = results.collect();
    Ok(Map::from_iter([(to.to_owned(), Value::Array(results)), ("refused".to_owned(), refused)]).into())
}

fn list<'a>(command: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    member(command, name)?.as_array().ok_or_else(|| format!("`{name}` is no list"))
}

fn algorithm(command: &Value) -> Result<Algorithm, Problem> {
    let name = text(command, "alg")?;
    Algorithm::named(name).ok_or_else(|| format!("no algorithm `{name}`").into())
}

fn key_algorithm(command: &Value) -> Result<KeyAlgorithm, Problem> {
    let name = text(command, "alg")?;
    KeyAlgorithm::named(name).ok_or_else(|| format!("no algorithm `{name}`").into())
}

fn content_algorithm(command: &Value) -> Result<ContentAlgorithm, Problem> {
    let name = text(command, "enc")?;
    ContentAlgorithm::named(name).ok_or_else(|| format!("no algorithm `{name}`").into())
}

fn private_jwk(command: &Value) -> Result<PrivateJwk, Problem> {
    Ok(PrivateJwk::parse(member(command, "jwk")?.to_string().as_bytes())?)
}

fn public_jwk(jwk: &Value) -> Result<Jwk, Problem> {
    Ok(Jwk::parse(jwk.to_string().as_bytes())?)
}

fn member<'a>(command: &'a Value, name: &str) -> Result<&'a Value, String> {
    command.get(name).ok_or_else(|| format!("no `{name}`"))
}

fn text<'a>(command: &'a Value, name: &str) -> Result<&'a str, String> {
    member(command, name)?.as_str().ok_or_else(|| format!("`{name}` is no text"))
}
