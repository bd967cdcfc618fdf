//! The kinds of token by name, and which kind a `typ` says.
//!
//! RFC 8725 3.11: the `typ` belongs to the kind. What is guessed from it here, is said to be guessed.

use clap::ValueEnum;

/// The kinds of token
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// An access token, `at+jwt` (RFC 9068)
    #[default]
    Access,
    /// An ID token, `JWT` (OpenID Connect Core 2)
    Id,
    /// A logout token, `logout+jwt` (OpenID Connect Back-Channel Logout 2.4)
    Logout,
    /// A security event, `secevent+jwt` (RFC 8417)
    Event,
    /// A client assertion, `client-authentication+jwt` (RFC 7523, RFC 10070)
    Assertion,
    /// A request object, `oauth-authz-req+jwt` (RFC 9101)
    Request,
    /// An introspection response, `token-introspection+jwt` (RFC 9701)
    Introspection,
    /// A DPoP proof, `dpop+jwt` (RFC 9449)
    Dpop,
}

impl Kind {
    /// The `typ` of its header.
    pub(crate) const fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
            Self::Logout => "logout+jwt",
            Self::Event => "secevent+jwt",
            Self::Assertion => "client-authentication+jwt",
            Self::Request => "oauth-authz-req+jwt",
            Self::Introspection => "token-introspection+jwt",
            Self::Dpop => "dpop+jwt",
        }
    }

    /// The word after `--kind`.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Access => "access token",
            Self::Id => "ID token",
            Self::Logout => "logout token",
            Self::Event => "security event",
            Self::Assertion => "client assertion",
            Self::Request => "request object",
            Self::Introspection => "introspection response",
            Self::Dpop => "DPoP proof",
        }
    }

    /// The kind whose `typ` this is, with or without `application/` (RFC 7515 4.1.9).
    pub(crate) fn of(typ: &str) -> Option<Self> {
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        Self::value_variants().iter().copied().find(|kind| kind.typ().eq_ignore_ascii_case(typ))
    }
}

/// The name of a `typ` that is no kind above, or `None` when nobody has registered it here.
pub(crate) fn other(typ: &str) -> Option<&'static str> {
    Some(match typ {
        "kb+jwt" => "key binding of an SD-JWT (RFC 9901)",
        "dc+sd-jwt" | "vc+sd-jwt" => "verifiable credential (SD-JWT)",
        "statuslist+jwt" => "status list",
        "JOSE" | "JOSE+JSON" => "a signed or encrypted document",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use countersign_jose::jwt::{
        AccessClaims, AssertionClaims, EventClaims, IdClaims, IntrospectionClaims, LogoutClaims, Profile,
        RequestClaims,
    };

    use super::*;

    #[test]
    fn every_kind_has_the_typ_of_its_profile() {
        for (kind, typ) in [
            (Kind::Access, AccessClaims::TYP),
            (Kind::Id, IdClaims::TYP),
            (Kind::Logout, LogoutClaims::TYP),
            (Kind::Event, EventClaims::TYP),
            (Kind::Assertion, AssertionClaims::TYP),
            (Kind::Request, RequestClaims::TYP),
            (Kind::Introspection, IntrospectionClaims::TYP),
        ] {
            assert_eq!((kind.typ(), Kind::of(typ)), (typ, Some(kind)));
        }
        assert_eq!(Kind::of("application/at+jwt"), Some(Kind::Access));
        assert_eq!(Kind::of("sd-jwt"), None);
    }
}
