//! What only development shows: the front page and the mailbox. In production `/` leads to the account and the mailbox
//! is not there.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::account::style;
use super::{Guard, Knocking, Route};
use crate::app::{App, Server, seconds};
use crate::mail::Delivered;
use crate::pages::{Command, DemoApp, Fact, Front, Html, LetterPage, LetterRow, Mailbox};
use crate::web::{Face, Wrong};

/// The routes of development, or those of production.
pub(super) fn routes(dev: bool) -> Vec<Route> {
    if !dev {
        return vec![Route::get("/", Guard::Public, Face::Page, home)];
    }
    vec![
        Route::get("/", Guard::Public, Face::Page, front),
        Route::get("/dev/mail", Guard::Public, Face::Page, mailbox),
        Route::get("/dev/mail/{id}", Guard::Public, Face::Page, letter),
    ]
}

async fn home() -> Redirect {
    Redirect::to("/account")
}

async fn front(State(app): State<App>, Knocking(who): Knocking) -> Result<Response, Wrong> {
    let email = match &who {
        Some(who) => Some(app.email_of(who).await?),
        None => None,
    };
    let settings = &app.settings;
    let letters = app.mailbox.as_ref().map_or(0, |mailbox| mailbox.letters().len());
    let page = Front {
        frame: app.frame(),
        email,
        users: settings.demo_users.clone(),
        apps: settings
            .demo_apps
            .iter()
            .map(|shop| DemoApp { style: style(shop.style), name: shop.name.clone(), url: shop.url.clone() })
            .collect(),
        letters: u32::try_from(letters).unwrap_or(u32::MAX),
        console: format!("{}/admin", settings.console),
        places: app.places(),
        next: commands(),
    };
    Ok(app.pages.render(&page).into_response())
}

fn commands() -> Vec<Command> {
    let command = |says: &str, line: &str| Command { says: says.to_owned(), line: line.to_owned() };
    vec![
        command("Protect your own app", "countersign app add shop --style hybrid"),
        command("See who is signed in", "countersign session list"),
    ]
}

impl Server {
    fn places(&self) -> Vec<Fact> {
        let issuer = &self.engine.settings().issuer;
        let place = |name: &str, value: String| Fact { name: name.to_owned(), value };
        vec![
            place("Issuer", issuer.clone()),
            place("Discovery", format!("{issuer}/.well-known/openid-configuration")),
            place("Keys", format!("{issuer}/jwks.json")),
        ]
    }

    fn letters(&self) -> Result<Vec<Delivered>, Wrong> {
        Ok(self.mailbox.as_ref().ok_or_else(Wrong::nowhere)?.letters())
    }
}

async fn mailbox(State(app): State<App>) -> Result<Html, Wrong> {
    let letters = app.letters()?.iter().map(row).collect();
    Ok(app.pages.render(&Mailbox { frame: app.frame(), letters }))
}

async fn letter(State(app): State<App>, Path(id): Path<String>) -> Result<Html, Wrong> {
    let letters = app.letters()?;
    let found = letters.iter().find(|delivered| delivered.id.to_string() == id).ok_or_else(Wrong::nowhere)?;
    let page = LetterPage { frame: app.frame(), letter: row(found), text: found.letter.text.clone() };
    Ok(app.pages.render(&page))
}

fn row(delivered: &Delivered) -> LetterRow {
    LetterRow {
        id: delivered.id.to_string(),
        to: delivered.letter.to.as_str().to_owned(),
        subject: delivered.letter.subject.clone(),
        at: seconds(delivered.at),
    }
}
