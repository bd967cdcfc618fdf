ALTER TABLE head ADD COLUMN next_guest BIGINT NOT NULL DEFAULT 1;

-- `until` is when it is over by its idle or its absolute limit; once ended, when its tombstone goes. `data` is how often its
-- data has been written.
CREATE TABLE guest (
    serial BIGINT PRIMARY KEY,
    until BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    data BIGINT NOT NULL,
    record BYTEA NOT NULL
);
CREATE INDEX guest_until ON guest (until);

CREATE TABLE guest_slot (
    serial BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (serial, name)
);
