//! josekit as a peer in `tests/interop/jose`: a command of JSON per line in, an answer per line out.

use std::io::{BufRead, Write};

use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ecx::EcxCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use serde_json::{Map, Value, json};

type Problem = Box<dyn std::error::Error>;
type Answer = Result<Value, Problem>;

const SIGN: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "ES256K", "EdDSA",
];
const KEY: &[&str] = &[
    "dir",
    "A128KW",
    "A192KW",
    "A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-384",
    "RSA-OAEP-512",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
];
const CONTENT: &[&str] =
    &["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];

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
        "supports" => Ok(
            json!({ "sign": SIGN, "key": KEY, "content": CONTENT, "curves": ["P-256", "P-384", "P-521", "X25519"] }),
        ),
        "generate" => generate(text(command, "alg")?, command.get("crv").and_then(Value::as_str)),
        "sign" => {
            let (alg, key) = (text(command, "alg")?, jwk(command)?);
            let signer = signer(alg, &key)?;
            each(command, "payloads", "tokens", |payload| {
                Ok(jws::serialize_compact(payload.as_bytes(), &JwsHeader::new(), &*signer)?)
            })
        }
        "verify" => {
            let verifier = verifier(text(command, "alg")?, &jwk(command)?)?;
            each(command, "tokens", "payloads", |token| {
                Ok(String::from_utf8(jws::deserialize_compact(token, &*verifier)?.0)?)
            })
        }
        "encrypt" => {
            let encrypter = encrypter(text(command, "alg")?, &jwk(command)?)?;
            let mut header = JweHeader::new();
            header.set_content_encryption(text(command, "enc")?);
            each(command, "payloads", "tokens", |payload| {
                Ok(jwe::serialize_compact(payload.as_bytes(), &header, &*encrypter)?)
            })
        }
        "decrypt" => {
            let decrypter = decrypter(text(command, "alg")?, &jwk(command)?)?;
            each(command, "tokens", "payloads", |token| {
                Ok(String::from_utf8(jwe::deserialize_compact(token, &*decrypter)?.0)?)
            })
        }
        op => Err(format!("no operation `{op}`").into()),
    }
}

fn generate(alg: &str, curve: Option<&str>) -> Answer {
    let key = match (alg, curve) {
        ("ES256", _) | (_, Some("P-256")) => Jwk::generate_ec_key(EcCurve::P256)?,
        ("ES384", _) | (_, Some("P-384")) => Jwk::generate_ec_key(EcCurve::P384)?,
        ("ES512", _) | (_, Some("P-521")) => Jwk::generate_ec_key(EcCurve::P521)?,
        ("ES256K", _) => Jwk::generate_ec_key(EcCurve::Secp256k1)?,
        ("EdDSA", _) => Jwk::generate_ed_key(EdCurve::Ed25519)?,
        (_, Some("X25519")) => Jwk::generate_ecx_key(EcxCurve::X25519)?,
        _ if alg.starts_with("RS") || alg.starts_with("PS") => Jwk::generate_rsa_key(2048)?,
        _ => return Err(format!("no keys for `{alg}`").into()),
    };
    let public = key.to_public_key()?;
    Ok(json!({ "private": named(key, alg), "public": named(public, alg) }))
}

fn named(jwk: Jwk, alg: &str) -> Value {
    let mut map: Map<String, Value> = jwk.into();
    map.insert("alg".to_owned(), alg.into());
    map.into()
}

/// The key of a command. Its `alg` was compared when it was read by the algorithm itself.
fn jwk(command: &Value) -> Result<Jwk, Problem> {
    Ok(Jwk::from_bytes(command.get("jwk").ok_or("no `jwk`")?.to_string())?)
}

/// One arm for each algorithm: every one is a type of its own.
macro_rules! choose {
    ($alg:expr, $method:ident, $jwk:expr, $($name:literal => $algorithm:expr),+ $(,)?) => {
        match $alg {
            $($name => Box::new($algorithm.$method($jwk)?),)+
            other => return Err(format!("no algorithm `{other}`").into()),
        }
    };
}

macro_rules! signature {
    ($alg:expr, $method:ident, $jwk:expr) => {
        choose!($alg, $method, $jwk,
            "HS256" => jws::HS256, "HS384" => jws::HS384, "HS512" => jws::HS512,
            "RS256" => jws::RS256, "RS384" => jws::RS384, "RS512" => jws::RS512,
            "PS256" => jws::PS256, "PS384" => jws::PS384, "PS512" => jws::PS512,
            "ES256" => jws::ES256, "ES384" => jws::ES384, "ES512" => jws::ES512,
            "ES256K" => jws::ES256K, "EdDSA" => jws::EdDSA,
        )
    };
}

macro_rules! encryption {
    ($alg:expr, $method:ident, $jwk:expr) => {
        choose!($alg, $method, $jwk,
            "dir" => jwe::Dir,
            "A128KW" => jwe::A128KW, "A192KW" => jwe::A192KW, "A256KW" => jwe::A256KW,
            "A128GCMKW" => jwe::A128GCMKW, "A192GCMKW" => jwe::A192GCMKW, "A256GCMKW" => jwe::A256GCMKW,
            "ECDH-ES" => jwe::ECDH_ES, "ECDH-ES+A128KW" => jwe::ECDH_ES_A128KW,
            "ECDH-ES+A192KW" => jwe::ECDH_ES_A192KW, "ECDH-ES+A256KW" => jwe::ECDH_ES_A256KW,
            "RSA-OAEP" => jwe::RSA_OAEP, "RSA-OAEP-256" => jwe::RSA_OAEP_256,
            "RSA-OAEP-384" => jwe::RSA_OAEP_384, "RSA-OAEP-512" => jwe::RSA_OAEP_512,
            "PBES2-HS256+A128KW" => jwe::PBES2_HS256_A128KW, "PBES2-HS384+A192KW" => jwe::PBES2_HS384_A192KW,
            "PBES2-HS512+A256KW" => jwe::PBES2_HS512_A256KW,
        )
    };
}

fn signer(alg: &str, jwk: &Jwk) -> Result<Box<dyn JwsSigner>, Problem> {
    Ok(signature!(alg, signer_from_jwk, jwk))
}

fn verifier(alg: &str, jwk: &Jwk) -> Result<Box<dyn JwsVerifier>, Problem> {
    Ok(signature!(alg, verifier_from_jwk, jwk))
}

fn encrypter(alg: &str, jwk: &Jwk) -> Result<Box<dyn JweEncrypter>, Problem> {
    Ok(encryption!(alg, encrypter_from_jwk, jwk))
}

fn decrypter(alg: &str, jwk: &Jwk) -> Result<Box<dyn JweDecrypter>, Problem> {
    Ok(encryption!(alg, decrypter_from_jwk, jwk))
}

/// Does one thing to every text of a list. What is refused answers `null`, with the first reason beside the list.
fn each(command: &Value, from: &str, to: &str, one: impl Fn(&str) -> Result<String, Problem>) -> Answer {
    let mut refused = Value::Null;
    let list = command.get(from).and_then(Value::as_array).ok_or("no list")?;
    let results = list.iter().map(|item| match one(item.as_str().unwrap_or_default()) {
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

fn text<'a>(command: &'a Value, name: &str) -> Result<&'a str, Problem> {
    command.get(name).and_then(Value::as_str).ok_or_else(|| format!("no `{name}`").into())
}
