"""Returns free heap memory to the system after a burst.

The C library keeps what was freed for the next burst, in as many heaps as there are threads, and
after a thundering herd or an attack that is most of a gigabyte. `malloc_trim` gives it back.
"""

from __future__ import annotations

import asyncio
import ctypes
import resource
from collections.abc import Callable
from pathlib import Path

LOOK_S = 10.0
WORTH_BYTES = 128 * 1024**2
"""Growth since the last trim that justifies the milliseconds of a search through all heaps."""

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 if it is not known."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def trim() -> None:
    """Make the C library return free memory; nothing if it cannot."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)


class SpareMemory:
    """Checks regularly, on the loop, and trims on a thread."""

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
