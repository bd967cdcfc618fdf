-- How often the data of a session has been written, and what it holds: bytes of plain values, slots.
CREATE TABLE data (
    slots TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    count BIGINT NOT NULL
) WITH (fillfactor = 70);

-- `value` is a value in one piece; without it the pieces are in `segment`. `marks` are 16 bytes for each piece and for the
-- whole, or nothing. What an older version wrote is sealed in one piece, 28 bytes longer than it is.
ALTER TABLE slot ADD COLUMN length BIGINT NOT NULL DEFAULT 0, ADD COLUMN marks BYTEA NOT NULL DEFAULT '';
UPDATE slot SET length = greatest(octet_length(value) - 28, 0);
ALTER TABLE slot ALTER length DROP DEFAULT, ALTER marks DROP DEFAULT, ALTER value DROP NOT NULL;

CREATE TABLE segment (
    slots TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (slots, name, number)
);

-- What is sealed does not become smaller.
ALTER TABLE slot ALTER value SET STORAGE EXTERNAL;
ALTER TABLE segment ALTER value SET STORAGE EXTERNAL;

-- `number` orders the operations of a session.
CREATE TABLE operation (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slots TEXT COLLATE "C" NOT NULL,
    id BYTEA NOT NULL,
    expires BIGINT NOT NULL,
    UNIQUE (slots, id)
);
CREATE INDEX operation_slots ON operation (slots, number);
CREATE INDEX operation_expires ON operation (expires);

-- Above every version that a slot of it has. One that a dropped slot had may come again, once: nothing told of it.
INSERT INTO data (slots, version, bytes, count)
    SELECT slots, max(version) + 1, sum(length)::bigint, count(*) FROM slot GROUP BY slots;
