//! The pages at the door.

use countersign_server::pages::{
    Asking, ConfirmMail, Consent, Continue, Frame, Link, MailPurpose, MailSent, Problem, Recover, Reset,
    ScopeLine, SignIn, SignOut, SignUp, SignedOut,
};

use super::{DAY, HOUR, LONG, LONG_MAIL, Sample, frame, some, text};

const NEXT: &str = "/authorize?client_id=shop&scope=openid+email&state=a%20b";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = sign_in();
    samples.extend(sign_up());
    samples.extend(mail());
    samples.extend(consent());
    samples.extend(leaving());
    samples.extend(problems());
    samples
}

fn here() -> Frame {
    frame("id.shop.example")
}

fn shop() -> Asking {
    Asking { name: text("Corner Shop"), host: text("shop.example") }
}

fn long() -> Asking {
    Asking { name: text(LONG), host: text("a-rather-long-host-name-for-a-shop.department.marsh.example") }
}

fn plain_sign_in() -> SignIn {
    SignIn {
        frame: here(),
        asking: Some(shop()),
        email: text(""),
        next: text(NEXT),
        error: None,
        done: None,
        hint: None,
        remember_offered: None,
        mail_available: true,
    }
}

fn sign_in() -> Vec<Sample> {
    let refused = SignIn {
        email: text("ada@marsh.example"),
        error: some("That e-mail and password do not go together. Check both, or set a new password."),
        remember_offered: Some(30 * DAY),
        ..plain_sign_in()
    };
    let alone = SignIn {
        frame: frame("localhost:8321"),
        asking: None,
        next: text("/account"),
        done: some("Your password is changed, and every device is signed out. Sign in with the new one."),
        hint: some("Demo users: ada and bo. Their passwords are in the terminal that runs this server."),
        mail_available: false,
        ..plain_sign_in()
    };
    let wide = SignIn { asking: Some(long()), email: text(LONG_MAIL), ..plain_sign_in() };
    vec![
        Sample::new("signin", &plain_sign_in()),
        Sample::new("signin-refused", &refused),
        Sample::new("signin-alone", &alone),
        Sample::new("signin-long", &wide),
    ]
}

fn sign_up() -> Vec<Sample> {
    let plain = SignUp {
        frame: here(),
        asking: Some(shop()),
        email: text(""),
        next: text(NEXT),
        error: None,
        email_error: None,
        password_error: None,
    };
    let refused = SignUp {
        frame: here(),
        asking: None,
        email: text("ada@marsh"),
        next: text("/account"),
        error: some("No account was made. The reasons stand below."),
        email_error: some("`ada@marsh` is no e-mail address: the part after @ needs a dot."),
        password_error: some("This one is on a list of leaked passwords. Take another."),
    };
    vec![Sample::new("signup", &plain), Sample::new("signup-refused", &refused)]
}

fn mail() -> Vec<Sample> {
    let sent = |purpose, email: &str, mailbox| MailSent {
        frame: here(),
        purpose,
        email: text(email),
        lasts: HOUR,
        mailbox,
    };
    let confirm = |email: &str| ConfirmMail {
        frame: here(),
        code: text("cs_ml_7QfT2mWx"),
        email: text(email),
        password_error: None,
    };
    let recover = |error| Recover { frame: here(), email: text(""), next: text(NEXT), error };
    let reset = |email: &str, password_error| Reset {
        frame: here(),
        code: text("cs_ml_7QfT2mWx"),
        email: text(email),
        password_error,
    };
    vec![
        Sample::new("mail-sent", &sent(MailPurpose::Signup, "ada@marsh.example", some("/dev/mail"))),
        Sample::new("mail-sent-reset", &sent(MailPurpose::Reset, LONG_MAIL, None)),
        Sample::new("confirm", &confirm("ada@marsh.example")),
        Sample::new("confirm-unnamed", &confirm("")),
        Sample::new("recover", &recover(None)),
        Sample::new("recover-refused", &recover(some("That is no e-mail address."))),
        Sample::new("reset", &reset("ada@marsh.example", None)),
        Sample::new("reset-refused", &reset("", some("7 characters. 8 or more are needed."))),
    ]
}

fn consent() -> Vec<Sample> {
    let plain = |asking, email: &str, scopes: &[&str]| Consent {
        frame: here(),
        asking,
        email: text(email),
        scopes: scopes.iter().map(|scope| ScopeLine::of(scope)).collect(),
        lasts: 30 * DAY,
        next: text(NEXT),
    };
    let all = ["openid", "email", "profile", "offline_access", "stock:write"];
    vec![
        Sample::new("consent", &plain(shop(), "ada@marsh.example", &["openid", "email", "offline_access"])),
        Sample::new("consent-long", &plain(long(), LONG_MAIL, &all)),
    ]
}

fn leaving() -> Vec<Sample> {
    let sign_out = |asking, apps: &[&str]| SignOut {
        frame: here(),
        asking,
        email: text("ada@marsh.example"),
        apps: apps.iter().map(|app| text(app)).collect(),
        next: text("/signed-out"),
    };
    let link = Link { text: text("Back to Corner Shop"), href: text("https://shop.example/") };
    let going = Continue { frame: here(), title: text("Going back to Corner Shop"), to: link.clone() };
    let long =
        Link { text: format!("Back to {LONG}"), href: text("https://shop.example/callback?code=a&state=b") };
    let far = Continue { frame: here(), title: format!("Going back to {LONG}"), to: long };
    vec![
        Sample::new("signout", &sign_out(None, &["Corner Shop", "Harbour Bank", LONG])),
        Sample::new("signout-asked", &sign_out(Some(shop()), &[])),
        Sample::new("signed-out", &SignedOut { frame: here(), back: Some(link) }),
        Sample::new("signed-out-plain", &SignedOut { frame: here(), back: None }),
        Sample::new("continue", &going),
        Sample::new("continue-long", &far),
    ]
}

fn problems() -> Vec<Sample> {
    let redirect = Problem::new(
        here(),
        "CS-4004",
        TRACE,
        "This way back is not registered",
        "Corner Shop asked to send you to an address that it has not registered, so nobody is sent anywhere.",
    )
    .advice("If Corner Shop is yours, register `https://shop.example/callback2` for the client `shop`.");
    vec![
        Sample::new("problem", &redirect),
        Sample::new("problem-404", &Problem::not_found(here(), "CS-9404", TRACE)),
        Sample::new("problem-429", &Problem::too_many(here(), "CS-4029", TRACE, 40)),
        Sample::new("problem-503", &Problem::busy(here(), "CS-5003", TRACE, 5)),
    ]
}
