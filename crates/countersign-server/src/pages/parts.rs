//! What several pages share: where the person is, who asks, devices, scopes in plain words. Decides wording
//! only.

use serde::Serialize;

/// Where the person is, and when.
#[derive(Clone, Serialize)]
pub struct Frame {
    /// The host in the address bar, named in the foot.
    pub host: String,
    /// Unix seconds; every relative time on the page counts from here.
    pub now: i64,
}

/// The application on whose behalf a page asks something.
#[derive(Clone, Serialize)]
pub struct Asking {
    /// Its name as registered.
    pub name: String,
    /// The host the person will go back to.
    pub host: String,
}

/// A link with its words.
#[derive(Clone, Serialize)]
pub struct Link {
    /// What the link says.
    pub text: String,
    /// Where it leads.
    pub href: String,
}

/// One named value.
#[derive(Clone, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The value, formatted.
    pub value: String,
}

/// How an application knows its user.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// A cookie that names server-side state.
    Session,
    /// A signed token, checked without asking anyone.
    Jwt,
    /// A signed token that can still be ended at once.
    Hybrid,
}

/// The drawing beside a session.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// A computer with a screen.
    Laptop,
    /// A phone or a tablet.
    Phone,
    /// No person in front of it, or nothing known.
    Machine,
}

/// How one line of a story went.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Accepted.
    Ok,
    /// Refused.
    Bad,
    /// Neither: it happened.
    Plain,
    /// It has not happened yet.
    Ahead,
}

/// One line of a story: a time and a sentence with a person in it.
#[derive(Clone, Serialize)]
pub struct Story {
    /// Unix seconds.
    pub at: i64,
    /// The sentence, without a full stop.
    pub sentence: String,
    /// How it went.
    pub outcome: Outcome,
}

/// One scope in plain words.
#[derive(Clone, Serialize)]
pub struct ScopeLine {
    /// The scope's name, as in the request.
    pub name: String,
    /// What the application may do with it.
    pub says: String,
}

impl ScopeLine {
    /// The words for a scope (OpenID Connect Core 5.4 and 11); an application's own scope shows its name.
    #[must_use]
    pub fn of(scope: &str) -> Self {
        let says = match scope {
            "openid" => "Know that it is you, each time you come back",
            "profile" => "See the name on your account",
            "email" => "See your e-mail address",
            "address" => "See the postal address on your account",
            "phone" => "See the phone number on your account",
            "offline_access" => "Act for you while you are away, until you withdraw it",
            other => return Self { name: other.to_owned(), says: format!("Do what it calls “{other}”") },
        };
        Self { name: scope.to_owned(), says: says.to_owned() }
    }
}
