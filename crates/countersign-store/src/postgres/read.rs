//! The store's reads, and its way to the desk.

use std::ops::Range;
use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Outcome};
use countersign_core::extent::LogEntry;
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject, Version};
use countersign_core::port::{Follower, LogState, Pending, SessionFilter, Store};
use countersign_core::record::{Grant, Login, OneTime, Session, SpendKey};
use countersign_core::slot::SlotValue;
use serde::de::DeserializeOwned;
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::ahead;
use super::convert::record;
use super::head::{Head, LOOK, PAGE, Space};
use super::link::Values;
use super::slot;
use crate::column::{audience, int, place, time};

impl Store for Postgres {
    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>> {
        Box::pin(async move { self.one("SELECT record FROM login WHERE id = $1", &[&id.as_str()]).await })
    }

    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>> {
        let sql = "SELECT record FROM session WHERE serial = $1";
        Box::pin(async move { self.one(sql, &[&int(serial.number())]).await })
    }

    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>> {
        let sql = "SELECT record FROM permit WHERE serial = $1";
        Box::pin(async move { self.one(sql, &[&int(serial.number())]).await })
    }

    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>> {
        let sql = "SELECT record FROM one_time WHERE key = $1";
        Box::pin(async move { self.one(sql, &[&key.0.as_slice()]).await })
    }

    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>> {
        Box::pin(slot::read(&self.links, [slots.as_str(), name], segments))
    }

    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>> {
        Box::pin(slot::names(&self.links, slots))
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>> {
        Box::pin(async move {
            let mut wanted = Wanted::of("SELECT record FROM session WHERE true");
            if let Some(subject) = &filter.subject {
                wanted.add(" AND subject = ?", subject.as_str().to_owned());
            }
            if let Some(at) = &filter.audience {
                wanted.add(" AND audience = ?", audience(at).to_owned());
            }
            if let Some(at) = filter.live_at {
                wanted.add(LIVE_SESSION, time(at));
            }
            if let Some(before) = filter.before {
                wanted.add(" AND serial < ?", int(before.number()));
            }
            wanted.add(" ORDER BY serial DESC LIMIT ?", i64::from(limit));
            self.many(&wanted.sql, &wanted.values()).await
        })
    }

    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>> {
        Box::pin(async move {
            let mut wanted = Wanted::of("SELECT record FROM permit WHERE true");
            if let Some(subject) = subject {
                wanted.add(" AND subject = ?", subject.as_str().to_owned());
            }
            if let Some(client) = client {
                wanted.add(" AND client = ?", client.as_str().to_owned());
            }
            wanted.add(" ORDER BY serial DESC LIMIT ?", i64::from(limit));
            self.many(&wanted.sql, &wanted.values()).await
        })
    }

    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>> {
        let sql = "SELECT record FROM login WHERE subject = $1 ORDER BY id DESC LIMIT $2";
        Box::pin(async move { self.many(sql, &[&subject.as_str(), &i64::from(limit)]).await })
    }

    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>> {
        Box::pin(async move { self.many(PAGE, &[&place(position), &i64::MAX, &i64::from(limit)]).await })
    }

    fn log_state(&self) -> Pending<'_, LogState> {
        Box::pin(async move { Ok(Head::of(&self.links.rows(LOOK, &[]).await?)?.log) })
    }

    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        Box::pin(self.writer.lease(Space::Revocable, count))
    }

    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        Box::pin(self.writer.lease(Space::Guests, count))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let Some(sending) = self.ahead.send(&self.links, &batch).await? else {
                return self.writer.commit(batch, None).await;
            };
            let sending = Arc::new(sending);
            let outcome = self.writer.commit(batch, Some(Arc::clone(&sending))).await?;
            if matches!(outcome, Outcome::Conflict(_)) {
                ahead::drop_sent(&self.links, &sending).await;
            }
            Ok(outcome)
        })
    }

    fn follow(&self, follower: Arc<dyn Follower>) -> Pending<'_, ()> {
        Box::pin(self.writer.follow(follower))
    }

    fn in_touch(&self) -> Result<(), Fault> {
        self.writer.in_touch()
    }
}

impl Postgres {
    /// The one record that `sql` finds.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Option<T>, Fault> {
        self.links.rows(sql, values).await?.first().map(|row| record(row, 0)).transpose()
    }

    /// The records that `sql` finds.
    pub(super) async fn many<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: Values<'_>,
    ) -> Result<Vec<T>, Fault> {
        self.links.rows(sql, values).await?.iter().map(|row| record(row, 0)).collect()
    }
}

/// A question that is put together, with its values.
pub(super) struct Wanted {
    pub(super) sql: String,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Wanted {
    pub(super) fn of(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Adds `part`, whose `?` stands for `value`.
    pub(super) fn add(&mut self, part: &str, value: impl ToSql + Sync + Send + 'static) {
        self.values.push(Box::new(value));
        self.sql.push_str(&part.replace('?', &format!("${}", self.values.len())));
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect()
    }
}

/// Not ended, by itself or by a watermark, and not over at `?`.
pub(super) const LIVE_SESSION: &str = " AND NOT ended AND until > ? AND born >= coalesce(
    (SELECT max(position) FROM watermark WHERE covers IN ('', session.audience)), 0)";
