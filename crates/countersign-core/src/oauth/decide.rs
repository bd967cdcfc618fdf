//! What an authorization request needs next: a sign-in, a consent, or nothing more.
//!
//! OpenID Connect Core sections 3.1.2.1 (`prompt`, `max_age`) and 3.1.2.4 (consent).

use super::{AuthorizeRequest, Tell};
use crate::error::OAuthError;
use crate::port::ConsentRecord;
use crate::record::{Client, Login, Scope};
use crate::time::Timestamp;

/// What an authorization request needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Somebody must sign in, or again.
    SignIn,
    /// The person must be asked for this.
    Consent(Scope),
    /// A code may be issued for this.
    Grant(Scope),
    /// The application is told why not.
    Tell(Tell),
}

/// What is known about the browser that asks.
#[derive(Clone, Copy, Debug)]
pub struct Browser<'a> {
    /// The login of its live session with the issuer, if it has one.
    pub login: Option<&'a Login>,
    /// What the person allowed this application before.
    pub consent: Option<&'a ConsentRecord>,
    /// When this request first arrived: a sign-in or consent since then answers `prompt`.
    pub asked: Timestamp,
}

/// Decides what `request` of `client` needs next at `now`.
pub fn next(request: &AuthorizeRequest, client: &Client, browser: Browser<'_>, now: Timestamp) -> Next {
    let fresh = |login: &&Login| {
        login.is_alive(now)
            && !(request.prompt.login && login.at < browser.asked)
            // A sign-in since the request arrived is as fresh as can be, whatever `max_age` says.
            && (login.at >= browser.asked || request.max_age.is_none_or(|age| now.since(login.at) <= age))
    };
    if browser.login.filter(fresh).is_none() {
        if request.prompt.none {
            return Next::Tell(
                request.refuse(OAuthError::LoginRequired, "nobody is signed in, or not recently enough"),
            );
        }
        return Next::SignIn;
    }
    let allowed = browser.consent.filter(|consent| {
        request.scope.within(&consent.scope) && !(request.prompt.consent && consent.at < browser.asked)
    });
    if allowed.is_some() || client.first_party && !request.prompt.consent {
        return Next::Grant(request.scope.clone());
    }
    if request.prompt.none {
        return Next::Tell(request.refuse(OAuthError::ConsentRequired, "the person has not allowed this"));
    }
    Next::Consent(request.scope.clone())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::login::tests::login;
    use crate::oauth::authorize::tests::request;
    use crate::oauth::client::tests::confidential;

    const SIGNED_IN: Timestamp = Timestamp::from_seconds(1_000_000);

    fn consent(scope: &str, at: Timestamp) -> ConsentRecord {
        ConsentRecord { client: "shop".parse().unwrap(), scope: scope.parse().unwrap(), at }
    }

    /// The request arrives 100 s after the sign-in and is decided 10 s later.
    fn answer(
        extra: &str,
        login: Option<&Login>,
        consent: Option<&ConsentRecord>,
        first_party: bool,
    ) -> Next {
        let mut client = confidential();
        client.first_party = first_party;
        let asked = SIGNED_IN + Duration::from_secs(100);
        next(&request(extra), &client, Browser { login, consent, asked }, asked + Duration::from_secs(10))
    }

    fn told(next: Next) -> OAuthError {
        match next {
            Next::Tell(tell) => tell.refusal.error,
            other => panic!("{other:?}"),
        }
    }

    fn openid() -> Scope {
        "openid".parse().unwrap()
    }

    #[test]
    fn nobody_signed_in_signs_in_unless_no_page_may_be_shown() {
        assert_eq!(answer("", None, None, true), Next::SignIn);
        assert_eq!(told(answer("&prompt=none", None, None, true)), OAuthError::LoginRequired);
    }

    #[test]
    fn first_party_applications_skip_consent_and_others_ask_once() {
        let login = login(SIGNED_IN);
        let (wide, narrow) = (consent("openid email", SIGNED_IN), consent("email", SIGNED_IN));
        assert_eq!(answer("", Some(&login), None, true), Next::Grant(openid()));
        assert_eq!(answer("", Some(&login), None, false), Next::Consent(openid()));
        assert_eq!(answer("", Some(&login), Some(&narrow), false), Next::Consent(openid()));
        assert_eq!(answer("", Some(&login), Some(&wide), false), Next::Grant(openid()));
        assert_eq!(told(answer("&prompt=none", Some(&login), None, false)), OAuthError::ConsentRequired);
    }

    #[test]
    fn prompt_login_wants_a_sign_in_since_the_request_arrived() {
        let before = login(SIGNED_IN);
        let after = login(SIGNED_IN + Duration::from_secs(105));
        assert_eq!(answer("&prompt=login", Some(&before), None, true), Next::SignIn);
        assert_eq!(answer("&prompt=login", Some(&after), None, true), Next::Grant(openid()));
    }

    #[test]
    fn prompt_consent_asks_again_even_for_our_own() {
        let login = login(SIGNED_IN);
        let old = consent("openid", SIGNED_IN);
        let new = consent("openid", SIGNED_IN + Duration::from_secs(105));
        assert_eq!(answer("&prompt=consent", Some(&login), Some(&old), true), Next::Consent(openid()));
        assert_eq!(answer("&prompt=consent", Some(&login), Some(&new), true), Next::Grant(openid()));
    }

    #[test]
    fn max_age_bounds_the_age_of_the_sign_in() {
        let login = login(SIGNED_IN);
        assert_eq!(answer("&max_age=110", Some(&login), None, true), Next::Grant(openid()));
        assert_eq!(answer("&max_age=109", Some(&login), None, true), Next::SignIn);
        assert_eq!(
            told(answer("&max_age=109&prompt=none", Some(&login), None, true)),
            OAuthError::LoginRequired
        );
        let anew = super::super::super::login::tests::login(SIGNED_IN + Duration::from_secs(105));
        assert_eq!(answer("&max_age=0", Some(&anew), None, true), Next::Grant(openid()));
    }
}
