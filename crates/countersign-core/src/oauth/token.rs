//! Reading a request to the token endpoint (RFC 6749 sections 4.1.3, 4.4.2 and 6). What becomes of it is decided in `code`
//! and in [`token::refresh`](crate::token::refresh).

use super::client_auth::Authenticated;
use super::code::Redemption;
use super::{Params, no};
use crate::error::{OAuthError, OAuthRefusal};
use crate::record::{Client, Grant, Scope};
use crate::secret::RefreshToken;

/// What an application asks the token endpoint for.
#[derive(Debug)]
pub enum TokenRequest {
    /// To redeem a code.
    Code(Redemption),
    /// To go on with a grant.
    Refresh {
        /// The token presented.
        token: RefreshToken,
        /// What the access token shall allow; all of the grant when left out.
        scope: Option<Scope>,
    },
    /// To act for itself.
    Alone {
        /// What the access token shall allow.
        scope: Scope,
    },
}

impl TokenRequest {
    /// Reads what the authenticated application asks for.
    ///
    /// # Errors
    /// `invalid_request`, `invalid_grant`, `invalid_scope`, `unauthorized_client` or `unsupported_grant_type`.
    pub fn read(params: &Params, by: &Authenticated<'_>) -> Result<Self, OAuthRefusal> {
        match params.required("grant_type")? {
            "authorization_code" => Redemption::read(params).map(Self::Code),
            "refresh_token" => {
                let token = RefreshToken::parse(params.required("refresh_token")?)
                    .ok_or_else(|| no(OAuthError::InvalidGrant, "the refresh token is not known"))?;
                Ok(Self::Refresh { token, scope: asked(params)? })
            }
            "client_credentials" => {
                let client = by.client();
                if !client.acts_alone || !by.has_secret() {
                    return Err(no(OAuthError::UnauthorizedClient, "the application may not act for itself"));
                }
                Ok(Self::Alone { scope: alone(client, asked(params)?)? })
            }
            _ => Err(no(
                OAuthError::UnsupportedGrantType,
                "`grant_type` is `authorization_code`, `refresh_token` or `client_credentials`",
            )),
        }
    }
}

impl Grant {
    /// What an access token of this grant allows when `asked` for: never more than was granted (RFC 6749 section 6).
    ///
    /// # Errors
    /// `invalid_scope`: more was asked for.
    pub fn narrowed(&self, asked: Option<Scope>) -> Result<Scope, OAuthRefusal> {
        match asked {
            None => Ok(self.scope.clone()),
            Some(scope) if scope.within(&self.scope) => Ok(scope),
            Some(_) => Err(no(OAuthError::InvalidScope, "more was asked for than was allowed")),
        }
    }
}

fn asked(params: &Params) -> Result<Option<Scope>, OAuthRefusal> {
    match params.value("scope").map(str::parse) {
        None => Ok(None),
        Some(Ok(scope)) => Ok(Some(scope)),
        Some(Err(_)) => Err(no(OAuthError::InvalidScope, "`scope` cannot be read")),
    }
}

/// What an application gets for itself: nothing about a person.
fn alone(client: &Client, asked: Option<Scope>) -> Result<Scope, OAuthRefusal> {
    let about_people = |name: &str| matches!(name, "openid" | "email" | "profile" | "offline_access");
    let scope = match asked {
        Some(scope) => scope,
        None => {
            let own: Vec<&str> = client.scope.names().filter(|name| !about_people(name)).collect();
            own.join(" ").parse().unwrap_or_default()
        }
    };
    if !scope.within(&client.scope) || scope.names().any(about_people) {
        return Err(no(OAuthError::InvalidScope, "the application may not have that scope for itself"));
    }
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::tests::{confidential, public};
    use crate::oauth::client_auth::Credentials;
    use crate::secret::ClientSecret;

    fn read(text: &str, client: &Client) -> Result<TokenRequest, OAuthError> {
        let secret = ClientSecret::new([4; 32]);
        let mut body = format!("client_id=shop&{text}");
        if client.secret.is_some() {
            body.push_str(&format!("&client_secret={}", secret.reveal()));
        }
        let params = Params::parse(&body).unwrap();
        let credentials = Credentials::read(None, &params).unwrap();
        let by = credentials.check(Some(client)).unwrap();
        TokenRequest::read(&params, &by).map_err(|refusal| refusal.error)
    }

    #[test]
    fn only_an_application_with_a_secret_that_may_acts_for_itself() {
        let mut client = confidential();
        let text = "grant_type=client_credentials";
        assert_eq!(read(text, &client).unwrap_err(), OAuthError::UnauthorizedClient);
        client.acts_alone = true;
        let Ok(TokenRequest::Alone { scope }) = read(text, &client) else { panic!("refused") };
        assert_eq!(scope.to_string(), "orders");
        for scope in ["openid", "admin"] {
            assert_eq!(
                read(&format!("{text}&scope={scope}"), &client).unwrap_err(),
                OAuthError::InvalidScope
            );
        }
        let mut client = public();
        client.acts_alone = true;
        assert_eq!(read(text, &client).unwrap_err(), OAuthError::UnauthorizedClient);
    }

    #[test]
    fn unknown_kinds_and_unreadable_tokens_are_refused() {
        let client = confidential();
        for (text, error) in [
            ("", OAuthError::InvalidRequest),
            ("grant_type=password&username=a&password=b", OAuthError::UnsupportedGrantType),
            ("grant_type=refresh_token", OAuthError::InvalidRequest),
            ("grant_type=refresh_token&refresh_token=x", OAuthError::InvalidGrant),
            ("grant_type=authorization_code&code=x", OAuthError::InvalidGrant),
        ] {
            assert_eq!(read(text, &client).unwrap_err(), error, "{text}");
        }
    }
}
