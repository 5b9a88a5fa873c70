"""What a run reports of its drafts: no position before the records up to it are stored."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
import structlog

from tests.kit.clock import ManualClock
from tests.kit.jumping import turns
from tests.kit.loop import scenario
from tests.rpc.events import nomad
from tidings.sources.recording_sink import ANSWER_S, REPORT_S, RecordingSink
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as events
from tidings.v1 import source_service_pb2 as pb

NOW_US = 1_700_000_000_000_000
STORED = events.PublishResult(stored=events.PublishResponse(seq=7))
AGAIN = events.PublishResult(stored=events.PublishResponse(seq=7, duplicate=True))


class Service:
    """The two calls of a run: takes drafts and reports; what becomes of drafts the test says."""

    def __init__(self, *results: events.PublishResult) -> None:
        self._results = list(results)
        self.reports: list[pb.SourceReport] = []

    async def add(self, draft: event_pb2.Draft) -> None:
        """Take a draft."""

    async def take(self) -> list[events.PublishResult]:
        taken, self._results = self._results, []
        return taken

    async def write(self, request: pb.RunSourceRequest) -> None:
        self.reports.append(request.report)


def sink_of(
    service: Service, position: str = "", clock: ManualClock | None = None
) -> RecordingSink:
    both: Any = service
    grant = pb.SourceGrant(position=position)
    log = structlog.get_logger("tidings.source")
    return RecordingSink(both, both, grant, clock or ManualClock(NOW_US / 1e6), log)


def draft() -> event_pb2.Draft:
    happened = nomad()
    happened.occurred_at.FromMicroseconds(NOW_US - 3_000_000)
    return event_pb2.Draft(key="k", events=[happened])


@scenario
async def test_a_position_is_reported_once_what_is_before_it_is_stored() -> None:
    service = Service(STORED, AGAIN)
    sink = sink_of(service, "5")
    await sink.put(draft(), "6", 100)
    await sink.put(draft(), "7", 50)
    await sink.reach("8")
    await sink.report()
    assert sink.position == "8"
    assert service.reports == [pb.SourceReport(bytes=150)]
    await sink.take_results()
    await sink.report()
    _, report = service.reports
    assert (report.position, report.events) == ("8", 1)
    assert report.last_event_at.ToMicroseconds() == NOW_US
    assert report.lag.ToSeconds() == 3


@scenario
async def test_of_several_drafts_the_position_of_the_last_that_is_stored_is_reported() -> None:
    service = Service(STORED)
    sink = sink_of(service, "5")
    await sink.put(draft(), "6", 100)
    await sink.put(draft(), "7", 100)
    await sink.take_results()
    await sink.report()
    assert [report.position for report in service.reports] == ["6"]


@scenario
async def test_a_draft_that_the_service_refuses_is_a_gap_and_an_error() -> None:
    refused = events.PublishResult()
    refused.error.message = "events[0].nomad.topic: is required"
    service = Service(STORED, refused)
    sink = sink_of(service, "5")
    await sink.put(draft(), "6", 100)
    await sink.put(draft(), "7", 100)
    await sink.take_results()
    await sink.report()
    lost, report = service.reports
    assert (lost.gap.after, lost.gap.before) == ("6", "")
    assert lost.gap.reason == "refused: events[0].nomad.topic: is required"
    assert (report.position, report.events, report.errors) == ("7", 1, 1)


@scenario
async def test_a_beginning_is_over_once_the_service_has_stored_it() -> None:
    service = Service()
    sink = sink_of(service)
    beginning = asyncio.create_task(sink.begin("0"))
    await turns(10)
    assert [report.position for report in service.reports] == ["0"]
    assert not beginning.done()
    sink.accepted()
    await beginning


@scenario
async def test_a_run_ends_when_the_service_leaves_a_draft_unanswered() -> None:
    """Some dead connections go unnoticed: then neither call of a run says anything."""
    clock, both = ManualClock(NOW_US / 1e6), Service()
    sink = sink_of(both, clock=clock)
    pauses = 0

    async def sleep(pause_s: float) -> None:
        nonlocal pauses
        pauses += 1
        clock.at_s += pause_s

    clock.at_s += 1000.0  # of nothing to answer
    await sink.put(draft(), "1", 100)
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await sink.report_again_and_again(sleep)
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert REPORT_S * (pauses - 1) <= ANSWER_S < REPORT_S * pauses
