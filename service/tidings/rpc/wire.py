"""Records as bytes: built from stored bytes, converted only if a reader needs it.

How this works: a record's body is an encoded `EventRecord` that lacks its seq and time. Encoded
messages concatenate, so most records cost no protobuf call. What has to be decoded (fields that
depend on the position, payloads in the other form, records that a reader sees in part) is done once
and kept: whole records in a bounded cache that all readers share, whole messages on the batch that
equal readers share.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, partial

from google.protobuf.message import DecodeError

from tidings.core.damage import DAMAGED, Unproven
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.record import Record
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import split_publisher
from tidings.dialects.shapes import FieldScan
from tidings.log.batch import Batch, Pick
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.rpc.framing import grouped
from tidings.v1 import event_pb2
from tidings.v1.event_service_pb2 import PayloadFormat

MAX_BATCH_COUNT = 1000
_FORMS = {
    (as_json, with_publisher): f"messages, json {as_json}, publisher {with_publisher}"
    for as_json in (False, True, None)
    for with_publisher in (False, True)
}


AsJson = bool | None
"""Whether payloads are JSON text, or typed; None = as they are stored."""

_AS_JSON = {PayloadFormat.PAYLOAD_FORMAT_JSON: True, PayloadFormat.PAYLOAD_FORMAT_STORED: None}


def as_json_of(payload_format: PayloadFormat.ValueType) -> AsJson:
    """Return the form of payloads that a request selects."""
    return _AS_JSON.get(payload_format, False)


class RecordsWire:
    """Encodes records for readers, in either form of payload.

    Keeps the newest converted records, up to `cache_bytes` of them, by position: all readers share
    one conversion, and a single reader costs only the conversion.
    """

    def __init__(self, dialects: Mapping[str, Dialect], cache_bytes: int = 16 * 1024**2) -> None:
        self._dialects = dialects
        self._cache = _Cache(cache_bytes)
        self._thread = WorkThread()

    async def messages(
        self, batch: Batch, *, as_json: AsJson, with_publisher: bool = False
    ) -> tuple[bytes, ...]:
        """Return the encoded SubscribeResponses of a batch: as few as the limits allow, in order.

        Cancelling is safe.
        """
        made = self.messages_at_once(batch, as_json=as_json, with_publisher=with_publisher)
        if made is None:
            as_stored = self._systems_as_stored(batch.picks, as_json=as_json)
            make = partial(self._made, batch, as_stored, (as_json, with_publisher))
            made = await self._thread.do(make)
        return made

    def messages_at_once(
        self, batch: Batch, *, as_json: AsJson, with_publisher: bool = False
    ) -> tuple[bytes, ...] | None:
        """Return the same, None if the conversion is so long that others would wait for it."""
        form = (as_json, with_publisher)
        made = batch.views.get(_FORMS[form])
        if made is not None:
            return made
        as_stored = self._systems_as_stored(batch.picks, as_json=as_json)
        if _to_convert_bytes(batch.picks, as_stored) > LARGE_BYTES:
            return None
        return self._made(batch, as_stored, form)

    async def bodies(
        self, picks: Sequence[Pick], *, as_json: AsJson, with_publisher: bool = False
    ) -> list[bytes]:
        """Return what follows the position and time of each; `Damaged` where it is not known.

        Cancelling is safe.
        """
        as_stored = self._systems_as_stored(picks, as_json=as_json)
        make = partial(self._bodies, picks, as_stored, (as_json, with_publisher))
        if _to_convert_bytes(picks, as_stored) > LARGE_BYTES:
            return await self._thread.do(make)
        return make()

    def _made(
        self, batch: Batch, as_stored: set[str], form: tuple[AsJson, bool]
    ) -> tuple[bytes, ...]:
        made = batch.views.get(_FORMS[form])
        if made is None:  # another reader may have converted it meanwhile
            bodies = self._bodies(batch.picks, as_stored, form)
            made = batch.views[_FORMS[form]] = tuple(grouped(batch.picks, bodies))
        return made

    def _bodies(
        self, picks: Sequence[Pick], as_stored: set[str], form: tuple[AsJson, bool]
    ) -> list[bytes]:
        as_json, with_publisher = form
        whole = [
            stored
            if places is None and system in as_stored and type(stored) is not Unproven
            else self.body(pick, as_json=as_json)
            for pick in picks
            for ((_, _, system, _, stored), places) in (pick,)
        ]
        return whole if with_publisher else [split_publisher(body)[1] for body in whole]

    def body(self, pick: Pick, *, as_json: AsJson) -> bytes:
        """Return what follows a record's position and time: who published it, and its events.

        All of its events, or the selected ones.
        """
        record, places = pick
        if places is not None:
            return self._converted(record, places, as_json=as_json)
        body = self._cache.get((record.seq, as_json))
        if body is None:
            body = self._converted(record, None, as_json=as_json)
            self._cache.put((record.seq, as_json), body)
        return body

    def _systems_as_stored(self, picks: Sequence[Pick], *, as_json: AsJson) -> set[str]:
        """Return the systems of which no event in a batch has to be converted.

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

    def _is_as_stored(self, dialect: Dialect, stored: list[bytes], *, as_json: AsJson) -> bool:
        if dialect.completes:
            return False
        if dialect.payload_fields is None or as_json is None:
            return True
        typed, text = dialect.payload_fields
        other_form = _scan_for(dialect.system, typed if as_json else text)
        try:
            return not other_form.holds(b"".join(stored))
        except DecodeError:  # one of them is damaged, and its log older than checksums
            return False

    def _converted(
        self, record: Record, places: tuple[int, ...] | None, *, as_json: AsJson
    ) -> bytes:
        if record.is_damaged:
            return DAMAGED
        dialect = self._dialects[record.system]
        publisher, events = split_publisher(record.body)
        try:
            decoded = event_pb2.EventRecord.FromString(events)
        except DecodeError:
            return DAMAGED
        if places is not None:
            kept = [decoded.events[place] for place in places]
            decoded = event_pb2.EventRecord(events=kept, places=places)
        if dialect.completes:
            dialect.complete(record.seq, decoded.events)
        stored = publisher + decoded.SerializeToString()
        if as_json is not None and dialect.present(decoded.events, as_json=as_json):
            other = publisher + decoded.SerializeToString()
            return other if len(other) <= MAX_RECORD_BYTES else stored
        return stored


def _to_convert_bytes(picks: Sequence[Pick], as_stored: set[str]) -> int:
    return sum(
        len(stored)
        for (_, _, system, _, stored), places in picks
        if places is not None or system not in as_stored
    )


class _Cache:
    """The most recently used values, up to a number of bytes.

    For the event loop and a work thread.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._values: OrderedDict[tuple[int, AsJson], bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, AsJson]) -> bytes | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: tuple[int, AsJson], value: bytes) -> None:
        with self._lock:
            self._size_bytes += len(value) - len(self._values.pop(key, b""))
            self._values[key] = value
            while self._size_bytes > self._max_bytes:
                _, oldest = self._values.popitem(last=False)
                self._size_bytes -= len(oldest)


@cache
def _scan_for(body: str, payload: str) -> FieldScan:
    """Return what finds one form of the payload of a system's events in stored records."""
    body_type = event_pb2.Event.DESCRIPTOR.fields_by_name[body].message_type
    assert body_type is not None
    wanted = body_type.fields_by_name[payload].full_name
    return FieldScan(event_pb2.EventRecord.DESCRIPTOR, lambda field: field.full_name == wanted)
