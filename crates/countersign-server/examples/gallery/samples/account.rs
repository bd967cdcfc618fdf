//! A person's own pages.

use countersign_server::pages::{
    AccountApps, AccountData, AccountFrame, AccountPassword, AccountSessions, AllowedApp, Device,
    EndedSession, Fact, LiveSession, ScopeLine, Style,
};

use super::{DAY, HOUR, LONG, LONG_MAIL, MINUTE, NOW, Sample, some, text};

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = sessions();
    samples.extend(apps());
    samples.extend(rest());
    samples
}

fn frame(email: &str, done: Option<String>) -> AccountFrame {
    AccountFrame {
        host: text("id.shop.example"),
        now: NOW,
        product: text("Corner Shop account"),
        email: text(email),
        done,
    }
}

fn live(device: &str, kind: Device, app: Option<&str>, seen: i64, here: bool) -> LiveSession {
    LiveSession {
        handle: text("Hk2vZr0yQmWb7tLxN4cEsg"),
        device: text(device),
        kind,
        network: text("81.2.69.0/24"),
        app: app.map(text),
        method: text("a password"),
        began: NOW - 20 * DAY,
        seen: NOW - seen,
        ends: Some(NOW + 10 * DAY),
        lingers: (app == Some(LONG)).then_some(15 * MINUTE),
        here,
    }
}

fn ended(device: &str, by: &str, tries: u32) -> EndedSession {
    EndedSession {
        device: text(device),
        kind: Device::Phone,
        network: text("2001:db8:81::/48"),
        app: some("Corner Shop"),
        ended: NOW - 1377,
        by: text(by),
        tries,
        last_try: (tries > 0).then_some(NOW - 380),
    }
}

fn sessions() -> Vec<Sample> {
    let page = |done, live: Vec<LiveSession>, ended, others| AccountSessions {
        frame: frame("ada@marsh.example", done),
        live,
        ended,
        others,
        password_changed: NOW - 90 * DAY,
    };
    let many = vec![
        live("Firefox on Linux", Device::Laptop, None, 0, true),
        live("Safari on iPhone", Device::Phone, Some("Corner Shop"), 12 * MINUTE, false),
        live("Chrome on Windows", Device::Laptop, Some(LONG), 14 * HOUR + 34 * MINUTE, false),
    ];
    let over = vec![ended("Chrome on Android", "you", 3), ended("Edge on Windows", "its 12-hour limit", 0)];
    let one = vec![live("Firefox on Linux", Device::Laptop, None, 0, true)];
    let mut long = page(None, vec![live(LONG, Device::Machine, Some(LONG), HOUR, false)], vec![], 1);
    long.frame = AccountFrame { product: text(LONG), ..frame(LONG_MAIL, None) };
    vec![
        Sample::new("account", &page(some("Chrome on Android is signed out."), many, over, 2)),
        Sample::new("account-one", &page(None, one, vec![], 0)),
        Sample::new("account-long", &long),
    ]
}

fn allowed(name: &str, style: Style, first_party: bool, scopes: &[&str]) -> AllowedApp {
    AllowedApp {
        client: text("shop"),
        name: text(name),
        host: text("shop.example"),
        style,
        scopes: scopes.iter().map(|scope| ScopeLine::of(scope)).collect(),
        allowed: NOW - 60 * DAY,
        used: first_party.then_some(NOW - 5 * MINUTE),
        first_party,
    }
}

fn apps() -> Vec<Sample> {
    let apps = vec![
        allowed("Corner Shop", Style::Hybrid, true, &[]),
        allowed("Harbour Bank", Style::Session, false, &["openid", "email"]),
        allowed(LONG, Style::Jwt, false, &["openid", "offline_access"]),
    ];
    let frame = frame("ada@marsh.example", None);
    vec![
        Sample::new("account-apps", &AccountApps { frame: frame.clone(), apps }),
        Sample::new("account-apps-empty", &AccountApps { frame, apps: vec![] }),
    ]
}

fn rest() -> Vec<Sample> {
    let ada = || frame("ada@marsh.example", None);
    let password = |others, current_error, new_error| AccountPassword {
        frame: ada(),
        changed: NOW - 90 * DAY,
        others,
        current_error,
        new_error,
    };
    let held = ["Account", "Live sign-ins", "Ended sign-ins", "Allowed apps", "Audit lines"];
    let data = |error| AccountData {
        frame: ada(),
        held: held.iter().map(|name| Fact { name: text(name), value: text("3") }).collect(),
        sessions: 3,
        error,
    };
    let wrong = some("That is not the password of this account.");
    vec![
        Sample::new("account-password", &password(2, None, None)),
        Sample::new("account-password-refused", &password(0, wrong.clone(), some("Take a longer one."))),
        Sample::new("account-data", &data(None)),
        Sample::new("account-data-refused", &data(wrong)),
    ]
}
