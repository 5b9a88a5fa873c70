"""Keeps the events of batches that match a filter; in time slices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from google.protobuf.message import Message

from tidings.core.clock import Clock
from tidings.core.errors import BadRequest
from tidings.core.record import Record
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of
from tidings.log.batch import Batch, Pick
from tidings.log.time_slices import TimeSlice
from tidings.log.work_thread import WorkThread
from tidings.rpc.filters import runtime
from tidings.rpc.filters.checked import Checked
from tidings.rpc.filters.cost import BUDGET_NS, Cost, Refused, Size, cost_of
from tidings.v1 import event_pb2

MAX_BYTES = 4096
MAX_TOKENS = 800
MAX_EVENT_BYTES = 256 * 1024
"""A larger event matches no filter: it would have to be decoded and converted without a pause."""

_TOKEN = re.compile(r"""\s*("(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?|\w+|[^\w\s])""", re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """An allowed filter, and its cost."""

    program: runtime.Program
    cost: Cost

    def may_judge(self, event: event_pb2.Event) -> bool:
        """Return whether it is evaluated for an event, by the event's size."""
        size_bytes = event.ByteSize()
        most = Size(size_bytes, size_bytes, size_bytes // 2)
        return self.cost.of(most) <= BUDGET_NS or self.cost.of(size_of(event)) <= BUDGET_NS


@lru_cache(maxsize=256)  # the same for all pages of one answer
def filter_of(text: str) -> Filter | None:
    """Return the filter of a request; None = it has none.

    Raises:
        BadRequest: it is not allowed, or the runtime is missing.
    """
    if not text:
        return None
    if len(text.encode()) > MAX_BYTES:
        raise BadRequest(runtime.FIELD, f"at most {MAX_BYTES} bytes are allowed")
    if sum(1 for _ in _TOKEN.finditer(text)) > MAX_TOKENS:  # the time to compile it is not known
        raise BadRequest(runtime.FIELD, f"at most {MAX_TOKENS} names, values and signs are allowed")
    program = runtime.compiled(text)
    try:
        return Filter(program, cost_of(Checked.decode(program.tree)))
    except ValueError as error:
        raise BadRequest(runtime.FIELD, str(error)) from None
    except Refused as error:
        raise BadRequest(runtime.FIELD, f"{_place(text, error.position)}{error.reason}") from None


def _place(text: str, position: int | None) -> str:
    """Return where a position in a text is, as the compiler says it; "" = it is not known."""
    if position is None:
        return ""
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}: "


def size_of(event: event_pb2.Event) -> Size:
    """Return the size of an event."""
    text_bytes = values = 0
    rest: list[Message] = [event]
    while rest:
        for each, value in rest.pop().ListFields():
            found = (
                [*value, *value.values()]
                if isinstance(value, Mapping)
                else value
                if each.is_repeated
                else (value,)
            )
            values += len(found)
            for one in found:
                if isinstance(one, Message):
                    rest.append(one)
                elif isinstance(one, str | bytes):
                    text_bytes = max(text_bytes, len(one.encode() if isinstance(one, str) else one))
    return Size(event.ByteSize(), text_bytes, values)


class Sieve:
    """Passes the events that match a filter. For one task at a time."""

    def __init__(
        self, wanted: Filter, dialects: Mapping[str, Dialect], clock: Clock, log_id: str
    ) -> None:
        self._wanted = wanted
        self._dialects = dialects
        self._slice = TimeSlice(clock)
        self._thread = WorkThread()
        self._log_id = log_id

    async def sift(self, batch: Batch) -> Batch:
        """Return the matching part of a batch; damaged records stay, as they cannot be evaluated.

        Cancelling is safe.
        """
        picks = []
        for pick in batch.picks:
            places = await self._places(pick)
            if places != ():
                picks.append(Pick(pick.record, places))
        return Batch(picks, batch.position)

    async def _places(self, pick: Pick) -> tuple[int, ...] | None:
        record = pick.record
        events = events_of(record)
        if not events:
            return pick.places
        dialect = self._dialects[record.system]
        if dialect.completes:
            dialect.complete(record.seq, events)
        wanted = []
        for place in range(len(events)) if pick.places is None else pick.places:
            await self._slice.step()
            if await self._meets(record, events[place], dialect):
                wanted.append(place)
        return None if len(wanted) == len(events) else tuple(wanted)

    async def _meets(self, record: Record, event: event_pb2.Event, dialect: Dialect) -> bool:
        size_bytes = event.ByteSize()
        if size_bytes > MAX_EVENT_BYTES:
            return False
        prepare = partial(self._prepare, event, dialect)
        may_judge = await self._thread.do_sized(size_bytes, prepare)
        return may_judge and self._wanted.program.holds(
            {
                "event": event,
                "record.seq": record.seq,
                "record.recorded_at": _EPOCH + timedelta(microseconds=record.recorded_at_us),
                "record.log_id": self._log_id,
            }
        )

    def _prepare(self, event: event_pb2.Event, dialect: Dialect) -> bool:
        """Give an event the form that readers get it in; say whether the filter is evaluated."""
        dialect.present([event], as_json=False)
        return self._wanted.may_judge(event)


def sieve_of(
    filter_text: str, dialects: Mapping[str, Dialect], clock: Clock, log_id: str
) -> Sieve | None:
    """Return the sieve for a request's filter; None = it has none.

    Raises:
        BadRequest: it is not allowed, or the runtime is missing.
    """
    wanted = filter_of(filter_text)
    return None if wanted is None else Sieve(wanted, dialects, clock, log_id)
