"""Objects as events carried them, taken from what a scan of the log finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.object_question import ObjectGroup, object_number
from tidings.dialects.dialect import Dialect
from tidings.dialects.facets import ObjectVersion
from tidings.dialects.rules import events_of
from tidings.dialects.systems import system_number
from tidings.log.batch import Batch, Pick
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
    known: Json
    """What `parsed` returns, if that is known by now."""

    def text(self, dialect: Dialect) -> bytes:
        """Return the object as JSON, its numbers as they were published."""
        return dialect.object_json(self.event, self.object.kind, self.object.id)

    def value(self, dialect: Dialect) -> bytes:
        """Return the object as canonical JSON."""
        return canonical(self.text(dialect))

    def parsed(self, dialect: Dialect) -> Json:
        """Return the object as `changes` compares it."""
        if self.known is not None:
            return self.known
        return dialect.object_value(self.event, self.object.kind, self.object.id)

    def state(self) -> pb.ObjectState:
        """Return it as a message of the contract, without its value."""
        system, kind, namespace, source = self.identity.group
        _, object_id, name, _, status, _, parents = self.object
        state = pb.ObjectState(
            system=system_number(system),
            kind=kind,
            id=object_id,
            name=name,
            namespace=namespace,
            source=source,
            status=status,
            seq=self.seq,
            type=self.type,
        )
        if parents:
            state.parents.extend([f"{kind}/{parent}" for kind, parent in parents])
        recorded_at = state.recorded_at
        recorded_at.seconds, micros = divmod(self.recorded_at_us, 1_000_000)
        recorded_at.nanos = micros * 1000
        return state


_IN_CACHE = 64
"""Records."""

_RECORD_BYTES = 1024
"""A record of any size takes as long as that much data."""

# a class written in Python takes twice as long to make one, and a state has thousands
_new_group, _new_identity = partial(tuple.__new__, ObjectGroup), partial(tuple.__new__, Identity)
_new_version = partial(tuple.__new__, Version)


def fit(state: pb.ObjectState) -> bytes:
    """Return a message encoded, as far as an answer has room for it."""
    encoded = state.SerializeToString()
    if len(encoded) > MAX_RECORD_BYTES:
        state.ClearField("name")  # more than the record has: it is the id once more
        return state.SerializeToString()
    return encoded


def show_value(state: pb.ObjectState, value: bytes, taken_bytes: int) -> None:
    """Put an object's value in its state, unless an answer that holds so much has no room."""
    if taken_bytes + len(value) <= MAX_RECORD_BYTES:
        state.value_json = value.decode()


def versions_of(
    pick: Pick, dialect: Dialect, *, newest_first: bool = True, with_values: bool = False
) -> list[Version]:
    """Return the objects in the selected events of a record, in the log's order or against it.

    With their values, if these have to be read anyway: they take several times as much memory. A
    damaged record carries nothing.
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
        for told, value in objects:
            group = _new_group((system, told.kind, told.namespace, source))
            identity = _new_identity((group, told.id))
            known = value if with_values else None
            found.append(
                _new_version(
                    (identity, seq, place, at_us, event, event_type, told, size_bytes, known)
                )
            )
    return found[::-1] if newest_first else found


def versions_of_each(
    picks: Sequence[Pick], dialects: Mapping[str, Dialect], *, with_values: bool = False
) -> Iterator[list[Version]]:
    """Yield the objects in each record, the newest first, as `versions_of` does.

    Of some records in a loop: between other work each would take a third longer, and those of many
    would leave the CPU's caches before they are used.
    """
    for at in range(0, len(picks), _IN_CACHE):
        yield from [
            versions_of(pick, dialects[pick.record.system], with_values=with_values)
            for pick in picks[at : at + _IN_CACHE]
        ]


def work_bytes(batch: Batch) -> int:
    """Return how much data takes as long as a batch's versions, parsed and taken."""
    return 2 * batch.size_bytes + _RECORD_BYTES * len(batch.picks)
