"""A write that continues without a task, while the task of its stream sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Write = Callable[[bytes], Coroutine[Any, Any, object]]


async def _nowhere(_message: bytes) -> None:
    raise AssertionError("nothing is written before the stream runs")


class DetachedWrite:
    """One write at a time, begun and finished without a task.

    How this works: a task that wakes up to write is woken twice for each event, to begin the write
    and to notice that it is done, and each time runs through all coroutines that it awaits in.
    At a steady rate that costs more than everything else that Python does for a delivery. What
    `write` returns needs no task: it is stepped here once to begin it, and once more by the future
    that it waits for. So it must not ask which task it runs in, which `asyncio.timeout` does and
    gRPC's `write` does not.
    """

    __slots__ = (
        "_failure",
        "_heard",
        "_steps",
        "_waits_for",
        "_write",
    )

    def __init__(self, write: Write = _nowhere) -> None:
        self._write = write
        self._steps: Coroutine[Any, Any, object] | None = None
        self._waits_for: asyncio.Future[Any] | None = None
        self._failure: BaseException | None = None
        self._heard: asyncio.Future[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a write is not done yet, or failed and `finished` has not raised it yet."""
        return self._steps is not None or self._failure is not None

    def begin(self, message: bytes) -> None:
        """Begin to write; not while busy. `finished` returns its result."""
        assert self._steps is None is self._failure, "one write at a time"
        self._steps = self._write(message)
        self._step()

    async def finished(self) -> None:
        """Wait until nothing is being written, and raise what the last write raised."""
        while self._steps is not None:
            self._heard = asyncio.get_running_loop().create_future()
            await self._heard
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def close(self) -> None:
        """Abandon a write that is not done, as cancelling its task would."""
        if self._steps is not None:
            if self._waits_for is not None:
                self._waits_for.remove_done_callback(self._step)
                # a reader that cancels makes it fail, and its error must be retrieved
                self._waits_for.add_done_callback(_hear)
            self._steps.close()
            self._steps = self._waits_for = None

    def _step(self, _done: object = None) -> None:
        if self._steps is None:
            return  # closed before this callback ran
        try:
            self._waits_for = self._steps.send(None)
        except StopIteration:
            self._end()
        except BaseException as failure:  # noqa: BLE001 - cancellation too; `finished` raises it
            self._failure = failure
            self._end()
        else:
            assert self._waits_for is not None, "a write waits for futures only"
            self._waits_for.add_done_callback(self._step)

    def _end(self) -> None:
        self._steps = self._waits_for = None
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)


def _hear(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()
