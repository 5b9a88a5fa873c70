"""Returns freed memory to the operating system."""

from __future__ import annotations

import contextlib
import ctypes
import functools

# Source: glibc malloc.h. Its own threshold grows with the blocks that are freed, up to 32 MiB, and
# what is below it stays with the process wherever something small lies behind it.
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 256 * 1024


@functools.cache
def _libc() -> ctypes.CDLL | None:
    with contextlib.suppress(OSError):
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim"):
            return libc
    return None  # another C library


def set_up() -> None:
    """Have large blocks unmapped as soon as they are freed."""
    if (libc := _libc()) is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Trim the heap; takes some milliseconds."""
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)
