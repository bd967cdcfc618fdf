//! Everything that is held about one person, as one JSON document (GDPR articles 15 and 20).

use countersign_core::Refusal;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::Batch;
use countersign_core::extent::Actor;
use countersign_core::id::Subject;
use countersign_core::port::{AuditFilter, SessionFilter};
use countersign_core::record::{Session, User};
use countersign_core::time::Timestamp;
use countersign_jose::primitive::base64;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::Result;

/// How many rows of a kind are read at once.
const PAGE: u32 = 1000;

/// The most audit lines in one document; older ones are held, too, and the document says so.
const LINES: usize = 10_000;

impl Engine {
    /// Everything that is held about `subject`, private session data included. Secrets and their hashes are left out: they
    /// say nothing about the person and open what is theirs.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn export(&self, subject: &Subject) -> Result<Value> {
        let user = self.directory.user(subject).await?.ok_or(Refusal::Missing { what: "person" })?;
        let line = self.line(Actor::Subject(subject.clone()), Event::Exported).about(subject);
        self.settle(Batch::new().audited(line.into())).await?;
        let lines = self.lines_about(subject).await?;
        Ok(json!({
            "issuer": self.settings.issuer,
            "exported": self.now().seconds(),
            "times": "whole seconds since 1970-01-01T00:00:00Z",
            "account": account(&user),
            "logins": self.logins_json(subject).await?,
            "sessions": self.sessions_json(subject, &user).await?,
            "grants": self.grants_json(subject).await?,
            "allowed": self.consents_json(subject).await?,
            "log_is_complete": lines.len() < LINES,
            "log": lines,
        }))
    }

    async fn logins_json(&self, subject: &Subject) -> Result<Vec<Value>> {
        let logins = self.store.logins(subject, PAGE).await?;
        let json = |login: countersign_core::record::Login| {
            json!({
                "id": login.id,
                "at": login.at.seconds(),
                "methods": login.methods,
                "device": login.device,
                "network": login.network,
                "ends": login.expires.seconds(),
                "ended": ended(login.ended.as_ref()),
            })
        };
        Ok(logins.into_iter().map(json).collect())
    }

    async fn sessions_json(&self, subject: &Subject, user: &User) -> Result<Vec<Value>> {
        let mut filter = SessionFilter { subject: Some(subject.clone()), ..SessionFilter::default() };
        let mut all = Vec::new();
        loop {
            let page = self.store.sessions(&filter, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            filter.before = Some(last.serial);
            for session in &page {
                let data = self.slots_json(session, user).await?;
                all.push(json!({
                    "session": self.handle(session.serial).to_string(),
                    "login": session.login,
                    "for": session.audience,
                    "begun": session.begun.seconds(),
                    "seen": session.seen.seconds(),
                    "ends": session.expires.seconds(),
                    "device": session.device,
                    "network": session.network,
                    "ended": ended(session.ended.as_ref()),
                    "data": data,
                }));
            }
        }
    }

    async fn slots_json(&self, session: &Session, user: &User) -> Result<Value> {
        let keys = self.slot_keys_of(user, &session.slots)?;
        let mut data = serde_json::Map::new();
        for (name, ..) in self.store.slot_names(&session.slots).await? {
            let Some(slot) = self.store.slot(&session.slots, &name, 0..u32::MAX).await? else { continue };
            let value = match keys.open(&name, &slot) {
                Ok(plain) => readable(&plain),
                Err(_) => json!({ "unreadable": "it was sealed with another key" }),
            };
            data.insert(name, value);
        }
        Ok(Value::Object(data))
    }

    async fn grants_json(&self, subject: &Subject) -> Result<Vec<Value>> {
        let grants = self.store.grants(Some(subject), None, PAGE).await?;
        let json = |grant: countersign_core::record::Grant| {
            json!({
                "grant": self.handle(grant.serial).to_string(),
                "application": grant.client,
                "scope": grant.scope,
                "begun": grant.begun.seconds(),
                "ends": grant.expires.seconds(),
                "ended": ended(grant.ended.as_ref()),
            })
        };
        Ok(grants.into_iter().map(json).collect())
    }

    async fn consents_json(&self, subject: &Subject) -> Result<Vec<Value>> {
        let consents = self.directory.consents(subject).await?;
        let json = |consent: countersign_core::port::ConsentRecord| json!({ "application": consent.client, "scope": consent.scope, "at": consent.at.seconds() });
        Ok(consents.into_iter().map(json).collect())
    }

    async fn lines_about(&self, subject: &Subject) -> Result<Vec<Value>> {
        let mut filter = AuditFilter { subject: Some(subject.clone()), ..AuditFilter::default() };
        let mut lines = Vec::new();
        loop {
            let page = self.directory.audit(&filter, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(lines) };
            filter.before = Some(*last);
            lines.extend(page.iter().map(|(_, entry)| line(entry)));
            if lines.len() >= LINES {
                lines.truncate(LINES);
                return Ok(lines);
            }
        }
    }
}

fn account(user: &User) -> Value {
    json!({ "subject": user.subject, "email": user.email, "role": user.role, "since": user.since.seconds() })
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
        Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        Err(_) => json!({ "base64url": base64::encode(plain) }),
    }
}
