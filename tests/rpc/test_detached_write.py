"""Writes that are stepped without a task: how they begin, end, fail and are given up."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.jumping import turns
from tests.kit.loop import scenario
from tidings.rpc.detached_write import DetachedWrite


class Wire:
    """Writes that end when the test says so."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.ended: list[str] = []
        self.tasks: list[asyncio.Task[object] | None] = []
        self.held: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def write(self, message: bytes) -> None:
        self.begun.append(message)
        try:
            await self.held
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        self.tasks.append(asyncio.current_task())
        self.ended.append("done")


@scenario
async def test_a_write_begins_at_once_and_ends_without_a_task() -> None:
    wire = Wire()
    loose = DetachedWrite(wire.write)
    loose.begin(b"one")
    assert (wire.begun, loose.is_busy) == ([b"one"], True)
    wire.held.set_result(None)
    await turns()
    assert (wire.ended, wire.tasks, loose.is_busy) == (["done"], [None], False)


@scenario
async def test_a_write_that_waits_for_nothing_is_done_at_once() -> None:
    wire = Wire()
    wire.held.set_result(None)
    loose = DetachedWrite(wire.write)
    loose.begin(b"one")
    loose.begin(b"two")
    await loose.finished()
    assert wire.begun == [b"one", b"two"]


@scenario
async def test_finished_waits_for_the_write() -> None:
    wire = Wire()
    loose = DetachedWrite(wire.write)
    await loose.finished()
    loose.begin(b"one")
    waiting = asyncio.ensure_future(loose.finished())
    await turns()
    assert not waiting.done()
    wire.held.set_result(None)
    await waiting
    assert wire.ended == ["done"]


@pytest.mark.parametrize("failure", [ValueError("broken"), asyncio.CancelledError()])
@scenario
async def test_finished_raises_once_what_the_write_raised(failure: BaseException) -> None:
    wire = Wire()
    loose = DetachedWrite(wire.write)
    loose.begin(b"one")
    if isinstance(failure, asyncio.CancelledError):
        wire.held.cancel()
    else:
        wire.held.set_exception(failure)
    await turns()
    assert loose.is_busy  # nothing follows a failure that nobody has heard of
    with pytest.raises(type(failure)):
        await loose.finished()
    await loose.finished()


@scenario
async def test_closing_gives_up_what_is_being_written() -> None:
    wire = Wire()
    loose = DetachedWrite(wire.write)
    loose.begin(b"one")
    loose.close()
    loose.close()
    assert wire.ended == ["GeneratorExit"]
    wire.held.set_result(None)
    await turns()
    assert not loose.is_busy
