-- Who was erased, as the ledgers beside the database have it: a mark that leads to nobody, and a number in the order of commits.
-- The head knows the last number, so that every node hears of it with the log.
CREATE TABLE erased (
    number BIGINT PRIMARY KEY,
    mark BYTEA NOT NULL UNIQUE
);
ALTER TABLE head ADD COLUMN erased BIGINT NOT NULL DEFAULT 0;
