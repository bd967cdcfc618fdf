-- How often the data of a session has been written, and what it holds: bytes of plain values, slots.
CREATE TABLE data (
    slots TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `value` is a value in one piece; without it the pieces are in `segment`. `marks` are 16 bytes for each piece, or nothing.
CREATE TABLE slot_cut (
    slots TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    length INTEGER NOT NULL,
    marks BLOB NOT NULL,
    value BLOB,
    PRIMARY KEY (slots, name)
) STRICT;

CREATE TABLE segment (
    slots TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (slots, name, number)
) STRICT;

-- `number` orders the operations of a session.
CREATE TABLE operation (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    slots TEXT NOT NULL,
    id BLOB NOT NULL,
    expires INTEGER NOT NULL,
    UNIQUE (slots, id)
) STRICT;
CREATE INDEX operation_expires ON operation (expires);

-- What an older version wrote is sealed in one piece, 28 bytes longer than it is.
INSERT INTO slot_cut (slots, name, version, length, marks, value)
    SELECT slots, name, version, max(length(value) - 28, 0), zeroblob(0), value FROM slot;
-- Above every version that a slot of it has. One that a dropped slot had may come again, once: nothing told of it.
INSERT INTO data (slots, version, bytes, count)
    SELECT slots, max(version) + 1, sum(length), count(*) FROM slot_cut GROUP BY slots;
DROP TABLE slot;
ALTER TABLE slot_cut RENAME TO slot;
