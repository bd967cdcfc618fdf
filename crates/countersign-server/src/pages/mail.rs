//! The letters: plain text, a subject and a body. Decides the words; the sender and the address it goes to are
//! the routes' business.

use serde::Serialize;

/// A letter's values and the name of its template, whose first line is the subject.
pub trait Letter: Serialize {
    /// The template's name below `templates/`.
    fn template(&self) -> &'static str;
}

/// A letter ready to be sent.
pub struct Mail {
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
}

impl Mail {
    pub(super) fn from_text(text: &str) -> Self {
        let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
        Self { subject: subject.trim().to_owned(), text: format!("{}\n", body.trim()) }
    }
}

/// To somebody who asked for an account.
#[derive(Serialize)]
pub struct ConfirmLetter {
    /// Whose account it is, for example `Corner Shop`.
    pub product: String,
    /// The issuer's host.
    pub host: String,
    /// The link with its code.
    pub link: String,
    /// Seconds until the link is refused.
    pub lasts: i64,
}

/// To somebody who has an account and asked for another.
#[derive(Serialize)]
pub struct AlreadyLetter {
    /// Whose account it is.
    pub product: String,
    /// The issuer's host.
    pub host: String,
    /// The sign-in page.
    pub signin: String,
    /// The recovery page.
    pub recover: String,
}

/// To somebody who asked to set a new password.
#[derive(Serialize)]
pub struct ResetLetter {
    /// Whose account it is.
    pub product: String,
    /// The issuer's host.
    pub host: String,
    /// The link with its code.
    pub link: String,
    /// Seconds until the link is refused.
    pub lasts: i64,
}

/// To somebody whose password was changed.
#[derive(Serialize)]
pub struct PasswordChangedLetter {
    /// Whose account it is.
    pub product: String,
    /// The issuer's host.
    pub host: String,
    /// The recovery page.
    pub recover: String,
    /// Unix seconds of the change.
    pub at: i64,
    /// For example `Firefox on Linux`.
    pub device: String,
    /// The network prefix it came from.
    pub network: String,
    /// How many other sign-ins were ended with it.
    pub ended: u32,
}

macro_rules! letters {
    ($($model:ty => $template:literal),+ $(,)?) => {
        $(impl Letter for $model {
            fn template(&self) -> &'static str { $template }
        })+
    };
}

letters! {
    ConfirmLetter => "mail/confirm.txt",
    AlreadyLetter => "mail/already.txt",
    ResetLetter => "mail/reset.txt",
    PasswordChangedLetter => "mail/password-changed.txt",
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Pages;

    #[test]
    fn a_letter_is_plain_text_with_its_link_whole() {
        let link = "https://id.shop.example/signup/confirm?code=cs_ml_a-b_c&x=<y>";
        let letter = ConfirmLetter {
            product: "Corner Shop".to_owned(),
            host: "id.shop.example".to_owned(),
            link: link.to_owned(),
            lasts: 3600,
        };
        let mail = Pages::new().letter(&letter);
        assert_eq!(mail.subject, "Confirm your e-mail address for Corner Shop");
        assert!(mail.text.lines().any(|line| line.trim() == link), "{}", mail.text);
        assert!(mail.text.contains("1 hour"), "{}", mail.text);
    }

    #[test]
    fn the_notice_of_a_change_says_when_and_from_where() {
        let letter = PasswordChangedLetter {
            product: "Corner Shop".to_owned(),
            host: "id.shop.example".to_owned(),
            recover: "https://id.shop.example/recover".to_owned(),
            at: 1_795_425_240,
            device: "Firefox on Linux".to_owned(),
            network: "81.2.69.0/24".to_owned(),
            ended: 2,
        };
        let mail = Pages::new().letter(&letter);
        for said in ["23 Nov 2026, 09:14 UTC", "Firefox on Linux", "81.2.69.0/24", "2 other sessions"] {
            assert!(mail.text.contains(said), "{said}: {}", mail.text);
        }
        assert!(!mail.text.contains("<time"), "{}", mail.text);
    }

    #[test]
    fn every_letter_has_a_subject_of_one_line_and_ends_with_its_host() {
        let all = ["product", "host", "signin", "recover", "link"].map(str::to_owned);
        let [product, host, signin, recover, link] = all;
        let already = AlreadyLetter { product: product.clone(), host: host.clone(), signin, recover };
        let reset = ResetLetter { product, host, link, lasts: 1800 };
        let pages = Pages::new();
        for mail in [pages.letter(&already), pages.letter(&reset)] {
            assert!(!mail.subject.is_empty() && !mail.subject.contains('\n'));
            assert!(mail.text.trim_end().ends_with("host"), "{}", mail.text);
        }
    }
}
