//! An application asks to sign a person out (OpenID Connect RP-Initiated Logout 1.0 section 2). Does not check the hint's
//! signature: that is the verifier's, and this module takes what it found.

use crate::error::{OAuthError, OAuthRefusal};
use crate::id::{ClientId, Subject};
use crate::oauth::{Params, no, params, redirect};
use crate::policy;
use crate::record::{Client, Login};

/// A request to sign out, before its hint was checked.
#[derive(Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// The ID token; verify it without its expiry (section 2: it may be old).
    pub id_token_hint: Option<String>,
    /// Which application asks.
    pub client: Option<ClientId>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

/// What a verified ID token said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// For which application it was made (`aud`).
    pub client: ClientId,
    /// Whom it names.
    pub subject: Subject,
    /// Which login at which application.
    pub sid: Option<String>,
}

/// How a sign-out goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutPlan {
    /// Whether the person must be asked first: anybody can make a browser open the page.
    pub ask: bool,
    /// Where the browser goes afterwards.
    pub back: Option<String>,
}

impl LogoutRequest {
    /// Reads the request.
    ///
    /// # Errors
    /// `invalid_request`: the application's id is not readable, or `state` is too long.
    pub fn read(params: &Params) -> Result<Self, OAuthRefusal> {
        let owned = |name: &str| params.value(name).map(str::to_owned);
        let client = match params.value("client_id").map(str::parse) {
            None => None,
            Some(Ok(client)) => Some(client),
            Some(Err(_)) => {
                return Err(no(OAuthError::InvalidRequest, "`client_id` is not an application's id"));
            }
        };
        let state = owned("state");
        if state.as_ref().is_some_and(|state| state.len() > policy::STATE_BYTES) {
            return Err(no(OAuthError::InvalidRequest, "`state` has at most 512 bytes"));
        }
        Ok(Self {
            id_token_hint: owned("id_token_hint"),
            client,
            post_logout_redirect_uri: owned("post_logout_redirect_uri"),
            state,
        })
    }

    /// Which application the request is from; ask the directory for it.
    ///
    /// # Errors
    /// `invalid_request`: hint and `client_id` name two.
    pub fn asker<'a>(&'a self, hint: Option<&'a Hint>) -> Result<Option<&'a ClientId>, OAuthRefusal> {
        match (&self.client, hint.map(|hint| &hint.client)) {
            (Some(named), Some(hinted)) if named != hinted => {
                Err(no(OAuthError::InvalidRequest, "the hint was made for another application"))
            }
            (named, hinted) => Ok(named.as_ref().or(hinted)),
        }
    }

    /// How the sign-out goes on, for the browser whose live login is `login`; `sid_key` makes `sid`s.
    ///
    /// # Errors
    /// `invalid_request`: the address is not registered for the application, compared byte for byte.
    pub fn plan(
        &self,
        client: Option<&Client>,
        hint: Option<&Hint>,
        login: Option<&Login>,
        sid_key: &[u8; 32],
    ) -> Result<LogoutPlan, OAuthRefusal> {
        let back = match &self.post_logout_redirect_uri {
            None => None,
            Some(uri) => {
                let known = client.is_some_and(|client| {
                    redirect::find(&client.post_logout_redirect_uris, uri, client.secret.is_none()).is_some()
                });
                if !known {
                    return Err(no(
                        OAuthError::InvalidRequest,
                        "`post_logout_redirect_uri` is not registered for this application",
                    ));
                }
                Some(params::with_query(uri, &[("state", self.state.as_deref())]))
            }
        };
        // Only an ID token of this very login shows that the application speaks for the person at this browser.
        let same = |(hint, login): (&Hint, &Login)| {
            hint.subject == login.subject && hint.sid.as_deref() == Some(&login.sid(&hint.client, sid_key))
        };
        let ask = login.is_some() && !hint.zip(login).is_some_and(same);
        Ok(LogoutPlan { ask, back })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::tests::login;
    use crate::oauth::client::tests::confidential;
    use crate::time::Timestamp;

    const KEY: [u8; 32] = [1; 32];

    fn read(text: &str) -> LogoutRequest {
        LogoutRequest::read(&Params::parse(text).unwrap()).unwrap()
    }

    fn hint(sid: Option<String>) -> Hint {
        let login = login(Timestamp::from_seconds(9));
        Hint { client: "shop".parse().unwrap(), subject: login.subject, sid }
    }

    #[test]
    fn an_id_token_of_this_login_needs_no_question() {
        let login = login(Timestamp::from_seconds(9));
        let client = confidential();
        let request = read("post_logout_redirect_uri=https://shop.example/bye&state=a+b");
        let good = hint(Some(login.sid(&client.id, &KEY)));
        let plan = |hint: Option<&Hint>| request.plan(Some(&client), hint, Some(&login), &KEY).unwrap();
        assert!(!plan(Some(&good)).ask);
        assert_eq!(plan(Some(&good)).back.as_deref(), Some("https://shop.example/bye?state=a%20b"));
        for other in [None, Some(hint(None)), Some(hint(Some("x".to_owned())))] {
            assert!(plan(other.as_ref()).ask, "{other:?}");
        }
        assert!(!request.plan(Some(&client), None, None, &KEY).unwrap().ask);
    }

    #[test]
    fn only_a_registered_address_is_gone_back_to() {
        let client = confidential();
        for text in ["https://shop.example/bye/", "https://shop.example/cb", "https://evil.example/bye"] {
            let request = read(&format!("post_logout_redirect_uri={text}"));
            assert!(request.plan(Some(&client), None, None, &KEY).is_err(), "{text}");
        }
        assert!(
            read("post_logout_redirect_uri=https://shop.example/bye").plan(None, None, None, &KEY).is_err()
        );
    }

    #[test]
    fn hint_and_name_must_agree() {
        let hint = hint(None);
        assert!(read("client_id=bank").asker(Some(&hint)).is_err());
        assert_eq!(read("client_id=shop").asker(Some(&hint)).unwrap(), Some(&hint.client));
        assert_eq!(read("").asker(Some(&hint)).unwrap(), Some(&hint.client));
        assert_eq!(read("").asker(None).unwrap(), None);
    }
}
