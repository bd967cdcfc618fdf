//! What only development shows.

use countersign_server::pages::{
    CartLine, Claim, Command, DemoApp, Fact, Front, Good, Held, LetterPage, LetterRow, Link, Mailbox,
    Picture, Shop, Shopper, Style,
};

use super::{HOUR, LONG, LONG_MAIL, MINUTE, NOW, Sample, frame, some, text};

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = fronts();
    samples.extend(letters());
    samples.extend(shops());
    samples
}

fn fronts() -> Vec<Sample> {
    let app = |style, name: &str, host: &str| DemoApp {
        style,
        name: text(name),
        url: format!("http://{host}.localhost:8321/"),
    };
    let place =
        |name: &str, path: &str| Fact { name: text(name), value: format!("http://localhost:8321{path}") };
    let command = |says: &str, line: &str| Command { says: text(says), line: text(line) };
    let front = |email, letters| Front {
        frame: frame("localhost:8321"),
        email,
        users: vec![text("ada"), text("bo")],
        apps: vec![
            app(Style::Session, "Sessions", "session"),
            app(Style::Jwt, "Signed tokens", "jwt"),
            app(Style::Hybrid, "Hybrid", "hybrid"),
        ],
        letters,
        console: text("http://127.0.0.1:9321/admin"),
        places: vec![
            place("Issuer", ""),
            place("Discovery", "/.well-known/openid-configuration"),
            place("Keys", "/jwks.json"),
        ],
        next: vec![
            command(
                "protect your own app",
                "countersign app add shop --style hybrid --redirect http://localhost:3000/callback",
            ),
            command("see who is signed in", "countersign session list"),
            command("what an error means", "countersign explain CS-1004"),
        ],
    };
    vec![
        Sample::new("front", &front(None, 0)),
        Sample::new("front-known", &front(some("ada@marsh.example"), 2)),
        Sample::new("front-long", &front(some(LONG_MAIL), 1)),
    ]
}

fn letters() -> Vec<Sample> {
    let row = |subject: &str, to: &str, past| LetterRow {
        id: text("3"),
        to: text(to),
        subject: text(subject),
        at: NOW - past,
    };
    let confirm = "Confirm your e-mail address for Corner Shop";
    let list = vec![row(confirm, "ada@marsh.example", 5), row(LONG, LONG_MAIL, 3 * HOUR)];
    let body = "Somebody, most likely you, asked for an account at localhost:8321 with this address.\n\n\
        To make the account, open this link within 1 hour. It works once:\n\n\
        http://localhost:8321/signup/confirm?code=cs_ml_q3W9xT0mVbYk2RzLh8uNcAq3W9xT0mVbYk2RzLh8uNcA\n\n\
        You did not ask? Then do nothing: without the link there is no account.\n\nlocalhost:8321\n";
    let here = || frame("localhost:8321");
    vec![
        Sample::new("mailbox", &Mailbox { frame: here(), letters: list }),
        Sample::new("mailbox-empty", &Mailbox { frame: here(), letters: vec![] }),
        Sample::new(
            "letter",
            &LetterPage { frame: here(), letter: row(confirm, "ada@marsh.example", 5), text: text(body) },
        ),
    ]
}

fn goods() -> Vec<Good> {
    let good = |id: &str, name: &str, says: &str, price: &str, picture| Good {
        id: text(id),
        name: text(name),
        says: text(says),
        price: text(price),
        picture,
    };
    vec![
        good("bread", "Rye bread", "Baked this morning, 800 g", "£4.20", Picture::Bread),
        good("honey", "Heather honey", "From the hill behind the shop", "£7.50", Picture::Honey),
        good("tea", "Breakfast tea", "Strong, 80 bags", "£3.10", Picture::Tea),
        good("candle", "Beeswax candle", "Burns for 9 hours", "£5.00", Picture::Candle),
    ]
}

fn shop(style: Style, shopper: Option<Shopper>, held: Vec<Held>, claims: Vec<Claim>) -> Shop {
    let sibling = |name: &str| Link { text: text(name), href: format!("http://{name}.localhost:8321/") };
    let line = |id: &str, name: &str, count, price: &str| CartLine {
        id: text(id),
        name: text(name),
        count,
        price: text(price),
    };
    let cart = vec![line("bread", "Rye bread", 2, "£8.40"), line("honey", LONG, 1, "£7.50")];
    Shop {
        frame: frame("hybrid.localhost:8321"),
        style,
        siblings: vec![sibling("session"), sibling("jwt")],
        cart: if shopper.is_some() { cart } else { vec![] },
        shopper,
        goods: goods(),
        total: text("£15.90"),
        cart_kept: text("Kept on the server, in the slot `cart` of your session."),
        held,
        claims,
        sign_in: text("/signin"),
        sign_out: text("/signout"),
        account: text("http://localhost:8321/account"),
        done: None,
        refused: None,
    }
}

fn shops() -> Vec<Sample> {
    let shopper = |name: &str, proof: &str| Shopper {
        name: text(name),
        subject: text("usr_7f3kq2"),
        since: NOW - 5 * MINUTE,
        proof: text(proof),
    };
    let held = |name: &str, bytes, says: &str| Held { name: text(name), bytes, says: text(says) };
    let claim = |name: &str, value: &str, meaning: &str, warn| Claim {
        name: text(name),
        value: text(value),
        meaning: text(meaning),
        warn,
    };
    let claims = vec![
        claim("iss", "http://localhost:8321", "", false),
        claim("sub", "usr_7f3kq2", "", false),
        claim("exp", "1795425840", "in 10 min, 23 Nov 2026, 09:24:00 UTC", false),
        claim("gid", "q3W9xT0mVbYk2RzLh8uNcA", "names this sign-in, so that it can be ended", false),
        claim("email", "ada@marsh.example", "personal data, readable by whoever sees the token", true),
    ];
    let token = vec![
        held("cookie shop", 742, "A signed access token. Anyone who has it can read it."),
        held("cookie shop_r", 98, "A refresh token. It gets a new access token every 15 minutes."),
    ];
    let cookie = vec![held("cookie cs_dev", 78, "A random name for a session on the server.")];
    let proof = "The signature was checked here, and nothing has ended it. 45 µs.";
    let mut known = shop(Style::Hybrid, Some(shopper("ada@marsh.example", proof)), token, claims);
    known.done = some("Rye bread is in your cart.");
    let mut stranger = shop(Style::Jwt, None, vec![], vec![]);
    stranger.refused = some("Your session was ended at 09:13:58 from your account page. Sign in again.");
    let session =
        shop(Style::Session, Some(shopper(LONG_MAIL, "Looked up on the server. 9 µs.")), cookie, vec![]);
    vec![
        Sample::new("shop", &known),
        Sample::new("shop-stranger", &stranger),
        Sample::new("shop-session", &session),
    ]
}
