//! Everything that is held about one person, as one JSON document (GDPR articles 15 and 20).

use std::sync::Arc;

use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::Batch;
use countersign_core::extent::Actor;
use countersign_core::id::Subject;
use countersign_core::port::{AuditFilter, ConsentRecord, SessionFilter};
use countersign_core::record::{Grant, Login, Session, User};
use countersign_core::time::Timestamp;
use countersign_core::{Fault, Refusal};
use countersign_jose::primitive::base64;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::error::Result;

/// How many rows of a kind are read at once.
const PAGE: u32 = 1000;

/// How many bytes of the document make a part.
const PART: usize = 64 * 1024;

/// What is nested deeper is given as text: programs that read the document refuse a deep one as a whole.
const DEEPEST: usize = 64;

/// The document in parts, made as they are asked for: at most one value of a slot, or one page of rows, is in memory at a
/// time, however much is held. Dropping it ends the making.
#[derive(Debug)]
pub struct Export {
    parts: mpsc::Receiver<String>,
    making: JoinSet<Result<()>>,
}

impl Export {
    /// The next part; none behind the last one. All parts, one behind the other, are the document.
    ///
    /// # Errors
    /// What the store could not do. What there is so far is no whole document.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if let Some(part) = self.parts.recv().await {
            return Ok(Some(part));
        }
        match self.making.join_next().await {
            Some(Ok(made)) => made.map(|()| None),
            Some(Err(_)) => Err(Fault::Store("the export was cut short".to_owned()).into()),
            None => Ok(None),
        }
    }
}

impl Engine {
    /// Everything that is held about `subject`, private session data included, as `by` has asked for it. Secrets and their hashes are left out: they
    /// say nothing about the person and open what is theirs. All of it is in memory; [`Engine::export_in_parts`] is for
    /// whoever may hold much.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn export(&self, subject: &Subject, by: Actor) -> Result<Value> {
        let user = self.begin_export(subject, by).await?;
        let (out, mut parts) = mpsc::channel(1);
        let making = async {
            let mut out = Out { to: out, text: String::new() };
            self.tell(&user, &mut out).await
        };
        let gathering = async {
            let mut text = String::new();
            while let Some(part) = parts.recv().await {
                text.push_str(&part);
            }
            text
        };
        let (made, text) = tokio::join!(making, gathering);
        made?;
        Ok(serde_json::from_str(&text).map_err(|why| Fault::Codec(format!("an export is no JSON: {why}")))?)
    }

    /// As [`Engine::export`], as the text of the document in parts.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn export_in_parts(self: &Arc<Self>, subject: &Subject, by: Actor) -> Result<Export> {
        let user = self.begin_export(subject, by).await?;
        let (out, parts) = mpsc::channel(1);
        let (engine, mut making) = (Arc::clone(self), JoinSet::new());
        let mut out = Out { to: out, text: String::new() };
        making.spawn(async move { engine.tell(&user, &mut out).await });
        Ok(Export { parts, making })
    }

    async fn begin_export(&self, subject: &Subject, by: Actor) -> Result<User> {
        let user = self.directory.user(subject).await?.ok_or(Refusal::Missing { what: "person" })?;
        let line = self.line(by, Event::Exported).about(subject);
        self.settle(Batch::new().audited(line.into())).await?;
        Ok(user)
    }

    async fn tell(&self, user: &User, out: &mut Out) -> Result<()> {
        let subject = &user.subject;
        out.say("{").await?;
        out.member("issuer", &self.settings.issuer).await?;
        out.next_member("exported", &self.now().seconds()).await?;
        out.next_member("times", &"whole seconds since 1970-01-01T00:00:00Z").await?;
        out.next_member("account", &account(user)).await?;
        let logins = self.store.logins(subject, u32::MAX).await?;
        out.next_member("logins", &logins.iter().map(login).collect::<Vec<_>>()).await?;
        self.tell_sessions(user, out).await?;
        let grants = self.store.grants(Some(subject), None, u32::MAX).await?;
        let grants: Vec<Value> = grants.iter().map(|grant| self.grant_json(grant)).collect();
        out.next_member("grants", &grants).await?;
        let allowed = self.directory.consents(subject).await?;
        out.next_member("allowed", &allowed.iter().map(consent).collect::<Vec<_>>()).await?;
        self.tell_lines(subject, out).await?;
        out.say("}").await?;
        out.send().await
    }

    async fn tell_sessions(&self, user: &User, out: &mut Out) -> Result<()> {
        let mut filter = SessionFilter { subject: Some(user.subject.clone()), ..SessionFilter::default() };
        out.say(",\"sessions\":[").await?;
        let mut before = "";
        loop {
            let page = self.store.sessions(&filter, PAGE).await?;
            let Some(last) = page.last() else { return out.say("]").await };
            filter.before = Some(last.serial);
            for session in &page {
                out.say(before).await?;
                before = ",";
                self.tell_session(session, user, out).await?;
            }
        }
    }

    async fn tell_session(&self, session: &Session, user: &User, out: &mut Out) -> Result<()> {
        out.say("{").await?;
        out.member("session", &self.handle(session.serial).to_string()).await?;
        out.next_member("login", &session.login).await?;
        out.next_member("for", &session.audience).await?;
        out.next_member("begun", &session.begun.seconds()).await?;
        out.next_member("seen", &session.seen.seconds()).await?;
        out.next_member("ends", &session.expires.seconds()).await?;
        out.next_member("device", &session.device).await?;
        out.next_member("network", &session.network).await?;
        out.next_member("ended", &ended(session.ended.as_ref())).await?;
        out.say(",\"data\":{").await?;
        let keys = self.slot_keys_of(user, &session.slots)?;
        let mut is_first = true;
        for (name, ..) in self.store.slot_names(&session.slots).await? {
            let Some(slot) = self.store.slot(&session.slots, &name, 0..u32::MAX).await? else { continue };
            let value = match keys.open(&name, &slot) {
                Ok(plain) => readable(&plain),
                Err(_) => json!({ "unreadable": "it was sealed with another key" }),
            };
            if !std::mem::take(&mut is_first) {
                out.say(",").await?;
            }
            out.member(&name, &value).await?;
        }
        out.say("}}").await
    }

    async fn tell_lines(&self, subject: &Subject, out: &mut Out) -> Result<()> {
        let mut filter = AuditFilter { subject: Some(subject.clone()), ..AuditFilter::default() };
        out.say(",\"log\":[").await?;
        let mut before = "";
        loop {
            let page = self.directory.audit(&filter, PAGE).await?;
            let Some((last, _)) = page.last() else { return out.say("]").await };
            filter.before = Some(*last);
            let lines = page.iter().map(|(_, entry)| line(entry).to_string()).collect::<Vec<_>>().join(",");
            out.say(before).await?;
            before = ",";
            out.say(&lines).await?;
        }
    }

    fn grant_json(&self, grant: &Grant) -> Value {
        json!({
            "grant": self.handle(grant.serial).to_string(),
            "application": grant.client,
            "scope": grant.scope,
            "begun": grant.begun.seconds(),
            "ends": grant.expires.seconds(),
            "ended": ended(grant.ended.as_ref()),
        })
    }
}

/// Where the parts go, and the one that is being made.
struct Out {
    to: mpsc::Sender<String>,
    text: String,
}

impl Out {
    async fn say(&mut self, text: &str) -> Result<()> {
        self.text.push_str(text);
        if self.text.len() >= PART { self.send().await } else { Ok(()) }
    }

    async fn member(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let codec = |why: serde_json::Error| Fault::Codec(format!("an export cannot be written: {why}"));
        let name = serde_json::to_string(name).map_err(codec)?;
        let value = serde_json::to_string(value).map_err(codec)?;
        self.say(&name).await?;
        self.say(":").await?;
        self.say(&value).await
    }

    async fn next_member(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        self.say(",").await?;
        self.member(name, value).await
    }

    async fn send(&mut self) -> Result<()> {
        let gone = |_| Fault::Store("nobody waits for the export any more".to_owned());
        Ok(self.to.send(std::mem::take(&mut self.text)).await.map_err(gone)?)
    }
}

fn account(user: &User) -> Value {
    json!({ "subject": user.subject, "email": user.email, "role": user.role, "since": user.since.seconds() })
}

fn login(login: &Login) -> Value {
    json!({
        "id": login.id,
        "at": login.at.seconds(),
        "methods": login.methods,
        "device": login.device,
        "network": login.network,
        "ends": login.expires.seconds(),
        "ended": ended(login.ended.as_ref()),
    })
}

fn consent(consent: &ConsentRecord) -> Value {
    json!({ "application": consent.client, "scope": consent.scope, "at": consent.at.seconds() })
}

fn line(entry: &AuditEntry) -> Value {
    json!({
        "at": entry.at.seconds(),
        "by": entry.by,
        "event": entry.event,
        "application": entry.client,
        "network": entry.network,
    })
}

fn ended(ending: Option<&countersign_core::extent::Ending>) -> Option<Value> {
    ending.map(
        |ending| json!({ "at": Timestamp::seconds(ending.at), "reason": ending.reason, "by": ending.by }),
    )
}

/// JSON as JSON, text as text, other bytes in base64url.
fn readable(plain: &[u8]) -> Value {
    match std::str::from_utf8(plain) {
        Ok(text) => match serde_json::from_str(text) {
            Ok(value) if depth(&value) <= DEEPEST => value,
            Ok(_) | Err(_) => Value::String(text.to_owned()),
        },
        Err(_) => json!({ "base64url": base64::encode(plain) }),
    }
}

/// How deep `value` is nested; as deep as its parser goes.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::batch::{Change, Outcome};

    use super::*;
    use crate::testing::Rig;

    #[tokio::test]
    async fn an_export_leaves_no_login_out() {
        let rig = Rig::in_memory(crate::SessionRules::default()).await.unwrap();
        let ada = rig.person("ada@marsh.example", "lantern rope harbour").await.unwrap();
        let login = |number: u32| -> Login {
            let login = json!({
                "id": format!("login_{number:032x}"), "subject": &ada.subject, "born": 0, "generation": ada.generation,
                "at": 1000, "methods": ["pwd"], "device": "x", "network": "x", "expires": 9_000_000, "ended": null,
            });
            serde_json::from_value(login).unwrap()
        };
        let batch =
            (0..=PAGE).map(|number| Change::BeginLogin(login(number))).fold(Batch::new(), Batch::with);
        let outcome = rig.engine.store.commit(batch).await.unwrap();
        assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
        let document = rig.engine.export(&ada.subject, Actor::System).await.unwrap();
        assert_eq!(document["logins"].as_array().unwrap().len(), 1001);
    }
}
