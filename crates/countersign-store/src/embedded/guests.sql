ALTER TABLE head ADD COLUMN next_guest INTEGER NOT NULL DEFAULT 1;

-- `until` is when it is over by its idle or its absolute limit, whichever is sooner; once ended, when its tombstone goes.
-- `data` is how often its data has been written.
CREATE TABLE guest (
    serial INTEGER PRIMARY KEY,
    until INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    data INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX guest_until ON guest (until);

CREATE TABLE guest_slot (
    serial INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (serial, name)
) STRICT;
