-- Version 1 of the log's schema. This file never changes: a later version is a script that follows it.

-- One row a record. AUTOINCREMENT: a position is never used again, also once the newest row is gone.
CREATE TABLE records (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded_at_us INTEGER NOT NULL, -- never decreases along seq, so that a time is found by halving
    system         TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    body           BLOB    NOT NULL
);
CREATE INDEX records_by_system ON records (system, seq);
CREATE INDEX records_by_subject ON records (subject, seq);

-- One row a record that has a key. A table of its own, because keys outlive records.
CREATE TABLE keys (
    seq            INTEGER PRIMARY KEY,
    system         TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    digest         BLOB    NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    trimmed        INTEGER NOT NULL DEFAULT 0 -- 1 = the record is gone, and the key counts by its age only
);
CREATE UNIQUE INDEX keys_by_name ON keys (system, key);
CREATE INDEX keys_of_trimmed ON keys (recorded_at_us) WHERE trimmed = 1;

-- Small named values: trim marks, tokens, policies, positions of sources.
CREATE TABLE state (
    name     TEXT    PRIMARY KEY,
    value    BLOB    NOT NULL,
    revision INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: what must outlive the rows that it came from.
CREATE TABLE counters (
    last_revision   INTEGER NOT NULL, -- of the newest change of state, also if it was deleted since
    last_trimmed_us INTEGER NOT NULL  -- recorded_at_us of the newest record that was ever trimmed
);
INSERT INTO counters VALUES (0, 0);
