"""The whole hour: events of all systems, in one order."""

from __future__ import annotations

from random import Random
from typing import Final

from tidings.app.demo import others
from tidings.app.demo.nomad import NomadHour
from tidings.app.demo.times import Happening, Times
from tidings.v1 import event_pb2

SOURCE: Final = "demo"
_SEED: Final = 352
_HOUR_US: Final = 3_600_000_000


def drafts(now_us: int) -> list[event_pb2.Draft]:
    """Return the drafts of the hour that ends at a time, in order.

    Always the same except for their times: each key, `demo/1` and so on, names the same event
    whenever the hour is published.
    """
    random = Random(_SEED)  # noqa: S311 - what is made up is no secret
    times = Times(now_us - _HOUR_US)
    told = [
        *NomadHour(random, times).happenings(),
        *others.consul(times),
        *others.DockerCloudHour(random, times).happenings(),
        *others.puppet(random, times),
        *others.feldera(times),
        *others.cloud_events(times),
    ]
    in_order = sorted(told, key=lambda each: each.at_s)
    return [
        draft_of(happening, f"{SOURCE}/{number}", times)
        for number, happening in enumerate(in_order, start=1)
    ]


def draft_of(happening: Happening, key: str, times: Times) -> event_pb2.Draft:
    """Return the draft of an event."""
    draft = event_pb2.Draft(key=key, events=happening.events)
    for event in draft.events:
        event.source = SOURCE
        if event.WhichOneof("body") in {"nomad", "consul"}:  # the others' bodies have a time
            event.occurred_at.CopyFrom(times.stamp(happening.at_s))
    return draft
