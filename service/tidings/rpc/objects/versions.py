"""Objects as events carried them, taken from what a scan of the log finds."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.object_question import ObjectGroup, object_number
from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Selection
from tidings.dialects.dialect import Dialect
from tidings.dialects.facets import ObjectVersion
from tidings.dialects.rules import events_of
from tidings.dialects.systems import system_number
from tidings.log.batch import Pick
from tidings.log.event_log import EventLog
from tidings.rpc.scanning import AT_ONCE_BYTES
from tidings.v1 import event_pb2
from tidings.v1 import objects_pb2 as pb
from tidings.v1.json_runtime import Json, canonical


class Identity(NamedTuple):
    """What identifies an object."""

    group: ObjectGroup
    id: str

    @property
    def number(self) -> int:
        """A short form of it, for sets of many."""
        return object_number(self.group, self.id)


class Version(NamedTuple):
    """An object as one event carried it: where that is stored, and what it says of the object.

    `place` is the event's among those of the record, of whose bytes `size_bytes` are its part.
    """

    identity: Identity
    seq: int
    place: int
    recorded_at_us: int
    event: event_pb2.Event
    type: str
    object: ObjectVersion
    size_bytes: int

    def text(self, dialect: Dialect) -> bytes:
        """Return the object as JSON, its numbers as they were published."""
        return dialect.object_json(self.event, self.object.kind, self.object.id)

    def value(self, dialect: Dialect) -> bytes:
        """Return the object as canonical JSON."""
        return canonical(self.text(dialect))

    def parsed(self, dialect: Dialect) -> Json:
        """Return the object as `changes` compares it."""
        return dialect.object_value(self.event, self.object.kind, self.object.id)

    def tell(self, state: pb.ObjectState) -> int:
        """Put it in a message of the contract, without its value, and return the message's size.

        An answer has room for it.
        """
        system, kind, namespace, source = self.identity.group
        _, object_id, name, _, status, _, parents = self.object
        state.system = system_number(system)
        state.kind, state.id, state.name = kind, object_id, name
        state.namespace, state.status, state.type = namespace, status, self.type
        state.source, state.seq = source, self.seq
        state.parents.extend([f"{kind}/{parent}" for kind, parent in parents])
        recorded_at = state.recorded_at
        recorded_at.seconds, micros = divmod(self.recorded_at_us, 1_000_000)
        recorded_at.nanos = micros * 1000
        size_bytes = state.ByteSize()
        if size_bytes > MAX_RECORD_BYTES:
            state.ClearField("name")  # more than the record has: it is the id once more
            return state.ByteSize()
        return size_bytes


# a class written in Python takes twice as long to make one, and a state has thousands
_new_group, _new_identity = partial(tuple.__new__, ObjectGroup), partial(tuple.__new__, Identity)
_new_version = partial(tuple.__new__, Version)


def show_value(state: pb.ObjectState, value: bytes, taken_bytes: int) -> None:
    """Put an object's value in its state, unless an answer that holds so much has no room."""
    if taken_bytes + len(value) <= MAX_RECORD_BYTES:
        state.value_json = value.decode()


def versions_of(pick: Pick, dialect: Dialect, *, newest_first: bool = True) -> list[Version]:
    """Return the objects in the selected events of a record, in the log's order or against it.

    A damaged record carries nothing.
    """
    record, places = pick
    seq, at_us, system, _, body = record
    events = events_of(record)
    found: list[Version] = []
    for place in range(len(events)) if places is None or not events else places:
        event = events[place]
        event_type, objects = dialect.objects(event)
        if not objects:
            continue
        source, size_bytes = event.source, len(body) // len(events)
        for told in objects:
            group = _new_group((system, told.kind, told.namespace, source))
            identity = _new_identity((group, told.id))
            found.append(
                _new_version((identity, seq, place, at_us, event, event_type, told, size_bytes))
            )
    return found[::-1] if newest_first else found


async def known_since_us(log: EventLog, allowed: Selection) -> int | None:
    """Return the time from which the log has all events of some systems; None = not to be shown.

    A system of which nothing was trimmed counts from the oldest record of all, another from its
    own oldest one. One whose oldest record the caller may not read does not count.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    whole: list[int] = []
    rest: list[int] = []
    trimmed = await log.trimmed(allowed.systems)
    for system, matcher in allowed.matchers:
        oldest = await log.between(
            Selection.of({system: matcher}),
            BIRTH_SEQ,
            log.last_seq + 1,
            1,
            AT_ONCE_BYTES,
            newest_first=False,
        )
        times = [one.record.recorded_at_us for one in oldest.picks]
        (rest if trimmed[system] else whole).extend(times)
    return max(rest) if rest else min(whole, default=None)
