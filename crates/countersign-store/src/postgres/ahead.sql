-- Long values are sent ahead of the commit that writes them, which only moves them from here: a slow connection holds no lock.
-- A crash of the server empties the table, and undoes the commits that were under way.
CREATE UNLOGGED TABLE ahead (
    sending TEXT COLLATE "C" NOT NULL,
    slots TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    value BYTEA NOT NULL,
    since TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (sending, slots, name, number)
);
ALTER TABLE ahead ALTER value SET STORAGE EXTERNAL;
CREATE INDEX ahead_slots ON ahead (slots);
