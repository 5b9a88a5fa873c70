"""Memory that a burst took is given back."""

from __future__ import annotations

import asyncio
import ctypes
import threading

import pytest

from tests.kit.loop import run_async, scenario
from tidings.app.spare_memory import WORTH_BYTES, SpareMemory, resident_bytes, trim


class Process:
    """Has as much memory as the test says at each look, and notes before which it was trimmed."""

    def __init__(self, *sizes_bytes: int) -> None:
        self._sizes_bytes = sizes_bytes
        self._looks = 0
        self.trimmed_after: list[int] = []
        self.is_over = asyncio.Event()

    def resident(self) -> int:
        if self._looks == len(self._sizes_bytes):
            self.is_over.set()
            return 0
        self._looks += 1
        return self._sizes_bytes[self._looks - 1]

    def trim(self) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.trimmed_after.append(self._looks)


@scenario
async def test_growth_is_given_back_and_what_stays_in_use_is_no_growth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tidings.app.spare_memory.LOOK_S", 0.001)

    burst, used = WORTH_BYTES + 1, WORTH_BYTES
    # the start, a look, one that trims, what stays, a look, one that trims, what stays, looks
    process = Process(0, WORTH_BYTES - 1, burst, used, used, used + burst, 0, 1, WORTH_BYTES - 1)
    SpareMemory(process.resident, process.trim).watch()
    await process.is_over.wait()
    assert process.trimmed_after == [3, 6]


def test_what_was_freed_goes_back_to_the_system() -> None:
    before_bytes = resident_bytes()
    assert before_bytes > 0
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    taken = [libc.malloc(ctypes.c_size_t(60_000)) for _ in range(2000)]
    for place in taken:
        ctypes.memset(place, 1, 60_000)
    held = taken.pop()
    grown_bytes = resident_bytes()
    for place in taken:
        libc.free(ctypes.c_void_p(place))
    trim()
    assert resident_bytes() < grown_bytes - 100_000_000
    libc.free(ctypes.c_void_p(held))


def test_it_watches_a_real_process() -> None:
    async def scenario() -> int:
        SpareMemory().watch()
        return resident_bytes()

    assert run_async(scenario()) > 1_000_000
