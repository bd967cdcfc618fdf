//! The directory's reads.

use countersign_core::audit::AuditEntry;
use countersign_core::id::{ClientId, Subject};
use countersign_core::port::{AuditFilter, ConsentRecord, Counts, Directory, Overdue, Pending};
use countersign_core::record::{Client, Email, KeyRecord, User};
use countersign_core::time::Timestamp;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::Embedded;
use super::convert::{address, int, number, record, time};
use super::read::{LIVE_SESSION, records};

impl Directory for Embedded {
    fn user<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Option<User>> {
        self.one("SELECT record FROM person WHERE subject = ?1", [subject.as_str()])
    }

    fn user_by_email<'a>(&'a self, email: &'a Email) -> Pending<'a, Option<User>> {
        self.one("SELECT record FROM person WHERE email = ?1", [address(email)])
    }

    fn users<'a>(
        &'a self,
        search: Option<&'a str>,
        before: Option<&'a Subject>,
        limit: u32,
    ) -> Pending<'a, Vec<User>> {
        self.answer(move |connection| users(connection, search, before, limit))
    }

    fn client<'a>(&'a self, id: &'a ClientId) -> Pending<'a, Option<Client>> {
        self.one("SELECT record FROM client WHERE id = ?1", [id.as_str()])
    }

    fn clients(&self) -> Pending<'_, Vec<Client>> {
        self.answer(|connection| records(connection, "SELECT record FROM client ORDER BY id", []))
    }

    fn consent<'a>(
        &'a self,
        subject: &'a Subject,
        client: &'a ClientId,
    ) -> Pending<'a, Option<ConsentRecord>> {
        self.answer(move |connection| {
            connection
                .prepare_cached("SELECT client, scope, at FROM consent WHERE subject = ?1 AND client = ?2")?
                .query_row([subject.as_str(), client.as_str()], consent)
                .optional()
        })
    }

    fn consents<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Vec<ConsentRecord>> {
        self.answer(move |connection| {
            connection
                .prepare_cached("SELECT client, scope, at FROM consent WHERE subject = ?1 ORDER BY client")?
                .query_map([subject.as_str()], consent)?
                .collect()
        })
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRecord>> {
        self.answer(|connection| records(connection, "SELECT record FROM signing_key ORDER BY kid", []))
    }

    fn setting<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        self.answer(move |connection| {
            connection
                .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    fn audit<'a>(&'a self, filter: &'a AuditFilter, limit: u32) -> Pending<'a, Vec<(u64, AuditEntry)>> {
        self.answer(move |connection| audit(connection, filter, limit))
    }

    fn counts(&self, now: Timestamp) -> Pending<'_, Counts> {
        self.answer(move |connection| {
            let sessions = format!("SELECT count(*) FROM session WHERE {LIVE_SESSION}");
            let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| number(row, 0));
            let live =
                |sql: &str| connection.prepare_cached(sql)?.query_row([time(now)], |row| number(row, 0));
            Ok(Counts {
                users: count("SELECT count(*) FROM person")?,
                clients: count("SELECT count(*) FROM client")?,
                live_sessions: live(&sessions)?,
                live_grants: live(LIVE_GRANTS)?,
            })
        })
    }

    fn overdue(&self, before: Timestamp, most: u32) -> Pending<'_, Overdue> {
        self.answer(move |connection| {
            let count = |rows: &str| {
                let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT ?2)");
                connection.prepare_cached(&sql)?.query_row(params![time(before), most], |row| number(row, 0))
            };
            Ok(Overdue {
                sessions: count("session WHERE expires < ?1")?,
                grants: count("permit WHERE expires < ?1")?,
                logins: count("login WHERE expires < ?1")?,
                one_time: count("one_time WHERE expires < ?1")?,
                guests: count("guest WHERE until < ?1")?,
                operations: count("operation WHERE expires < ?1")?,
                log: count("log WHERE expires < ?1 AND position < (SELECT position FROM head)")?,
                // Everything is written with its commit.
                ahead: 0,
            })
        })
    }
}

/// Addresses stand in the records only, so a search reads them all.
fn users(
    connection: &Connection,
    search: Option<&str>,
    before: Option<&Subject>,
    limit: u32,
) -> rusqlite::Result<Vec<User>> {
    let mut statement = connection
        .prepare_cached("SELECT record FROM person WHERE ?1 IS NULL OR subject < ?1 ORDER BY subject DESC")?;
    let part = search.map(str::to_lowercase);
    let wanted = |user: &User| part.as_ref().is_none_or(|part| user.email.as_str().contains(part.as_str()));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    statement
        .query_map([before.map(Subject::as_str)], |row| record::<User>(row, 0))?
        .filter(|user| user.as_ref().map_or(true, &wanted))
        .take(most)
        .collect()
}

fn consent(row: &Row<'_>) -> rusqlite::Result<ConsentRecord> {
    let text = |index: usize| row.get::<_, String>(index);
    let bad = |index: usize, error: countersign_core::id::BadName| {
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
    };
    Ok(ConsentRecord {
        client: text(0)?.parse().map_err(|error| bad(0, error))?,
        scope: text(1)?.parse().map_err(|error| bad(1, error))?,
        at: Timestamp::from_millis(number(row, 2)?),
    })
}

fn audit(
    connection: &Connection,
    filter: &AuditFilter,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, AuditEntry)>> {
    let mut sql = "SELECT number, record FROM audit WHERE true".to_owned();
    let mut values = Vec::new();
    if let Some(subject) = &filter.subject {
        sql.push_str(" AND subject = ?");
        values.push(Value::Text(subject.as_str().to_owned()));
    }
    if let Some(client) = &filter.client {
        sql.push_str(" AND client = ?");
        values.push(Value::Text(client.as_str().to_owned()));
    }
    if let Some(before) = filter.before {
        sql.push_str(" AND number < ?");
        values.push(Value::Integer(int(before)));
    }
    sql.push_str(" ORDER BY number DESC LIMIT ?");
    values.push(Value::Integer(i64::from(limit)));
    connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| Ok((number(row, 0)?, record(row, 1)?)))?
        .collect()
}

const LIVE_GRANTS: &str = "SELECT count(*) FROM permit WHERE ended = 0 AND expires > ?
    AND NOT EXISTS (SELECT 1 FROM watermark WHERE covers = '' AND position > born)
    AND NOT EXISTS (SELECT 1 FROM watermark WHERE covers = permit.client AND position > born)";
