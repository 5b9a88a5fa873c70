"""Why a system cannot be read."""

from __future__ import annotations


class UpstreamFailed(Exception):
    """The system cannot be read now; a few words for people, nothing secret. It is tried again.

    `is_lasting` says that it will not go by itself (a refused credential): longer pauses.
    `pause_s` is how long the system asks to be left alone.
    """

    def __init__(self, reason: str, *, is_lasting: bool = False, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_lasting = is_lasting
        self.pause_s = pause_s


class BadAnswer(UpstreamFailed):
    """It answered, though not as it should: what else is asked may be answered well."""
