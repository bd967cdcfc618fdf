//! Putting disclosed claims back where their digests stand.
//!
//! RFC 9901 7.1, steps 3 to 5. Refuses what could be read in two ways: a digest that occurs
//! twice, a disclosure that belongs nowhere, a claim that is there already.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::disclosure::Disclosure;
use crate::algorithm::Hash;
use crate::error::Error;

/// What a list of digests or a placeholder looks like when it is none.
const MALFORMED: Error = Error::Disclosure { flaw: "`_sd` or `...` is not made of digests" };

/// The claims with everything that is disclosed in its place, and nothing of the digests left.
/// Each disclosure learns where it stands. Answers with the hash of the digests.
pub(super) fn restore(
    claims: &mut Map<String, Value>,
    disclosures: &mut [Disclosure],
) -> Result<Hash, Error> {
    let hash = hash(claims.remove("_sd_alg").as_ref())?;
    let mut by_digest = BTreeMap::new();
    for (at, disclosure) in disclosures.iter().enumerate() {
        if by_digest.insert(disclosure.digest(hash), at).is_some() {
            return Err(Error::Disclosure { flaw: "a disclosure occurs twice" });
        }
    }
    let mut restorer = Restorer { disclosures, by_digest, seen: BTreeSet::new() };
    restorer.object(claims, &Place::default())?;
    if restorer.by_digest.is_empty() {
        Ok(hash)
    } else {
        Err(Error::Disclosure { flaw: "a disclosure belongs to nothing that was signed" })
    }
}

/// The hash that `_sd_alg` names (RFC 9901 4.1.1; IANA's Named Information hashes).
fn hash(named: Option<&Value>) -> Result<Hash, Error> {
    match named.map(Value::as_str) {
        None | Some(Some("sha-256")) => Ok(Hash::Sha256),
        Some(Some("sha-384")) => Ok(Hash::Sha384),
        Some(Some("sha-512")) => Ok(Hash::Sha512),
        Some(_) => Err(Error::Disclosure { flaw: "`_sd_alg` names no hash that is known" }),
    }
}

/// Where in the claims we are.
#[derive(Default, Clone)]
struct Place {
    path: String,
    depth: usize,
    parent: Option<usize>,
}

impl Place {
    fn inside(&self, name: &str, parent: Option<usize>) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { path: format!("{}/{name}", self.path), depth: self.depth + 1, parent }
    }
}

struct Restorer<'a> {
    disclosures: &'a mut [Disclosure],
    /// The disclosures that were not needed so far.
    by_digest: BTreeMap<String, usize>,
    /// Every digest that was met, also those that nothing was disclosed for.
    seen: BTreeSet<String>,
}

impl Restorer<'_> {
    fn value(&mut self, value: &mut Value, place: &Place) -> Result<(), Error> {
        match value {
            Value::Object(members) => self.object(members, place),
            Value::Array(items) => self.array(items, place),
            _ => Ok(()),
        }
    }

    fn object(&mut self, members: &mut Map<String, Value>, place: &Place) -> Result<(), Error> {
        if place.depth == MAX_DEPTH {
            return Err(Error::Disclosure { flaw: "the claims nest too deeply" });
        }
        if members.contains_key("...") || members.contains_key("_sd_alg") {
            return Err(MALFORMED);
        }
        let digests = match members.remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(MALFORMED),
        };
        for (name, value) in members.iter_mut() {
            self.value(value, &place.inside(name, place.parent))?;
        }
        for digest in digests {
            let Some(at) = self.find(digest.as_str().ok_or(MALFORMED)?)? else { continue };
            let disclosure = self.disclosures.get(at).ok_or(MALFORMED)?;
            let name = disclosure.name.clone();
            let name = name.ok_or(Error::Disclosure { flaw: "an item of an array stands in an object" })?;
            if members.contains_key(&name) {
                return Err(Error::Disclosure { flaw: "a disclosed claim is there already" });
            }
            let value = self.disclosed(at, &place.inside(&name, Some(at)), place.parent)?;
            members.insert(name, value);
        }
        Ok(())
    }

    fn array(&mut self, items: &mut Vec<Value>, place: &Place) -> Result<(), Error> {
        if place.depth == MAX_DEPTH {
            return Err(Error::Disclosure { flaw: "the claims nest too deeply" });
        }
        let mut kept = Vec::with_capacity(items.len());
        for (index, mut item) in items.drain(..).enumerate() {
            let index = index.to_string();
            let Some(digest) = placeholder(&item)? else {
                self.value(&mut item, &place.inside(&index, place.parent))?;
                kept.push(item);
                continue;
            };
            let Some(at) = self.find(digest)? else { continue };
            if self.disclosures.get(at).is_none_or(|disclosure| disclosure.name.is_some()) {
                return Err(Error::Disclosure { flaw: "a member of an object stands in an array" });
            }
            kept.push(self.disclosed(at, &place.inside(&index, Some(at)), place.parent)?);
        }
        *items = kept;
        Ok(())
    }

    /// The disclosure of a digest that is met for the first time.
    fn find(&mut self, digest: &str) -> Result<Option<usize>, Error> {
        if !self.seen.insert(digest.to_owned()) {
            return Err(Error::Disclosure { flaw: "a digest occurs twice" });
        }
        Ok(self.by_digest.remove(digest))
    }

    /// What a disclosure tells, with what is disclosed inside it.
    fn disclosed(&mut self, at: usize, place: &Place, parent: Option<usize>) -> Result<Value, Error> {
        let disclosure = self.disclosures.get_mut(at).ok_or(MALFORMED)?;
        disclosure.path.clone_from(&place.path);
        disclosure.parent = parent;
        let mut value = disclosure.value.clone();
        self.value(&mut value, place)?;
        Ok(value)
    }
}

/// The digest of `{"...": digest}`, and an error for what only resembles it.
fn placeholder(item: &Value) -> Result<Option<&str>, Error> {
    let Some(members) = item.as_object() else { return Ok(None) };
    let Some(digest) = members.get("...") else { return Ok(None) };
    if members.len() == 1 { digest.as_str().map(Some).ok_or(MALFORMED) } else { Err(MALFORMED) }
}
