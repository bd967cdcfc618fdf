//! Reading an authorization request, and how a refusal is told: on a page, or by a redirect.
//!
//! RFC 6749 section 4.1.2.1: while the application or its address is in doubt, the browser is never redirected. RFC 9207:
//! every answer names its issuer. OpenID Connect Core section 3.1.2.1 for `prompt`, `max_age`, `nonce`, `login_hint`.

use std::time::Duration;

use super::pkce::Challenge;
use super::{Params, no, params, redirect};
use crate::error::{OAuthError, OAuthRefusal};
use crate::id::ClientId;
use crate::policy;
use crate::record::{Client, Scope};
use crate::secret::Code;

/// What an application asks of the person at the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// `none`: show no page.
    pub none: bool,
    /// `login`: sign in again.
    pub login: bool,
    /// `consent`: ask again.
    pub consent: bool,
}

/// An authorization request from a known application, to be answered at a registered address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The application.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What is asked for.
    pub scope: Scope,
    /// Echoed in the answer.
    pub state: Option<String>,
    /// Echoed in the ID token.
    pub nonce: Option<String>,
    /// What the code's verifier must answer.
    pub challenge: Challenge,
    /// What the person is asked.
    pub prompt: Prompt,
    /// How old the sign-in may be.
    pub max_age: Option<Duration>,
    /// Whom the application expects.
    pub login_hint: Option<String>,
}

/// A refused authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeError {
    /// On a page of ours; the browser is not redirected.
    Show(OAuthRefusal),
    /// To the application, by a redirect.
    Tell(Tell),
}

/// A refusal that goes to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// Where to.
    pub redirect_uri: String,
    /// Echoed.
    pub state: Option<String>,
    /// What is wrong.
    pub refusal: OAuthRefusal,
}

impl Tell {
    /// The address that the browser is sent to.
    #[must_use]
    pub fn location(&self, issuer: &str) -> String {
        params::with_query(
            &self.redirect_uri,
            &[
                ("error", Some(self.refusal.error.as_str())),
                ("error_description", Some(&self.refusal.description)),
                ("state", self.state.as_deref()),
                ("iss", Some(issuer)),
            ],
        )
    }
}

/// Which application an authorization request names; ask the directory for it.
///
/// # Errors
/// To be shown: there is no readable `client_id`.
pub fn client_id(params: &Params) -> Result<ClientId, OAuthRefusal> {
    params
        .required("client_id")?
        .parse()
        .map_err(|_| no(OAuthError::InvalidRequest, "`client_id` is not an application's id"))
}

impl AuthorizeRequest {
    /// Reads the request of `client`.
    ///
    /// # Errors
    /// [`AuthorizeError::Show`] until the address is known to be the application's, [`AuthorizeError::Tell`] after.
    pub fn parse(params: &Params, client: &Client) -> Result<Self, AuthorizeError> {
        let redirect_uri = address(params, client).map_err(AuthorizeError::Show)?;
        let state =
            params.value("state").filter(|state| state.len() <= policy::STATE_BYTES).map(str::to_owned);
        Self::rest(params, client, redirect_uri, state.clone()).map_err(|refusal| {
            AuthorizeError::Tell(Tell { redirect_uri: redirect_uri.to_owned(), state, refusal })
        })
    }

    /// The address that carries `code` to the application.
    #[must_use]
    pub fn location(&self, code: &Code, issuer: &str) -> String {
        params::with_query(
            &self.redirect_uri,
            &[("code", Some(code.reveal())), ("state", self.state.as_deref()), ("iss", Some(issuer))],
        )
    }

    /// The refusal of this request, to be told.
    #[must_use]
    pub fn refuse(&self, error: OAuthError, description: &str) -> Tell {
        Tell {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            refusal: no(error, description),
        }
    }

    fn rest(
        params: &Params,
        client: &Client,
        redirect_uri: &str,
        state: Option<String>,
    ) -> Result<Self, OAuthRefusal> {
        let bad = |why: &str| Err(no(OAuthError::InvalidRequest, why));
        for name in ["request", "request_uri", "registration"] {
            if params.value(name).is_some() {
                return Err(no(OAuthError::InvalidRequest, format!("`{name}` is not supported")));
            }
        }
        if ["state", "nonce", "login_hint"]
            .iter()
            .any(|name| params.value(name).is_some_and(|value| value.len() > policy::STATE_BYTES))
        {
            return bad("`state`, `nonce` and `login_hint` have at most 512 bytes");
        }
        if params.required("response_type")? != "code" {
            return Err(no(OAuthError::UnsupportedResponseType, "`response_type` must be `code`"));
        }
        if params.value("response_mode").is_some_and(|mode| mode != "query") {
            return bad("`response_mode` must be `query`");
        }
        let asked = params.value("scope").map_or_else(|| Ok(client.scope.clone()), str::parse::<Scope>);
        let Some(scope) = asked.ok().and_then(|scope| allowed(&scope, &client.scope)) else {
            return Err(no(OAuthError::InvalidScope, "the application may not ask for that scope"));
        };
        let max_age = match params.value("max_age").map(str::parse::<u32>) {
            None => None,
            Some(Ok(seconds)) => Some(Duration::from_secs(u64::from(seconds))),
            Some(Err(_)) => return bad("`max_age` is a number of seconds"),
        };
        Ok(Self {
            client: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope,
            state,
            nonce: params.value("nonce").map(str::to_owned),
            challenge: Challenge::read(params)?,
            prompt: prompt(params.value("prompt").unwrap_or_default())?,
            max_age,
            login_hint: params.value("login_hint").map(str::to_owned),
        })
    }
}

fn address<'a>(params: &'a Params, client: &Client) -> Result<&'a str, OAuthRefusal> {
    if client_id(params)? != client.id {
        return Err(no(OAuthError::InvalidRequest, "the request names another application"));
    }
    let presented = params.required("redirect_uri")?;
    if redirect::find(&client.redirect_uris, presented, client.secret.is_none()).is_none() {
        return Err(no(OAuthError::InvalidRequest, "`redirect_uri` is not registered for this application"));
    }
    Ok(presented)
}

fn prompt(text: &str) -> Result<Prompt, OAuthRefusal> {
    let mut prompt = Prompt::default();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(no(OAuthError::InvalidRequest, "`prompt` knows `none`, `login` and `consent`")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(no(OAuthError::InvalidRequest, "`prompt=none` stands alone"));
    }
    Ok(prompt)
}

/// What is asked for, less the standard scopes that this application cannot have: common client libraries ask for `profile`
/// or `offline_access` of themselves, and OpenID Connect Core 3.1.2.1 lets a server leave out what it does not offer. A
/// scope of the application's own world is allowed or refused, never dropped in silence.
fn allowed(asked: &Scope, registered: &Scope) -> Option<Scope> {
    let standard = Scope::standard();
    let granted = asked.common(registered);
    let harmless = asked.names().filter(|name| !registered.has(name)).all(|name| standard.has(name));
    (harmless && !granted.is_empty()).then_some(granted)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::oauth::client::tests::confidential;

    const GOOD: &str = "client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&response_type=code&scope=openid\
        &state=s+1&nonce=n1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    fn read(text: &str) -> Result<AuthorizeRequest, AuthorizeError> {
        AuthorizeRequest::parse(&Params::parse(text).unwrap(), &confidential())
    }

    pub(crate) fn request(extra: &str) -> AuthorizeRequest {
        read(&format!("{GOOD}{extra}")).unwrap()
    }

    fn told(text: &str) -> OAuthError {
        match read(text) {
            Err(AuthorizeError::Tell(tell)) => {
                assert_eq!(tell.redirect_uri, "https://shop.example/cb");
                tell.refusal.error
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_request_is_read() {
        let request = request("&prompt=login+consent&max_age=60&login_hint=ada&unknown=1");
        assert_eq!(request.state.as_deref(), Some("s 1"));
        assert_eq!(request.prompt, Prompt { none: false, login: true, consent: true });
        assert_eq!(request.max_age, Some(Duration::from_secs(60)));
        let location = request.location(&Code::new([0; 32]), "https://id.example");
        assert!(location.starts_with("https://shop.example/cb?code=cs_ac_AAAA"), "{location}");
        assert!(location.ends_with("&state=s%201&iss=https%3A%2F%2Fid.example"), "{location}");
    }

    #[test]
    fn a_standard_scope_that_the_application_cannot_have_is_left_out() {
        let asked = read(&GOOD.replace("scope=openid", "scope=openid+profile+phone")).unwrap();
        assert_eq!(asked.scope.to_string(), "openid");
    }

    #[test]
    fn a_doubtful_application_or_address_is_shown_and_never_redirected() {
        for (from, to) in [
            ("client_id=shop", "client_id=bank"),
            ("client_id=shop", "client_id=%21"),
            ("client_id=shop&", ""),
            ("%2Fcb", "%2Fcb%2F"),
            ("shop.example", "evil.example"),
            ("redirect_uri=https%3A%2F%2Fshop.example%2Fcb&", ""),
        ] {
            assert!(matches!(read(&GOOD.replace(from, to)), Err(AuthorizeError::Show(_))), "{to}");
        }
    }

    #[test]
    fn everything_else_is_told_to_the_application() {
        use OAuthError::{InvalidRequest, InvalidScope, UnsupportedResponseType};
        for (from, to, error) in [
            ("response_type=code", "response_type=token", UnsupportedResponseType),
            ("response_type=code", "response_type=code+id_token", UnsupportedResponseType),
            ("response_type=code&", "", InvalidRequest),
            ("scope=openid", "scope=openid+admin", InvalidScope),
            ("scope=openid", "scope=profile", InvalidScope),
            ("S256", "plain", InvalidRequest),
            ("code_challenge=", "x=", InvalidRequest),
            ("nonce=n1", "response_mode=fragment", InvalidRequest),
            ("nonce=n1", "request=abc", InvalidRequest),
            ("nonce=n1", "request_uri=https://x", InvalidRequest),
            ("nonce=n1", "prompt=none+login", InvalidRequest),
            ("nonce=n1", "prompt=create", InvalidRequest),
            ("nonce=n1", "max_age=-1", InvalidRequest),
        ] {
            assert_eq!(told(&GOOD.replace(from, to)), error, "{to}");
        }
        assert_eq!(told(&GOOD.replace("s+1", &"x".repeat(513))), InvalidRequest);
    }

    #[test]
    fn a_refusal_carries_state_and_issuer() {
        let tell = request("").refuse(OAuthError::AccessDenied, "the person said no");
        assert_eq!(
            tell.location("https://id.example"),
            "https://shop.example/cb?error=access_denied&error_description=the%20person%20said%20no\
             &state=s%201&iss=https%3A%2F%2Fid.example"
        );
    }
}
