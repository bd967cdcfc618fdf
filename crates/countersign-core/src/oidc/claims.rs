//! Which claims about a person a scope opens (OpenID Connect Core section 5.4). Token times and signatures are elsewhere.

use serde::Serialize;

use crate::record::{Scope, User};

/// What is said about a person: `sub` always, the address when `email` was allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// Who.
    pub sub: String,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the person has shown that letters to it arrive; an account opens only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl PersonClaims {
    /// What `scope` opens about `user`; none without `openid` (OpenID Connect Core section 5.3).
    #[must_use]
    pub fn select(user: &User, scope: &Scope) -> Option<Self> {
        if !scope.has("openid") {
            return None;
        }
        let email = scope.has("email").then(|| user.email.as_str().to_owned());
        Some(Self {
            sub: user.subject.as_str().to_owned(),
            email_verified: email.is_some().then_some(true),
            email,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::tests::user;

    fn select(scope: &str) -> Option<PersonClaims> {
        PersonClaims::select(&user(), &scope.parse().unwrap())
    }

    #[test]
    fn a_scope_opens_its_claims_and_no_others() {
        assert_eq!(select("email"), None);
        let bare = serde_json::to_value(select("openid").unwrap()).unwrap();
        assert_eq!(bare, serde_json::json!({ "sub": user().subject.as_str() }));
        let full = select("openid email").unwrap();
        assert_eq!(full.email.as_deref(), Some("ada@example.com"));
        assert_eq!(full.email_verified, Some(true));
    }
}
