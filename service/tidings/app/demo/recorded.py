"""Writes simulated days into a store, as a service would have recorded them at the time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from tidings.core import record as core
from tidings.dialects import load
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import CheckContext
from tidings.store.base import EventStore
from tidings.v1 import event_pb2

_PUBLISHERS: Final = {
    "nomad": ("recorder", "", "native"),
    "consul": ("deployer", "10.0.0.7", "consul"),
    "cloud_event": ("ci", "10.0.0.9", "cloud_event"),
}
"""Principal, peer and door that published each system's events."""
_NOBODY: Final = ("", "10.0.0.8", "grpc")

_MAX_GROUP: Final = 1000

Timed = tuple[int, event_pb2.Draft]


class PlayedClock:
    """The time that was set last."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us

    def now_us(self) -> int:
        """Return that time."""
        return self.at_us

    def monotonic_s(self) -> float:
        """Return the machine's own seconds."""
        return time.monotonic()


async def record(
    drafts: Iterable[Timed], store: EventStore, clock: PlayedClock, *, step_us: int = 0
) -> int:
    """Store drafts that are in order of their times, and return how many there were.

    `clock` is that of the store. Drafts within `step_us` are recorded at the time of the first one,
    in one group; 0 = each record at its own time.

    Raises:
        StoreUnavailable: the store cannot be written.
    """
    count = 0
    for at_us, group in _groups(drafts, step_us):
        clock.at_us = max(clock.at_us, at_us)
        await store.append(group)
        count += len(group)
    return count


def _groups(drafts: Iterable[Timed], step_us: int) -> Iterator[tuple[int, Sequence[core.Draft]]]:
    dialects = load()
    random = Random(0)  # noqa: S311 - of ids that name what is made up
    group: list[core.Draft] = []
    since_us = 0
    for at_us, draft in drafts:
        if group and (at_us - since_us > step_us or len(group) >= _MAX_GROUP):
            yield since_us, group
            group = []
        if not group:
            since_us = at_us
        system = str(draft.events[0].WhichOneof("body"))
        dialect = dialects[system]
        context = CheckContext(at_us, random.randbytes)
        checked = check_draft(dialect, draft, context)
        if dialect.ordered:  # they are in order: simulated time is
            checked = replace(dialect.follow(checked, (), context), expect_last_seq=None)
        group.append(replace(checked, body=_stamp(system) + checked.body))
    if group:
        yield since_us, group


def _stamp(system: str) -> bytes:
    principal, peer, door = _PUBLISHERS.get(system, _NOBODY)
    publisher = event_pb2.Publisher(principal=principal, peer=peer, door=door)
    return event_pb2.EventRecord(publisher=publisher).SerializeToString()
