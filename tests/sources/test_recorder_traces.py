"""Spans of a source: of its run, and of each group of events until it is stored."""

from __future__ import annotations

import asyncio
import random

import grpc

from tests.kit.loop import at_once, run_async
from tests.kit.tracer import Traced
from tests.rpc.serving import Served
from tests.sources.test_recorder import FakeNomad, stored
from tests.sources.upstreams import upstream
from tidings.app.clock import SystemClock
from tidings.sources.nomad import NomadSource
from tidings.sources.recorder import Plan, Recorder
from tidings.sources.target import Target


def test_what_a_source_records_is_below_the_span_of_its_run(served: Served) -> None:
    traced = Traced()

    async def main() -> None:
        system = FakeNomad(random.Random(1))
        for index in range(101, 105):
            system.happen(index)
        async with (
            upstream(system.serve) as url,
            grpc.aio.insecure_channel(served.address) as channel,
            asyncio.TaskGroup() as tasks,
        ):
            source = NomadSource("prod", Target(url))
            recorder = Recorder(
                channel, source, Plan("prod"), SystemClock(), at_once, tracer=traced
            )
            tasks.create_task(recorder.run())
            while not await asyncio.to_thread(lambda: 104 in stored(served)):
                pass
            recorder.stop()

    run_async(main())
    run, *groups = traced.spans
    assert (run.name, run.parent, run.failure) == ("source", "", "")
    assert run.attributes == {"tidings.source": "prod"}
    assert {(each.name, each.parent) for each in groups} == {("record", run.traceparent)}
    drafts = [each.attributes["tidings.drafts"] for each in groups]
    assert sum(int(count) for count in drafts) >= len(stored(served))  # some came twice
    assert all(each.is_ended for each in traced.spans)
