//! The pages people see: view models in, HTML out. Decides how things look and read; decides nothing about
//! who may see them, reads no store and no clock (`now` travels in each model's [`Frame`]).
//!
//! Each page is a plain struct of values that are already formatted, and names its template. Templates are
//! embedded, escape everything, and hold neither inline style nor inline script, so that
//! [`CONTENT_SECURITY_POLICY`] can be strict. Cross-site requests are refused by the routes (Fetch Metadata and
//! `Origin`), so no form carries a token. Each model's doc names the form fields that its page posts.

mod account;
mod asset;
mod console;
mod demo;
mod door;
mod link;
mod mail;
mod parts;
mod templates;
mod time;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

pub use self::account::{
    AccountApps, AccountData, AccountFrame, AccountPassword, AccountSessions, AllowedApp, EndedSession,
    LiveSession,
};
pub use self::asset::{Asset, asset};
pub use self::console::{
    AppDetail, AppForm, AppRegistered, AppRow, Apps, Audit, AuditFilter, AuditLine, Choice, ConsoleFrame,
    ConsoleSignIn, GrantRow, KeyRow, KeyState, Keys, Now, Pager, SessionDetail, SessionFilter, SessionRow,
    SessionState, Sessions, Setup, UserDetail, UserRow, Users,
};
pub use self::demo::{
    CartLine, Claim, Command, DemoApp, Front, Good, Held, LetterPage, LetterRow, Mailbox, Picture, Shop,
    Shopper,
};
pub use self::door::{
    ConfirmMail, Consent, Continue, MailPurpose, MailSent, Problem, Recover, Reset, SignIn, SignOut, SignUp,
    SignedOut,
};
pub use self::mail::{AlreadyLetter, ConfirmLetter, Letter, Mail, PasswordChangedLetter, ResetLetter};
pub use self::parts::{Asking, Device, Fact, Frame, Link, Outcome, ScopeLine, Story, Style};

/// The policy every page is sent with.
///
/// Content Security Policy Level 3. `form-action` also covers the redirects that follow a POST, so a POST that
/// leads to another host answers 200 with [`Continue`] instead of a redirect.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The referrer policy every page is sent with.
///
/// Not `no-referrer`: browsers then send `Origin: null` with form posts, and the cross-site check would refuse
/// our own forms.
pub const REFERRER_POLICY: &str = "same-origin";

/// A view model: the values of one page and the name of its template.
pub trait Page: Serialize {
    /// The template's name below `templates/`.
    fn template(&self) -> &'static str;
}

/// Names the template of each page.
macro_rules! pages {
    ($($model:ty => $template:literal),+ $(,)?) => {
        $(impl $crate::pages::Page for $model {
            fn template(&self) -> &'static str { $template }
        })+
    };
}
use pages;

/// Every template, parsed once.
pub struct Pages {
    environment: Environment<'static>,
}

impl Pages {
    /// Parses the embedded templates.
    #[must_use]
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        match SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => tracing::error!(%error, "could not set how templates treat blank lines"),
        }
        time::install(&mut environment);
        link::install(&mut environment);
        environment.add_function("asset", asset::url);
        for (name, source) in templates::ALL {
            if let Err(error) = environment.add_template(name, source) {
                tracing::error!(template = name, %error, "could not parse a template");
            }
        }
        Self { environment }
    }

    /// Draws a page.
    ///
    /// A template that fails (a mistake of ours, caught by the tests) yields a short page that says so.
    pub fn render(&self, page: &impl Page) -> Html {
        Html(self.draw(page.template(), page).unwrap_or_else(|| UNDRAWN.to_owned()))
    }

    /// Writes a letter: its subject and its plain text.
    pub fn letter(&self, letter: &impl Letter) -> Mail {
        Mail::from_text(&self.draw(letter.template(), letter).unwrap_or_default())
    }

    fn draw(&self, name: &'static str, model: &impl Serialize) -> Option<String> {
        let values = Value::from(Serde(model));
        let drawn = self.environment.get_template(name).and_then(|template| template.render(values));
        drawn.map_err(|error| tracing::error!(template = name, %error, "could not draw a page")).ok()
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

/// A drawn page. As a response it carries its type, the policies above, and `Cache-Control: no-store`.
pub struct Html(pub String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
            (header::REFERRER_POLICY, HeaderValue::from_static(REFERRER_POLICY)),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.0).into_response()
    }
}

const UNDRAWN: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not drawn</title>\
    <main id=\"main\"><h1>This page could not be drawn</h1><p>The server's log says why.</p></main></html>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        let pages = Pages::new();
        for (name, _) in templates::ALL {
            assert!(pages.environment.get_template(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_page_is_sent_with_its_policies() {
        let response = Html("<p>hello".to_owned()).into_response();
        let sent = |name: header::HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(sent(header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(sent(header::CACHE_CONTROL), "no-store");
        let policy = sent(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
