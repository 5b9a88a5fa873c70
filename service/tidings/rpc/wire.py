"""Records as bytes: put together from what is stored, converted only where a reader asks.

How this works: a record's body is an encoded `Record` that lacks its seq and time. Encoded messages
concatenate, so most records cost no protobuf call at all. What has to be decoded (fields that
depend on the position, payloads in the other form, records that a reader sees in part) is done once
and kept: whole records in a bounded cache that all readers share, whole messages on the batch that
equal readers share.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.damage import DAMAGED, Damaged, Unproven
from tidings.core.limits import MAX_BATCH_BYTES, MAX_RECORD_BYTES, MAX_RESPONSE_BYTES
from tidings.core.record import Record
from tidings.core.selection import Envelope
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of, timestamp
from tidings.dialects.shapes import Glance
from tidings.log.batch import Batch, Pick
from tidings.rpc.gaps import gap_message
from tidings.rpc.time_slices import LARGE_BYTES, Bench
from tidings.v1 import event_pb2

MAX_BATCH_COUNT = 1000
TOO_LARGE = "larger than an answer may be"
"""Of a record that was stored before records were bounded as they are now."""

IS_DAMAGED = "damaged on the disk: its content is not what was stored"

_FORMS = ("typed messages", "json messages")

_SEQ_TAG = b"\x08"  # Record.seq, field 1, varint
_SEQ_LOW = [_SEQ_TAG + bytes((low | 0x80,)) for low in range(0x80)]  # and its first byte of several
_TIME_TAG = b"\x12"  # Record.recorded_at, field 2, length-delimited
_RECORDS_TAG = b"\x0a"  # SubscribeResponse.records, field 1, length-delimited


_NOTHING_KNOWN = Envelope(frozenset(), ())


class EnvelopeReader:
    """Opens stored records for selection. Of a damaged one nothing is known, not even an event."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    def __call__(self, record: Record) -> Envelope:
        """Return what selection may see of a stored record."""
        events = events_of(record)
        return self._dialects[record.system].envelope(events) if events else _NOTHING_KNOWN


class RecordsWire:
    """Encodes records for readers, in either form of payload.

    Keeps the newest converted records, up to `cache_bytes` of them, by position: all readers share
    one conversion, and one who reads alone pays with nothing but the conversion.
    """

    def __init__(self, dialects: Mapping[str, Dialect], cache_bytes: int = 16 * 1024**2) -> None:
        self._dialects = dialects
        self._cache = _Cache(cache_bytes)
        self._bench = Bench()

    async def messages(self, batch: Batch, *, as_json: bool) -> tuple[bytes, ...]:
        """Return the encoded SubscribeResponses of a batch: as few as bounds allow, in order.

        Cancelling is safe.
        """
        made = self.messages_at_once(batch, as_json=as_json)
        if made is None:
            made = await self._bench.do(lambda: self._made(batch, as_json=as_json))
        return made

    def messages_at_once(self, batch: Batch, *, as_json: bool) -> tuple[bytes, ...] | None:
        """Return the same, None where so much has to be converted that others would wait for it."""
        made = batch.views.get(_FORMS[as_json])
        if made is not None:
            return made
        as_stored = self._systems_as_stored(batch.picks, as_json=as_json)
        to_convert = (
            len(stored)
            for (_, _, system, _, stored), places in batch.picks
            if places is not None or system not in as_stored
        )
        if sum(to_convert) > LARGE_BYTES:
            return None
        return self._made(batch, as_json=as_json, as_stored=as_stored)

    def _made(
        self, batch: Batch, *, as_json: bool, as_stored: set[str] | None = None
    ) -> tuple[bytes, ...]:
        made = batch.views.get(_FORMS[as_json])
        if made is None:  # another reader may have had it made meanwhile
            if as_stored is None:
                as_stored = self._systems_as_stored(batch.picks, as_json=as_json)
            bodies = [
                stored
                if places is None and system in as_stored and type(stored) is not Unproven
                else self.body(pick, as_json=as_json)
                for pick in batch.picks
                for ((_, _, system, _, stored), places) in (pick,)
            ]
            made = batch.views[_FORMS[as_json]] = tuple(_grouped(batch.picks, bodies))
        return made

    def body(self, pick: Pick, *, as_json: bool) -> bytes:
        """Return what follows a record's position and time: all of its events, or the picked."""
        record, places = pick
        if places is not None:
            return self._converted(record, places, as_json=as_json)
        body = self._cache.get((record.seq, as_json))
        if body is None:
            body = self._converted(record, None, as_json=as_json)
            self._cache.put((record.seq, as_json), body)
        return body

    def _systems_as_stored(self, picks: Sequence[Pick], *, as_json: bool) -> set[str]:
        """Return the systems of which nothing in a batch has to be converted.

        A log that is published and read in one form is never decoded for its readers.
        """
        bodies: dict[str, list[bytes]] = defaultdict(list)
        for (_, _, system, _, body), places in picks:
            if places is None:
                bodies[system].append(body)
        return {
            system
            for system, stored in bodies.items()
            if self._is_as_stored(self._dialects[system], stored, as_json=as_json)
        }

    def _is_as_stored(self, dialect: Dialect, stored: list[bytes], *, as_json: bool) -> bool:
        if dialect.completes:
            return False
        if dialect.payload_fields is None:
            return True
        typed, text = dialect.payload_fields
        other_form = _glance_at(dialect.body_field, typed if as_json else text)
        try:
            return not other_form.holds(b"".join(stored))
        except DecodeError:  # one of them is damaged, and its log older than checksums
            return False

    def _converted(self, record: Record, places: tuple[int, ...] | None, *, as_json: bool) -> bytes:
        if record.is_damaged:
            return DAMAGED
        dialect = self._dialects[record.system]
        try:
            decoded = event_pb2.Record.FromString(record.body)
        except DecodeError:
            return DAMAGED
        if places is not None:
            kept = [decoded.events[place] for place in places]
            decoded = event_pb2.Record(events=kept)
        if dialect.completes:
            dialect.complete(record.seq, decoded.events)
        stored = decoded.SerializeToString()
        if dialect.present(decoded.events, as_json=as_json):
            other = decoded.SerializeToString()
            return other if len(other) <= MAX_RECORD_BYTES else stored
        return stored


def _grouped(picks: Sequence[Pick], bodies: Sequence[bytes]) -> Iterator[bytes]:
    """Frame each body as one of the message's records, and end a message where it is full.

    What many records share of a frame is made once for them: their time, and the upper part of
    their positions.
    """
    parts: list[bytes] = []
    size_bytes = 0
    shared, shared_high, shared_us = b"", -1, -1
    for ((seq, at_us, system, _, _), _), body in zip(picks, bodies, strict=True):
        if type(body) is Damaged:
            if parts:
                yield b"".join(parts)
                parts, size_bytes = [], 0
            yield gap_message(system, seq, seq, IS_DAMAGED)
            continue
        high = seq >> 7
        if high != shared_high or at_us != shared_us:
            shared_high, shared_us = high, at_us
            shared = (varint(high) if high else b"") + _time(at_us)
        low = _SEQ_LOW[seq & 0x7F] if high else _SEQ_TAG + varint(seq)
        record_bytes = len(low) + len(shared) + len(body)
        if parts and size_bytes + record_bytes > MAX_BATCH_BYTES:
            yield b"".join(parts)
            parts, size_bytes = [], 0
        if record_bytes > MAX_RESPONSE_BYTES:
            yield gap_message(system, seq, seq, TOO_LARGE)
            continue
        parts += (_frame(record_bytes), low, shared, body)
        size_bytes += record_bytes
    if parts:
        yield b"".join(parts)


class Sized(Protocol):
    """What the cache needs of a value."""

    def __len__(self) -> int: ...


class _Cache:
    """The newest values, up to a number of bytes; what is asked for counts as new.

    For the loop and the thread of a bench.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._values: OrderedDict[tuple[int, bool], bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, bool]) -> bytes | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: tuple[int, bool], value: bytes) -> None:
        with self._lock:
            self._size_bytes += len(value) - len(self._values.pop(key, b""))
            self._values[key] = value
            while self._size_bytes > self._max_bytes:
                _, oldest = self._values.popitem(last=False)
                self._size_bytes -= len(oldest)


@lru_cache(maxsize=4096)  # lengths, and the upper parts of positions, come again and again
def varint(number: int) -> bytes:
    """Return protobuf's encoding of an unsigned number."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


@cache
def _glance_at(body: str, payload: str) -> Glance:
    """Return a glance at stored records for one form of the payload of a system's events."""
    body_type = event_pb2.Event.DESCRIPTOR.fields_by_name[body].message_type
    assert body_type is not None
    wanted = body_type.fields_by_name[payload].full_name
    return Glance(event_pb2.Record.DESCRIPTOR, lambda field: field.full_name == wanted)


@lru_cache(maxsize=4096)  # records of a kind are about as long as one another
def _frame(record_bytes: int) -> bytes:
    return _RECORDS_TAG + varint(record_bytes)


@lru_cache(maxsize=256)  # the records of one commit share their time
def _time(recorded_at_us: int) -> bytes:
    recorded_at: Timestamp = timestamp(recorded_at_us)
    time = recorded_at.SerializeToString()
    return b"".join((_TIME_TAG, varint(len(time)), time))
