"""From when on the log has all that an answer about objects is made from."""

from __future__ import annotations

from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Everything, Matcher, Selection
from tidings.log.event_log import EventLog
from tidings.rpc.scanning import AT_ONCE


class KnownSince:
    """Remembers the oldest record of each system, until retention may have taken it."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._oldest: dict[str, tuple[int, int]] = {}  # of a system: after which trim, and its time

    async def micros(self, allowed: Selection) -> int | None:
        """Return the time from which the log has all events of some systems.

        None = not to be shown. A system of which nothing was trimmed counts from the oldest record
        of all, another from its own oldest one. One whose oldest record the caller may not read
        does not count.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        whole: list[int] = []
        rest: list[int] = []
        trim = await self._log.trim_revision()  # first: a later trim is another one
        trimmed = await self._log.trimmed(allowed.systems)
        for system, matcher in allowed.matchers:
            at_us = await self._oldest_us(system, matcher, trim, trimmed[system])
            if at_us is not None:
                (rest if trimmed[system] else whole).append(at_us)
        return max(rest) if rest else min(whole, default=None)

    async def _oldest_us(
        self, system: str, matcher: Matcher, trim: int, trimmed_seq: int
    ) -> int | None:
        trim_then, at_us = self._oldest.get(system, (-1, 0))
        if trim_then == trim and matcher == Everything():
            return at_us
        oldest = await self._log.between(
            Selection.of({system: matcher}),
            BIRTH_SEQ,
            self._log.last_seq + 1,
            1,
            AT_ONCE.size_bytes,
            newest_first=False,
        )
        if not oldest.picks:
            return None
        record = oldest.picks[0].record
        at_us = record.recorded_at_us
        if matcher == Everything() and record.seq > trimmed_seq:  # else it may be deleted any time
            self._oldest[system] = trim, at_us
        return at_us
