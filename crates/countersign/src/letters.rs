//! What the letters say, as plain text. A link in a letter works once, so a letter is never logged.

use countersign_core::port::Letter;
use countersign_core::record::Email;
use countersign_core::secret::MailCode;

/// Confirms an address and opens the account.
pub(crate) fn confirm(issuer: &str, to: Email, code: &MailCode) -> Letter {
    let text = format!(
        "Somebody asked for an account with this address at {issuer}.\n\n\
         If that was you, open this page and confirm:\n\n\
         {issuer}/signup/confirm?code={}\n\n\
         The link works once, for 30 minutes. If it was not you, do nothing: without it there is no account.\n",
        code.reveal()
    );
    Letter { to, subject: "Confirm your address".to_owned(), text }
}

/// Answers a sign-up with an address that has an account already.
pub(crate) fn already(issuer: &str, to: Email) -> Letter {
    let text = format!(
        "Somebody asked for an account with this address at {issuer}. You have one already.\n\n\
         Sign in: {issuer}/signin\n\
         Choose a new password: {issuer}/recover\n\n\
         If it was not you, do nothing: nothing has changed.\n"
    );
    Letter { to, subject: "You have an account already".to_owned(), text }
}

/// Lets someone choose a new password.
pub(crate) fn reset(issuer: &str, to: Email, code: &MailCode) -> Letter {
    let text = format!(
        "Somebody asked to choose a new password for your account at {issuer}.\n\n\
         If that was you, open this page:\n\n\
         {issuer}/reset?code={}\n\n\
         The link works once, for 30 minutes. With the new password you are signed out on all devices.\n\
         If it was not you, do nothing: your password stays as it is.\n",
        code.reveal()
    );
    Letter { to, subject: "Choose a new password".to_owned(), text }
}

/// Answers a reset for an address that has no account.
pub(crate) fn nobody(issuer: &str, to: Email) -> Letter {
    let text = format!(
        "Somebody asked to choose a new password at {issuer} with this address. There is no account with it.\n\n\
         If that was you, try the address that you signed up with, or sign up: {issuer}/signup\n\
         If it was not you, do nothing.\n"
    );
    Letter { to, subject: "No account with this address".to_owned(), text }
}

/// Tells someone that their password was changed.
pub(crate) fn changed(issuer: &str, to: Email) -> Letter {
    let text = format!(
        "The password of your account at {issuer} was changed.\n\n\
         If it was not you, choose a new one now: {issuer}/recover\n"
    );
    Letter { to, subject: "Your password was changed".to_owned(), text }
}
