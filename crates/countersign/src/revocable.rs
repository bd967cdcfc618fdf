//! What Countersign adds to an access token: enough to take it back.
//!
//! Other people's verifiers ignore both claims; the token stays a plain one of RFC 9068.

use countersign_jose::jwt::{AccessClaims, Extended};
use serde::{Deserialize, Serialize};

/// The claims that lead from a token to the grant behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Revocable {
    /// The handle of the grant.
    pub gid: String,
    /// The position in the revocation log that the issuer had read when it saw the grant alive.
    pub rv: u64,
}

/// The claims of an access token of Countersign's own.
pub type GrantClaims = Extended<AccessClaims, Revocable>;
