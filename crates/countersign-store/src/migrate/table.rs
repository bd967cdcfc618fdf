//! What a store is made of, the same in both engines: its tables, their columns, and a row of one as plain values.

use countersign_jose::primitive::sha256;

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// How many of the first columns are its key.
    pub(crate) key: usize,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    /// 0 or 1 where there are no truth values.
    Flag,
    Text,
    Bytes,
}

/// What a row holds in one column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Nothing,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a row holds, in the order of its table's columns.
pub(crate) type Row = Vec<Value>;

impl Table {
    /// The names of its columns, with commas.
    pub(crate) fn names(&self) -> String {
        joined(self.columns)
    }

    /// The names of the columns of its key, with commas.
    pub(crate) fn key_names(&self) -> String {
        joined(self.key_columns())
    }

    /// The columns of its key.
    pub(crate) fn key_columns(&self) -> &'static [(&'static str, Kind)] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// The key of `row`.
    pub(crate) fn key_of(&self, row: &Row) -> Row {
        row.iter().take(self.key).cloned().collect()
    }
}

fn joined(columns: &[(&str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The hash of a row. Every value carries its kind and length, so that no two rows have the same bytes.
pub(crate) fn digest(row: &Row) -> [u8; 32] {
    let mut bytes = Vec::new();
    let mut put = |kind: u8, value: &[u8]| {
        bytes.push(kind);
        bytes.extend_from_slice(&value.len().to_be_bytes());
        bytes.extend_from_slice(value);
    };
    for value in row {
        match value {
            Value::Nothing => put(0, &[]),
            Value::Int(number) => put(1, &number.to_be_bytes()),
            Value::Text(text) => put(2, text.as_bytes()),
            Value::Bytes(value) => put(3, value),
        }
    }
    sha256(&bytes)
}

/// How many rows, and one hash over all of them in the order of their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    hash: [u8; 32],
}

impl Sum {
    /// With one more row, of this hash.
    pub(crate) fn with(self, row: &[u8; 32]) -> Self {
        Self { count: self.count + 1, hash: sha256(&[self.hash, *row].concat()) }
    }
}

/// How far a store has come, in either engine.
pub(crate) const STANDS: &str =
    "SELECT epoch, position, (SELECT coalesce(max(number), 0) FROM audit) FROM head";

use Kind::{Bytes, Flag, Int, Text};

/// Every table, the head of the log among them.
pub(crate) const TABLES: [Table; 19] = [
    Table {
        name: "head",
        key: 1,
        columns: &[
            ("one", Int),
            ("epoch", Int),
            ("position", Int),
            ("chain", Bytes),
            ("next_serial", Int),
            ("next_guest", Int),
        ],
    },
    Table {
        name: "log",
        key: 1,
        columns: &[("position", Int), ("serial", Int), ("expires", Int), ("record", Bytes)],
    },
    Table { name: "watermark", key: 1, columns: &[("covers", Text), ("position", Int)] },
    Table {
        name: "login",
        key: 1,
        columns: &[("id", Text), ("subject", Text), ("expires", Int), ("ended", Flag), ("record", Bytes)],
    },
    Table {
        name: "session",
        key: 1,
        columns: &[
            ("serial", Int),
            ("login", Text),
            ("subject", Text),
            ("audience", Text),
            ("slots", Text),
            ("born", Int),
            ("until", Int),
            ("expires", Int),
            ("ended", Flag),
            ("record", Bytes),
        ],
    },
    Table {
        name: "permit",
        key: 1,
        columns: &[
            ("serial", Int),
            ("login", Text),
            ("subject", Text),
            ("client", Text),
            ("born", Int),
            ("expires", Int),
            ("ended", Flag),
            ("record", Bytes),
        ],
    },
    Table {
        name: "one_time",
        key: 1,
        columns: &[
            ("key", Bytes),
            ("subject", Text),
            ("email", Bytes),
            ("client", Text),
            ("spent", Flag),
            ("expires", Int),
            ("record", Bytes),
        ],
    },
    Table {
        name: "data",
        key: 1,
        columns: &[("slots", Text), ("version", Int), ("bytes", Int), ("count", Int)],
    },
    Table {
        name: "slot",
        key: 2,
        columns: &[
            ("slots", Text),
            ("name", Text),
            ("version", Int),
            ("value", Bytes),
            ("length", Int),
            ("marks", Bytes),
        ],
    },
    Table {
        name: "segment",
        key: 3,
        columns: &[("slots", Text), ("name", Text), ("number", Int), ("value", Bytes)],
    },
    Table {
        name: "operation",
        key: 1,
        columns: &[("number", Int), ("slots", Text), ("id", Bytes), ("expires", Int)],
    },
    Table { name: "person", key: 1, columns: &[("subject", Text), ("email", Bytes), ("record", Bytes)] },
    Table { name: "client", key: 1, columns: &[("id", Text), ("record", Bytes)] },
    Table {
        name: "consent",
        key: 2,
        columns: &[("subject", Text), ("client", Text), ("scope", Text), ("at", Int)],
    },
    Table { name: "signing_key", key: 1, columns: &[("kid", Text), ("record", Bytes)] },
    Table { name: "setting", key: 1, columns: &[("name", Text), ("value", Bytes)] },
    Table {
        name: "audit",
        key: 1,
        columns: &[("number", Int), ("subject", Text), ("client", Text), ("record", Bytes)],
    },
    Table {
        name: "guest",
        key: 1,
        columns: &[("serial", Int), ("until", Int), ("ended", Flag), ("data", Int), ("record", Bytes)],
    },
    Table {
        name: "guest_slot",
        key: 2,
        columns: &[("serial", Int), ("name", Text), ("version", Int), ("value", Bytes)],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Durability, Embedded};

    #[test]
    fn every_table_and_column_of_a_folder_moves() {
        let folder = tempfile::tempdir().unwrap();
        Embedded::open(folder.path(), Durability::Relaxed).unwrap().close();
        let connection = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
        let sql = "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
        let mut statement = connection.prepare(sql).unwrap();
        let there = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut there: BTreeSet<(String, String)> = there.collect::<Result<_, _>>().unwrap();
        // Only SQLite itself uses it.
        assert!(there.remove(&("person".to_owned(), "number".to_owned())));
        let moving = TABLES.iter().flat_map(|table| {
            table.columns.iter().map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
        });
        assert_eq!(moving.collect::<BTreeSet<_>>(), there);
    }

    #[test]
    fn no_two_rows_have_one_hash() {
        let rows = [
            vec![Value::Text("ab".to_owned()), Value::Text("c".to_owned())],
            vec![Value::Text("a".to_owned()), Value::Text("bc".to_owned())],
            vec![Value::Bytes(b"ab".to_vec()), Value::Text("c".to_owned())],
            vec![Value::Nothing, Value::Text("c".to_owned())],
            vec![Value::Int(0), Value::Text("c".to_owned())],
        ];
        let hashes: BTreeSet<[u8; 32]> = rows.iter().map(digest).collect();
        assert_eq!(hashes.len(), rows.len());
    }
}
