"""The hour as a whole: what all five systems said, in one order."""

from __future__ import annotations

from random import Random
from typing import Final

from tidings.app.demo import others
from tidings.app.demo.nomad import NomadHour
from tidings.app.demo.times import Times
from tidings.v1 import event_pb2

SOURCE: Final = "demo"
_SEED: Final = 352
_HOUR_US: Final = 3_600_000_000


def drafts(now_us: int) -> list[event_pb2.Draft]:
    """Return the drafts of the hour that ends at a time, in the order of what happened.

    Always the same but for their times: the key of each, `demo/1` and so on, names the same event
    whenever the hour is published.
    """
    random = Random(_SEED)  # noqa: S311 - what is made up is no secret
    times = Times(now_us - _HOUR_US)
    told = [
        *NomadHour(random, times).happenings(),
        *others.consul(times),
        *others.DockerCloudHour(random, times).happenings(),
        *others.PuppetHour(random, times).happenings(),
        *others.feldera(times),
    ]
    made = []
    for number, happening in enumerate(sorted(told, key=lambda each: each.at_s), start=1):
        draft = event_pb2.Draft(key=f"{SOURCE}/{number}", events=happening.events)
        for event in draft.events:
            event.source = SOURCE
            if event.WhichOneof("body") in {"nomad", "consul"}:  # the others' bodies have a time
                event.occurred_at.CopyFrom(times.stamp(happening.at_s))
        made.append(draft)
    return made
