"""The updater: it keeps the index up to date with the log, whatever becomes of either."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from tests.index.entries import DIALECTS, asked
from tests.kit.clock import ManualClock
from tests.kit.loop import becomes, scenario
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.serving import Served, publish
from tidings.core.backoff import Backoff
from tidings.core.damage import DAMAGED
from tidings.core.record import Record
from tidings.index import segments
from tidings.index.file import IndexFile, delete_index
from tidings.index.reader import IndexReader
from tidings.index.updater import TRIM_EVERY_S, Updater


@asynccontextmanager
async def following(served: Served, directory: Path, clock: Any = None) -> AsyncIterator[None]:
    async with grpc.aio.insecure_channel(served.address) as channel:
        updater = Updater(channel, directory, DIALECTS, clock or ManualClock())
        task = asyncio.create_task(updater.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that an updater made, which take no time."""
    made: list[float] = []

    class Hurried(Backoff):
        def next_s(self) -> float:
            made.append(super().next_s())
            return 0.0

    monkeypatch.setattr("tidings.index.updater.Backoff", Hurried)
    return made


async def until(asks: Callable[[], Any]) -> Any:
    """Return the first answer that says yes."""
    while not (answer := await asks()):
        pass  # a reader's thread takes long enough for everybody else's turn
    return answer


async def reached(served: Served, directory: Path, seq: int) -> IndexReader:
    """Return a reader once the index has come to a position."""
    reader = IndexReader(directory, served.deployment.log.log_id)

    async def is_there() -> bool:
        extent = await reader.extent()
        return extent is not None and extent.through_seq >= seq

    await until(is_there)
    return reader


async def found(reader: IndexReader, **conditions: Any) -> list[int]:
    async def find() -> Any:
        return await reader.find(None, asked(**conditions), 0, 2**40, 100, newest_first=False)

    known = await until(find)  # while a part of the file is dropped it cannot tell
    return list(known.seqs)


async def published(served: Served, *names: str) -> list[int]:
    return [
        (await asyncio.to_thread(publish, served.stub, events.consul(name))).seq for name in names
    ]


@scenario
async def test_what_is_stored_and_what_comes_is_in_the_index(
    tmp_path: Path, served: Served
) -> None:
    given = await published(served, "a", "b")
    async with following(served, tmp_path):
        reader = await reached(served, tmp_path, given[-1])
        given += await published(served, "a")
        await reader.close()
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["a"]) == [given[0], given[2]]
        assert await found(reader, identifiers=["name/b"]) == [given[1]]
        await reader.close()


@scenario
async def test_it_goes_on_where_it_was(tmp_path: Path, served: Served) -> None:
    given = await published(served, "a")
    async with following(served, tmp_path):
        await (await reached(served, tmp_path, given[-1])).close()
    given += await published(served, "a")
    async with following(served, tmp_path):
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["a"]) == given
        await reader.close()


@scenario
async def test_a_deleted_index_is_made_anew(tmp_path: Path, served: Served) -> None:
    given = await published(served, "a")
    async with following(served, tmp_path):
        await (await reached(served, tmp_path, given[-1])).close()
        delete_index(tmp_path)
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["a"]) == given
        await reader.close()


@scenario
async def test_a_service_that_is_away_is_no_news_and_leaves_no_index_without_a_log(
    tmp_path: Path, tries: list[float]
) -> None:
    with capture_logs() as lines:
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/nobody") as channel:
            updater = Updater(channel, tmp_path, DIALECTS, ManualClock())
            task = asyncio.create_task(updater.run())
            await becomes(lambda: len(tries) > 2)
            task.cancel()
            await asyncio.wait([task])
    assert lines == []
    assert IndexFile(tmp_path).open() is None


@scenario
async def test_the_file_is_not_closed_under_the_thread_that_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()
    did: list[str] = []

    def slow(_: IndexFile) -> None:
        began.set()
        may_end.wait(PATIENCE_S)
        did.append("opened")

    monkeypatch.setattr(IndexFile, "open", slow)
    monkeypatch.setattr(IndexFile, "close", lambda _: did.append("closed"))
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/nobody") as channel:
        updater = Updater(channel, tmp_path, DIALECTS, ManualClock())
        task = asyncio.create_task(updater.run())
        await asyncio.to_thread(began.wait)
        asyncio.get_running_loop().call_soon(may_end.set)  # before the task hears of its end
        task.cancel()
        await asyncio.wait([task])
    assert did == ["opened", "closed"]


@scenario
async def test_the_end_of_a_stream_is_told_once(
    tmp_path: Path, served: Served, tries: list[float]
) -> None:
    given = await published(served, "a")
    async with following(served, tmp_path):
        await (await reached(served, tmp_path, given[-1])).close()
        with capture_logs() as lines:
            await asyncio.to_thread(served.run, served.deployment.log.close())
            await becomes(lambda: len(tries) > 2)
    told = [line["code"] for line in lines if line["event"] == "the service's stream ended"]
    assert told == ["UNAVAILABLE"]


@scenario
async def test_the_index_of_another_log_is_made_anew(tmp_path: Path, served: Served) -> None:
    other = IndexFile(tmp_path)
    other.start_anew("another", 1000)
    other.close()
    given = await published(served, "a")
    async with following(served, tmp_path):
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["a"]) == given
        await reader.close()


@scenario
async def test_an_index_that_cannot_be_used_is_made_anew(tmp_path: Path, served: Served) -> None:
    given = await published(served, "a")
    async with following(served, tmp_path):
        await (await reached(served, tmp_path, given[-1])).close()
    (tmp_path / "index.db").write_bytes(b"no database" * 1000)
    async with following(served, tmp_path):
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["a"]) == given
        await reader.close()


@scenario
async def test_a_damaged_record_is_one_of_which_nothing_is_known(
    tmp_path: Path, served: Served
) -> None:
    given = await published(served, "a", "b", "c")
    read = served.store.inner.read

    async def damaged(*args: Any, **named: Any) -> list[Record]:
        records = await read(*args, **named)
        return [one._replace(body=DAMAGED) if one.seq == given[1] else one for one in records]

    served.store.read = damaged  # type: ignore[attr-defined]  # found before what it stands for
    served.deployment.log._tail.start_at(given[-1])  # noqa: SLF001 - as after a restart
    async with following(served, tmp_path):
        reader = await reached(served, tmp_path, given[-1])
        assert await found(reader, types=["c"]) == given[1:]
        await reader.close()


@scenario
async def test_what_retention_took_is_forgotten(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 4)
    given = await published(served, *"abcdefghijkl")
    clock = ManualClock()
    async with following(served, tmp_path, clock):
        reader = await reached(served, tmp_path, given[-1])
        await asyncio.to_thread(served.run, served.store.trim("consul", given[-2]))
        clock.at_s += TRIM_EVERY_S

        async def is_forgotten() -> bool:
            extent = await reader.extent()
            return extent is not None and extent.floor_seq > given[0]

        await until(is_forgotten)
        assert await found(reader, types=["l"]) == given[-1:]
        assert await found(reader, types=["a"]) == []
        await reader.close()


@scenario
async def test_what_retention_took_is_forgotten_also_where_a_quiet_system_has_an_old_record(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 4)
    (old,) = await published(served, "old")
    busy = [
        (await asyncio.to_thread(publish, served.stub, events.nomad("Job"))).seq for _ in range(16)
    ]
    clock = ManualClock()
    async with following(served, tmp_path, clock):
        reader = await reached(served, tmp_path, busy[-1])
        await asyncio.to_thread(served.run, served.store.trim("nomad", busy[-2]))
        clock.at_s += TRIM_EVERY_S

        async def left() -> list[int]:
            return await found(reader, types=["JobRegistered"])

        async def are_few() -> bool:
            return len(await left()) <= 8  # of the segments of the old record and of the newest

        await until(are_few)
        assert (await left())[-1] == busy[-1]
        assert await found(reader, types=["old"]) == [old]
        await reader.close()
