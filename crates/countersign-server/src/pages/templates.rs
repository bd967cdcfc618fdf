//! The templates, embedded. Decides nothing but their names.

/// Embeds each template under its path below `templates/`.
macro_rules! embedded {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("../../templates/", $name)))),+] };
}

/// Name and source of every template.
pub(super) const ALL: &[(&str, &str)] = embedded![
    "parts.html",
    "layout/page.html",
    "layout/door.html",
    "layout/account.html",
    "layout/console.html",
    "layout/dev.html",
    "door/signin.html",
    "door/signup.html",
    "door/mail-sent.html",
    "door/confirm.html",
    "door/recover.html",
    "door/reset.html",
    "door/consent.html",
    "door/signout.html",
    "door/signed-out.html",
    "door/continue.html",
    "door/problem.html",
    "account/sessions.html",
    "account/apps.html",
    "account/password.html",
    "account/data.html",
    "mail/confirm.txt",
    "mail/already.txt",
    "mail/reset.txt",
    "mail/password-changed.txt",
    "dev/front.html",
    "dev/mailbox.html",
    "dev/letter.html",
    "shop/shop.html",
    "console/parts.html",
    "console/setup.html",
    "console/signin.html",
    "console/now.html",
    "console/sessions.html",
    "console/session.html",
    "console/users.html",
    "console/user.html",
    "console/apps.html",
    "console/app-new.html",
    "console/app-registered.html",
    "console/app.html",
    "console/keys.html",
    "console/audit.html",
];
