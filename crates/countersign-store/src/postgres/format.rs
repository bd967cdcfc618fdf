//! Bringing the database to this version's form. One node at a time does it; the others wait.

use countersign_core::Fault;
use tokio_postgres::Row;

use super::address::SCHEMA;
use super::arriving::ARRIVING;
use super::convert::{column, number};
use super::link::{Link, Links};

/// Makes the tables in a new database, brings an older one up, and leaves any other alone.
///
/// # Errors
/// [`Fault::Unfit`] when the server is too old, or the schema is a newer version's or another program's; [`Fault::Store`]
/// when the database does not answer or the user may not make tables.
pub(super) async fn bring_up(links: &Links) -> Result<(), Fault> {
    let link = links.link().await?;
    let done = inside(&link).await;
    if done.is_err() {
        links.give_up(link);
    }
    done
}

async fn inside(link: &Link) -> Result<(), Fault> {
    let rows = link.rows("SELECT current_setting('server_version_num')::bigint", &[]).await?;
    old_enough(&rows)?;
    link.say("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    link.say_at_length(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    let at = found(link).await?;
    let newest = u64::try_from(MIGRATIONS.len()).unwrap_or(u64::MAX);
    if at > newest {
        return Err(Fault::Unfit(format!(
            "the database has format `{at}`, written by a newer version; this one knows up to `{newest}`"
        )));
    }
    if at == 0 {
        link.say_at_length(&format!("{PLACE}; {FORMAT}")).await?;
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(at).unwrap_or(usize::MAX)) {
        link.say_at_length(step).await?;
    }
    if at == 0 {
        link.say_at_length(FIRST).await?;
    }
    if at < newest {
        link.say_at_length(&format!("UPDATE countersign_format SET version = {newest}")).await?;
    }
    Ok(link.say("COMMIT").await?)
}

/// Whether the server, which has said its version, is one that is known.
pub(super) fn old_enough(version: &[Row]) -> Result<(), Fault> {
    match version.first().map_or(Ok(0), |row| number(row, 0))? {
        OLDEST_SERVER.. => Ok(()),
        older => {
            Err(Fault::Unfit(format!("PostgreSQL is version `{}`, known is 15 or newer", older / 10_000)))
        }
    }
}

/// What makes all tables of this version in a new database, without a head.
pub(super) fn everything() -> String {
    let newest = MIGRATIONS.len();
    format!("{PLACE}; {FORMAT}; {}; UPDATE countersign_format SET version = {newest}", MIGRATIONS.join(";\n"))
}

/// The format of the database; 0 when it is new.
async fn found(link: &Link) -> Result<u64, Fault> {
    let tables = link
        .rows("SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1", &[&SCHEMA])
        .await?;
    let names = tables.iter().map(|row| column::<&str>(row, 0)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        return Ok(0);
    }
    if names.contains(&ARRIVING) {
        return Err(Fault::Unfit(
            "a store is moving into the database, or its move was cut short; `countersign store migrate` once more finishes it"
                .to_owned(),
        ));
    }
    if !names.contains(&"countersign_format") {
        return Err(Fault::Unfit(format!("the schema `{SCHEMA}` of the database is another program's")));
    }
    let rows = link.rows("SELECT version FROM countersign_format", &[]).await?;
    match rows.as_slice() {
        [row] => number(row, 0),
        _ => Err(Fault::Unfit("the database does not say its format".to_owned())),
    }
}

/// Each brings the database one version on; none is ever changed once released.
const MIGRATIONS: [&str; 6] = [
    include_str!("schema.sql"),
    include_str!("guests.sql"),
    include_str!("segments.sql"),
    include_str!("servers.sql"),
    include_str!("ahead.sql"),
    include_str!("erased.sql"),
];
/// A role that owns the schema may not be allowed to make one, not even when there is nothing to make.
const PLACE: &str = "DO $$ BEGIN
    IF to_regnamespace('countersign') IS NULL THEN CREATE SCHEMA countersign; END IF;
END $$";
const FORMAT: &str =
    "CREATE TABLE countersign_format (one INTEGER PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);
    INSERT INTO countersign_format (one, version) VALUES (1, 0)";
/// The epoch is the second in which the log began, on the one clock that all nodes share.
const FIRST: &str = "INSERT INTO head (one, epoch, position, chain, next_serial)
    VALUES (1, extract(epoch FROM now())::bigint, 0, decode(repeat('00', 32), 'hex'), 1)";
/// 15.0
const OLDEST_SERVER: u64 = 150_000;
/// `CSGN`.
pub(super) const LOCK: i64 = 0x4353_474E;
