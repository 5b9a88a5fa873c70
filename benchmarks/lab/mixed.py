"""A log of mixed events of 30 days, for questions."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import orjson

from benchmarks.lab import events
from benchmarks.lab.measure import mark
from tidings.app.demo import day
from tidings.app.demo.recorded import PlayedClock
from tidings.core.record import Draft
from tidings.dialects import load
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import CheckContext
from tidings.store.sqlite.opening import open_sqlite
from tidings.v1 import event_pb2

CHANGING_JOB = "changing"
_DAYS = 30
_GROUP = 1000
_NODE_EVERY = 20
_ALLOCATIONS, _ALLOCATION_EVERY = 5000, 10
_CHANGE_EVERY = 5000


@functools.cache
def filled(count: int) -> Path:
    """Return the data of a log with a simulated day, repeated; every 20th record is a Node."""
    data = Path(tempfile.mkdtemp(prefix="tidings-bench-asked-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    start_us = int(time.time()) * 1_000_000 - _DAYS * day.DAY_US
    drafts = [_checked(draft, start_us) for _, draft in day.drafts(start_us)]
    node = _checked(event_pb2.Draft(events=[events.node(mark())]), start_us)

    async def store_all() -> None:
        clock = PlayedClock(start_us)
        store = await open_sqlite(data, clock=clock, durability="relaxed")
        mixed = (
            node if number % _NODE_EVERY == 0 else _of_objects(number, start_us) or draft
            for number, draft in enumerate(cycle(drafts))
        )
        for at in range(0, count, _GROUP):
            clock.at_us = start_us + at * (_DAYS * day.DAY_US // count)
            await store.append(list(islice(mixed, min(_GROUP, count - at))))
        await store.close()

    asyncio.run(store_all())
    return data


def _of_objects(number: int, now_us: int) -> Draft | None:
    """Return the event of this record about one of many allocations, or about one job.

    Most records are about neither.
    """
    name = _object_of(number)
    if name == CHANGING_JOB:
        value: dict[str, object] = {
            "ID": name,
            "Name": name,
            "Version": number,
            "Status": "running",
        }
        return _told("Job", "JobRegistered", value, now_us)
    if name:
        value = {
            "ID": name, "Name": name, "JobID": "many", "NodeName": "nomad-1",
            "Namespace": "default", "ClientStatus": "running", "ModifyIndex": number,
        }  # fmt: skip
        return _told("Allocation", "AllocationUpdated", value, now_us)
    return None


def _object_of(number: int) -> str:
    """Return the object of the record with this number; "" = none of these."""
    if number % _ALLOCATION_EVERY == 1:
        return f"many-{number // _ALLOCATION_EVERY % _ALLOCATIONS}"
    return CHANGING_JOB if number % _CHANGE_EVERY == _ALLOCATION_EVERY - 1 else ""


def _told(topic: str, kind: str, value: dict[str, object], now_us: int) -> Draft:
    event = event_pb2.Event()
    event.nomad.topic, event.nomad.type, event.nomad.key = topic, kind, str(value["ID"])
    event.nomad.namespace = "default"
    event.nomad.payload_json = orjson.dumps({topic: value})
    return _checked(event_pb2.Draft(events=[event]), now_us)


def _checked(draft: event_pb2.Draft, now_us: int) -> Draft:
    system = str(draft.events[0].WhichOneof("body"))
    checked = check_draft(load()[system], draft, CheckContext(now_us + day.DAY_US, bytes))
    return Draft(system, checked.subject, checked.body)
