//! The store's reads, and its way to the writer.

use std::ops::Range;
use std::sync::Arc;

use countersign_core::batch::{Batch, Outcome};
use countersign_core::extent::LogEntry;
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject, Version};
use countersign_core::port::{Follower, LogState, Pending, SessionFilter, Store};
use countersign_core::record::{Grant, Login, OneTime, Session, SpendKey};
use countersign_core::slot::SlotValue;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, params_from_iter};
use serde::de::DeserializeOwned;

use super::Embedded;
use super::apply::log_state;
use super::convert::{audience, int, place, record, time};
use super::slot;
use super::writer::Space;

impl Store for Embedded {
    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>> {
        self.one("SELECT record FROM login WHERE id = ?1", [id.as_str()])
    }

    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>> {
        self.one("SELECT record FROM session WHERE serial = ?1", [int(serial.number())])
    }

    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>> {
        self.one("SELECT record FROM permit WHERE serial = ?1", [int(serial.number())])
    }

    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>> {
        self.one("SELECT record FROM one_time WHERE key = ?1", [key.0])
    }

    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>> {
        self.answer(move |connection| slot::read(connection, [slots.as_str(), name], segments))
    }

    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>> {
        self.answer(move |connection| slot::names(connection, slots))
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>> {
        self.answer(move |connection| {
            let (sql, values) = listing(filter, limit);
            records(connection, &sql, params_from_iter(values))
        })
    }

    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>> {
        self.answer(move |connection| {
            let mut sql = "SELECT record FROM permit WHERE true".to_owned();
            let mut values = Vec::new();
            if let Some(subject) = subject {
                sql.push_str(" AND subject = ?");
                values.push(Value::Text(subject.as_str().to_owned()));
            }
            if let Some(client) = client {
                sql.push_str(if subject.is_some() { " AND +client = ?" } else { " AND client = ?" });
                values.push(Value::Text(client.as_str().to_owned()));
            }
            sql.push_str(" ORDER BY serial DESC LIMIT ?");
            values.push(Value::Integer(i64::from(limit)));
            records(connection, &sql, params_from_iter(values))
        })
    }

    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>> {
        self.answer(move |connection| {
            let sql = "SELECT record FROM login WHERE subject = ?1 ORDER BY id DESC LIMIT ?2";
            records(connection, sql, (subject.as_str(), limit))
        })
    }

    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>> {
        self.answer(move |connection| log_page(connection, place(position), limit))
    }

    fn log_state(&self) -> Pending<'_, LogState> {
        self.answer(log_state)
    }

    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        Box::pin(self.writer.lease(Space::Revocable, count))
    }

    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        Box::pin(self.writer.lease(Space::Guests, count))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Outcome> {
        Box::pin(self.writer.commit(batch))
    }

    fn follow(&self, follower: Arc<dyn Follower>) -> Pending<'_, ()> {
        Box::pin(self.writer.follow(follower))
    }

    fn in_touch(&self) -> Result<(), countersign_core::Fault> {
        self.writer.in_touch()
    }
}

impl Embedded {
    /// What `question` reads, when the future is asked.
    pub(super) fn answer<'a, T: 'a>(
        &'a self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move { self.readers.ask(question) })
    }

    /// The one record that `sql` finds.
    pub(super) fn one<'a, T: DeserializeOwned + 'a>(
        &'a self,
        sql: &'static str,
        params: impl Params + Send + 'a,
    ) -> Pending<'a, Option<T>> {
        self.answer(move |connection| {
            connection.prepare_cached(sql)?.query_row(params, |row| record(row, 0)).optional()
        })
    }
}

/// The records that `sql` finds.
pub(super) fn records<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, |row| record(row, 0))?.collect()
}

/// At most `limit` log entries after `position`, oldest first.
pub(super) fn log_page(
    connection: &Connection,
    position: i64,
    limit: u32,
) -> rusqlite::Result<Vec<LogEntry>> {
    connection
        .prepare_cached("SELECT record FROM log WHERE position > ?1 ORDER BY position LIMIT ?2")?
        .query_map((position, limit), |row| record(row, 0))?
        .collect()
}

fn listing(filter: &SessionFilter, limit: u32) -> (String, Vec<Value>) {
    let mut sql = "SELECT record FROM session WHERE true".to_owned();
    let mut values = Vec::new();
    if let Some(subject) = &filter.subject {
        sql.push_str(" AND subject = ?");
        values.push(Value::Text(subject.as_str().to_owned()));
    }
    if let Some(wanted) = &filter.audience {
        // A person has few sessions, an application may have all of them: `+` keeps its index out of the choice.
        sql.push_str(if filter.subject.is_some() { " AND +audience = ?" } else { " AND audience = ?" });
        values.push(Value::Text(audience(wanted).to_owned()));
    }
    if let Some(at) = filter.live_at {
        sql.push_str(" AND ");
        sql.push_str(LIVE_SESSION);
        values.push(Value::Integer(time(at)));
    }
    if let Some(before) = filter.before {
        sql.push_str(" AND serial < ?");
        values.push(Value::Integer(int(before.number())));
    }
    sql.push_str(" ORDER BY serial DESC LIMIT ?");
    values.push(Value::Integer(i64::from(limit)));
    (sql, values)
}

/// Not ended, by itself or by a watermark, and not over at `?`.
pub(super) const LIVE_SESSION: &str = "ended = 0 AND until > ?
    AND NOT EXISTS (SELECT 1 FROM watermark WHERE covers = '' AND position > born)
    AND NOT EXISTS (SELECT 1 FROM watermark WHERE covers = session.audience AND position > born)";

#[cfg(test)]
mod tests {
    use countersign_core::record::Audience;

    use super::*;
    use crate::embedded::{connection, memory};

    #[test]
    fn the_sessions_of_a_person_at_an_application_are_found_by_the_person() {
        let connection = connection::writing_memory(&memory::name()).unwrap();
        let plan = |filter: &SessionFilter| {
            let (sql, values) = listing(filter, 1);
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            plan.query_row(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap()
        };
        let subject = serde_json::from_str("\"usr_00000000000000000000000000000001\"").unwrap();
        let anybody = SessionFilter { audience: Some(Audience::Issuer), ..SessionFilter::default() };
        let person = SessionFilter { subject: Some(subject), ..anybody.clone() };
        assert!(plan(&anybody).contains("session_audience"), "{}", plan(&anybody));
        assert!(plan(&person).contains("session_subject"), "{}", plan(&person));
    }
}
