//! One batch inside a transaction: each change checks its precondition and writes, or stops the whole batch.

mod begin;
mod end;
mod erase;
mod guest;
mod keep;
mod log;
mod once;
mod people;
mod reseal;
mod slot;
mod sweep;

use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::LogEntry;
use countersign_core::id::{ClientId, LoginId, Position, Subject, Version};
use countersign_core::record::Login;
use countersign_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::de::DeserializeOwned;

use super::convert::{self, Stop};

pub(super) use log::state as log_state;

/// A transaction that changes are applied to.
pub(super) struct Applied<'a> {
    connection: &'a Connection,
    /// The log entries written so far, in order.
    pub(super) entries: Vec<LogEntry>,
    /// The persons that were erased: the write-ahead log must not keep what it holds of them.
    pub(super) erased: Vec<Subject>,
    /// The version of the session data that was written last.
    pub(super) data: Option<Version>,
}

impl<'a> Applied<'a> {
    /// Nothing applied yet.
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, entries: Vec::new(), erased: Vec::new(), data: None }
    }

    /// Applies every change in order; the caller undoes them all when one stops.
    pub(super) fn batch(&mut self, batch: &Batch) -> Result<Position, Stop> {
        for change in batch.changes() {
            self.change(change)?;
        }
        self.position()
    }

    fn change(&mut self, change: &Change) -> Result<(), Stop> {
        match change {
            Change::BeginLogin(login) => self.begin_login(login),
            Change::StartSession(session) => self.start_session(session),
            Change::MakeRoom { subject, audience, most, at, crowded } => {
                self.make_room((subject, audience), *most, *at, crowded.as_ref())
            }
            Change::ProveLogin { login, generation, at, methods, stay, expires } => {
                self.prove_login((login, *generation), *at, methods, (*stay, *expires))
            }
            Change::TouchSession { serial, seen } => self.touch_session(*serial, *seen),
            Change::BeginGrant(grant) => self.begin_grant(grant),
            Change::MoveFamily { grant, expect, at, family } => {
                self.move_family((*grant, *expect), *at, family)
            }
            Change::Issue(one_time) => self.issue(one_time),
            Change::Spend { key, at, gave } => self.spend(key, *at, *gave),
            Change::WriteSlots(write) => self.write_data(write),
            Change::End { extent, ending } => self.end(extent, ending),
            Change::RequireLogin { login, at } => self.living_login(login, *at).map(drop),
            Change::Sweep { before, limit } => self.sweep(*before, *limit),
            Change::BeginEpoch(epoch) => self.begin_epoch(*epoch),
            Change::EraseUser { subject, ending } => self.erase_user(subject, ending),
            other => self.directory_change(other),
        }
    }

    fn directory_change(&mut self, change: &Change) -> Result<(), Stop> {
        match change {
            Change::AddUser(user) => self.add_user(user),
            Change::SetPassword { subject, expect, password } => {
                self.set_password(subject, *expect, password, expect.saturating_add(1))
            }
            Change::Rehash { subject, expect, password } => {
                self.set_password(subject, *expect, password, *expect)
            }
            Change::AddClient(client) => self.add_client(client),
            Change::PutClient { client, expect } => self.put_client(client, *expect),
            Change::PutConsent { subject, client, scope, at } => {
                self.put_consent(subject, client, scope, *at)
            }
            Change::DropConsent { subject, client } => self.drop_consent(subject, client),
            Change::PutKey(key) => self.put_key(key),
            Change::DropKey { kid, at: _ } => self.drop_key(kid),
            Change::AddSetting { name, value } => self.add_setting(name, value),
            Change::PutSetting { name, was, value } => self.put_setting(name, was, value),
            Change::Reseal { what, was, sealed } => self.reseal(what, was, sealed),
            Change::Audit(entry) => self.audit(entry),
            _ => Err(Stop::Fault(countersign_core::Fault::Store(
                "this store does not know such a change".to_owned(),
            ))),
        }
    }

    /// The login, which must be alive at `at`.
    fn living_login(&self, id: &LoginId, at: Timestamp) -> Result<Login, Stop> {
        let login: Login =
            self.record("SELECT record FROM login WHERE id = ?1", [id.as_str()])?.ok_or(Conflict::Missing)?;
        if login.ended.is_some() || login.expires <= at {
            return Err(Conflict::Over.into());
        }
        self.above_marks(login.born, None)?;
        Ok(login)
    }

    /// Whether `born` lies above the watermarks over everything and over `client`.
    fn above_marks(&self, born: Position, client: Option<&ClientId>) -> Result<(), Stop> {
        // `IN` would build a table of the two, every time.
        let above = "SELECT 1 FROM watermark WHERE covers = '' AND position > ?2
             UNION ALL SELECT 1 FROM watermark WHERE covers = ?1 AND position > ?2";
        let covered =
            self.exists(above, params![client.map_or("", ClientId::as_str), convert::place(born)])?;
        if covered { Err(Conflict::Over.into()) } else { Ok(()) }
    }

    fn run(&self, sql: &str, params: impl Params) -> Result<usize, Stop> {
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    fn exists(&self, sql: &str, params: impl Params) -> Result<bool, Stop> {
        Ok(self.connection.prepare_cached(sql)?.exists(params)?)
    }

    fn record<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Option<T>, Stop> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(params, |row| convert::record(row, 0)).optional()?)
    }

    fn records<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, Stop> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, |row| convert::record(row, 0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
