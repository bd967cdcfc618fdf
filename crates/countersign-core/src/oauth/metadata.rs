//! What the issuer says about itself: OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2, as one document.

use serde::Serialize;

use crate::record::Scope;

/// The metadata document, served at both well-known paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    missing_docs,
    reason = "every field is a word of RFC 8414 section 2 or OpenID Connect Discovery section 3"
)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub jwks_uri: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    pub end_session_endpoint: String,
    pub scopes_supported: Vec<String>,
    pub response_types_supported: Vec<&'static str>,
    pub response_modes_supported: Vec<&'static str>,
    pub grant_types_supported: Vec<&'static str>,
    pub subject_types_supported: Vec<&'static str>,
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    pub code_challenge_methods_supported: Vec<&'static str>,
    pub prompt_values_supported: Vec<&'static str>,
    pub claims_supported: Vec<&'static str>,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// The document of `issuer`, an origin without a trailing slash; `scopes` are those that any application may ask for.
    #[must_use]
    pub fn new(issuer: &str, scopes: &Scope) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        let confidential = || vec!["client_secret_basic", "client_secret_post"];
        let any = || vec!["client_secret_basic", "client_secret_post", "none"];
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            userinfo_endpoint: at("/userinfo"),
            jwks_uri: at("/jwks.json"),
            revocation_endpoint: at("/revoke"),
            introspection_endpoint: at("/introspect"),
            end_session_endpoint: at("/logout"),
            scopes_supported: scopes.names().map(str::to_owned).collect(),
            response_types_supported: vec!["code"],
            response_modes_supported: vec!["query"],
            grant_types_supported: vec!["authorization_code", "refresh_token", "client_credentials"],
            subject_types_supported: vec!["public"],
            // OIDC Discovery 3: RS256 must be among them.
            id_token_signing_alg_values_supported: vec!["RS256", "ES256"],
            token_endpoint_auth_methods_supported: any(),
            revocation_endpoint_auth_methods_supported: any(),
            introspection_endpoint_auth_methods_supported: confidential(),
            code_challenge_methods_supported: vec!["S256"],
            prompt_values_supported: vec!["none", "login", "consent"],
            claims_supported: vec![
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "sid",
                "amr",
                "email",
                "email_verified",
            ],
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_standards_require() {
        let scopes: Scope = "openid email".parse().unwrap();
        let document = serde_json::to_value(Metadata::new("https://id.example", &scopes)).unwrap();
        assert_eq!(document["issuer"], "https://id.example");
        assert_eq!(document["jwks_uri"], "https://id.example/jwks.json");
        assert_eq!(document["scopes_supported"], serde_json::json!(["email", "openid"]));
        assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(document["id_token_signing_alg_values_supported"], serde_json::json!(["RS256", "ES256"]));
    }
}
