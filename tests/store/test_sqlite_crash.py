"""What was acknowledged outlives the process; what a crash tore is not served."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from tests.kit.loop import run_async, scenario
from tests.store import appender
from tests.store.places import SQLitePlace, append, draft, opened, seqs, texts
from tidings.core.record import Record, Stored
from tidings.store.base import EventStore
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.file import FILE_NAME, WAL_NAME


def kill_while_it_appends(directory: Path, first: int, lines: int) -> dict[int, str]:
    """Run the appender until it has told of so many commits; return what it told, by position."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    program = subprocess.Popen(
        [sys.executable, appender.__file__, str(directory), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    with program:
        assert program.stdout
        told = list(islice(program.stdout, lines))
        program.kill()
        told += program.stdout.readlines()  # what it had told before it died
    if told and not told[-1].endswith("\n"):
        told.pop()  # killed in the middle of a word
    acknowledged: dict[int, str] = {}
    for line in told:
        words = line.split()
        half = len(words) // 2
        acknowledged |= zip(map(int, words[:half]), words[half:], strict=True)
    return acknowledged


async def read_all(store: EventStore) -> list[Record]:
    return await store.read(0, 1_000_000)


async def must_hold(directory: Path, acknowledged: dict[int, str]) -> None:
    async with opened(SQLitePlace(directory)) as store:
        found = {r.seq: r.body.decode().strip() for r in await read_all(store)}
        assert {seq: found.get(seq) for seq in acknowledged} == acknowledged
        assert list(found) == list(range(2, 2 + len(found)))
        retried = [draft(text.ljust(900), key=text) for text in acknowledged.values()]
        again = await store.append(retried)
        assert again == [Stored(seq, duplicate=True) for seq in acknowledged]


def test_killed_process_loses_nothing_that_it_acknowledged(directory: Path) -> None:
    acknowledged: dict[int, str] = {}
    for first, lines in enumerate((1, 7, 40, 150)):
        acknowledged |= kill_while_it_appends(directory, first, lines)
        run_async(must_hold(directory, acknowledged))
        assert check_sqlite(directory).problems == ()


@pytest.fixture
def crashed(directory: Path, tmp_path: Path) -> Path:
    """What the disk holds when the power fails under a store with 30 commits in its WAL."""

    async def main() -> None:
        async with opened(SQLitePlace(directory)) as store:
            for n in range(30):
                await append(store, draft(f"{n}a", key=f"{n}a"), draft(f"{n}b" * 300, "consul"))
            shutil.copytree(directory, tmp_path / "crashed")

    run_async(main())
    return tmp_path / "crashed"


def reopen(image: Path, wal: bytes) -> list[Record]:
    """Start on what the disk holds, with this WAL; return what is served."""
    (image / WAL_NAME).write_bytes(wal)

    async def main() -> list[Record]:
        async with opened(SQLitePlace(image)) as store:
            found = await read_all(store)
            (seq,) = await append(store, draft("after"))
            assert seq == len(found) + 2
            return found

    found = run_async(main())
    assert check_sqlite(image).problems == ()
    return found


def test_torn_end_of_the_wal_is_not_served(crashed: Path) -> None:
    wal = (crashed / WAL_NAME).read_bytes()
    database = (crashed / FILE_NAME).read_bytes()
    whole = reopen(crashed, wal)
    assert len(whole) == 60
    before = 60
    for cut in range(len(wal), len(wal) * 2 // 3, -len(wal) // 60):
        (crashed / FILE_NAME).write_bytes(database)
        found = reopen(crashed, wal[:cut])
        assert found == whole[: len(found)]
        assert len(found) % 2 == 0  # groups are whole
        assert len(found) <= before
        before = len(found)
    assert before < 60


def test_scrambled_end_of_the_wal_is_not_served(crashed: Path) -> None:
    wal = (crashed / WAL_NAME).read_bytes()
    database = (crashed / FILE_NAME).read_bytes()
    whole = reopen(crashed, wal)
    for place in range(1, 10):
        (crashed / FILE_NAME).write_bytes(database)
        scrambled = bytearray(wal)
        scrambled[-place * 1500 : -place * 1500 + 40] = bytes(40)
        found = reopen(crashed, bytes(scrambled))
        assert found == whole[: len(found)]
        assert len(found) % 2 == 0


@scenario
async def test_lost_wal_leaves_what_was_written_before_it(directory: Path) -> None:
    place = SQLitePlace(directory)
    async with opened(place) as store:
        given = await append(store, draft("a"), draft("b"))
    async with opened(place) as store:
        assert seqs(await read_all(store)) == given
    (directory / WAL_NAME).unlink(missing_ok=True)
    async with opened(place) as store:
        assert texts(await read_all(store)) == ["a", "b"]
