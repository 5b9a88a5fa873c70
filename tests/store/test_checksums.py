"""Whatever of a record changes on the disk is seen, is not served, and is in nobody's way."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loop import run_async, scenario
from tests.store.places import SQLitePlace, append, draft, opened, seqs, texts
from tidings.core.damage import DamageReport
from tidings.core.errors import DAMAGED_FILE, StoreCorrupt, StoreUnavailable
from tidings.core.record import Record, Stored
from tidings.store.checksums import record_checksum, row_checksum
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log, export_log
from tidings.store.sqlite.file import FILE_NAME, open_reader
from tidings.store.sqlite.format import APPLICATION_ID, MIGRATIONS
from tidings.store.sqlite.records import Row, are_in_place, as_records, check_rows, is_damage

COUNT = 60
PAGE_BYTES = 4096


def body(number: int) -> str:
    return f"<{number}>" + chr(97 + number % 26) * (40 + 37 * number)


@pytest.fixture
def log(directory: Path) -> Path:
    """A log at rest with records of three systems, small ones and such that fill pages."""

    fill(directory, range(COUNT))
    return directory


def fill(directory: Path, numbers: Iterable[int]) -> None:
    async def main() -> None:
        async with opened(SQLitePlace(directory)) as store:
            for number in numbers:
                system = ("nomad", "consul", "puppet.7")[number % 3]
                await append(store, draft(body(number), system, key=f"k{number}"))
            await store.state.put("token/a", b"somebody")

    run_async(main())


async def all_of(directory: Path) -> list[Record]:
    async with opened(SQLitePlace(directory)) as store:
        return await store.read(0, 1000)


def read_all(directory: Path) -> list[Record]:
    return run_async(all_of(directory))


def flip(path: Path, place: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def problems_of(directory: Path) -> tuple[str, ...]:
    try:
        return check_sqlite(directory).problems
    except StoreCorrupt as error:
        return (str(error),)


def alter(directory: Path, sql: str) -> None:
    with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as connection:
        connection.execute(sql)


def test_seventy_flipped_bits_in_bodies_are_all_seen_and_none_is_served(log: Path) -> None:
    chance = random.Random(11)
    path = log / FILE_NAME
    whole, before = path.read_bytes(), read_all(log)
    for _ in range(70):
        victim = chance.randrange(COUNT)
        marked = whole.index(f"<{victim}>".encode())
        flip(path, marked + chance.randrange(30), chance.randrange(8))
        assert f"record {victim + 2}: damaged" in problems_of(log)[0]
        after = read_all(log)
        assert [one for one in after if not one.is_damaged] == [
            one for one in before if one.seq != victim + 2
        ]
        (bad,) = (one for one in after if one.is_damaged)
        assert (bad.seq, bad.body) == (victim + 2, b"")
        path.write_bytes(whole)
    assert problems_of(log) == ()


@pytest.mark.slow
def test_no_flipped_bit_anywhere_changes_what_is_served(log: Path) -> None:
    """It may lose something, which a check then says; it may hit what means nothing."""
    # pages of small tables are mostly empty: beside more records they are the lesser part
    fill(log, range(COUNT, 2 * COUNT))
    chance = random.Random(6)
    path = log / FILE_NAME
    whole, before = path.read_bytes(), {one.seq: one for one in read_all(log)}
    unseen = 0
    for _ in range(150):
        flip(path, chance.randrange(100, len(whole)), chance.randrange(8))
        said = problems_of(log)
        try:
            after = read_all(log)
        except (StoreCorrupt, StoreUnavailable):
            assert said
        else:
            served = {one.seq: one for one in after if not one.is_damaged}
            assert served.items() <= before.items()
            if served != before:
                assert said
            unseen += not said
        path.write_bytes(whole)
        for name in ("log.db-wal", "log.db-shm"):
            (log / name).unlink(missing_ok=True)
    assert unseen < 60, "most of a file means something"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE records SET body = x'41' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET body = 'text' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET body = '' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET subject = 'nomad.x' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET system = 'consul' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET subject = x'05' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET system = x'05' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET system = CAST(x'ff' AS TEXT) WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET recorded_at_us = recorded_at_us + 1 WHERE seq = 5", "record 5: dam"),
        ("UPDATE records SET recorded_at_us = 'noon' WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET checksum = checksum + 1 WHERE seq = 5", "record 5: damaged"),
        ("UPDATE records SET checksum = NULL WHERE seq = 5", "record 5: its checksum is gone"),
        ("UPDATE records SET body = body || ' ' WHERE seq = 1", "the birth record is damaged"),
        ("UPDATE keys SET digest = x'00' WHERE seq = 5", "the key of record 5 is damaged"),
        ("UPDATE keys SET key = 'other' WHERE seq = 5", "the key of record 5 is damaged"),
        ("UPDATE state SET value = x'00' WHERE name = 'token/a'", "the value token/a is damaged"),
    ],
)
def test_every_column_is_covered(log: Path, damage: str, problem: str) -> None:
    alter(log, damage)
    assert any(problem in said for said in problems_of(log))
    if "record 5: dam" in problem:
        found = {one.seq: one for one in read_all(log)}
        assert found[5].is_damaged
        assert [seq for seq in found if found[seq].is_damaged] == [5]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET recorded_at_us = 4611686018427387904 WHERE seq = 5",
        "UPDATE records SET recorded_at_us = 'noon' WHERE seq = 5",
        "UPDATE records SET body = x'' WHERE seq = 5",
    ],
)
def test_a_damaged_record_is_trimmed_and_its_time_is_nobodys(log: Path, damage: str) -> None:
    alter(log, damage)

    async def main() -> None:
        place = SQLitePlace(log)
        async with opened(place) as store:
            assert await store.trim("nomad", 5) == 2
            (seq,) = await append(store, draft("after"))
            (newest,) = await store.read(seq - 1, 1)
            assert newest.recorded_at_us == place.clock.now_us()

    run_async(main())
    assert check_sqlite(log).problems == ()


@scenario
async def test_work_that_meets_a_damaged_page_stops_no_publisher(log: Path) -> None:
    path = log / FILE_NAME
    content = bytearray(path.read_bytes())
    start = pages_with(path, 30) * PAGE_BYTES
    content[start : start + 12] = random.Random(30).randbytes(12)
    path.write_bytes(content)

    async with opened(SQLitePlace(log)) as store:
        with pytest.raises(StoreUnavailable) as refused:
            await store.trim("nomad", 1000)
        assert refused.value.cause == DAMAGED_FILE
        assert await append(store, draft("after")) == [COUNT + 2]


@pytest.mark.slow
def test_a_damaged_position_leads_nobody_past_the_records_behind_it(log: Path) -> None:
    """Bits in front of bodies: lengths, positions, times. Pages of any size come to the end."""
    chance = random.Random(3)
    path = log / FILE_NAME
    whole, before = path.read_bytes(), {one.seq: one for one in read_all(log)}
    lost_seqs = 0
    for _ in range(120):
        victim = chance.randrange(1, COUNT)
        flip(
            path, whole.index(f"<{victim}>".encode()) - chance.randrange(1, 40), chance.randrange(8)
        )
        said = problems_of(log)
        with closing(open_reader(log)) as reader:
            pages: list[Record] = []
            while page := sqlite_read.read(reader, pages[-1].seq if pages else 0, 7):
                pages += page
                assert len(pages) <= COUNT, "it goes round in circles"
        assert seqs(pages) == sorted(set(seqs(pages)))
        served = {one.seq: one for one in pages if not one.is_damaged}
        assert served.items() <= before.items()
        lost = before.keys() - served.keys()
        assert len(lost) < COUNT // 2
        assert bool(lost) <= bool(said)
        lost_seqs += len(lost)
        path.write_bytes(whole)
    assert lost_seqs > 60


@scenario
async def test_a_damaged_record_keeps_its_place_in_every_question(log: Path) -> None:
    alter(log, "UPDATE records SET body = x'00' WHERE seq IN (5, 61)")

    async with opened(SQLitePlace(log)) as store:
        (nomad,) = (one for one in await store.read(0, 9, systems=["nomad"]) if one.seq == 5)
        assert nomad.is_damaged
        back = await store.read_before(62, 9, systems=["puppet"])
        assert [one.is_damaged for one in back] == [True] + [False] * 8
        assert await store.read_before(2**63, 1000) == (await store.read(0, 1000))[::-1]
        newest = await store.read_last("puppet", 2)
        assert [(one.seq, one.is_damaged) for one in newest] == [(58, False), (61, True)]
        assert len(store.damage) == 2
        told: list[tuple[int, str]] = []
        store.damage.follow(lambda seq, system: told.append((seq, system)))
        await store.read(0, 1000)
        assert told == [(5, "nomad"), (61, "puppet")], "each once, before or after it is found"


def test_a_record_whose_system_is_not_known_is_everybodys(log: Path) -> None:
    alter(log, "UPDATE records SET system = 'nomae' WHERE seq = 5")
    (bad,) = (one for one in read_all(log) if one.is_damaged)
    assert (bad.seq, bad.system, bad.subject) == (5, "tidings", "tidings")


@scenario
async def test_a_damaged_token_is_nobodys(log: Path) -> None:
    alter(log, "UPDATE state SET value = x'00' WHERE name = 'token/a'")

    async with opened(SQLitePlace(log)) as store:
        assert await store.state.get("token/a") is None
        assert await store.state.list("") == []


def pages_with(path: Path, number: int) -> int:
    return path.read_bytes().index(f"<{number}>".encode()) // PAGE_BYTES


@pytest.mark.parametrize("victim", [20, 30, 45, COUNT - 1])
@scenario
async def test_a_page_that_makes_no_sense_takes_nothing_else_along(log: Path, victim: int) -> None:
    path = log / FILE_NAME
    before = {one.seq: one for one in await all_of(log)}
    content = bytearray(path.read_bytes())
    start = pages_with(path, victim) * PAGE_BYTES
    content[start : start + 12] = random.Random(victim).randbytes(12)
    path.write_bytes(content)
    assert problems_of(log)

    async with opened(SQLitePlace(log)) as store:
        found = await store.read(0, 1000)
        served = {one.seq: one for one in found if not one.is_damaged}
        lost = before.keys() - served.keys()
        assert served.items() <= before.items()
        assert victim + 2 in lost
        assert len(lost) < COUNT // 2
        assert {one.seq for one in found if one.is_damaged} >= lost
        assert seqs(found) == sorted(before)
        assert seqs(await store.read_before(2**63, 1000)) == seqs(found)[::-1]
        for system in ("nomad", "consul", "puppet"):
            of_system = {one.seq for one in before.values() if one.system == system}
            page = await store.read(0, 1000, systems=[system])
            assert {one.seq for one in page} >= of_system - lost
            newest = await store.read_last(system, 1000)
            assert {one.seq for one in newest} >= of_system - lost
            assert await store.nth_last(system, 1) >= max(of_system - lost)
        bounds = await store.bounds()
        assert (bounds.first_seq, bounds.last_seq) == (2, COUNT + 1)
        assert await store.seek(None, 0) == 2
        (result,) = await asyncio.gather(
            store.append([draft("new", "feldera")]), return_exceptions=True
        )
        if victim < COUNT - 1:  # else it would be stored on the damaged page
            assert result == [Stored(COUNT + 2)]
        else:
            assert isinstance(result, StoreUnavailable)
            assert result.cause == DAMAGED_FILE


def test_a_log_that_does_not_say_whose_it_is_is_refused_in_words(log: Path) -> None:
    path = log / FILE_NAME
    content = bytearray(path.read_bytes())
    start = pages_with(path, 0) * PAGE_BYTES  # the birth record lies on the page of the first
    content[start : start + 12] = random.Random(0).randbytes(12)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="the birth record is gone"):
        read_all(log)


@scenario
async def test_a_damaged_time_does_not_lead_a_search_astray(directory: Path) -> None:
    """Retention by age trusts it: one flipped bit must not age the records before it."""

    async def main() -> list[int]:
        place = SQLitePlace(directory)
        async with opened(place) as store:
            for number in range(40):
                await append(store, draft(f"{number}"))
                place.clock.at_s += 10
            return [
                await store.seek("nomad", one.recorded_at_us) for one in await store.read(0, 99)
            ]

    sought = await main()
    assert sought == list(range(2, 42))
    alter(directory, "UPDATE records SET recorded_at_us = 1 WHERE seq BETWEEN 20 AND 22")

    async with opened(SQLitePlace(directory)) as store:
        whole = [one for one in await store.read(0, 99) if not one.is_damaged]
        assert len(whole) == 37
        for one in whole:
            found = await store.seek("nomad", one.recorded_at_us)
            assert found == (one.seq if one.seq != 23 else 20)


class TestLogsOfVersion1:
    @pytest.fixture
    def old(self, directory: Path) -> Path:
        directory.mkdir()
        with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(MIGRATIONS[0])
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("PRAGMA user_version = 1")
            birth = b'{"log_id":"00000000-0000-4000-8000-000000000000","format":1}'
            connection.execute(
                "INSERT INTO records VALUES (1, 1, 'tidings', 'tidings.birth', ?)", (birth,)
            )
            for seq in (2, 3):
                connection.execute(
                    "INSERT INTO records VALUES (?, 2, 'nomad', 'nomad', ?)", (seq, b"%d" % seq)
                )
            connection.execute("INSERT INTO keys VALUES (2, 'nomad', 'k', x'00', 2, 0)")
            connection.execute("INSERT INTO state VALUES ('token/a', x'41', 1)")
        return directory

    def test_they_are_opened_and_go_on_with_checksums(self, old: Path) -> None:
        async def main() -> None:
            async with opened(SQLitePlace(old)) as store:
                assert store.log_id == "00000000-0000-4000-8000-000000000000"
                assert texts(await store.read(0, 9)) == ["2", "3"]
                assert await append(store, draft("4")) == [4]
                assert await store.state.get("token/a") is not None

        run_async(main())
        report = check_sqlite(old)
        assert (report.problems, report.records, report.unchecked) == ((), 3, 2)
        alter(old, "UPDATE records SET body = x'00' WHERE seq = 4")
        assert check_sqlite(old).problems == (
            "record 4: damaged, its content is not what was stored",
        )

    def test_they_are_checked_exported_and_copied_as_they_are(
        self, old: Path, tmp_path: Path
    ) -> None:
        before = (old / FILE_NAME).read_bytes()
        report = check_sqlite(old)
        assert (report.problems, report.unchecked, report.last_seq) == ((), 2, 3)
        assert [(one.seq, key) for one, key in export_log(old)] == [(2, "k"), (3, None)]
        copy_log(old, tmp_path / "copy")
        copied = check_sqlite(tmp_path / "copy")
        assert (copied.problems, copied.unchecked, copied.last_seq) == ((), 2, 3)
        assert (old / FILE_NAME).read_bytes() == before

    def test_one_with_a_broken_page_is_read_around_it(self, old: Path) -> None:
        alter(old, "UPDATE records SET system = CAST(x'ff' AS TEXT) WHERE seq = 2")
        assert any("record 2: damaged" in said for said in problems_of(old))
        assert [(one.seq, one.is_damaged) for one, _ in export_log(old)] == [(2, True), (3, False)]


def test_a_backup_of_a_damaged_log_is_not_called_whole(log: Path, tmp_path: Path) -> None:
    alter(log, "UPDATE records SET body = x'00' WHERE seq = 5")
    copy_log(log, tmp_path / "copy")
    assert check_sqlite(tmp_path / "copy").problems == (
        "record 5: damaged, its content is not what was stored",
    )


def test_a_checksum_is_that_of_all_that_is_stored() -> None:
    base = (7, 1_700_000_000_000_000, "nomad", "nomad.x", b"body")
    others = (
        (7 ^ 1 << 20, *base[1:]),
        (7, base[1] ^ 1 << 45, *base[2:]),
        (*base[:2], "nomae", *base[3:]),
        (*base[:3], "nomad.y", base[4]),
        (*base[:4], b"bodx"),
    )
    assert len({record_checksum(*each) for each in (base, *others)}) == 6
    assert record_checksum(*base) == record_checksum(*base)
    assert row_checksum("a", "bc") != row_checksum("ab", "c")


@pytest.mark.parametrize(
    ("given", "after_seq", "all_is_well", "in_place"),
    [
        ("2 3 5", 1, True, True),
        ("2 3* 5", 1, False, True),
        ("3* 5", 2, False, True),
        ("2 5*", 1, False, False),  # nothing behind it says that it stands there
        ("2 9* 5", 1, False, False),
        ("2 2* 5", 1, False, False),
        ("3 2 5", 1, False, False),  # a branch of the table leads elsewhere
        ("2 3", 2, False, False),
    ],
)
def test_positions_that_do_not_rise_are_not_believed(
    given: str, after_seq: int, *, all_is_well: bool, in_place: bool
) -> None:
    rows: list[Row] = []
    for word in given.split():
        seq, damage = int(word.rstrip("*")), int(word.endswith("*"))
        checksum = record_checksum(seq, 1, "nomad", "nomad", b"x") + damage
        rows.append((seq, 1, "nomad", "nomad", b"x", checksum))
    records, is_well = check_rows(rows, after_seq=after_seq)
    assert [one.is_damaged for one in records] == [word.endswith("*") for word in given.split()]
    assert (is_well, are_in_place(records, after_seq)) == (all_is_well, in_place)


@pytest.mark.parametrize(
    ("code", "damaged"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, True),
        (None, True),  # text that is no UTF-8
        (sqlite3.SQLITE_IOERR_LOCK, False),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_NOTADB, False),
        (sqlite3.SQLITE_CANTOPEN, False),
    ],
)
def test_only_what_a_part_of_a_file_does_is_damage(code: int | None, *, damaged: bool) -> None:
    error = sqlite3.OperationalError("said")
    if code is not None:
        error.sqlite_errorcode = code
    assert is_damage(error) is damaged


def test_columns_of_other_types_are_damage() -> None:
    """SQLite keeps a type with each value, and a flipped bit makes another of it."""
    for system, subject in (("nomad", 5), (5, "nomad"), (None, None), (b"nomad", b"nomad")):
        row: Any = (7, 1, system, subject, b"x", 0)
        (record,) = as_records([row])
        assert record.is_damaged


def test_a_report_knows_each_position_once_and_not_too_many() -> None:
    report = DamageReport()
    told: list[int] = []
    report.found(5, "nomad")
    report.follow(lambda seq, _: told.append(seq))
    for seq in (5, 6, 5, 6):
        report.found(seq, "nomad")
    assert told == [5, 6]
    for seq in range(20_000):
        report.found(seq, "nomad")
    assert len(report) == len(told) == 10_000


def test_a_reader_of_a_damaged_file_sees_no_text_that_is_none(log: Path) -> None:
    alter(log, "UPDATE records SET subject = CAST(x'6e6f6d61642eff' AS TEXT) WHERE seq = 5")
    with closing(open_reader(log)) as connection:
        row = connection.execute("SELECT CAST(subject AS BLOB) FROM records WHERE seq = 5")
        assert row.fetchone() == (b"nomad.\xff",)
    (bad,) = (one for one in read_all(log) if one.is_damaged)
    assert bad.seq == 5
