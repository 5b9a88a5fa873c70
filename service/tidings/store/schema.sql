-- Version 1 of the log's schema. Later versions are scripts in migrate.py; this file never changes.

-- One row a record. AUTOINCREMENT: a position is never used again, also once the newest row is gone.
CREATE TABLE records (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded_at_us INTEGER NOT NULL,
    system         TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    body           BLOB    NOT NULL
);
CREATE INDEX records_by_system ON records (system, seq);
CREATE INDEX records_by_subject ON records (subject, seq);

-- A table of their own, because keys outlive trimmed records.
CREATE TABLE keys (
    system         TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    seq            INTEGER NOT NULL,
    digest         BLOB    NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    PRIMARY KEY (system, key)
) WITHOUT ROWID;
CREATE INDEX keys_by_age ON keys (system, seq);

-- Small named values: trim marks, tokens, policies, positions of mirrors.
CREATE TABLE state (
    name     TEXT    PRIMARY KEY,
    value    BLOB    NOT NULL,
    revision INTEGER NOT NULL
) WITHOUT ROWID;

-- The revision that the last change of `state` got; rises for ever.
CREATE TABLE counter (
    revision INTEGER NOT NULL
);
INSERT INTO counter (revision) VALUES (0);
