//! Whether a store is sound: its pages, its log, and the columns beside each record. Reads only, and says what is wrong.

use std::path::Path;

use countersign_core::Fault;
use countersign_core::extent::{Chain, LogEntry, LogKind};
use countersign_core::id::{Epoch, LoginId, Position};
use countersign_core::port::LogState;
use countersign_core::record::{Grant, Guest, Login, OneTime, Session, User};
use countersign_core::revoke::log::{continues, follows};
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use super::apply::log_state;
use super::connection;
use super::convert::{address, audience, broken, int, number, place, record, time};
use super::folder::DATABASE;

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, a sentence each, at most 100; empty when the store is sound.
    pub wrong: Vec<String>,
    /// Where the log stands.
    pub log: LogState,
    /// How many rows each table has.
    pub counts: Vec<(&'static str, u64)>,
}

/// Checks the store in `folder`, as it is at one moment; whoever owns it works on meanwhile.
///
/// # Errors
/// [`Fault::Unfit`] when there is none, [`Fault::Store`] when it cannot be read at all.
pub fn check(folder: &Path) -> Result<Findings, Fault> {
    let database = folder.join(DATABASE);
    if database.is_file() {
        return file(&database);
    }
    Err(Fault::Unfit(format!("`{}` holds no store", folder.display())))
}

/// Checks the database at `path`.
pub(super) fn file(path: &Path) -> Result<Findings, Fault> {
    let mut connection = connection::reading(path)?;
    connection::check(&connection, path)?;
    if !connection::is_current(&connection).map_err(|error| broken(&error))? {
        let path = path.display();
        return Err(Fault::Unfit(format!("`{path}` is of an older version; start the server on it once")));
    }
    // One moment for all questions.
    let transaction = connection.transaction().map_err(|error| broken(&error))?;
    let mut desk = Desk { connection: &transaction, wrong: Vec::new() };
    desk.look().map_err(|error| broken(&error))
}

struct Desk<'a> {
    connection: &'a Connection,
    wrong: Vec<String>,
}

impl Desk<'_> {
    fn look(&mut self) -> rusqlite::Result<Findings> {
        self.pages()?;
        let log = log_state(self.connection)?;
        self.log(&log)?;
        self.sessions()?;
        self.grants()?;
        self.logins()?;
        self.others()?;
        self.data()?;
        self.serials()?;
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            counts.push((table, self.count(&format!("SELECT count(*) FROM {table}"))?));
        }
        Ok(Findings { wrong: std::mem::take(&mut self.wrong), log, counts })
    }

    fn pages(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(20)")?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        for line in lines.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|line| line != "ok") {
            self.say(format!("the pages of the file: {line}"));
        }
        Ok(())
    }

    /// Entries that are over are swept, so the log may have holes; its last entry stays and carries the hash of all.
    fn log(&mut self, state: &LogState) -> rusqlite::Result<()> {
        let mut at: Option<(Epoch, Position, Chain)> = None;
        let mut marked = 0;
        let mut statement = self.connection.prepare("SELECT position, record FROM log ORDER BY position")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (position, entry) = (number(row, 0)?, record::<LogEntry>(row, 1));
            let Ok(entry) = entry else {
                self.say(format!("entry `{position}` of the log cannot be read"));
                continue;
            };
            if !fits(at.as_ref(), position, &entry) {
                self.say(format!("entry `{position}` of the log does not hang on the one before it"));
            }
            if matches!(entry.kind, LogKind::EverythingMark | LogKind::EpochBegan) {
                marked = position;
            }
            at = Some((entry.epoch, entry.position, entry.chain));
        }
        let last = at.map_or(*state, |(epoch, position, chain)| LogState { epoch, position, chain });
        if last != *state || (at.is_none() && state.position != Position::START) {
            self.say("the log does not end where its head says".to_owned());
        }
        let mark = self.count("SELECT coalesce(max(position), 0) FROM watermark WHERE covers = ''")?;
        if mark < marked {
            self.say(format!("the watermark over everything stands at `{mark}`, the log says `{marked}`"));
        }
        let alive = "SELECT count(*) FROM log JOIN session USING (serial) WHERE session.ended = 0";
        self.none(alive, "sessions are alive that the log has ended")?;
        let alive = "SELECT count(*) FROM log JOIN permit USING (serial) WHERE permit.ended = 0";
        self.none(alive, "grants are alive that the log has ended")
    }

    fn sessions(&mut self) -> rusqlite::Result<()> {
        let columns = "serial, login, subject, audience, slots, born, until, expires, ended, record";
        self.each::<Session>("session", columns, |session, row| {
            let until = (session.seen + session.idle).or_sooner(session.expires);
            Ok(row.get::<_, i64>(0)? == int(session.serial.number())
                && text(row, 1)? == session.login.as_str()
                && text(row, 2)? == session.subject.as_str()
                && text(row, 3)? == audience(&session.audience)
                && text(row, 4)? == session.slots.as_str()
                && row.get::<_, i64>(5)? == place(session.born)
                && row.get::<_, i64>(6)? == time(until)
                && row.get::<_, i64>(7)? == time(session.expires)
                && row.get::<_, bool>(8)? == session.ended.is_some())
        })
    }

    fn grants(&mut self) -> rusqlite::Result<()> {
        let columns = "serial, login, subject, client, born, expires, ended, record";
        self.each::<Grant>("permit", columns, |grant, row| {
            Ok(row.get::<_, i64>(0)? == int(grant.serial.number())
                && row.get::<_, Option<String>>(1)?.as_deref() == grant.login.as_ref().map(LoginId::as_str)
                && row.get::<_, Option<String>>(2)?.as_deref()
                    == grant.subject.as_ref().map(|who| who.as_str())
                && text(row, 3)? == grant.client.as_str()
                && row.get::<_, i64>(4)? == place(grant.born)
                && row.get::<_, i64>(5)? == time(grant.expires)
                && row.get::<_, bool>(6)? == grant.ended.is_some())
        })
    }

    fn logins(&mut self) -> rusqlite::Result<()> {
        self.each::<Login>("login", "id, subject, expires, ended, record", |login, row| {
            Ok(text(row, 0)? == login.id.as_str()
                && text(row, 1)? == login.subject.as_str()
                && row.get::<_, i64>(2)? == time(login.expires)
                && row.get::<_, bool>(3)? == login.ended.is_some())
        })
    }

    fn others(&mut self) -> rusqlite::Result<()> {
        self.each::<OneTime>("one_time", "key, spent, expires, record", |thing, row| {
            Ok(row.get::<_, Vec<u8>>(0)? == thing.key.0
                && row.get::<_, bool>(1)? == thing.spent.is_some()
                && row.get::<_, i64>(2)? == time(thing.expires))
        })?;
        self.each::<User>("person", "subject, email, record", |user, row| {
            Ok(text(row, 0)? == user.subject.as_str() && row.get::<_, Vec<u8>>(1)? == address(&user.email))
        })?;
        self.each::<Guest>("guest", "serial, ended, record", |guest, row| {
            Ok(row.get::<_, i64>(0)? == int(guest.serial.number())
                && row.get::<_, bool>(1)? == guest.ended.is_some())
        })?;
        let orphans = "SELECT count(*) FROM guest_slot WHERE serial NOT IN (SELECT serial FROM guest)";
        self.none(orphans, "slots hang on no guest")
    }

    fn data(&mut self) -> rusqlite::Result<()> {
        for table in ["data", "slot", "operation"] {
            let orphans =
                format!("SELECT count(*) FROM {table} WHERE slots NOT IN (SELECT slots FROM session)");
            self.none(&orphans, &format!("rows of `{table}` hang on no session"))?;
        }
        let orphans =
            "SELECT count(*) FROM segment LEFT JOIN slot USING (slots, name) WHERE slot.name IS NULL";
        self.none(orphans, "segments hang on no slot")?;
        self.none(INCOMPLETE, "slots have not the segments that their length wants")?;
        self.none(MISCOUNTED, "sessions hold other slots than their data's row counts")
    }

    fn serials(&mut self) -> rusqlite::Result<()> {
        for (table, next) in [("session", "next_serial"), ("permit", "next_serial"), ("guest", "next_guest")]
        {
            let beyond = format!("SELECT count(*) FROM {table} WHERE serial >= (SELECT {next} FROM head)");
            self.none(&beyond, &format!("rows of `{table}` have a serial that was never given out"))?;
        }
        let twice = "SELECT count(*) FROM session JOIN permit USING (serial)";
        self.none(twice, "serials belong to a session and a grant")
    }

    /// Whether the columns of each row say what its record says; the record is the last column.
    fn each<T: DeserializeOwned>(
        &mut self,
        table: &str,
        columns: &str,
        agree: impl Fn(&T, &Row<'_>) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let last = statement.column_count().saturating_sub(1);
        let (mut unreadable, mut apart) = (0_u64, 0_u64);
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match record::<T>(row, last) {
                Err(_) => unreadable += 1,
                Ok(found) if !agree(&found, row).unwrap_or(false) => apart += 1,
                Ok(_) => {}
            }
        }
        if unreadable > 0 {
            self.say(format!("`{unreadable}` records of `{table}` cannot be read"));
        }
        if apart > 0 {
            self.say(format!(
                "`{apart}` rows of `{table}` are found under other values than their records have"
            ));
        }
        Ok(())
    }

    fn none(&mut self, sql: &str, what: &str) -> rusqlite::Result<()> {
        let count = self.count(sql)?;
        if count > 0 {
            self.say(format!("`{count}` {what}"));
        }
        Ok(())
    }

    fn count(&self, sql: &str) -> rusqlite::Result<u64> {
        self.connection.query_row(sql, [], |row| number(row, 0))
    }

    fn say(&mut self, what: String) {
        if self.wrong.len() < MOST {
            self.wrong.push(what);
        }
    }
}

fn fits(before: Option<&(Epoch, Position, Chain)>, position: u64, entry: &LogEntry) -> bool {
    let in_place = entry.position.number() == position;
    let Some((epoch, last, chain)) = before else {
        return in_place && (position != 1 || follows(entry, Position::START, &Chain::default()));
    };
    let next = entry.position == last.next();
    in_place
        && if next {
            continues(Some(*epoch), entry) && follows(entry, *last, chain)
        } else {
            entry.epoch >= *epoch
        }
}

fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    row.get(index)
}

/// A value is in one piece, in its slot's row, or in segments of 64 KiB; what the first format wrote is in one piece.
const INCOMPLETE: &str = "SELECT count(*) FROM slot
    WHERE iif(value IS NULL, length <= 65536, length > 65536 AND length(marks) > 0) OR (SELECT count(*) FROM segment WHERE segment.slots = slot.slots AND segment.name = slot.name)
        <> iif(value IS NULL, (length + 65535) / 65536, 0)";

const MISCOUNTED: &str = "SELECT count(*) FROM (
        SELECT slots, sum(length) AS bytes, count(*) AS count, max(version) AS version FROM slot GROUP BY slots
    ) AS held FULL JOIN data USING (slots)
    WHERE data.slots IS NULL OR data.bytes <> coalesce(held.bytes, 0) OR data.count <> coalesce(held.count, 0)
        OR data.version < coalesce(held.version, 0)";

/// The most findings that are told.
const MOST: usize = 100;

const TABLES: [&str; 16] = [
    "person",
    "login",
    "session",
    "data",
    "slot",
    "segment",
    "operation",
    "guest",
    "guest_slot",
    "permit",
    "one_time",
    "consent",
    "client",
    "signing_key",
    "log",
    "audit",
];
