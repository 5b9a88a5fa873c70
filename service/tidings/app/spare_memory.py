"""What a burst took of memory is given back to the system when it is over.

The C library keeps what was freed for the next burst, in as many heaps as there are threads, and
after a herd or an attack that is most of a gigabyte. It gives it back when it is asked to.
"""

from __future__ import annotations

import asyncio
import ctypes
import resource
from collections.abc import Callable
from pathlib import Path

LOOK_S = 10.0
WORTH_BYTES = 128 * 1024**2
"""Growth since the last time that is worth the milliseconds of looking through all heaps."""

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return what this process has of the machine's memory; 0 where nobody tells."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def trim() -> None:
    """Have the C library give back what it has spare; nothing where it cannot."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)


class SpareMemory:
    """Looks now and then, on the loop, and trims on a thread."""

    def __init__(
        self,
        resident: Callable[[], int] = resident_bytes,
        give_back: Callable[[], None] = trim,
    ) -> None:
        self._resident = resident
        self._give_back = give_back
        self._least_bytes = resident()

    def watch(self) -> None:
        """Begin; it ends with the loop."""
        asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        now_bytes = self._resident()
        self._least_bytes = min(self._least_bytes, now_bytes)
        if now_bytes - self._least_bytes < WORTH_BYTES:
            self.watch()
            return
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, self._give_back).add_done_callback(self._trimmed)

    def _trimmed(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled():
            done.result()
        self._least_bytes = self._resident()  # what is in use now is no burst
        self.watch()
