//! OAuth 2.0 as decisions: requests read strictly, authorization, codes, client authentication, metadata.

pub mod authorize;
pub mod client;
pub mod client_auth;
pub mod code;
pub mod decide;
pub mod metadata;
pub mod params;
pub mod pkce;
pub mod redirect;

pub use authorize::{AuthorizeError, AuthorizeRequest, Tell};
pub use params::Params;

use crate::error::{OAuthError, OAuthRefusal};

/// An OAuth refusal.
pub(crate) fn no(error: OAuthError, description: impl Into<String>) -> OAuthRefusal {
    OAuthRefusal { error, description: description.into() }
}
