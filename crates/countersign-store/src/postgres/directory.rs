//! The directory's reads.

use countersign_core::Fault;
use countersign_core::audit::AuditEntry;
use countersign_core::id::{ClientId, Subject};
use countersign_core::port::{AuditFilter, ConsentRecord, Counts, Directory, Overdue, Pending};
use countersign_core::record::{Client, Email, KeyRecord, User};
use countersign_core::time::Timestamp;
use tokio_postgres::Row;

use super::Postgres;
use super::ahead::LEFT_AHEAD;
use super::convert::{column, number, record};
use super::link::Values;
use super::read::{LIVE_SESSION, Wanted};
use crate::column::{address, int, time};

impl Directory for Postgres {
    fn user<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Option<User>> {
        let sql = "SELECT record FROM person WHERE subject = $1";
        Box::pin(async move { self.one(sql, &[&subject.as_str()]).await })
    }

    fn user_by_email<'a>(&'a self, email: &'a Email) -> Pending<'a, Option<User>> {
        let sql = "SELECT record FROM person WHERE email = $1";
        Box::pin(async move { self.one(sql, &[&address(email).as_slice()]).await })
    }

    fn users<'a>(
        &'a self,
        search: Option<&'a str>,
        before: Option<&'a Subject>,
        limit: u32,
    ) -> Pending<'a, Vec<User>> {
        Box::pin(self.people(search, before, limit))
    }

    fn client<'a>(&'a self, id: &'a ClientId) -> Pending<'a, Option<Client>> {
        Box::pin(async move { self.one("SELECT record FROM client WHERE id = $1", &[&id.as_str()]).await })
    }

    fn clients(&self) -> Pending<'_, Vec<Client>> {
        Box::pin(self.many("SELECT record FROM client ORDER BY id", &[]))
    }

    fn consent<'a>(
        &'a self,
        subject: &'a Subject,
        client: &'a ClientId,
    ) -> Pending<'a, Option<ConsentRecord>> {
        Box::pin(async move {
            let sql = "SELECT client, scope, at FROM consent WHERE subject = $1 AND client = $2";
            let rows = self.links.rows(sql, &[&subject.as_str(), &client.as_str()]).await?;
            rows.first().map(consent).transpose()
        })
    }

    fn consents<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Vec<ConsentRecord>> {
        Box::pin(async move {
            let sql = "SELECT client, scope, at FROM consent WHERE subject = $1 ORDER BY client";
            self.links.rows(sql, &[&subject.as_str()]).await?.iter().map(consent).collect()
        })
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRecord>> {
        Box::pin(self.many("SELECT record FROM signing_key ORDER BY kid", &[]))
    }

    fn setting<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let rows = self.links.rows("SELECT value FROM setting WHERE name = $1", &[&name]).await?;
            rows.first().map(|row| column(row, 0)).transpose()
        })
    }

    fn audit<'a>(&'a self, filter: &'a AuditFilter, limit: u32) -> Pending<'a, Vec<(u64, AuditEntry)>> {
        Box::pin(async move {
            let mut wanted = Wanted::of("SELECT number, record FROM audit WHERE true");
            if let Some(subject) = &filter.subject {
                wanted.add(" AND subject = ?", subject.as_str().to_owned());
            }
            if let Some(client) = &filter.client {
                wanted.add(" AND client = ?", client.as_str().to_owned());
            }
            if let Some(before) = filter.before {
                wanted.add(" AND number < ?", int(before));
            }
            wanted.add(" ORDER BY number DESC LIMIT ?", i64::from(limit));
            let rows = self.links.rows(&wanted.sql, &wanted.values()).await?;
            rows.iter().map(|row| Ok((number(row, 0)?, record(row, 1)?))).collect()
        })
    }

    fn counts(&self, now: Timestamp) -> Pending<'_, Counts> {
        Box::pin(async move {
            let sessions =
                format!("SELECT count(*) FROM session WHERE true{LIVE_SESSION}").replace('?', "$1");
            Ok(Counts {
                users: self.count("SELECT count(*) FROM person", &[]).await?,
                clients: self.count("SELECT count(*) FROM client", &[]).await?,
                live_sessions: self.count(&sessions, &[&time(now)]).await?,
                live_grants: self.count(LIVE_GRANTS, &[&time(now)]).await?,
            })
        })
    }

    fn overdue(&self, before: Timestamp, most: u32) -> Pending<'_, Overdue> {
        Box::pin(async move {
            let count = async |rows: &str| {
                let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT $2) AS waiting");
                self.count(&sql, &[&time(before), &i64::from(most)]).await
            };
            Ok(Overdue {
                sessions: count("session WHERE expires < $1").await?,
                grants: count("permit WHERE expires < $1").await?,
                logins: count("login WHERE expires < $1").await?,
                one_time: count("one_time WHERE expires < $1").await?,
                guests: count("guest WHERE until < $1").await?,
                operations: count("operation WHERE expires < $1").await?,
                log: count("log WHERE expires < $1 AND position < (SELECT position FROM head)").await?,
                ahead: self.count(LEFT_AHEAD, &[&i64::from(most)]).await?,
            })
        })
    }
}

impl Postgres {
    /// The number that `sql` finds.
    pub(super) async fn count(&self, sql: &str, values: Values<'_>) -> Result<u64, Fault> {
        self.links.rows(sql, values).await?.first().map_or(Ok(0), |row| number(row, 0))
    }

    /// Addresses stand in the records only, so a search reads them all, a page at a time.
    async fn people(
        &self,
        search: Option<&str>,
        before: Option<&Subject>,
        limit: u32,
    ) -> Result<Vec<User>, Fault> {
        let sql =
            "SELECT record FROM person WHERE $1::text IS NULL OR subject < $1 ORDER BY subject DESC LIMIT $2";
        let part = search.map(str::to_lowercase);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = if part.is_some() { PAGE } else { i64::from(limit) };
        let (mut found, mut before) = (Vec::new(), before.cloned());
        while found.len() < most {
            let users: Vec<User> = self.many(sql, &[&before.as_ref().map(Subject::as_str), &page]).await?;
            let Some(last) = users.last() else { break };
            before = Some(last.subject.clone());
            let wanted =
                |user: &User| part.as_ref().is_none_or(|part| user.email.as_str().contains(part.as_str()));
            found.extend(users.into_iter().filter(wanted).take(most - found.len()));
        }
        Ok(found)
    }
}

fn consent(row: &Row) -> Result<ConsentRecord, Fault> {
    let bad = |_| Fault::Codec("a consent names what cannot be a name".to_owned());
    Ok(ConsentRecord {
        client: column::<&str>(row, 0)?.parse().map_err(bad)?,
        scope: column::<&str>(row, 1)?.parse().map_err(bad)?,
        at: Timestamp::from_millis(number(row, 2)?),
    })
}

const LIVE_GRANTS: &str = "SELECT count(*) FROM permit WHERE NOT ended AND expires > $1 AND born >= coalesce(
    (SELECT max(position) FROM watermark WHERE covers IN ('', permit.client)), 0)";
/// How many people are read at once in a search.
const PAGE: i64 = 1000;
