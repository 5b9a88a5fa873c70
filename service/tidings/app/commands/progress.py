"""How far an upload is: a bar on a terminal while it goes on, and one line at its end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

_EVERY_S = 0.2
_WIDTH = 24
_CLEAR = "\r\x1b[K"


@dataclass(slots=True)
class Counts:
    """Of objects that have an answer."""

    stored: int = 0
    duplicates: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        """All of them."""
        return self.stored + self.duplicates + self.refused

    def told(self, seconds: float) -> str:
        """Return them in words."""
        words = [f"{self.stored} stored"]
        if self.duplicates:
            words.append(f"{self.duplicates} duplicate{'s' * (self.duplicates > 1)}")
        if self.refused:
            words.append(f"{self.refused} refused")
        return f"{', '.join(words)} in {seconds:.1f} s"


class Progress:
    """A bar on stderr, if that is a terminal that can go back to the start of a line."""

    def __init__(self, size_bytes: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._size_bytes = size_bytes
        self._clock = clock
        self._began_s = clock()
        self._next_s = self._began_s + _EVERY_S
        self._is_shown = False
        self._is_able = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._began_s

    @property
    def is_able(self) -> bool:
        """Whether there is a bar."""
        return self._is_able

    def show(self, counts: Counts, read_bytes: int) -> None:
        """Draw the bar anew, if it is time."""
        if not self._is_able or self._clock() < self._next_s:
            return
        self._next_s = self._clock() + _EVERY_S
        sys.stderr.write(_CLEAR + self.bar(counts, read_bytes))
        sys.stderr.flush()
        self._is_shown = True

    def hide(self) -> None:
        """Make room for a line."""
        if self._is_shown:
            sys.stderr.write(_CLEAR)
            self._is_shown = False

    def bar(self, counts: Counts, read_bytes: int) -> str:
        """Return what is drawn: the share where the size is known, objects and their rate."""
        rate = counts.answered / max(self.seconds, 0.001)
        text = f"{counts.answered} answered, {rate:.0f}/s"
        if counts.refused:
            text += f", {counts.refused} refused"
        if not self._size_bytes:
            return text
        share = min(read_bytes / self._size_bytes, 1.0)
        full = int(share * _WIDTH)
        return f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}  {text}"
