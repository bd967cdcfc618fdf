CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    chain BLOB NOT NULL,
    next_serial INTEGER NOT NULL
) STRICT;

CREATE TABLE log (
    position INTEGER PRIMARY KEY,
    serial INTEGER,
    expires INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX log_serial ON log (serial) WHERE serial IS NOT NULL;
CREATE INDEX log_expires ON log (expires);

-- `covers` is an application's id, or empty for everything.
CREATE TABLE watermark (
    covers TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE login (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_subject ON login (subject);
CREATE INDEX login_expires ON login (expires);

-- `until` is when it is over by its idle or its absolute limit, whichever is sooner.
CREATE TABLE session (
    serial INTEGER PRIMARY KEY,
    login TEXT NOT NULL,
    subject TEXT NOT NULL,
    audience TEXT NOT NULL,
    slots TEXT NOT NULL,
    born INTEGER NOT NULL,
    until INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX session_login ON session (login) WHERE ended = 0;
CREATE INDEX session_subject ON session (subject);
CREATE INDEX session_audience ON session (audience);
CREATE INDEX session_slots ON session (slots);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE permit (
    serial INTEGER PRIMARY KEY,
    login TEXT,
    subject TEXT,
    client TEXT NOT NULL,
    born INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX permit_login ON permit (login) WHERE ended = 0;
CREATE INDEX permit_subject ON permit (subject);
CREATE INDEX permit_client ON permit (client);
CREATE INDEX permit_expires ON permit (expires);

CREATE TABLE one_time (
    key BLOB PRIMARY KEY,
    subject TEXT,
    email BLOB,
    client TEXT,
    spent INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_subject ON one_time (subject) WHERE subject IS NOT NULL;
CREATE INDEX one_time_email ON one_time (email) WHERE email IS NOT NULL;
CREATE INDEX one_time_expires ON one_time (expires);

CREATE TABLE slot (
    slots TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (slots, name)
) STRICT;

-- `email` is the SHA-256 of the address, so that no index page holds an address after its row has gone.
CREATE TABLE person (
    number INTEGER PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    email BLOB NOT NULL UNIQUE,
    record BLOB NOT NULL
) STRICT;

CREATE TABLE client (
    id TEXT PRIMARY KEY,
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consent (
    subject TEXT NOT NULL,
    client TEXT NOT NULL,
    scope TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (subject, client)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_key (
    kid TEXT PRIMARY KEY,
    record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT,
    client TEXT,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_client ON audit (client) WHERE client IS NOT NULL;
