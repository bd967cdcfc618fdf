-- Names compare by bytes, as in every engine.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL,
    position BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    next_serial BIGINT NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE log (
    position BIGINT PRIMARY KEY,
    serial BIGINT,
    expires BIGINT NOT NULL,
    record BYTEA NOT NULL
);
CREATE INDEX log_serial ON log (serial) WHERE serial IS NOT NULL;
CREATE INDEX log_expires ON log (expires);

-- `covers` is an application's id, or empty for everything.
CREATE TABLE watermark (
    covers TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL
);

CREATE TABLE login (
    id TEXT COLLATE "C" PRIMARY KEY,
    subject TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    record BYTEA NOT NULL
);
CREATE INDEX login_subject ON login (subject);
CREATE INDEX login_expires ON login (expires);

-- `until` is when it is over by its idle or its absolute limit, whichever is sooner. It is in no index, so that a touch
-- stays within its page.
CREATE TABLE session (
    serial BIGINT PRIMARY KEY,
    login TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    audience TEXT COLLATE "C" NOT NULL,
    slots TEXT COLLATE "C" NOT NULL,
    born BIGINT NOT NULL,
    until BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    record BYTEA NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX session_login ON session (login);
CREATE INDEX session_subject ON session (subject);
CREATE INDEX session_audience ON session (audience);
CREATE INDEX session_slots ON session (slots);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE permit (
    serial BIGINT PRIMARY KEY,
    login TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    client TEXT COLLATE "C" NOT NULL,
    born BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    record BYTEA NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX permit_login ON permit (login);
CREATE INDEX permit_subject ON permit (subject);
CREATE INDEX permit_client ON permit (client);
CREATE INDEX permit_expires ON permit (expires);

CREATE TABLE one_time (
    key BYTEA PRIMARY KEY,
    subject TEXT COLLATE "C",
    email BYTEA,
    client TEXT COLLATE "C",
    spent BOOLEAN NOT NULL,
    expires BIGINT NOT NULL,
    record BYTEA NOT NULL
);
CREATE INDEX one_time_subject ON one_time (subject) WHERE subject IS NOT NULL;
CREATE INDEX one_time_email ON one_time (email) WHERE email IS NOT NULL;
CREATE INDEX one_time_expires ON one_time (expires);

CREATE TABLE slot (
    slots TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (slots, name)
) WITH (fillfactor = 70);

-- `email` is the SHA-256 of the address.
CREATE TABLE person (
    subject TEXT COLLATE "C" PRIMARY KEY,
    email BYTEA NOT NULL UNIQUE,
    record BYTEA NOT NULL
);

CREATE TABLE client (
    id TEXT COLLATE "C" PRIMARY KEY,
    record BYTEA NOT NULL
);

CREATE TABLE consent (
    subject TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (subject, client)
);

CREATE TABLE signing_key (
    kid TEXT COLLATE "C" PRIMARY KEY,
    record BYTEA NOT NULL
);

CREATE TABLE setting (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Numbers are drawn by one transaction at a time, the one that holds the head, so they rise in the order of commits.
CREATE TABLE audit (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject TEXT COLLATE "C",
    client TEXT COLLATE "C",
    record BYTEA NOT NULL
);
CREATE INDEX audit_subject ON audit (subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_client ON audit (client) WHERE client IS NOT NULL;
