"""A recorder between an orchestrator and a real service: every job is recorded to its end."""

from __future__ import annotations

import json
import random

import pytest

from tests.kit.loop import at_once, run_async
from tests.rpc.serving import Served, read_to_head
from tests.sources.test_puppet import PATH, item
from tests.sources.test_recorder import gaps, record
from tests.sources.upstreams import Answer, Asked, upstream
from tidings.sources.puppet import PuppetSource
from tidings.sources.target import Target


class FakeOrchestrator:
    """A server with one sequence of ids for all jobs, which cuts answers where chance has it."""

    def __init__(self, chance: random.Random, cut_rate: float = 0.1) -> None:
        self._chance = chance
        self._cut_rate = cut_rate
        self._jobs: dict[int, list[dict[str, object]]] = {}
        self._running: set[int] = set()
        self._last_job = self._last_id = 0

    def happen(self, *, may_finish: bool = True) -> tuple[int, int]:
        """Let a job begin, go on or finish; return the job and the event's id."""
        job = self._chance.choice([self._last_job + 1, *self._running])
        self._last_job = max(self._last_job, job)
        self._last_id += self._chance.randrange(1, 3)
        letter = "F" if may_finish and self._chance.random() < 0.2 else "r"
        self._jobs.setdefault(job, []).append(item(self._last_id, letter))
        self._running.add(job)
        if letter == "F":
            self._running.discard(job)
        return job, self._last_id

    def end_all(self) -> None:
        """Let every job be over, which says nothing of it."""
        self._running.clear()

    def remove_all(self) -> None:
        """Forget every job."""
        self._jobs.clear()
        self._running.clear()

    async def serve(self, asked: Asked, answer: Answer) -> None:
        if asked.path == PATH:
            items: list[dict[str, object]] = [
                {"name": str(job), "state": "running" if job in self._running else "finished"}
                for job in sorted(self._jobs, reverse=True)
            ]
            items = items[int(asked.query["offset"][0]) :][:50]
        else:
            job, start = int(asked.path.split("/")[-2]), int(asked.query["start"][0])
            if job not in self._jobs:
                await answer.whole(404)
                return
            items = [each for each in self._jobs[job] if int(str(each["id"])) >= start]
        body = json.dumps({"items": items}).encode()
        if self._chance.random() < self._cut_rate:
            await answer.begin()
            await answer.chunk(body[: self._chance.randrange(len(body)) + 1])
            answer.cut()
            return
        await answer.whole(200, body)


def stored(served: Served) -> list[tuple[int, int]]:
    """Return job and upstream id of each event, in the order of the log."""
    return [
        (int(job), int(number))
        for found in read_to_head(served.stub, after_seq=0)
        for each in found.events
        if each.HasField("puppet")
        for job, number in [each.id.split("/")]
    ]


@pytest.mark.parametrize("seed", range(2))
def test_every_event_of_every_job_is_stored_once_in_order(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    happened: list[tuple[int, int]] = []

    async def main() -> None:
        system = FakeOrchestrator(chance)
        async with upstream(system.serve) as url:
            source = PuppetSource("prod", Target(url), sleep=at_once)
            # a first run begins with what is running then
            happened.append(system.happen(may_finish=False))
            for _ in range(4):
                await record(served, source, lambda: set(happened) <= set(stored(served)))
                happened.extend(system.happen() for _ in range(chance.randrange(1, 20)))
            await record(served, source, lambda: set(happened) <= set(stored(served)))

    run_async(main())
    found = stored(served)
    assert sorted(found) == sorted(happened)
    for job in {job for job, _ in happened}:
        ids = [number for each, number in found if each == job]
        assert ids == sorted(ids)
    assert gaps(served) == []
