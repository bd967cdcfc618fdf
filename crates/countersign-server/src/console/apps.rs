//! `/admin/apps`: the list, registering one, its secret once, one application, a new secret, ending everything of it.

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use countersign::{Beyond, Error, NewApp, Refusal, SessionRules};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::ClientId;
use countersign_core::record::{Client, Style};
use http::StatusCode;
use serde::Deserialize;

use super::form::Posted;
use super::guard::Operator;
use super::notice::{Done, Notice};
use super::once::Made;
use super::{Console, Shown, fact, rows, to};
use crate::api::body::{Asked, Part};
use crate::pages::{AppDetail, AppForm, AppRegistered, Apps};
use crate::web::face::sentence;
use crate::web::text::encoded;

/// The list.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Done>,
) -> Shown {
    let mut rows = Vec::new();
    for app in console.engine.apps().await? {
        rows.push(rows::app(&app, console.engine.live_of_app(&app.id).await?));
    }
    Ok(console.show(&Apps { frame: console.frame(&operator, query.done), rows }))
}

/// The empty form.
pub(super) async fn form(State(console): State<Console>, Extension(operator): Extension<Operator>) -> Shown {
    Ok(console.show(&console.app_form(&operator, NewAppForm::default())))
}

/// What the form posts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAppForm {
    name: String,
    client: String,
    style: Style,
    redirects: String,
    #[serde(default)]
    after_signout: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    first_party: Ticked,
    #[serde(default)]
    public: Ticked,
}

impl Default for NewAppForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            client: String::new(),
            style: Style::Hybrid,
            redirects: String::new(),
            after_signout: String::new(),
            audience: String::new(),
            first_party: Ticked::Off,
            public: Ticked::Off,
        }
    }
}

/// A box that is ticked or not; browsers send `on`, or nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ticked {
    /// Ticked.
    On,
    /// Not.
    #[default]
    Off,
}

impl From<&NewAppForm> for NewApp {
    fn from(form: &NewAppForm) -> Self {
        let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let redirect_uris = lines(&form.redirects);
        // An application with sessions has its callback on its own origin.
        let origin =
            redirect_uris.first().filter(|_| form.style == Style::Session).and_then(|uri| origin(uri));
        Self {
            id: form.client.trim().to_owned(),
            name: filled(&form.name),
            style: form.style,
            redirect_uris,
            post_logout_redirect_uris: lines(&form.after_signout),
            origin,
            audience: filled(&form.audience),
            scope: None,
            public: form.public == Ticked::On,
            first_party: form.first_party == Ticked::On,
            acts_alone: false,
            sessions: SessionRules::default(),
        }
    }
}

/// Registers an application; its secret is shown on the next page, once.
pub(super) async fn add(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<NewAppForm>,
) -> Shown {
    match console.engine.add_app(NewApp::from(&form), by).await {
        Ok((app, secret)) => Ok(console.keep(&operator, &app.id, Made { secret, rotated: false })),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Refusal(refusal)) => {
            let mut page = console.app_form(&operator, form);
            blame(&mut page, &refusal);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, console.draw(&page)).into_response())
        }
    }
}

/// Shows what was just made for an application, to whoever made it, once.
pub(super) async fn registered(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Part(id): Part,
) -> Shown {
    let app = console.engine.app(&id).await?;
    let made = console.once.take(operator.checked.session.serial, &app.id, console.engine.now());
    let Some(made) = made else { return Ok(to(&format!("/admin/apps/{}", app.id))) };
    let issuer = &console.engine.settings().issuer;
    let page = AppRegistered {
        frame: console.frame(&operator, None),
        secret: made.secret.map(|secret| secret.reveal().to_owned()),
        rotated: made.rotated,
        issuer_url: issuer.clone(),
        snippet: if made.rotated { String::new() } else { snippet(&app, issuer) },
        app: rows::app(&app, console.engine.live_of_app(&app.id).await?),
    };
    Ok(console.show(&page))
}

/// One application.
pub(super) async fn show(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Part(id): Part,
    Asked(query): Asked<Done>,
) -> Shown {
    let app = console.engine.app(&id).await?;
    let mut facts = vec![fact("Audience", &app.audience), fact("Scopes", app.scope.to_string())];
    if app.style != Style::Session {
        facts.push(fact("Access token", format!("{} minutes", app.access_lifetime.as_secs() / 60)));
        facts.push(fact("Refresh", format!("{} days", app.refresh_lifetime.as_secs() / 86_400)));
    }
    if let Some(origin) = &app.origin {
        facts.push(fact("Origin", origin));
    }
    if let Some(preset) = app.sessions.preset {
        facts.push(fact("Session limits", preset.name()));
    }
    if let Some(most) = app.sessions.most {
        let beyond = match most.beyond {
            Beyond::EndOldest => "the oldest ends",
            Beyond::Deny => "one more is refused",
        };
        facts.push(fact("Sessions", format!("at most {} of one person, then {beyond}", most.count)));
    }
    if app.acts_alone {
        facts.push(fact("By itself", "may act without a person"));
    }
    let page = AppDetail {
        frame: console.frame(&operator, query.done),
        redirects: app.redirect_uris.clone(),
        after_signout: app.post_logout_redirect_uris.clone(),
        facts,
        app: rows::app(&app, console.engine.live_of_app(&app.id).await?),
    };
    Ok(console.show(&page))
}

/// What the buttons post.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    client: String,
}

/// Makes a new secret; it is shown on the next page, once.
pub(super) async fn rotate_secret(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<Which>,
) -> Shown {
    let app = console.engine.app(&form.client).await?;
    let secret = Some(console.engine.rotate_app_secret(&form.client, by).await?);
    Ok(console.keep(&operator, &app.id, Made { secret, rotated: true }))
}

/// Ends everything of one application.
pub(super) async fn end(
    State(console): State<Console>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<Which>,
) -> Shown {
    let app = console.engine.app(&form.client).await?;
    let page = Notice::AppEnded.on(&format!("/admin/apps/{}", app.id));
    console.engine.end(Extent::Client(app.id), Reason::EndedByOperator, by).await?;
    Ok(to(&page))
}

impl Console {
    fn keep(&self, operator: &Operator, app: &ClientId, made: Made) -> axum::response::Response {
        self.once.keep(operator.checked.session.serial, app, made, self.engine.now());
        to(&format!("/admin/apps/{}/secret", encoded(app.as_str())))
    }

    fn app_form(&self, operator: &Operator, typed: NewAppForm) -> AppForm {
        AppForm {
            frame: self.frame(operator, None),
            name: typed.name,
            client: typed.client,
            style: rows::style(typed.style),
            redirects: typed.redirects,
            after_signout: typed.after_signout,
            audience: typed.audience,
            first_party: typed.first_party == Ticked::On,
            public: typed.public == Ticked::On,
            error: None,
            name_error: None,
            client_error: None,
            redirects_error: None,
        }
    }
}

/// Puts a refusal beside the field that it is about.
fn blame(page: &mut AppForm, refusal: &Refusal) {
    let said = sentence(&refusal.to_string());
    let typed = lines(&page.redirects);
    let client = page.client.trim().parse::<ClientId>();
    let place = match refusal {
        Refusal::Taken { .. } => &mut page.client_error,
        _ if client.is_err() => &mut page.client_error,
        Refusal::Invalid { what } if what.contains("name has") => &mut page.name_error,
        Refusal::Invalid { what }
            if what.contains("origin") || typed.iter().any(|uri| what.contains(uri.as_str())) =>
        {
            &mut page.redirects_error
        }
        _ => &mut page.error,
    };
    *place = Some(said);
}

/// The lines of a field that are not empty.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Scheme, host and port of an address.
fn origin(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some(format!("{scheme}://{host}"))
}

/// Lines to put into the application or its proxy.
fn snippet(app: &Client, issuer: &str) -> String {
    let guard = |style: &str| {
        format!("let guard = Guard::{style}(trust(\"{issuer}\").audience(\"{}\")).await?;", app.audience)
    };
    match app.style {
        Style::Hybrid => guard("hybrid"),
        Style::Jwt => guard("jwt"),
        Style::Session => format!(
            "location /_cs/ {{ proxy_pass {issuer}; proxy_set_header Host $http_host; }}\n\
             location = /_check {{ internal; proxy_pass {issuer}/check?app={}; proxy_pass_request_body off; \
             proxy_set_header X-Original-Method $request_method; }}",
            app.id
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_with_sessions_lives_where_its_callback_is() {
        let form = NewAppForm {
            client: " shop ".to_owned(),
            style: Style::Session,
            redirects: "https://shop.example:8443/_cs/callback\r\n\r\n".to_owned(),
            ..NewAppForm::default()
        };
        let app = NewApp::from(&form);
        assert_eq!(app.origin.as_deref(), Some("https://shop.example:8443"));
        assert_eq!((app.id.as_str(), app.redirect_uris.len(), app.name), ("shop", 1, None));
        let app = NewApp::from(&NewAppForm { style: Style::Hybrid, ..form });
        assert_eq!(app.origin, None);
    }
}
