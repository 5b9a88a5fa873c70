"""A backup that comes over gRPC: cut anywhere it goes on, and holds what the log holds."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest

from tests.kit.fetching import Alter, HandingOut, failing_at, failure, fetch
from tests.kit.loop import scenario
from tests.store.places import DAY_S, SQLitePlace, append, draft, opened
from tidings.app.cli import run
from tidings.app.fetched_backup import Lost
from tidings.core.errors import (
    KeyReused,
    StoreCorrupt,
    StoreLocked,
    StoreUnavailable,
    StoreUnfit,
    WrongLog,
)
from tidings.core.record import Stored
from tidings.rpc import backing_up
from tidings.store.base import EventStore
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log
from tidings.store.sqlite.file import FILE_NAME, UNFINISHED_NAME
from tidings.store.sqlite.incoming import incoming
from tidings.v1 import backup_pb2 as pb
from tidings.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server

HOUR_S = 3600
SYSTEMS = ("nomad", "consul", "puppet.352", "feldera")


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backing_up, "_AT_ONCE", 3)


@pytest.fixture
def place(tmp_path: Path) -> SQLitePlace:
    return SQLitePlace(tmp_path / "data")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def rows(directory: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Return what a log holds, but for what is of each copy alone: its birth record."""
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        found = {
            "records": "SELECT * FROM records WHERE seq > 1",
            "keys": "SELECT * FROM keys",
            "state": "SELECT name, value FROM state WHERE name <> 'origin'",
            "end": "SELECT * FROM sqlite_sequence",
        }
        return {name: set(connection.execute(asked)) for name, asked in found.items()}


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def of_file(place: SQLitePlace, copy: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Return what a copy of the file holds."""
    copy_log(place.directory, copy)
    return rows(copy)


async def fill(store: EventStore) -> None:
    """Store ten records, of which every other has a key, and small values."""
    for number in range(10):
        key = f"k{number}" if number % 2 else None
        await append(store, draft(f"{number}", SYSTEMS[number % 4], key=key))
    await store.state.put("token/a", b"hash")
    await store.state.put("policy/b", b"policy")


@scenario
async def test_a_backup_is_what_a_copy_of_the_file_is(
    place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        done = await fetch(target, HandingOut(store, place.clock))
        assert (done.records, done.through_seq, done.is_complete) == (10, 11, True)
        assert rows(target) == of_file(place, tmp_path / "copy")
    report = check_sqlite(target)
    assert (report.problems, report.records, report.unchecked) == ((), 10, 0)
    assert names_in(target) == {FILE_NAME, "lock"}
    assert (target / FILE_NAME).stat().st_mode & 0o777 == 0o600


@scenario
async def test_a_backup_that_is_cut_at_any_part_goes_on_there(
    place: SQLitePlace, tmp_path: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        whole = of_file(place, tmp_path / "copy")
        cuts = 0
        while True:
            service = HandingOut(store, place.clock, failing_at(cuts))
            target = tmp_path / f"cut {cuts}"
            if cuts == 0:  # before anything came: it was never there
                with pytest.raises(grpc.aio.AioRpcError):
                    await fetch(target, service)
                assert names_in(target) == {"lock"}
            else:
                await fetch(target, service)
                assert rows(target) == whole
            if len(service.requests) == 1 and cuts:
                break
            resumed = service.requests[-1]
            assert bool(resumed.after_seq) == (cuts > 2), "behind start, values and a page"
            cuts += 1
        assert cuts > 5


@scenario
async def test_a_later_call_brings_what_changed_since(
    place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        await fetch(target, HandingOut(store, place.clock))
        await append(store, draft("new", key="new"))
        await store.state.delete("token/a")
        await store.state.put("policy/b", b"changed")
        await store.trim("consul", 2**62)
        service = HandingOut(store, place.clock)
        done = await fetch(target, service)
        assert (service.requests[0].after_seq, done.records) == (11, 1)
        assert rows(target) == of_file(place, tmp_path / "copy")
        place.clock.at_s += DAY_S + 1  # what was trimmed has no keys any more
        await store.trim("consul", 2**62)
        await fetch(target, HandingOut(store, place.clock))
        assert rows(target) == of_file(place, tmp_path / "later")
    assert check_sqlite(target).problems == ()


@scenario
async def test_a_backup_is_not_larger_than_what_is_left(place: SQLitePlace, target: Path) -> None:
    async with opened(place) as store:
        for number in range(20):
            await append(store, draft("x" * 50_000, "consul.x" if number else "puppet.1"))
        await fetch(target, HandingOut(store, place.clock))
        assert (target / FILE_NAME).stat().st_size > 1_000_000
        await store.trim("consul", 2**62)
        await fetch(target, HandingOut(store, place.clock))
    assert (target / FILE_NAME).stat().st_size < 200_000
    assert check_sqlite(target).problems == ()


@scenario
async def test_a_restored_backup_knows_its_keys(
    place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        log_id = store.log_id
        await fetch(target, HandingOut(store, place.clock))
    restored = SQLitePlace(tmp_path / "restored")
    copy_log(target, restored.directory)
    async with opened(restored) as store:
        again = await store.append(
            [draft("1", "consul", key="k1"), draft("x", "consul", key="k1"), draft("more")]
        )
        assert again[0] == Stored(3, duplicate=True)
        assert isinstance(again[1], KeyReused)
        assert again[2] == Stored(12)
        assert store.log_id not in (log_id, check_sqlite(target).log_id)
        assert await store.state.get("origin") is None


@pytest.mark.parametrize("seed", range(3))
@scenario
async def test_whatever_happens_meanwhile_each_prefix_is_a_log_and_the_end_is_the_log(
    seed: int, place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    async with opened(place) as store:

        async def happen(number: int, part: pb.BackupLogResponse) -> pb.BackupLogResponse:
            for _ in range(dice.randrange(3)):
                key = f"{dice.randrange(60)}" if dice.random() < 0.5 else None
                subject = dice.choice(SYSTEMS)
                await store.append([draft(f"{dice.random()}", subject, key=key)])
            if dice.random() < 0.2:
                seq = dice.randrange(2, await store.end_seq() + 2)
                await store.trim(dice.choice(SYSTEMS).partition(".")[0], seq)
            if dice.random() < 0.2:
                await store.state.put(f"token/{dice.randrange(5)}", b"%d" % number)
            chance = dice.random()
            if number and chance < 0.15:
                raise failure(grpc.StatusCode.UNAVAILABLE)
            if chance > 0.92:
                raise failure(grpc.StatusCode.PERMISSION_DENIED)  # ends the command
            return part

        await fill(store)
        for _ in range(6):
            place.clock.at_s += HOUR_S
            with suppress(grpc.aio.AioRpcError):
                await fetch(target, HandingOut(store, place.clock, happen))
            if (target / FILE_NAME).exists():
                assert check_sqlite(target).problems == ()
        await fetch(target, HandingOut(store, place.clock))
        assert rows(target)["records"] == of_file(place, tmp_path / "copy")["records"]
        assert rows(target)["keys"] == rows(tmp_path / "copy")["keys"]
        assert rows(target)["state"] == rows(tmp_path / "copy")["state"]
    assert check_sqlite(target).problems == ()


def changed(place: int, change: Callable[[pb.BackupLogResponse], object]) -> Alter:
    """Return what changes a part, by its number."""

    async def alter(number: int, part: pb.BackupLogResponse) -> pb.BackupLogResponse:
        if number == place:
            change(part)
        return part

    return alter


def spoiled(seq: int, times: int) -> Alter:
    """Return what changes the body of a record, in so many streams."""
    left = [times]

    async def alter(number: int, part: pb.BackupLogResponse) -> pb.BackupLogResponse:
        for record in part.page.records:
            if record.seq == seq and left[0]:
                left[0] -= 1
                record.body += b"!"
        return part

    return alter


@scenario
async def test_what_is_damaged_on_its_way_comes_again(place: SQLitePlace, target: Path) -> None:
    told: list[str] = []
    async with opened(place) as store:
        await fill(store)
        done = await fetch(
            target, HandingOut(store, place.clock, spoiled(3, times=1)), told_lost=told.append
        )
    assert (done.records, told) == (10, ["record 3 was damaged on its way"])
    assert check_sqlite(target).problems == ()


@scenario
async def test_patience_ends_where_nothing_new_comes(place: SQLitePlace, target: Path) -> None:
    seconds = iter(range(0, 1000, 50))
    async with opened(place) as store:
        await fill(store)
        always = HandingOut(store, place.clock, spoiled(6, times=99))
        with pytest.raises(Lost, match="record 6 was damaged"):
            await fetch(target, always, now_s=lambda: next(seconds))
        assert len(always.requests) == 3, "the page before it came at 50 s, patience is 120 s"
        assert names_in(target) == {UNFINISHED_NAME, "lock"}
        with pytest.raises(StoreCorrupt, match="not complete: repeat the command"):
            copy_log(target, target.with_name("restored"))
        await fetch(target, HandingOut(store, place.clock))
    assert check_sqlite(target).problems == ()


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.FAILED_PRECONDITION]
)
@scenario
async def test_what_the_service_refuses_is_not_asked_again(
    code: grpc.StatusCode, place: SQLitePlace, target: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        service = HandingOut(store, place.clock, failing_at(4, code))
        with pytest.raises(grpc.aio.AioRpcError):
            await fetch(target, service)
        assert len(service.requests) == 1


@scenario
async def test_parts_of_a_newer_service_are_not_passed_over(
    place: SQLitePlace, target: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        newer = changed(3, lambda part: part.Clear())
        with pytest.raises(StoreUnfit, match="use a newer Tidings"):
            await fetch(target, HandingOut(store, place.clock, newer))


def forget(part: pb.BackupLogResponse) -> None:
    """Leave out the text of a key, as of a log that does not know it."""
    part.page.keys[0].key = ""


@scenario
async def test_keys_whose_text_nobody_knows_are_counted(place: SQLitePlace, target: Path) -> None:
    async with opened(place) as store:
        await fill(store)
        done = await fetch(target, HandingOut(store, place.clock, changed(2, forget)))
    assert (done.keys_untold, len(rows(target)["keys"])) == (1, 4)


@scenario
async def test_the_command_warns_of_them(
    place: SQLitePlace, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(place) as store:
        await fill(store)
        handing_out = HandingOut(store, place.clock, changed(2, forget))

        async def hand_out(request: pb.BackupLogRequest, context: Any) -> None:
            call = handing_out.BackupLog(request)
            while (part := await call.read()) is not grpc.aio.EOF:
                await context.write(part)

        service = Mock(BackupLog=hand_out)
        server = grpc.aio.server()
        add_EventServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await asyncio.to_thread(run, ["backup", f"--upstream=127.0.0.1:{port}", str(target)])
        await server.stop(None)
    assert (
        "\ntidings backup: warning: 1 keys of publishers are not in it" in capsys.readouterr().err
    )


@scenario
async def test_a_damaged_record_is_damaged_in_the_backup(place: SQLitePlace, target: Path) -> None:
    async with opened(place) as store:
        await fill(store)
    with closing(sqlite3.connect(place.directory / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE records SET body = 'nonsense' WHERE seq = 5")
    async with opened(place) as store:
        await fetch(target, HandingOut(store, place.clock))
    (problem,) = check_sqlite(target).problems
    assert problem == "record 5: damaged, its content is not what was stored"


def connecting(pages: int) -> Callable[..., sqlite3.Connection]:
    """Return what opens files that cannot have more pages than so many."""
    connect = sqlite3.connect

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    return connected


@scenario
async def test_a_disk_that_is_full_leaves_what_was_there(
    place: SQLitePlace, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(place) as store:
        await fill(store)
        await fetch(target, HandingOut(store, place.clock))
        before = rows(target)
        await append(store, draft("x" * 200_000), draft("y"))
        monkeypatch.setattr(sqlite3, "connect", connecting(30))
        with pytest.raises(StoreUnavailable, match=r"writing .*full$"):
            await fetch(target, HandingOut(store, place.clock))
        monkeypatch.undo()
        assert rows(target) == before
        await fetch(target, HandingOut(store, place.clock))
    assert check_sqlite(target).records == 12


@scenario
async def test_a_backup_takes_no_other_log(
    place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    other = SQLitePlace(tmp_path / "other")
    async with opened(place) as store, opened(other) as another:
        await fill(store)
        await fill(another)
        await fetch(target, HandingOut(store, place.clock))
        before = rows(target)
        with pytest.raises(WrongLog):  # as the service says it
            await fetch(target, HandingOut(another, place.clock))
        with incoming(target) as backup, pytest.raises(StoreUnfit, match="take another directory"):
            backup.begin(another.log_id, is_sparse=False)
        assert rows(target) == before


@scenario
async def test_only_what_is_a_backup_and_nothing_more_is_continued(
    place: SQLitePlace, target: Path, tmp_path: Path
) -> None:
    async with opened(place) as store:
        await fill(store)
        await fetch(target, HandingOut(store, place.clock))
    copy_log(target, tmp_path / "log")
    with pytest.raises(StoreUnfit, match="holds a log already"), incoming(tmp_path / "log"):
        pass
    async with opened(SQLitePlace(target)) as store:
        await append(store, draft("served"))
        with pytest.raises(StoreLocked), incoming(target):
            pass
    with pytest.raises(StoreUnfit, match="through 11 that was written to since"), incoming(target):
        pass
