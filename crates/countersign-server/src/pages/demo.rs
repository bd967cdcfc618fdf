//! What only development shows: the front page, the mailbox, and the shop that stands for three applications.
//! Decides words and fields; whether development is on is decided elsewhere.

use serde::Serialize;

use super::pages;
use super::parts::{Fact, Frame, Link, Style};

/// One demo application on the front page.
#[derive(Serialize)]
pub struct DemoApp {
    /// How it knows its user.
    pub style: Style,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// A command to type next.
#[derive(Serialize)]
pub struct Command {
    /// What it does.
    pub says: String,
    /// The line to type.
    pub line: String,
}

/// The front page of a development server.
#[derive(Serialize)]
pub struct Front {
    /// Where and when.
    pub frame: Frame,
    /// Who is signed in here.
    pub email: Option<String>,
    /// The demo users one can be.
    pub users: Vec<String>,
    /// The demo applications.
    pub apps: Vec<DemoApp>,
    /// Letters in the mailbox.
    pub letters: u32,
    /// The console's address.
    pub console: String,
    /// Addresses worth knowing: issuer, discovery, keys. Each value is a link.
    pub places: Vec<Fact>,
    /// What to do next.
    pub next: Vec<Command>,
}

/// One letter in the list.
#[derive(Serialize)]
pub struct LetterRow {
    /// Names the letter at `/dev/mail/{id}`.
    pub id: String,
    /// The address it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Unix seconds.
    pub at: i64,
}

/// `/dev/mail`.
#[derive(Serialize)]
pub struct Mailbox {
    /// Where and when.
    pub frame: Frame,
    /// Letters, the newest first.
    pub letters: Vec<LetterRow>,
}

/// `/dev/mail/{id}`.
#[derive(Serialize)]
pub struct LetterPage {
    /// Where and when.
    pub frame: Frame,
    /// Its head.
    pub letter: LetterRow,
    /// Its body; addresses in it become links.
    pub text: String,
}

/// The drawing of a good.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Picture {
    /// A loaf.
    Bread,
    /// A jar.
    Honey,
    /// A pot.
    Tea,
    /// A candle.
    Candle,
}

/// Something to buy.
#[derive(Clone, Serialize)]
pub struct Good {
    /// Names it in the form field `good`.
    pub id: String,
    /// What it is.
    pub name: String,
    /// One line about it.
    pub says: String,
    /// With its currency.
    pub price: String,
    /// Its drawing.
    pub picture: Picture,
}

/// One line of the cart.
#[derive(Serialize)]
pub struct CartLine {
    /// Names the good in the form field `good`.
    pub id: String,
    /// What it is.
    pub name: String,
    /// How many.
    pub count: u32,
    /// Of the whole line, with its currency.
    pub price: String,
}

/// Who the shop knows its visitor to be.
#[derive(Serialize)]
pub struct Shopper {
    /// Their address, or whatever else the application was told.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// Unix seconds of the sign-in.
    pub since: i64,
    /// How this is known, as one sentence, for example `The signature was checked here, 45 µs`.
    pub proof: String,
}

/// Something the browser or the shop holds for this visitor.
#[derive(Serialize)]
pub struct Held {
    /// Where, for example `cookie cs_dev`.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u32,
    /// What it is, as a sentence.
    pub says: String,
}

/// One claim of a decoded token.
#[derive(Serialize)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it means here; may be empty.
    pub meaning: String,
    /// Whether it deserves a second look.
    pub warn: bool,
}

/// The shop. Posts `good` to `/cart/add` and `/cart/remove`, and nothing to `sign_out`.
#[derive(Serialize)]
pub struct Shop {
    /// Where and when; the host is the application's own.
    pub frame: Frame,
    /// How this copy of the shop knows its user.
    pub style: Style,
    /// The same shop in the other styles.
    pub siblings: Vec<Link>,
    /// Who is here, if anyone.
    pub shopper: Option<Shopper>,
    /// What is for sale.
    pub goods: Vec<Good>,
    /// What is in the cart.
    pub cart: Vec<CartLine>,
    /// Of the cart, with its currency.
    pub total: String,
    /// Where the cart is kept, as a sentence.
    pub cart_kept: String,
    /// What the browser holds.
    pub held: Vec<Held>,
    /// What is readable in it.
    pub claims: Vec<Claim>,
    /// Leads to sign-in, by GET.
    pub sign_in: String,
    /// Signs out, by POST.
    pub sign_out: String,
    /// The account page at the issuer.
    pub account: String,
    /// What is now true, for example `Honey is in your cart.`
    pub done: Option<String>,
    /// Why the visitor was refused, for example because the session was ended elsewhere.
    pub refused: Option<String>,
}

pages! {
    Front => "dev/front.html",
    Mailbox => "dev/mailbox.html",
    LetterPage => "dev/letter.html",
    Shop => "shop/shop.html",
}
