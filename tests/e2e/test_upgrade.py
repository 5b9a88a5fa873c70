"""Logs that older versions wrote open, are migrated, and read as they did."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.logs.make import HERE, answers_of, format_of, index_of, publish_again
from tests.kit.server import Server, tidings
from tests.patience import until
from tidings.index.file import VERSION
from tidings.store.sqlite.format import MIGRATIONS

pytestmark = pytest.mark.own_store

FIXTURES = sorted(path.name for path in HERE.iterdir() if path.name.startswith("log-"))
NEWEST = HERE / f"log-{len(MIGRATIONS)}-index-{VERSION}"


def copied(fixture: Path, data: Path) -> Path:
    """Copy the files of a fixture into a data directory."""
    data.mkdir()
    for path in fixture.glob("*.db"):
        shutil.copyfile(path, data / path.name)
    return data


def rows_of(data: Path) -> list[tuple[object, ...]]:
    """Return what is stored, whatever the format."""
    with closing(sqlite3.connect(data / "log.db")) as log:
        asked = "SELECT seq, recorded_at_us, system, subject, body FROM records ORDER BY seq"
        return log.execute(asked).fetchall()


TABLES = """
SELECT one.name, one.type, one.wr, one.strict, upper(made.sql) LIKE '%AUTOINCREMENT%',
    CASE WHEN one.type = 'virtual' THEN made.sql END, it.cid, it.name, it.type,
    it."notnull", it.dflt_value, it.pk
FROM pragma_table_list one JOIN sqlite_master made USING (name)
    JOIN pragma_table_xinfo(one.name) it WHERE one.schema = 'main' AND one.type <> 'shadow'
"""
INDEXES = """
SELECT one.name, each."unique", each.origin, CASE WHEN each.partial THEN made.sql END,
    it.seqno, it.name, it."desc", it.coll, it.key
FROM pragma_table_list one JOIN pragma_index_list(one.name) each
    LEFT JOIN sqlite_master made ON made.name = each.name JOIN pragma_index_xinfo(each.name) it
WHERE one.schema = 'main' AND one.type <> 'shadow'
"""


def schema_of(database: Path) -> list[str]:
    """Return what the tables of a file can hold, and what is found by which index.

    Not the words that SQLite keeps of them: it words the tables behind those of its full-text
    search, and columns that were added, as its version does.
    """
    with closing(sqlite3.connect(database)) as opened:
        return sorted(str(row) for asked in (TABLES, INDEXES) for row in opened.execute(asked))


OURS = (
    "CREATE TABLE a (seq INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT NOT NULL DEFAULT 'x', c INTEGER)"
    "; CREATE INDEX b ON a (b) WHERE c = 1"
    "; CREATE VIRTUAL TABLE d USING fts5(e, detail=none)"
)


def test_the_same_tables_are_the_same_in_other_words(tmp_path: Path) -> None:
    added = OURS.replace(", c INTEGER", "").replace(
        "; CREATE I", "; ALTER TABLE a ADD c INTEGER; CREATE I"
    )
    made = [schema_in(tmp_path / f"{n}.db", words) for n, words in enumerate((OURS, added))]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ("c INTEGER", "c TEXT"),
        ("c INTEGER", "c INTEGER, f"),
        (" NOT NULL", ""),
        ("'x'", "'y'"),
        (" AUTOINCREMENT", ""),
        ("c = 1", "c = 2"),
        ("CREATE INDEX", "CREATE UNIQUE INDEX"),
        ("a (b)", "a (b DESC)"),
        ("detail=none", "detail=full"),
    ],
)
def test_other_tables_are_others(ours: str, other: str, tmp_path: Path) -> None:
    changed = schema_in(tmp_path / "changed.db", OURS.replace(ours, other))
    assert changed != schema_in(tmp_path / "ours.db", OURS)


def schema_in(database: Path, words: str) -> list[str]:
    with closing(sqlite3.connect(database)) as opened:
        opened.executescript(words)
    return schema_of(database)


def test_each_format_has_a_fixture() -> None:
    names = [name.split("-") for name in FIXTURES]
    assert {int(parts[1]) for parts in names} == set(range(1, len(MIGRATIONS) + 1))
    assert {int(parts[3]) for parts in names if len(parts) > 2} == set(range(1, VERSION + 1))


@pytest.mark.parametrize("name", FIXTURES)
def test_a_log_of_each_format_opens_and_reads_as_it_did(name: str, tmp_path: Path) -> None:
    data = copied(HERE / name, tmp_path / "data")
    before = rows_of(data)
    answers = json.loads((HERE / name / "answers.json").read_text())
    server = Server(data, ["--retention-age=unlimited"], store=(), index=True)
    try:
        server.start()
        assert answers_of(server.http) == answers
        until(lambda: index_of(data) >= (VERSION, before[-1][0]), "the index has all of it")
        again = publish_again(server.http)
        nomad = [row[0] for row in before if row[2] == "nomad"]
        assert [(line["seq"], line["duplicate"]) for line in again] == [(n, True) for n in nomad]
        assert server.stop() == 0
    finally:
        server.end()
    assert rows_of(data) == before
    assert format_of(data) == len(MIGRATIONS)
    # A table that changes without a new number of its format would be met nowhere else.
    assert schema_of(data / "log.db") == schema_of(NEWEST / "log.db")
    assert schema_of(data / "index.db") == schema_of(NEWEST / "index.db")


@pytest.mark.parametrize("command", ["serve", "check"])
def test_a_log_of_a_newer_version_is_refused_in_words(command: str, tmp_path: Path) -> None:
    data = copied(NEWEST, tmp_path / "data")
    newer = len(MIGRATIONS) + 1
    with closing(sqlite3.connect(data / "log.db")) as log:
        log.execute(f"PRAGMA user_version = {newer}")
    before = (data / "log.db").read_bytes()
    ports = ["--http=127.0.0.1:0", "--grpc=127.0.0.1:0"] if command == "serve" else []
    done = tidings(command, f"--data={data}", *ports)
    words = f"the log has format {newer} and this program knows {newer - 1}: use a newer Tidings"
    assert (done.returncode, words in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr
    assert (data / "log.db").read_bytes() == before
