//! Claims of one's own for a token that is minted: read strictly, and kept from standing in for the registered ones.
//!
//! RFC 7519 4: a claim's name occurs once.

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

/// Reads claims from a file or from stdin; none when no source is given.
pub(super) fn read(source: Option<&str>) -> Result<Map<String, Value>> {
    let Some(source) = source else { return Ok(Map::new()) };
    let bytes = given::content(source)?;
    Object::parse(&bytes).map_err(|flaw| Error::Json { part: "claims", flaw })?;
    let claims: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::usage(code::BAD_VALUE, format!("`--claims` cannot be read: {error}")))?;
    for (name, instead) in REGISTERED {
        if claims.contains_key(name) {
            return Err(taken(name).hint(instead));
        }
    }
    Ok(claims)
}

/// Signs the claims of a kind together with one's own.
pub(super) fn sign<C: Profile>(key: &dyn Signer, claims: C, own: Map<String, Value>) -> Result<String> {
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
