//! Claims of one's own for a token that is minted: read strictly, and kept from standing in for the registered ones.
//!
//! RFC 7519 4: a claim's name occurs once. Those that the kind of token has a place for go there, by their type.

use countersign_jose::json::Object;
use countersign_jose::jwt::{Extended, Profile};
use countersign_jose::{Error, Signer, jwt};
use serde_json::{Map, Value};

use crate::given;
use crate::problem::{Problem, Result, code};

/// The claims of RFC 7519 4.1, each with the option that sets it.
const REGISTERED: [(&str, &str); 7] = [
    ("iss", "use --issuer"),
    ("sub", "use --subject"),
    ("aud", "use --audience"),
    ("exp", "use --lifetime"),
    ("iat", "it is the time of minting"),
    ("nbf", "a minted token is valid at once"),
    ("jti", "it is drawn"),
];

/// Claims from the outside, each of which is taken once.
pub(super) struct Own(Map<String, Value>);

/// Where the claims will stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Beside the registered ones, whose names they must not have.
    Beside,
    /// Within a claim of the kind, where all names are free.
    Within,
}

/// Reads claims from a file or from stdin; none when no source is given.
pub(super) fn read(source: Option<&str>, place: Place) -> Result<Own> {
    let Some(source) = source else { return Ok(Own(Map::new())) };
    let bytes = given::content(source)?;
    Object::parse(&bytes).map_err(|flaw| Error::Json { part: "claims", flaw })?;
    let claims: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::usage(code::BAD_VALUE, format!("`--claims` cannot be read: {error}")))?;
    let mut taken_by = REGISTERED.into_iter().filter(|(name, _)| claims.contains_key(*name));
    match taken_by.next().filter(|_| place == Place::Beside) {
        Some((name, instead)) => Err(taken(name).hint(instead)),
        None => Ok(Own(claims)),
    }
}

impl Own {
    /// What is left.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Takes a text that the kind has a place for.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        self.take(name, "a text", |value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// Takes a time that the kind has a place for.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<u64>> {
        self.take(name, "a time in whole seconds since 1970", Value::as_u64)
    }

    /// Takes a yes or no that the kind has a place for.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        self.take(name, "true or false", Value::as_bool)
    }

    /// Takes texts that the kind has a place for.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        let all = |items: &Vec<Value>| items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        Ok(self.take(name, "a list of texts", |value| value.as_array().and_then(all))?.unwrap_or_default())
    }

    /// Refuses a claim that an option writes.
    pub(super) fn without(&self, name: &str, instead: &'static str) -> Result {
        if self.0.contains_key(name) { Err(taken(name).hint(instead)) } else { Ok(()) }
    }

    fn take<T>(&mut self, name: &str, what: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        match read(&value) {
            Some(read) => Ok(Some(read)),
            None => {
                let problem = format!("`{name}` in `--claims` must be {what}");
                Err(Problem::usage(code::BAD_VALUE, problem)
                    .hint("no verifier would take the token otherwise"))
            }
        }
    }
}

/// Signs the claims of a kind together with one's own.
pub(super) fn sign<C: Profile>(key: &dyn Signer, claims: C, own: Own) -> Result<String> {
    let own = own.rest();
    if own.is_empty() {
        return Ok(jwt::sign(key, &claims)?);
    }
    let set = serde_json::to_value(&claims).unwrap_or_default();
    if let Some(name) = own.keys().find(|name| set.get(name.as_str()).is_some()) {
        return Err(taken(name).hint("this kind of token has that claim already: take it out of `--claims`"));
    }
    Ok(jwt::sign(key, &Extended::new(claims, own))?)
}

fn taken(name: &str) -> Problem {
    Problem::usage(code::BAD_VALUE, format!("`--claims` may not hold `{name}`"))
}
