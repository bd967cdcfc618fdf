//! A person's own pages: sessions, applications, password, data. Everything on them is looked up by the subject of the
//! session that came, never by a name from the request.
//!
//! OWASP ASVS 5.0 V7.4 and V7.5; GDPR articles 15, 17 and 20.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Checked, Error, Password, Refusal};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use http::{HeaderValue, header};

use super::authorize::{asking, told};
use super::listed::Listed;
use super::people::{is_about_password, unprocessable};
use super::who::bake;
use super::{Guard, Person, Route};
use crate::app::{App, Server, seconds};
use crate::pages::{
    self, AccountApps, AccountData, AccountFrame, AccountPassword, AccountSessions, AllowedApp, Fact, Html,
    ScopeLine,
};
use crate::web::form::need;
use crate::web::{Face, Form, Guest, Query, Wrong, parts};

pub(super) fn routes() -> Vec<Route> {
    let page = Face::Page;
    vec![
        Route::get("/account", Guard::Person, page, sessions),
        Route::post("/account/sessions/end", Guard::Person, page, end),
        Route::post("/account/sessions/end-others", Guard::Person, page, end_others),
        Route::get("/account/apps", Guard::Person, page, apps),
        Route::post("/account/apps/withdraw", Guard::Person, page, withdraw),
        Route::get("/account/password", Guard::Person, page, password),
        Route::post("/account/password", Guard::Person, page, change_password),
        Route::get("/account/data", Guard::Person, page, data),
        Route::get("/account/data.json", Guard::Person, page, export),
        Route::post("/account/erase", Guard::Person, page, erase),
    ]
}

async fn sessions(State(app): State<App>, Person(who): Person, Query(query): Query) -> Result<Html, Wrong> {
    let listed = Listed::of(&app, &who).await?;
    let page = AccountSessions {
        frame: app.account_frame(&who, query.value("done")).await?,
        others: listed.others,
        password_changed: app.password_changed(&who).await?,
        live: listed.live,
        ended: listed.ended,
    };
    Ok(app.pages.render(&page))
}

async fn end(State(app): State<App>, Person(who): Person, Form(form): Form) -> Result<Redirect, Wrong> {
    let owner = &who.session.subject;
    let by = Actor::Subject(owner.clone());
    app.engine.end_by_handle(need(&form, "session")?, Some(owner), Reason::EndedByPerson, by).await?;
    Ok(Redirect::to("/account?done=ended"))
}

async fn end_others(State(app): State<App>, Person(who): Person, Form(_): Form) -> Result<Redirect, Wrong> {
    let subject = who.session.subject.clone();
    let by = Actor::Subject(subject.clone());
    let extent = Extent::Subject { subject, except: Some(who.session.login.clone()) };
    app.engine.end(extent, Reason::EndedByPerson, by).await?;
    Ok(Redirect::to("/account?done=others"))
}

async fn apps(State(app): State<App>, Person(who): Person, Query(query): Query) -> Result<Html, Wrong> {
    let subject = &who.session.subject;
    let grants = app.engine.grants_of(subject).await?;
    let sessions = app.engine.sessions_of(subject).await?;
    let known = app.engine.allowed_apps(subject).await?;
    let mut shown = Vec::new();
    for client in app.engine.apps().await? {
        let consent = known.iter().find(|(allowed, _)| allowed.id == client.id).map(|(_, consent)| consent);
        let of_grants = grants.iter().filter(|view| view.live && view.grant.client == client.id);
        let of_sessions =
            sessions.iter().filter(|view| view.live && view.session.audience.client() == Some(&client.id));
        let began = of_grants.map(|view| (view.grant.begun, view.grant.begun));
        let seen = of_sessions.map(|view| (view.session.begun, view.session.seen));
        let times: Vec<_> = began.chain(seen).collect();
        let first = times.iter().map(|(begun, _)| *begun).min();
        let Some(allowed) = consent.map(|consent| consent.at).or(first) else { continue };
        let scope = consent.map_or(&client.scope, |consent| &consent.scope);
        shown.push(AllowedApp {
            client: client.id.as_str().to_owned(),
            name: client.name.clone(),
            host: asking(&client).host,
            style: style(client.style),
            scopes: scope.names().map(ScopeLine::of).collect(),
            allowed: seconds(allowed),
            used: times.iter().map(|(_, used)| seconds(*used)).max(),
            first_party: client.first_party,
        });
    }
    shown.sort_by_key(|app| std::cmp::Reverse(app.used));
    let frame = app.account_frame(&who, query.value("done")).await?;
    Ok(app.pages.render(&AccountApps { frame, apps: shown }))
}

async fn withdraw(State(app): State<App>, Person(who): Person, Form(form): Form) -> Result<Redirect, Wrong> {
    app.engine.withdraw(&who, need(&form, "client")?).await?;
    Ok(Redirect::to("/account/apps?done=withdrawn"))
}

async fn password(State(app): State<App>, Person(who): Person, Query(query): Query) -> Result<Html, Wrong> {
    let mut page = app.password_page(&who).await?;
    page.frame.done = query.value("done").and_then(done).map(str::to_owned);
    Ok(app.pages.render(&page))
}

async fn change_password(
    State(app): State<App>,
    Person(who): Person,
    Guest(visitor): Guest,
    Form(form): Form,
) -> Result<Response, Wrong> {
    let typed = |name| Password::typed(form.value(name).unwrap_or_default().to_owned());
    let end_others = form.value("end_others").is_some();
    let changed = app.engine.change_password(
        &who,
        typed("current_password"),
        typed("new_password"),
        end_others,
        &visitor,
    );
    match changed.await {
        Ok(()) => Ok(Redirect::to("/account/password?done=password").into_response()),
        Err(Error::Refusal(refusal))
            if is_about_password(&refusal) || refusal == Refusal::CurrentPassword =>
        {
            let mut page = app.password_page(&who).await?;
            let place = if refusal == Refusal::CurrentPassword {
                &mut page.current_error
            } else {
                &mut page.new_error
            };
            *place = Some(told(&refusal));
            Ok(unprocessable(app.pages.render(&page)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn data(State(app): State<App>, Person(who): Person) -> Result<Html, Wrong> {
    Ok(app.pages.render(&app.data_page(&who).await?))
}

async fn export(State(app): State<App>, Person(who): Person) -> Result<Response, Wrong> {
    let subject = &who.session.subject;
    let document = app.engine.export_in_parts(subject, Actor::Subject(subject.clone())).await?;
    let name = HeaderValue::from_static("attachment; filename=\"account.json\"");
    Ok(([(header::CONTENT_DISPOSITION, name)], parts::answer(document)).into_response())
}

async fn erase(
    State(app): State<App>,
    Person(who): Person,
    Guest(visitor): Guest,
    Form(form): Form,
) -> Result<Response, Wrong> {
    let typed = Password::typed(form.value("password").unwrap_or_default().to_owned());
    match app.engine.erase_self(&who, typed, &visitor).await {
        Ok(()) => {
            let mut response = Redirect::to("/signin?done=erased").into_response();
            bake(&mut response, &app.engine.cookie(&Audience::Issuer).removal());
            Ok(response)
        }
        Err(Error::Refusal(refusal @ Refusal::CurrentPassword)) => {
            let mut page = app.data_page(&who).await?;
            page.error = Some(told(&refusal));
            Ok(unprocessable(app.pages.render(&page)))
        }
        Err(error) => Err(error.into()),
    }
}

/// What is now true, by the word that led here.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "ended" => "That session has ended.",
        "others" => "All other sign-ins have ended.",
        "withdrawn" => "The app no longer knows you. It asks again the next time.",
        "password" => "Your password is changed.",
        _ => return None,
    })
}

impl Server {
    async fn account_frame(&self, who: &Checked, word: Option<&str>) -> Result<AccountFrame, Wrong> {
        let frame = self.frame();
        Ok(AccountFrame {
            host: frame.host,
            now: frame.now,
            product: self.settings.product.clone(),
            email: self.email_of(who).await?,
            done: word.and_then(done).map(str::to_owned),
        })
    }

    async fn password_page(&self, who: &Checked) -> Result<AccountPassword, Wrong> {
        Ok(AccountPassword {
            frame: self.account_frame(who, None).await?,
            changed: self.password_changed(who).await?,
            others: Listed::of(self, who).await?.others,
            current_error: None,
            new_error: None,
        })
    }

    async fn data_page(&self, who: &Checked) -> Result<AccountData, Wrong> {
        let listed = Listed::of(self, who).await?;
        let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
        let (live, ended) = (listed.live.len(), listed.ended.len());
        let allowed = self.engine.allowed_apps(&who.session.subject).await?.len();
        let held = vec![
            fact("E-mail address", self.email_of(who).await?),
            fact("Subject", who.session.subject.to_string()),
            fact("Live sessions", live.to_string()),
            fact("Ended sessions", ended.to_string()),
            fact("Apps you allowed", allowed.to_string()),
        ];
        let sessions = listed.others.saturating_add(1);
        Ok(AccountData { frame: self.account_frame(who, None).await?, held, sessions, error: None })
    }

    /// When the password was last set: the newest such line of the person's own log, else when the account was opened.
    async fn password_changed(&self, who: &Checked) -> Result<i64, Wrong> {
        use countersign_core::audit::Event;
        use countersign_core::port::AuditFilter;
        let filter = AuditFilter { subject: Some(who.session.subject.clone()), ..AuditFilter::default() };
        let lines = self.engine.audit(filter, 200).await?;
        let set = |event: &Event| matches!(event, Event::PasswordChanged | Event::PasswordReset);
        if let Some((_, line)) = lines.iter().find(|(_, line)| set(&line.event)) {
            return Ok(seconds(line.at));
        }
        let user = self.engine.user(&who.session.subject).await?.ok_or(Refusal::SessionUnknown)?;
        Ok(seconds(user.since))
    }
}

/// A style as pages know it.
pub(crate) const fn style(style: Style) -> pages::Style {
    match style {
        Style::Session => pages::Style::Session,
        Style::Jwt => pages::Style::Jwt,
        Style::Hybrid => pages::Style::Hybrid,
    }
}
