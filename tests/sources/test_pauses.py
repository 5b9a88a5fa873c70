"""How often a system is asked that has nothing new."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.loop import scenario
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.consul import ConsulSource
from tidings.sources.failure import UpstreamFailed
from tidings.sources.feldera import FelderaSource
from tidings.sources.puppet import PuppetSource
from tidings.sources.target import Target

CONSUL, FELDERA, JOBS = "/v1/event/list", "/v0/cluster/events", "/orchestrator/v1/jobs"
NO_JOBS = b'{"items": [], "pagination": {"total": 0}}'
NO_EVENTS = b'{"items": []}'


def a_page(state: str, total: int) -> bytes:
    job = b'{"items": [{"name": "7", "state": "%s"}], "pagination": {"total": %d}}'
    return job % (state.encode(), total)


@pytest.mark.parametrize(
    ("make", "answers", "pauses"),
    [
        pytest.param(ConsulSource, {CONSUL: b"[]"}, [1, 1, 1], id="consul"),
        pytest.param(FelderaSource, {FELDERA: b"[]"}, [10, 10, 10], id="feldera"),
        pytest.param(PuppetSource, {JOBS: NO_JOBS}, [10, 10, 10], id="puppet without jobs"),
        pytest.param(
            PuppetSource,
            {JOBS: a_page("running", 1), f"{JOBS}/7/events": NO_EVENTS},
            [2, 2, 2],
            id="puppet while a job runs",
        ),
        pytest.param(
            PuppetSource,
            {JOBS: a_page("finished", 9)},
            [0.2, 10, 10],
            id="puppet with a list of several pages",
        ),
    ],
)
@scenario
async def test_a_system_without_anything_new_is_asked_after_a_pause(
    make: Any, answers: dict[str, bytes], pauses: list[float]
) -> None:
    noted: list[float] = []

    async def sleep(pause_s: float) -> None:
        noted.append(pause_s)
        if len(noted) == len(pauses):
            raise UpstreamFailed("is asked enough")

    async def handler(request: Asked, answer: Answer) -> None:
        body = answers.get(request.path)
        await answer.whole(404 if body is None else 200, body or b"", x_consul_index="7")

    async with upstream(handler) as url:
        with pytest.raises(UpstreamFailed, match="is asked enough"):
            await make("prod", Target(url), sleep=sleep).follow("", Noted())
    assert noted == pauses
