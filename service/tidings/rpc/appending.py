"""Appends checked drafts: duplicates first, order where it matters, retries on conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from tidings.core import record as core
from tidings.core.errors import (
    KeyReused,
    OrderRefused,
    SeqConflict,
    TidingsError,
)
from tidings.core.record import Stored
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.log.event_log import EventLog
from tidings.rpc.duplicates import Duplicates
from tidings.rpc.subject_locks import SubjectLocks
from tidings.v1 import event_pb2

MAX_ATTEMPTS = 16
"""Attempts for a draft whose order matters: another node's publisher was first each time."""

Outcome = Stored | TidingsError
"""The outcome of a draft."""

_logger = structlog.get_logger("tidings.rpc")


class Checked(NamedTuple):
    """A draft that may be stored: as it was given, and as it is to be appended."""

    dialect: Dialect
    given: event_pb2.Draft
    checked: core.Draft


class Appender:
    """Appends drafts to the log. If a call is cancelled, its drafts may or may not be stored."""

    def __init__(self, log: EventLog, context: Callable[[], CheckContext]) -> None:
        self._log = log
        self._context = context
        self._locks = SubjectLocks()
        self._duplicates = Duplicates(log)

    async def claimed(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return where a draft is stored already, as far as its own ids tell (`Duplicates`)."""
        return await self._duplicates.claimed(dialect, draft)

    async def append_group(self, group: Sequence[Checked | Outcome]) -> list[Outcome]:
        """Store the valid drafts of a group and return all outcomes, each in its place."""
        good = [each for each in group if isinstance(each, Checked)]
        stored = iter(await self._log.append_many([each.checked for each in good]) if good else ())
        outcomes: list[Outcome] = []
        for each in group:
            if not isinstance(each, Checked):
                outcomes.append(each)
                continue
            outcome: Outcome = next(stored)
            if isinstance(outcome, KeyReused):
                same = await self._duplicates.same_at(each.dialect, each.given, outcome.seq)
                outcome = same or outcome
            outcomes.append(outcome)
        return outcomes

    async def append(
        self,
        dialect: Dialect,
        given: event_pb2.Draft,
        checked: core.Draft,
        patience_s: float | None,
    ) -> Stored:
        """Store one draft and return its position: an older one, if it was stored before.

        Raises:
            KeyReused, OrderRefused: nothing was stored.
            SeqConflict: others appended to the subject each time.
            Busy, LogClosed, StoreUnavailable: see `EventLog.append`.
        """
        known = await self._duplicates.claimed(dialect, given)
        if known is not None:
            return known
        try:
            return await self._in_turn(dialect, checked, patience_s)
        except (KeyReused, OrderRefused) as refused:
            same = None
            if isinstance(refused, KeyReused):
                same = await self._duplicates.same_at(dialect, given, refused.seq)
            same = same or await self._duplicates.in_order(dialect, given)
            if same is None:
                raise
            return same

    async def _in_turn(
        self, dialect: Dialect, draft: core.Draft, patience_s: float | None
    ) -> Stored:
        if not dialect.ordered:
            return await self._log.append(draft, patience_s=patience_s)
        async with self._locks.locked(draft.subject):
            return await self._append_next(dialect, draft, patience_s)

    async def _append_next(
        self, dialect: Dialect, draft: core.Draft, patience_s: float | None
    ) -> Stored:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            # the key before the order: a retry of a job's last event must not meet "job is
            # finished"
            duplicate = await self._find_duplicate(draft)
            if duplicate is not None:
                return duplicate
            last = await self._log.read_last(draft.subject, 1)
            following = dialect.follow(draft, last, self._context())
            try:
                return await self._log.append(following, patience_s=patience_s)
            except SeqConflict as conflict:
                _logger.debug("append conflict", subject=draft.subject, attempt=attempt)
                latest = conflict
        raise latest

    async def _find_duplicate(self, draft: core.Draft) -> Stored | None:
        if draft.key is None:
            return None
        found = await self._log.find_keys(draft.system, [draft.key])
        if draft.key not in found:
            return None
        seq, digest = found[draft.key]
        if digest != draft.digest:
            raise KeyReused(draft.key, seq)
        return Stored(seq, duplicate=True)
