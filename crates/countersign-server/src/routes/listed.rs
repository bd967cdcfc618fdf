//! A person's sessions and grants as their account page lists them. Words only; what is live is decided by the engine.

use std::collections::BTreeMap;

use countersign::{Checked, GrantView, SessionView};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::ClientId;
use countersign_core::record::{Client, Device, Style};

use crate::app::{Server, seconds};
use crate::pages::{self, EndedSession, LiveSession};
use crate::web::Wrong;

/// What a person's account page lists.
pub(crate) struct Listed {
    /// Live ones, this browser's first.
    pub live: Vec<LiveSession>,
    /// Ended ones that are still remembered.
    pub ended: Vec<EndedSession>,
    /// Other sign-ins.
    pub others: u32,
}

/// Applications by id.
pub(crate) struct Names(BTreeMap<ClientId, Client>);

impl Names {
    /// The name of an application; its id when it is no longer registered.
    pub(crate) fn name(&self, id: &ClientId) -> String {
        self.0.get(id).map_or_else(|| id.as_str().to_owned(), |client| client.name.clone())
    }

    /// How long its tokens may go on after an end, when it reads them by itself.
    fn lingers(&self, id: &ClientId) -> Option<i64> {
        let client = self.0.get(id).filter(|client| client.style == Style::Jwt)?;
        i64::try_from(client.access_lifetime.as_secs()).ok()
    }
}

impl Server {
    /// The registered applications.
    pub(crate) async fn names(&self) -> Result<Names, Wrong> {
        let apps = self.engine.apps().await?;
        Ok(Names(apps.into_iter().map(|client| (client.id.clone(), client)).collect()))
    }
}

impl Listed {
    /// The sessions and grants of `who`.
    pub(crate) async fn of(app: &Server, who: &Checked) -> Result<Self, Wrong> {
        let names = app.names().await?;
        let subject = &who.session.subject;
        let sessions = app.engine.sessions_of(subject).await?;
        let grants = app.engine.grants_of(subject).await?;
        let mut others: Vec<_> = sessions
            .iter()
            .filter(|view| view.live && view.session.login != who.session.login)
            .map(|view| view.session.login.clone())
            .collect();
        others.sort();
        others.dedup();
        let of = |view: &SessionView, here: bool| live_session(view, &names, here);
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            sessions.iter().filter(|view| view.live).partition(|view| view.handle == who.handle);
        let mut live: Vec<_> = here.into_iter().map(|view| of(view, true)).collect();
        live.extend(elsewhere.into_iter().map(|view| of(view, false)));
        live.extend(grants.iter().filter(|view| view.live).map(|view| live_grant(view, &sessions, &names)));
        let mut ended: Vec<_> = sessions.iter().filter_map(|view| ended_session(view, &names)).collect();
        ended.extend(grants.iter().filter_map(|view| ended_grant(view, &sessions, &names)));
        ended.sort_by_key(|session| std::cmp::Reverse(session.ended));
        Ok(Self { live, ended, others: u32::try_from(others.len()).unwrap_or(u32::MAX) })
    }
}

fn live_session(view: &SessionView, names: &Names, here: bool) -> LiveSession {
    let session = &view.session;
    LiveSession {
        handle: view.handle.to_string(),
        device: device(&session.device),
        kind: kind(&session.device),
        network: session.network.to_string(),
        app: session.audience.client().map(|id| names.name(id)),
        method: "a password".to_owned(),
        began: seconds(session.auth_time),
        seen: seconds(session.seen),
        ends: Some(seconds(session.expires)),
        lingers: None,
        here,
    }
}

fn live_grant(view: &GrantView, sessions: &[SessionView], names: &Names) -> LiveSession {
    let grant = &view.grant;
    let (device, kind, network) = place(view, sessions);
    let used = grant.family.as_ref().map_or(grant.begun, |family| family.handed_at);
    LiveSession {
        handle: view.handle.to_string(),
        device,
        kind,
        network,
        app: Some(names.name(&grant.client)),
        method: "a password".to_owned(),
        began: seconds(grant.auth_time.unwrap_or(grant.begun)),
        seen: seconds(used),
        ends: Some(seconds(grant.expires)),
        lingers: names.lingers(&grant.client),
        here: false,
    }
}

/// A grant has no device of its own: it came of a login, and the login's session knows.
fn place(view: &GrantView, sessions: &[SessionView]) -> (String, pages::Device, String) {
    let of_login = sessions.iter().find(|known| Some(&known.session.login) == view.grant.login.as_ref());
    of_login.map_or_else(
        || ("An app".to_owned(), pages::Device::Machine, "unknown network".to_owned()),
        |known| {
            let session = &known.session;
            (device(&session.device), kind(&session.device), session.network.to_string())
        },
    )
}

fn ended_session(view: &SessionView, names: &Names) -> Option<EndedSession> {
    let session = &view.session;
    if view.live {
        return None;
    }
    let (ended, by) = over(session.ended.as_ref(), seconds(session.expires));
    Some(EndedSession {
        device: device(&session.device),
        kind: kind(&session.device),
        network: session.network.to_string(),
        app: session.audience.client().map(|id| names.name(id)),
        ended,
        by,
        tries: 0,
        last_try: None,
    })
}

fn ended_grant(view: &GrantView, sessions: &[SessionView], names: &Names) -> Option<EndedSession> {
    if view.live {
        return None;
    }
    let (device, kind, network) = place(view, sessions);
    let (ended, by) = over(view.grant.ended.as_ref(), seconds(view.grant.expires));
    let app = Some(names.name(&view.grant.client));
    Some(EndedSession { device, kind, network, app, ended, by, tries: 0, last_try: None })
}

/// When and by what something ended; without a mark of its own, by a limit or by an ending of everything.
fn over(ending: Option<&Ending>, expires: i64) -> (i64, String) {
    let Some(ending) = ending else { return (expires, "a limit".to_owned()) };
    let by = match (&ending.by, ending.reason) {
        (_, Reason::Replay) => "a secret that was used twice",
        (_, Reason::Replaced) => "a new sign-in",
        (_, Reason::CrowdedOut) => "a sign-in elsewhere",
        (Actor::Subject(_), Reason::PasswordChanged | Reason::PasswordReset) => "your new password",
        (Actor::Subject(_), _) => "you",
        (Actor::Operator(_) | Actor::CommandLine, _) => "the operator",
        (Actor::Client(_), _) => "the app",
        (Actor::Stranger | Actor::System, _) => "this server",
    };
    (seconds(ending.at), by.to_owned())
}

/// `Firefox, Linux` as people say it.
fn device(device: &Device) -> String {
    device.as_str().replacen(", ", " on ", 1)
}

fn kind(device: &Device) -> pages::Device {
    let name = device.as_str();
    if ["Android", "iPhone", "iPad"].iter().any(|phone| name.contains(phone)) {
        pages::Device::Phone
    } else if name.contains("curl") || name.starts_with("Unknown") {
        pages::Device::Machine
    } else {
        pages::Device::Laptop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_said_as_people_say_them() {
        let phone = Device::from_user_agent(Some("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Safari/537"));
        assert_eq!(device(&phone), "Chrome on Android");
        assert!(kind(&phone) == pages::Device::Phone);
        assert!(kind(&Device::from_user_agent(None)) == pages::Device::Machine);
        assert!(kind(&Device::from_user_agent(Some("(X11; Linux) Firefox/140"))) == pages::Device::Laptop);
    }
}
