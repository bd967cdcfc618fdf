//! A store that arrives from another engine: everything in one transaction, then the end of a state in which nobody may open
//! it. What was cut short is undone by the database itself.

use countersign_core::Fault;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row as Found};

use super::address::{CONNECT, PostgresAddress, SCHEMA};
use super::convert::{broken, column};
use super::format;
use crate::ledger::{Erased, Mark};
use crate::migrate::table::{Kind, Row, STANDS, Table, Value};

/// A database that a store arrives in.
pub(crate) struct Arriving {
    client: Client,
    _connection: JoinHandle<()>,
}

/// What there was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing, or the remains of a move of the same store that was cut short.
    Nothing,
    /// All of the same store; only the last step is missing.
    Everything,
}

type Boxed = Box<dyn ToSql + Sync + Send>;

impl Arriving {
    /// Connects, and takes the place that nodes take which bring the database up.
    pub(crate) async fn connect(address: &PostgresAddress) -> Result<Self, Fault> {
        let connecting = tokio::time::timeout(CONNECT, address.config.connect(address.tls.clone()));
        let late = |_| Fault::Store("PostgreSQL does not answer".to_owned());
        let (client, connection) = connecting.await.map_err(late)?.map_err(|error| broken(&error))?;
        // It ends with the client.
        let connection = tokio::spawn(async move { drop(connection.await) });
        let arriving = Self { client, _connection: connection };
        let own =
            "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        arriving.say(&format!("{own}; BEGIN; SELECT pg_advisory_xact_lock({})", format::LOCK)).await?;
        Ok(arriving)
    }

    /// What is there of the store `source`, which has come as far as it `stands`.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when it is not for this store to be there.
    pub(crate) async fn before(
        &self,
        source: &[u8; 32],
        stands: [i64; 3],
        moved: bool,
    ) -> Result<Before, Fault> {
        let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1";
        let tables = self.rows(sql, &[&SCHEMA]).await?;
        let names = tables.iter().map(|row| column::<&str>(row, 0)).collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() {
            return if moved { Err(elsewhere()) } else { Ok(Before::Nothing) };
        }
        if !names.contains(&ARRIVING) {
            let holds =
                if moved { "the store has moved already" } else { "the database holds a store already" };
            return Err(Fault::Unfit(holds.to_owned()));
        }
        let rows = self.rows(&format!("SELECT source FROM {SCHEMA}.{ARRIVING}"), &[]).await?;
        let same = match rows.as_slice() {
            [row] => column::<&[u8]>(row, 0)? == source,
            _ => false,
        };
        match (same, moved) {
            (true, true) => Ok(Before::Everything),
            // The source still serves, so nobody has ever been served from here; unless this is an old copy of it.
            (true, false) => {
                if names.contains(&"head") {
                    for row in self.rows(STANDS, &[]).await? {
                        for (at, here) in stands.iter().enumerate() {
                            if column::<i64>(&row, at)? > *here {
                                return Err(Fault::Unfit(
                                    "the database holds more of this store than the folder".to_owned(),
                                ));
                            }
                        }
                    }
                }
                let tables: Vec<String> = names.iter().map(|name| format!("{SCHEMA}.\"{name}\"")).collect();
                self.say(&format!("DROP TABLE {}", tables.join(", "))).await?;
                Ok(Before::Nothing)
            }
            (false, _) => Err(Fault::Unfit("another store is arriving in the database".to_owned())),
        }
    }

    /// Makes the tables, all of them empty.
    pub(crate) async fn make(&self, source: &[u8; 32]) -> Result<(), Fault> {
        let rows = self.rows("SELECT current_setting('server_version_num')::bigint", &[]).await?;
        format::old_enough(&rows)?;
        self.say(&format::everything()).await?;
        self.say(&format!("CREATE TABLE {SCHEMA}.{ARRIVING} (source BYTEA NOT NULL)")).await?;
        self.run(&format!("INSERT INTO {SCHEMA}.{ARRIVING} VALUES ($1)"), &[&source.as_slice()]).await
    }

    /// Writes `rows`, none of which is there.
    pub(crate) async fn put(&self, table: &Table, rows: &[Row]) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        let (name, names) = (table.name, table.names());
        let sql = format!(
            "INSERT INTO {SCHEMA}.{name} ({names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({})",
            places(table.columns)
        );
        self.run(&sql, &borrowed(&turned(table.columns, rows))).await
    }

    /// Removes the rows with these keys.
    pub(crate) async fn remove(&self, table: &Table, keys: &[Row]) -> Result<(), Fault> {
        if keys.is_empty() {
            return Ok(());
        }
        let (name, key, columns) = (table.name, table.key_names(), table.key_columns());
        let sql = format!(
            "DELETE FROM {SCHEMA}.{name} WHERE ({key}) IN (SELECT * FROM unnest({}))",
            places(columns)
        );
        self.run(&sql, &borrowed(&turned(columns, keys))).await
    }

    /// The next rows of `table` behind the key `after`, in the order of keys; none when there are no more.
    pub(crate) async fn page(&self, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, Fault> {
        let (key, columns) = (table.key_names(), table.key_columns());
        let cast = |(name, kind): &(&str, Kind)| format!("{name}::{}", kind_name(*kind));
        let names = table.columns.iter().map(cast).collect::<Vec<_>>().join(", ");
        let behind = match after {
            Some(_) => {
                let place =
                    |(at, (_, kind)): (usize, &(&str, Kind))| format!("${}::{}", at + 1, kind_name(*kind));
                let places: Vec<String> = columns.iter().enumerate().map(place).collect();
                format!("WHERE ({key}) > ({})", places.join(", "))
            }
            None => String::new(),
        };
        // Of the table itself: what a column is cast to may be ordered otherwise.
        let order = columns.iter().map(|(name, _)| format!("it.{name}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {names} FROM {SCHEMA}.{} AS it {behind} ORDER BY {order} LIMIT {PAGE}",
            table.name
        );
        let values: Vec<Boxed> = match after {
            Some(after) => columns.iter().zip(after).map(|((_, kind), value)| one(*kind, value)).collect(),
            None => Vec::new(),
        };
        let rows = self.rows(&sql, &borrowed(&values)).await?;
        rows.iter().map(|row| read(table, row)).collect()
    }

    /// Writes down who was erased before, as every node's ledger is to know it.
    pub(crate) async fn remember(&self, erased: &Erased) -> Result<(), Fault> {
        let marks = erased.beyond(&Erased::default());
        let marks: Vec<&[u8]> = marks.iter().map(Mark::bytes).collect();
        let sql = format!(
            "INSERT INTO {SCHEMA}.erased (number, mark) SELECT row_number() OVER (), mark FROM unnest($1::bytea[]) AS new (mark)"
        );
        self.run(&sql, &[&marks]).await?;
        self.say(&format!("UPDATE {SCHEMA}.head SET erased = (SELECT count(*) FROM {SCHEMA}.erased)")).await
    }

    /// Makes it durable; from now on only the last step is missing.
    pub(crate) async fn seal(&self) -> Result<(), Fault> {
        for table in ["audit", "operation"] {
            let table = format!("{SCHEMA}.{table}");
            self.say(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'number'), coalesce(max(number), 0) + 1, false) FROM {table}"
            ))
            .await?;
        }
        self.say("COMMIT").await
    }

    /// Lets nodes open it.
    pub(crate) async fn open_up(&self) -> Result<(), Fault> {
        self.say(&format!("DROP TABLE {SCHEMA}.{ARRIVING}")).await
    }

    /// Ends the transaction that looked only.
    pub(crate) async fn end(&self) -> Result<(), Fault> {
        self.say("COMMIT").await
    }

    async fn say(&self, sql: &str) -> Result<(), Fault> {
        self.client.batch_execute(sql).await.map_err(|error| broken(&error))
    }

    async fn run(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<(), Fault> {
        self.client.execute(sql, values).await.map(drop).map_err(|error| broken(&error))
    }

    async fn rows(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Found>, Fault> {
        self.client.query(sql, values).await.map_err(|error| broken(&error))
    }
}

fn elsewhere() -> Fault {
    Fault::Unfit("the store has moved already, and to another database".to_owned())
}

/// `$1::bigint[], $2::text[]`.
fn places(columns: &[(&str, Kind)]) -> String {
    let place = |(at, (_, kind)): (usize, &(&str, Kind))| format!("${}::{}[]", at + 1, kind_name(*kind));
    columns.iter().enumerate().map(place).collect::<Vec<_>>().join(", ")
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Flag => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

/// Rows as one array for each column.
fn turned(columns: &[(&str, Kind)], rows: &[Row]) -> Vec<Boxed> {
    let column = |(at, (_, kind)): (usize, &(&str, Kind))| -> Boxed {
        let values = rows.iter().map(|row| row.get(at));
        match kind {
            Kind::Int => Box::new(values.map(int).collect::<Vec<_>>()),
            Kind::Flag => Box::new(values.map(|value| int(value).map(|flag| flag != 0)).collect::<Vec<_>>()),
            Kind::Text => Box::new(values.map(text).collect::<Vec<_>>()),
            Kind::Bytes => Box::new(values.map(bytes).collect::<Vec<_>>()),
        }
    };
    columns.iter().enumerate().map(column).collect()
}

fn one(kind: Kind, value: &Value) -> Boxed {
    match kind {
        Kind::Int => Box::new(int(Some(value))),
        Kind::Flag => Box::new(int(Some(value)).map(|flag| flag != 0)),
        Kind::Text => Box::new(text(Some(value))),
        Kind::Bytes => Box::new(bytes(Some(value))),
    }
}

fn int(value: Option<&Value>) -> Option<i64> {
    if let Some(Value::Int(number)) = value { Some(*number) } else { None }
}

fn text(value: Option<&Value>) -> Option<String> {
    if let Some(Value::Text(text)) = value { Some(text.clone()) } else { None }
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    if let Some(Value::Bytes(bytes)) = value { Some(bytes.clone()) } else { None }
}

fn borrowed(values: &[Boxed]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect()
}

fn read(table: &Table, row: &Found) -> Result<Row, Fault> {
    let one = |(at, (_, kind)): (usize, &(&str, Kind))| {
        Ok(match kind {
            Kind::Int => column::<Option<i64>>(row, at)?.map(Value::Int),
            Kind::Flag => column::<Option<bool>>(row, at)?.map(|flag| Value::Int(i64::from(flag))),
            Kind::Text => column::<Option<String>>(row, at)?.map(Value::Text),
            Kind::Bytes => column::<Option<Vec<u8>>>(row, at)?.map(Value::Bytes),
        }
        .unwrap_or(Value::Nothing))
    };
    table.columns.iter().enumerate().map(one).collect()
}

/// While this table is there, nobody may open the database.
pub(super) const ARRIVING: &str = "arriving";
/// How many rows are read at once; the largest has 64 KiB.
const PAGE: usize = 200;
