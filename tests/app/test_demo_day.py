"""The simulated day of `tidings demo`: the same from the same seed, in order, and as it is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from tidings.app.demo.day import DAY_US, drafts
from tidings.app.demo.recorded import PlayedClock, record
from tidings.dialects import load
from tidings.dialects.facets import Facets
from tidings.dialects.rules import events_of, split_publisher
from tidings.store.memory import MemoryStore
from tidings.v1 import event_pb2
from tidings.v1.systems import SYSTEMS

START_US = 1_759_968_000_000_000  # 9 October 2025, midnight
DIALECTS = load()


@pytest.fixture(scope="module")
def day() -> list[tuple[int, event_pb2.Draft]]:
    return list(drafts(START_US))


def told(day: list[tuple[int, event_pb2.Draft]], since: str, until: str) -> Iterator[Facets]:
    """Yield the facets of what happened between two times of the day, "14:00"."""
    first_us, last_us = (
        START_US + (int(at[:2]) * 60 + int(at[3:])) * 60_000_000 for at in (since, until)
    )
    for at_us, draft in day:
        if first_us <= at_us < last_us:
            for event in draft.events:
                yield DIALECTS[str(event.WhichOneof("body"))].facets(event)


def test_it_is_the_same_from_the_same_seed_whenever_it_is(
    day: list[tuple[int, event_pb2.Draft]],
) -> None:
    assert list(drafts(START_US)) == day
    later = list(drafts(START_US + DAY_US))
    assert [(at_us + DAY_US, draft.key) for at_us, draft in day] == [
        (at_us, draft.key) for at_us, draft in later
    ]
    assert list(drafts(START_US, seed=7)) != day


def test_it_is_in_order_within_the_day_and_every_system_speaks(
    day: list[tuple[int, event_pb2.Draft]],
) -> None:
    times = [at_us for at_us, _ in day]
    assert times == sorted(times)
    assert START_US <= times[0] < times[-1] < START_US + DAY_US
    count = Counter(str(draft.events[0].WhichOneof("body")) for _, draft in day)
    assert set(count) == set(SYSTEMS) - {"tidings"}
    assert min(count.values()) > 100


def test_nodes_join_drain_die_and_leave_and_jobs_deploy_fail_and_roll_back(
    day: list[tuple[int, event_pb2.Draft]],
) -> None:
    seen = {(each.type, o.status) for each in told(day, "00:00", "24:00") for o in each.objects}
    assert seen >= {
        ("NodeRegistration", "initializing"),
        ("NodeEvent", "ready"),
        ("NodeEvent", "down"),
        ("NodeDrain", "ready"),
        ("NodeEligibility", "ready"),
        ("NodeDeregistration", "ready"),
        ("DeploymentStatusUpdate", "successful"),
        ("DeploymentStatusUpdate", "failed"),
        ("AllocationUpdated", "lost"),
        ("AllocationUpdated", "failed"),
        ("AllocationUpdated", "complete"),
        ("node_failed", "failed"),
        ("node_errored", "errored"),
        ("job_finished", "finished"),
        ("Unhealthy", "Unhealthy"),
        ("delete", "Terminated"),
    }


def test_what_is_fixed_happens_at_its_time(day: list[tuple[int, event_pb2.Draft]]) -> None:
    (down, *_, up) = [
        each.objects[0].status
        for each in told(day, "13:58", "14:10")
        if each.topic == "Node" and ("node", "nomad-2") in each.identifiers
    ]
    assert (down, up) == ("down", "ready")
    deployed = [
        each.type for each in told(day, "14:02", "14:05") if ("job", "web") in each.identifiers
    ]
    assert deployed.count("JobRegistered") == 5  # jobs and evaluations, there and back
    assert any("OOM Killed" in text for each in told(day, "14:03", "14:04") for text in each.text)
    looks = [each.type for each in told(day, "14:05", "14:20") if each.type.endswith("ealthy")]
    assert looks == ["Healthy"] * 2 + ["Unhealthy"] * 3 + ["Healthy"] * 2
    puppet = [each for each in told(day, "13:30", "13:32") if ("job", "352") in each.identifiers]
    assert Counter(each.type for each in puppet) == {
        "node_running": 5,
        "node_finished": 3,
        "node_failed": 1,
        "node_errored": 1,
        "job_finished": 1,
    }


def test_a_larger_one_has_more_of_everything_but_feldera() -> None:
    small, large = (
        Counter(str(draft.events[0].WhichOneof("body")) for _, draft in drafts(START_US, size=size))
        for size in (1, 3)
    )
    assert all(large[each] > 1.8 * small[each] for each in small if each != "feldera")
    assert large["feldera"] < 1.2 * small["feldera"]


def test_it_is_recorded_at_its_own_times(day: list[tuple[int, event_pb2.Draft]]) -> None:
    clock = PlayedClock(START_US)

    async def recorded(step_us: int) -> list[int]:
        store = MemoryStore(clock=clock)
        part = day[:500]
        assert await record(part, store, clock, step_us=step_us) == len(part)
        page = await store.read(1, limit=1000)
        for (_, draft), each in zip(part, page, strict=True):
            assert split_publisher(each.body)[0]
            assert len(events_of(each)) == len(draft.events)
        await store.close()
        return [each.recorded_at_us for each in page]

    assert asyncio.run(recorded(0)) == [at_us for at_us, _ in day[:500]]
    clock.at_us = START_US
    grouped = asyncio.run(recorded(60_000_000))
    assert len(set(grouped)) < 200
    assert all(at <= own for at, (own, _) in zip(grouped, day, strict=False))
