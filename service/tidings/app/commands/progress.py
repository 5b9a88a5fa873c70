"""The progress of an upload: a bar on a terminal while it runs, and one line at its end."""

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
        """Draw the bar again, if it is time."""
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
        return f"{bar_of(read_bytes / self._size_bytes)}  {text}"


def bar_of(share: float) -> str:
    """Return a bar of what is done, 1.0 or more = all."""
    share = min(share, 1.0)
    full = int(share * _WIDTH)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}"


class Line:
    """A line on stderr that is overwritten, if that is a terminal that can do so.

    `plain_every_s` is how often a new line is written where it is none; None = never.
    """

    def __init__(
        self,
        plain_every_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_able = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._every_s = _EVERY_S if self._is_able else plain_every_s
        self._clock = clock
        self._next_s = clock() + (0.0 if self._is_able else plain_every_s or 0.0)

    def show(self, text: str) -> None:
        """Write it again, if it is time."""
        now_s = self._clock()
        if self._every_s is None or now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        sys.stderr.write(_CLEAR + text if self._is_able else text + "\n")
        sys.stderr.flush()

    def end(self, text: str) -> None:
        """Write the last one, also where there were none before."""
        sys.stderr.write((_CLEAR if self._is_able else "") + text + "\n")
