-- The server that the log was last written on, and its timeline; 0 until it is.
ALTER TABLE head
    ADD COLUMN system BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN timeline BIGINT NOT NULL DEFAULT 0;
