//! The operator's pages about people, applications and keys.

use countersign_server::pages::{
    AppDetail, AppForm, AppRegistered, AppRow, Apps, GrantRow, KeyState, Keys, Pager, Style, UserDetail,
    UserRow, Users,
};

use super::console::{fact, frame, key, rows, story};
use super::{DAY, HOUR, LONG, LONG_MAIL, MINUTE, NOW, Sample, some, text};

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = users();
    samples.extend(apps());
    samples.extend(app_pages());
    samples.extend(keys());
    samples
}

fn user(email: &str, confirmed: bool, live: u32) -> UserRow {
    UserRow {
        id: text("usr_7f3kq2"),
        email: text(email),
        confirmed,
        joined: NOW - 400 * DAY,
        last_signin: confirmed.then_some(NOW - 12 * MINUTE),
        live,
    }
}

fn users() -> Vec<Sample> {
    let page = |q: &str, rows, shown: &str| Users {
        frame: frame(),
        q: text(q),
        rows,
        pager: Pager { shown: text(shown), ..Pager::default() },
    };
    let people = vec![
        user("ada@marsh.example", true, 2),
        user("bo@marsh.example", false, 0),
        user(LONG_MAIL, true, 1_204),
    ];
    let grant = |app: &str, used| GrantRow {
        app: text(app),
        client: text("shop"),
        style: Style::Hybrid,
        scopes: text("openid email offline_access"),
        since: NOW - 60 * DAY,
        used,
    };
    let detail = |user, sessions, grants, story| UserDetail {
        frame: frame(),
        user,
        facts: vec![fact("Password", "changed 25 Aug"), fact("Sign-in", "password")],
        sessions,
        grants,
        story,
    };
    let grants = vec![grant("Corner Shop", Some(NOW - HOUR)), grant(LONG, None)];
    vec![
        Sample::new("console-users", &page("", people, "1–3 of 3")),
        Sample::new("console-users-empty", &page("", vec![], "")),
        Sample::new("console-users-none", &page("zed", vec![], "")),
        Sample::new("console-user", &detail(user("ada@marsh.example", true, 3), rows(), grants, story())),
        Sample::new("console-user-quiet", &detail(user(LONG_MAIL, false, 0), vec![], vec![], vec![])),
    ]
}

fn app(client: &str, name: &str, style: Style, first_party: bool, public: bool) -> AppRow {
    AppRow {
        client: text(client),
        name: text(name),
        host: text("shop.example"),
        style,
        first_party,
        public,
        live: 8_204,
        added: NOW - 40 * DAY,
    }
}

fn apps() -> Vec<Sample> {
    let rows = vec![
        app("shop", "Corner Shop", Style::Hybrid, true, false),
        app("bank", "Harbour Bank", Style::Session, true, false),
        app("a-client-id-that-somebody-made-rather-long", LONG, Style::Jwt, false, true),
    ];
    vec![
        Sample::new("console-apps", &Apps { frame: frame(), rows }),
        Sample::new("console-apps-empty", &Apps { frame: frame(), rows: vec![] }),
    ]
}

fn app_pages() -> Vec<Sample> {
    let form = |name: &str, redirects: &str, redirects_error: Option<String>| AppForm {
        frame: frame(),
        name: text(name),
        client: text(""),
        style: Style::Hybrid,
        redirects: text(redirects),
        after_signout: text(""),
        audience: text(""),
        first_party: true,
        public: redirects_error.is_some(),
        error: None,
        name_error: None,
        client_error: None,
        redirects_error,
    };
    let shop = || app("shop", "Corner Shop", Style::Hybrid, true, false);
    let registered = |app, secret, rotated| AppRegistered {
        frame: frame(),
        app,
        secret,
        rotated,
        issuer_url: text("https://id.shop.example"),
        snippet: text(
            "let guard = Guard::hybrid(trust(\"https://id.shop.example\").audience(\"shop\")).await?;",
        ),
    };
    let detail = AppDetail {
        frame: frame(),
        app: shop(),
        redirects: vec![text("https://shop.example/callback"), text("http://localhost:3000/callback")],
        after_signout: vec![],
        facts: vec![fact("Audience", "shop"), fact("Access token", "15 minutes")],
    };
    let public = app("phone", LONG, Style::Jwt, false, true);
    let wrong = some("`http://shop.example/cb` must be https, unless its host is localhost.");
    vec![
        Sample::new("console-app-new", &form("", "", None)),
        Sample::new("console-app-new-refused", &form(LONG, "http://shop.example/cb", wrong)),
        Sample::new(
            "console-app-registered",
            &registered(shop(), some("cs_ak_q3W9xT0mVbYk2RzLh8uNcAHk2vZr0yQmWb7tLxN4cEsg"), false),
        ),
        Sample::new("console-app-registered-public", &registered(public, None, false)),
        Sample::new("console-app", &detail),
    ]
}

fn keys() -> Vec<Sample> {
    let page = |rows| Keys {
        frame: frame(),
        rows,
        algorithms: vec![text("ES256"), text("RS256")],
        jwks: text("https://id.shop.example/jwks.json"),
        lead: DAY,
    };
    let all = vec![
        key("es256-2026-12", KeyState::Published, 0),
        key("es256-2026-11", KeyState::Signing, 30),
        key("es256-2026-10", KeyState::Verifying, 60),
        key("es256-2026-09", KeyState::Retired, 90),
    ];
    vec![Sample::new("console-keys", &page(all)), Sample::new("console-keys-empty", &page(vec![]))]
}
