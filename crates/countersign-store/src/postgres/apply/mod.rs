//! One batch inside a transaction that holds the head: each change checks its precondition and writes, or stops the whole
//! batch. What each means is the same as in the embedded engine.

mod begin;
mod end;
mod erase;
mod keep;
mod log;
mod once;
mod people;
mod reseal;
mod slot;
mod sweep;

use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::LogEntry;
use countersign_core::id::{ClientId, LoginId, Position, Version};
use countersign_core::record::Login;
use countersign_core::time::Timestamp;
use serde::de::DeserializeOwned;

use super::ahead::{self, Sending};
use super::convert::{self, Stop, column};
use super::head::Head;
use super::link::{Link, Values};
use crate::column::place;
use crate::ledger::Mark;

/// A transaction that changes are applied to.
pub(super) struct Applied<'a> {
    link: &'a Link,
    /// The head as it will be written.
    pub(super) head: Head,
    /// The log entries written so far, in order.
    pub(super) entries: Vec<LogEntry>,
    /// The marks of those who were erased so far.
    pub(super) erased: Vec<Mark>,
    /// The version of the session data that the batch wrote last.
    data: Option<Version>,
    /// Where the segments of the batch are, if they were sent ahead.
    sent: Option<Arc<Sending>>,
}

/// Where a batch began.
#[derive(Clone, Copy)]
pub(super) struct Start {
    head: Head,
    entries: usize,
    erased: usize,
}

impl<'a> Applied<'a> {
    /// Nothing applied yet; `head` is as it was read under its lock.
    pub(super) fn new(link: &'a Link, head: Head) -> Self {
        Self { link, head, entries: Vec::new(), erased: Vec::new(), data: None, sent: None }
    }

    /// Begins what can be undone by itself.
    pub(super) async fn start(&self) -> Result<Start, Fault> {
        self.link.say("SAVEPOINT batch").await?;
        Ok(Start { head: self.head, entries: self.entries.len(), erased: self.erased.len() })
    }

    /// Undoes everything since `start`.
    pub(super) async fn undo(&mut self, start: Start) -> Result<(), Fault> {
        self.head = start.head;
        self.entries.truncate(start.entries);
        self.erased.truncate(start.erased);
        Ok(self.link.say("ROLLBACK TO batch; RELEASE batch").await?)
    }

    /// The marks of those who were erased since `start`.
    pub(super) fn erased_since(&self, start: Start) -> Vec<Mark> {
        self.erased.iter().skip(start.erased).copied().collect()
    }

    /// Keeps what was done since the last start.
    pub(super) async fn release(&self) -> Result<(), Fault> {
        Ok(self.link.say("RELEASE batch").await?)
    }

    /// Applies every change in order; the caller undoes them all when one stops. The segments are at `sent` if they were sent
    /// ahead.
    pub(super) async fn batch(
        &mut self,
        batch: &Batch,
        sent: Option<Arc<Sending>>,
    ) -> Result<(Position, Option<Version>), Stop> {
        (self.data, self.sent) = (None, sent);
        for change in batch.changes() {
            self.change(change).await?;
        }
        if let Some(sent) = &self.sent {
            self.run(ahead::DROP, &[&sent.name()]).await?;
        }
        Ok((self.head.log.position, self.data))
    }

    async fn change(&mut self, change: &Change) -> Result<(), Stop> {
        match change {
            Change::BeginLogin(login) => self.begin_login(login).await,
            Change::StartSession(session) => self.start_session(session).await,
            Change::MakeRoom { subject, audience, most, at, crowded } => {
                self.make_room((subject, audience), *most, *at, crowded.as_ref()).await
            }
            Change::ProveLogin { login, generation, at, methods, stay, expires } => {
                self.prove_login((login, *generation), *at, methods, (*stay, *expires)).await
            }
            Change::TouchSession { serial, seen } => self.touch_session(*serial, *seen).await,
            Change::BeginGrant(grant) => self.begin_grant(grant).await,
            Change::MoveFamily { grant, expect, at, family } => {
                self.move_family((*grant, *expect), *at, family).await
            }
            Change::Issue(one_time) => self.issue(one_time).await,
            Change::Spend { key, at, gave } => self.spend(key, *at, *gave).await,
            Change::WriteSlots(write) => self.write_data(write).await,
            Change::End { extent, ending } => self.end(extent, ending).await,
            Change::RequireLogin { login, at } => self.living_login(login, *at).await.map(drop),
            Change::BeginEpoch(epoch) => self.begin_epoch(*epoch).await,
            Change::Sweep { before, limit } => self.sweep(*before, *limit).await,
            Change::AddUser(user) => self.add_user(user).await,
            Change::SetPassword { subject, expect, password } => {
                self.set_password(subject, *expect, password, expect.saturating_add(1)).await
            }
            Change::Rehash { subject, expect, password } => {
                self.set_password(subject, *expect, password, *expect).await
            }
            Change::EraseUser { subject, ending } => self.erase_user(subject, ending).await,
            Change::AddClient(client) => self.add_client(client).await,
            Change::PutClient { client, expect } => self.put_client(client, *expect).await,
            Change::PutConsent { subject, client, scope, at } => {
                self.put_consent(subject, client, scope, *at).await
            }
            Change::DropConsent { subject, client } => self.drop_consent(subject, client).await,
            Change::PutKey(key) => self.put_key(key).await,
            Change::DropKey { kid, at: _ } => self.drop_key(kid).await,
            Change::AddSetting { name, value } => self.add_setting(name, value).await,
            Change::PutSetting { name, was, value } => self.put_setting(name, was, value).await,
            Change::Reseal { what, was, sealed } => self.reseal(what, was, sealed).await,
            Change::Audit(entry) => self.audit(entry).await,
        }
    }

    /// The login, which must be alive at `at`.
    async fn living_login(&self, id: &LoginId, at: Timestamp) -> Result<Login, Stop> {
        let login: Login = self
            .record("SELECT record FROM login WHERE id = $1", &[&id.as_str()])
            .await?
            .ok_or(Conflict::Missing)?;
        if login.ended.is_some() || login.expires <= at {
            return Err(Conflict::Over.into());
        }
        self.above_marks(login.born, None).await?;
        Ok(login)
    }

    /// Whether `born` lies above the watermarks over everything and over `client`.
    async fn above_marks(&self, born: Position, client: Option<&ClientId>) -> Result<(), Stop> {
        let sql = "SELECT max(position) FROM watermark WHERE covers IN ('', $1)";
        let rows = self.link.rows(sql, &[&client.map_or("", ClientId::as_str)]).await?;
        let mark: Option<i64> = rows.first().map_or(Ok(None), |row| column(row, 0))?;
        if mark.is_some_and(|mark| place(born) < mark) { Err(Conflict::Over.into()) } else { Ok(()) }
    }

    async fn run(&self, sql: &str, values: Values<'_>) -> Result<u64, Stop> {
        self.link.run(sql, values).await
    }

    async fn exists(&self, sql: &str, values: Values<'_>) -> Result<bool, Stop> {
        Ok(!self.link.rows(sql, values).await?.is_empty())
    }

    async fn record<T: DeserializeOwned>(&self, sql: &str, values: Values<'_>) -> Result<Option<T>, Stop> {
        let rows = self.link.rows(sql, values).await?;
        Ok(rows.first().map(|row| convert::record(row, 0)).transpose()?)
    }

    async fn records<T: DeserializeOwned>(&self, sql: &str, values: Values<'_>) -> Result<Vec<T>, Stop> {
        let rows = self.link.rows(sql, values).await?;
        Ok(rows.iter().map(|row| convert::record(row, 0)).collect::<Result<_, _>>()?)
    }
}
