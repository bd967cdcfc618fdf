//! One disclosure: a salted claim that the holder may show.
//!
//! RFC 9901 4.2. The digest is over the base64url text as it was sent, so nothing depends on how
//! JSON is written. Two lengths of array tell a member of an object from an item of an array.

use core::fmt;

use serde_json::Value;

use crate::algorithm::Hash;
use crate::backend;
use crate::base64;
use crate::error::{Error, Fault};
use crate::json;

/// The salt's length in bytes (RFC 9901 9.3: 128 bits at least).
const SALT: usize = 16;

/// Names that have a meaning of their own in an SD-JWT, so that no claim has them.
pub(super) const RESERVED: [&str; 3] = ["_sd", "_sd_alg", "..."];

/// What a disclosure tells, and where it stands.
#[derive(Clone, PartialEq)]
pub struct Disclosure {
    /// As it was sent; the digest is over this.
    pub(super) text: String,
    pub(super) name: Option<String>,
    pub(super) value: Value,
    /// Where it stands; known once its digest was found.
    pub(super) path: String,
    /// The disclosure that it stands in.
    pub(super) parent: Option<usize>,
}

impl Disclosure {
    /// The claim's name; `None` for an item of an array.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What it says. A digest in it stands for what another disclosure tells.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Where it stands in the claims, as a JSON Pointer (RFC 6901), such as `/address/street`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Salts a claim.
    pub(super) fn make(name: Option<&str>, value: &Value) -> Result<Self, Fault> {
        let salt = salt()?;
        let json = match name {
            Some(name) => serde_json::to_vec(&(&salt, name, value)),
            None => serde_json::to_vec(&(&salt, value)),
        };
        Ok(Self {
            text: base64::encode(json.map_err(|_| Fault::Claims)?),
            name: name.map(Into::into),
            value: value.clone(),
            path: String::new(),
            parent: None,
        })
    }

    /// Reads one as it was sent.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refused = |flaw| Error::Disclosure { flaw };
        let json = base64::decode(text).map_err(|_| Error::Base64 { part: "disclosure" })?;
        let items = json::items(&json).map_err(|flaw| Error::Json { part: "disclosure", flaw })?;
        let (salt, name, value) = match items.as_slice() {
            [salt, value] => (salt, None, value),
            [salt, name, value] => {
                let nameless = || refused("the name of a disclosure is not a string");
                let name = name.text().ok_or_else(nameless)?;
                if RESERVED.contains(&name.as_ref()) || json::is_private(&name) {
                    return Err(refused("a disclosure has a name that no claim has"));
                }
                (salt, Some(name.into_owned()), value)
            }
            _ => return Err(refused("a disclosure has neither two parts nor three")),
        };
        if salt.text().is_none() {
            return Err(refused("the salt of a disclosure is not a string"));
        }
        let value = serde_json::from_str(value.raw())
            .map_err(|_| refused("the value of a disclosure cannot be read"))?;
        Ok(Self { text: text.to_owned(), name, value, path: String::new(), parent: None })
    }

    /// What stands for it in the signed claims.
    pub(super) fn digest(&self, hash: Hash) -> String {
        base64::encode(backend::digest(hash, self.text.as_bytes()))
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure({:?}, ..)", self.path)
    }
}

fn salt() -> Result<String, Fault> {
    let mut salt = [0; SALT];
    backend::fill_random(&mut salt)?;
    Ok(base64::encode(salt))
}

/// A digest that stands for nothing (RFC 9901 4.2.5).
pub(super) fn decoy() -> Result<String, Fault> {
    Ok(base64::encode(backend::sha256(salt()?.as_bytes())))
}
