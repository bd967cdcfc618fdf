//! What an issuer says, and which of it the holder may keep back.
//!
//! RFC 9901 4 and 5. The digests of an object are sorted, so that their order tells nothing of
//! the claims' (RFC 9901 4.2.4.1).

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::disclosure::{Disclosure, RESERVED, decoy};
use super::json::Envelope;
use super::{Held, MAX_DISCLOSURES, Type, Unsigned};
use crate::algorithm::Hash;
use crate::base64;
use crate::error::{Error, Fault};
use crate::json::Object;
use crate::jws::{self, MaxLength};
use crate::key::{SigningKey, VerifyingKey};

/// Claims that decide whether the credential is good: a holder cannot keep them back
/// (RFC 9901 9.7, SD-JWT VC 2.2.2.2).
const ALWAYS: [&str; 9] = ["iss", "aud", "exp", "nbf", "cnf", "vct", "vct#integrity", "status", "_sd_alg"];

/// The claims of a credential before it is signed.
///
/// ```
/// use countersign_jose::sd_jwt::{Claims, Type};
/// use countersign_jose::{Algorithm, SigningKey};
/// # use serde_json::json;
/// let mut claims = Claims::new(&json!({ "iss": "https://town.example", "tongues": ["pt", "en"] })).unwrap();
/// claims.conceal("/tongues/1").unwrap(); // an item of an array
/// claims.decoys("/tongues", 2).unwrap(); // hides how many there are
/// assert!(claims.conceal("/iss").is_err());
/// let credential = claims.sign(&SigningKey::generate(Algorithm::Es256)?, Type::CREDENTIAL)?;
/// assert!(credential.ends_with('~'));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone)]
pub struct Claims {
    claims: Value,
    concealed: Vec<String>,
    decoys: Vec<(String, usize)>,
}

impl Claims {
    /// Takes an object of claims.
    ///
    /// # Errors
    /// [`Error::OwnClaims`] for anything but an object that a verifier would read,
    /// [`Error::Disclosure`] when a claim has one of the names `_sd`, `_sd_alg` and `...`.
    pub fn new(claims: &impl Serialize) -> Result<Self, Error> {
        let claims = serde_json::to_value(claims).map_err(|_| Error::OwnClaims)?;
        let text = claims.to_string();
        Object::parse_text(&text).map_err(|_| Error::OwnClaims)?;
        if reserved(&claims) {
            return Err(Error::Disclosure { flaw: "a claim has a name that no claim has" });
        }
        Ok(Self { claims, concealed: Vec::new(), decoys: Vec::new() })
    }

    /// Lets the holder keep back what stands at a JSON Pointer (RFC 6901): a member of an object
    /// or an item of an array. What stands inside it can be concealed as well, before or after.
    ///
    /// # Errors
    /// [`Error::Disclosure`] when nothing stands there, it is concealed already, or it is one of
    /// the claims that decide whether the credential is good.
    pub fn conceal(&mut self, path: &str) -> Result<(), Error> {
        let refused = |flaw| Err(Error::Disclosure { flaw });
        if path.is_empty() || self.claims.pointer(path).is_none() {
            return refused("nothing stands at this path");
        }
        // Nor may something inside such a claim be kept back.
        let top = path.split('/').nth(1).unwrap_or_default();
        if ALWAYS.contains(&top) {
            return refused("this claim decides whether the credential is good");
        }
        if self.concealed.iter().any(|known| known == path) {
            return refused("it is concealed already");
        }
        if self.concealed.len() == MAX_DISCLOSURES {
            return refused("there are too many disclosures");
        }
        self.concealed.push(path.to_owned());
        Ok(())
    }

    /// Adds digests that stand for nothing to an object or an array (RFC 9901 4.2.5); the empty
    /// path is the claims themselves.
    ///
    /// # Errors
    /// [`Error::Disclosure`] when neither stands there, or for more than 64.
    pub fn decoys(&mut self, path: &str, count: usize) -> Result<(), Error> {
        let there = self.claims.pointer(path).is_some_and(|value| value.is_object() || value.is_array());
        if !there || count > 64 {
            return Err(Error::Disclosure { flaw: "no decoys can stand at this path" });
        }
        self.decoys.push((path.to_owned(), count));
        Ok(())
    }

    /// Binds the credential to the holder's key, in `cnf` (RFC 9901 4.1.2, RFC 7800 3.2).
    ///
    /// # Errors
    /// [`Error::OwnClaims`] when the claims have a `cnf` already.
    pub fn bind_to(&mut self, holder: &VerifyingKey) -> Result<(), Error> {
        let members = self.claims.as_object_mut().ok_or(Error::OwnClaims)?;
        if members.contains_key("cnf") {
            return Err(Error::OwnClaims);
        }
        members.insert("cnf".to_owned(), json!({ "jwk": holder.to_bare_jwk() }));
        Ok(())
    }

    /// Signs the credential: the token and all disclosures, for the holder and nobody else.
    ///
    /// # Errors
    /// [`Fault::Random`] and [`Fault::Crypto`]; [`Fault::NotStrict`], [`Fault::TooLong`] and
    /// [`Fault::Claims`] for a credential that nobody could read: digests nest, too.
    pub fn sign(&self, key: &SigningKey, typ: Type) -> Result<String, Fault> {
        let (payload, disclosed) = self.written()?;
        let text = jws::sign(key, Some(typ.name()), &payload)? + &disclosed;
        readable(Held::parse(&text))?;
        Ok(text)
    }

    /// As [`Claims::sign`], in JSON (RFC 9901 8), for [`Held::parse_json`]: flattened with the
    /// signature of one key, general with those of several, in this order. What [`Claims::prepare`]
    /// makes for a key elsewhere becomes JSON by [`Presentation::in_json`](super::Presentation::in_json).
    ///
    /// # Errors
    /// As [`Claims::sign`]; [`Fault::Claims`] for more than
    /// [`MAX_SIGNATURES`](crate::jws::MAX_SIGNATURES).
    pub fn sign_json(&self, first: &SigningKey, others: &[&SigningKey], typ: Type) -> Result<String, Fault> {
        let (payload, disclosed) = self.written()?;
        let sign = |key: &SigningKey| jws::sign(key, Some(typ.name()), &payload);
        let others = others.iter().map(|key| sign(key)).collect::<Result<Vec<_>, _>>()?;
        let shown = sign(first)? + &disclosed;
        let (before, behind) = Envelope::signed_also(&others).around(&shown);
        let text = before + &behind;
        readable(Held::parse_json(&text))?;
        Ok(text)
    }

    /// Writes the credential up to its signature, which the private half of `key` must make elsewhere:
    /// in an HSM or a KMS.
    ///
    /// # Errors
    /// As [`Claims::sign`].
    pub fn prepare(&self, key: &VerifyingKey, typ: Type) -> Result<Unsigned, Fault> {
        let (payload, disclosed) = self.written()?;
        let token = jws::prepare(key, Some(typ.name()), &payload).within(MaxLength::DEFAULT)?;
        // As long as it will be, so that nobody is asked to sign what cannot be read.
        let signature = "A".repeat(base64::encoded_len(key.signature_len()));
        let text = format!("{}.{signature}{disclosed}", String::from_utf8_lossy(token.input()));
        readable(Held::parse(&text))?;
        Ok(Unsigned::new(String::new(), token, disclosed))
    }

    /// The payload of the token, and the disclosures that stand behind it.
    fn written(&self) -> Result<(Vec<u8>, String), Fault> {
        let mut claims = self.claims.clone();
        // What stands inside goes first, so that it is still where its path says.
        let mut paths: Vec<&String> = self.concealed.iter().collect();
        paths.sort_by_key(|path| core::cmp::Reverse(path.split('/').count()));
        let decoys = self.decoys.iter().flat_map(|(path, count)| core::iter::repeat_n(path, *count));
        for path in decoys {
            put_decoy(&mut claims, path)?;
        }
        let mut disclosures = Vec::new();
        for path in paths {
            disclosures.push(take(&mut claims, path)?);
        }
        sort_digests(&mut claims);
        if let Some(members) = claims.as_object_mut() {
            members.insert("_sd_alg".to_owned(), Value::from("sha-256"));
        }
        let payload = serde_json::to_vec(&claims).map_err(|_| Fault::Claims)?;
        let mut disclosed = String::new();
        for disclosure in &disclosures {
            disclosed.push('~');
            disclosed.push_str(&disclosure.text);
        }
        disclosed.push('~');
        Ok((payload, disclosed))
    }
}

/// Whether a holder could read the credential.
fn readable(read: Result<Held, Error>) -> Result<(), Fault> {
    match read {
        Ok(_) => Ok(()),
        Err(Error::Json { flaw, .. }) => Err(Fault::NotStrict { flaw }),
        Err(Error::TooLarge { limit }) => Err(Fault::TooLong { limit }),
        Err(_) => Err(Fault::Claims),
    }
}

/// Takes what stands at a path out, and leaves its digest.
fn take(claims: &mut Value, path: &str) -> Result<Disclosure, Fault> {
    let (around, last) = path.rsplit_once('/').ok_or(Fault::Claims)?;
    let name = last.replace("~1", "/").replace("~0", "~");
    match claims.pointer_mut(around).ok_or(Fault::Claims)? {
        Value::Object(members) => {
            let value = members.remove(&name).ok_or(Fault::Claims)?;
            let disclosure = Disclosure::make(Some(&name), &value)?;
            push_digest(members, disclosure.digest(Hash::Sha256));
            Ok(disclosure)
        }
        Value::Array(items) => {
            let index: usize = name.parse().map_err(|_| Fault::Claims)?;
            let item = items.get_mut(index).ok_or(Fault::Claims)?;
            let disclosure = Disclosure::make(None, item)?;
            *item = json!({ "...": disclosure.digest(Hash::Sha256) });
            Ok(disclosure)
        }
        _ => Err(Fault::Claims),
    }
}

fn put_decoy(claims: &mut Value, path: &str) -> Result<(), Fault> {
    match claims.pointer_mut(path).ok_or(Fault::Claims)? {
        Value::Object(members) => push_digest(members, decoy()?),
        // Behind all items, so that the items stay where their paths say.
        Value::Array(items) => items.push(json!({ "...": decoy()? })),
        _ => return Err(Fault::Claims),
    }
    Ok(())
}

/// Adds a digest to those of an object. No claim has their name, so it holds nothing else.
fn push_digest(members: &mut Map<String, Value>, digest: String) {
    if let Some(Value::Array(digests)) = members.get_mut("_sd") {
        digests.push(Value::from(digest));
    } else {
        members.insert("_sd".to_owned(), json!([digest]));
    }
}

/// Sorts the digests of every object.
fn sort_digests(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(digests)) = members.get_mut("_sd") {
                digests.sort_by(|one, two| one.as_str().cmp(&two.as_str()));
            }
            members.values_mut().for_each(sort_digests);
        }
        Value::Array(items) => items.iter_mut().for_each(sort_digests),
        _ => {}
    }
}

/// Whether a claim, at any depth, has a name with a meaning of its own.
fn reserved(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| RESERVED.contains(&name.as_str()) || reserved(value))
        }
        Value::Array(items) => items.iter().any(reserved),
        _ => false,
    }
}
