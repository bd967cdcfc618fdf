//! What the issuer says about itself, so that a client needs its address and nothing more.

use countersign_core::Fault;
use countersign_core::oauth::metadata::Metadata;
use serde_json::Value;

use crate::apps::SCOPE;
use crate::engine::Engine;

impl Engine {
    /// What the issuer says about itself: OpenID Connect Discovery and RFC 8414 in one document.
    ///
    /// # Errors
    /// It could not be written as JSON.
    pub fn metadata(&self) -> Result<Value, Fault> {
        let scopes = SCOPE.parse().unwrap_or_default();
        let document = Metadata::new(&self.settings.issuer, &scopes);
        serde_json::to_value(document).map_err(|why| Fault::Codec(why.to_string()))
    }
}
