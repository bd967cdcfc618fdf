//! Which application calls the token endpoint, and whether it is really that one.
//!
//! RFC 6749 section 2.3.1: `client_secret_basic` or `client_secret_post`, never both; a public client names itself only.

use countersign_jose::primitive;

use super::{Params, no, params};
use crate::error::{OAuthError, OAuthRefusal};
use crate::id::ClientId;
use crate::record::Client;
use crate::secret::ClientSecret;
use crate::wire;

/// How an application says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// In the `Authorization` header.
    Basic,
    /// In the body.
    Post,
    /// By its name only.
    None,
}

/// Who an application says it is.
#[derive(Debug)]
pub struct Credentials {
    id: ClientId,
    secret: Option<ClientSecret>,
    method: AuthMethod,
}

/// Proof that an application is who it says.
#[derive(Debug)]
pub struct Authenticated<'a> {
    client: &'a Client,
    method: AuthMethod,
}

impl<'a> Authenticated<'a> {
    /// The application.
    #[must_use]
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// How it said so.
    #[must_use]
    pub const fn method(&self) -> AuthMethod {
        self.method
    }

    /// Whether it proved it with a secret; a public client did not.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.method != AuthMethod::None
    }
}

impl Credentials {
    /// Reads who calls from the `Authorization` header and the body.
    ///
    /// # Errors
    /// `invalid_client`: nobody, or not readable. `invalid_request`: in two ways at once.
    pub fn read(authorization: Option<&str>, body: &Params) -> Result<Self, OAuthRefusal> {
        let (named, posted) = (body.value("client_id"), body.value("client_secret"));
        if body.value("client_assertion").is_some() || body.value("client_assertion_type").is_some() {
            return Err(no(OAuthError::InvalidClient, "client assertions are not accepted"));
        }
        let Some(header) = authorization else {
            let id = named
                .ok_or_else(|| no(OAuthError::InvalidClient, "the application did not say who it is"))?;
            let method = if posted.is_some() { AuthMethod::Post } else { AuthMethod::None };
            return Self::of(id, posted, method);
        };
        if posted.is_some() {
            return Err(no(OAuthError::InvalidRequest, "the secret came in the header and in the body"));
        }
        let (id, secret) = basic(header)
            .ok_or_else(|| no(OAuthError::InvalidClient, "the `Authorization` header cannot be read"))?;
        if named.is_some_and(|named| named != id) {
            return Err(no(OAuthError::InvalidRequest, "header and body name two applications"));
        }
        Self::of(&id, Some(&secret), AuthMethod::Basic)
    }

    /// Which application it says it is.
    #[must_use]
    pub const fn id(&self) -> &ClientId {
        &self.id
    }

    /// Compares with the record; `None` when there is no such application.
    ///
    /// # Errors
    /// `invalid_client`, with the same words whether the application or the secret is wrong.
    pub fn check<'a>(&self, client: Option<&'a Client>) -> Result<Authenticated<'a>, OAuthRefusal> {
        let good = client.filter(|client| client.id == self.id).filter(|client| {
            match (&client.secret, &self.secret) {
                (Some(known), Some(presented)) => primitive::same(&known.0, &presented.hash().0),
                (None, None) => true,
                // A public client that sends a secret was configured for another server; a confidential one must send it.
                (Some(_), None) | (None, Some(_)) => false,
            }
        });
        good.map(|client| Authenticated { client, method: self.method }).ok_or_else(unknown)
    }

    fn of(id: &str, secret: Option<&str>, method: AuthMethod) -> Result<Self, OAuthRefusal> {
        let secret = match secret {
            Some(text) => Some(ClientSecret::parse(text).ok_or_else(unknown)?),
            None => None,
        };
        Ok(Self { id: id.parse().map_err(|_| unknown())?, secret, method })
    }
}

fn unknown() -> OAuthRefusal {
    no(OAuthError::InvalidClient, "the application is not known or its credentials are wrong")
}

/// Name and secret from HTTP Basic (RFC 7617), each form-encoded before (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(wire::decode_standard(rest.trim_matches(' '), 2048)?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((params::decode(id)?, params::decode(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::tests::{confidential, public};

    fn secret() -> ClientSecret {
        ClientSecret::new([4; 32])
    }

    fn body(text: &str) -> Params {
        Params::parse(text).unwrap()
    }

    fn header(id: &str, secret: &str) -> String {
        let coded = wire::encode(format!("{id}:{secret}").as_bytes()).replace('-', "+").replace('_', "/");
        format!("Basic {coded}")
    }

    #[test]
    fn a_secret_in_the_header_or_in_the_body_proves_the_application() {
        let client = confidential();
        let basic = Credentials::read(Some(&header("shop", secret().reveal())), &body("")).unwrap();
        assert_eq!(basic.check(Some(&client)).unwrap().method(), AuthMethod::Basic);
        let encoded = header("sh%6Fp", &secret().reveal().replace('_', "%5F"));
        assert!(
            Credentials::read(Some(&encoded), &body("client_id=shop")).unwrap().check(Some(&client)).is_ok()
        );
        let text = format!("client_id=shop&client_secret={}", secret().reveal());
        let post = Credentials::read(None, &body(&text)).unwrap();
        assert!(post.check(Some(&client)).unwrap().has_secret());
    }

    #[test]
    fn a_public_client_names_itself_and_a_confidential_one_may_not() {
        let named = Credentials::read(None, &body("client_id=shop")).unwrap();
        assert!(!named.check(Some(&public())).unwrap().has_secret());
        assert!(named.check(Some(&confidential())).is_err());
        assert!(named.check(None).is_err());
        let with_secret = Credentials::read(Some(&header("shop", secret().reveal())), &body("")).unwrap();
        assert!(with_secret.check(Some(&public())).is_err());
    }

    #[test]
    fn a_wrong_secret_and_an_unknown_application_sound_the_same() {
        let client = confidential();
        let other = ClientSecret::new([5; 32]);
        let wrong = Credentials::read(Some(&header("shop", other.reveal())), &body("")).unwrap();
        assert_eq!(wrong.check(Some(&client)).unwrap_err(), wrong.check(None).unwrap_err());
        assert_eq!(
            wrong.check(None).unwrap_err(),
            Credentials::read(Some(&header("shop", "x")), &body("")).unwrap_err()
        );
    }

    #[test]
    fn two_ways_at_once_and_unreadable_headers_are_refused() {
        let good = header("shop", secret().reveal());
        let posted = format!("client_secret={}", secret().reveal());
        assert_eq!(
            Credentials::read(Some(&good), &body(&posted)).unwrap_err().error,
            OAuthError::InvalidRequest
        );
        assert!(Credentials::read(Some(&good), &body("client_id=bank")).is_err());
        for bad in ["", "Basic", "Basic !", "Bearer abc", "Basic c2hvcA=="] {
            assert_eq!(
                Credentials::read(Some(bad), &body("")).unwrap_err().error,
                OAuthError::InvalidClient,
                "{bad}"
            );
        }
        assert!(Credentials::read(None, &body("")).is_err());
        assert!(Credentials::read(None, &body("client_id=shop&client_assertion=x")).is_err());
    }
}
