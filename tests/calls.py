"""What a piece of code calls, for tests of how much it asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def c_calls() -> Iterator[list[str]]:
    """Lend the names of the C functions that are called inside, in order."""
    names: list[str] = []

    def note(frame: object, event: str, function: object) -> None:
        del frame
        if event == "c_call":
            names.append(str(getattr(function, "__name__", "")))

    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)
