ALTER TABLE head ADD COLUMN next_guest INTEGER NOT NULL DEFAULT 1;

-- `until` is when it is over by its idle or its absolute limit, whichever is sooner; once ended, when its tombstone goes.
CREATE TABLE guest (
    serial INTEGER PRIMARY KEY,
    slots TEXT NOT NULL,
    until INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX guest_until ON guest (until);
