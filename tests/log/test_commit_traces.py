"""Spans of commits: below which publish, with links to which, and what is remembered of them."""

from __future__ import annotations

import pytest

from tests.kit.loop import scenario
from tests.kit.tracer import Traced, traceparent
from tidings.core.errors import SeqConflict
from tidings.core.record import Draft, Stored
from tidings.core.tracing import MAX_LINKS
from tidings.log import commit_traces
from tidings.log.commit_traces import CommitTraces
from tidings.log.inbox import Part

UNSAMPLED = traceparent(9, "00")


def part(trace: str, count: int = 1) -> Part:
    return Part([Draft("nomad", "nomad", b"", None)] * count, trace=trace)


@scenario
async def test_a_commit_is_below_its_oldest_publish_and_linked_to_the_others() -> None:
    traces = CommitTraces()
    traces.tracer = traced = Traced()
    first, second = traceparent(1), traceparent(2)
    group = [part(UNSAMPLED), part(""), part(first, 2), part(second), part(first)]
    span = traces.begin(group)
    assert span is not None
    outcomes = [Stored(seq) for seq in range(1, 7)]
    traces.end(span, group, outcomes)
    (told,) = traced.spans
    assert (told.name, told.parent, told.links) == ("commit", first, [second])
    assert (told.attributes, told.failure) == ({"tidings.drafts": 6}, "")
    assert traces.publishes([1, 2]) == []
    assert traces.publishes(range(1, 99)) == [first, second]


@scenario
async def test_a_commit_of_publishes_that_are_not_recorded_is_not_either() -> None:
    traces = CommitTraces()
    assert traces.begin([part(traceparent(1))]) is None
    traces.tracer = traced = Traced()
    assert traces.begin([part(""), part(UNSAMPLED)]) is None
    assert traced.spans == []


@scenario
async def test_only_what_was_stored_is_remembered() -> None:
    traces = CommitTraces()
    traces.tracer = traced = Traced()
    group = [part(traceparent(1), 2), part(traceparent(2))]
    span = traces.begin(group)
    assert span is not None
    traces.end(span, group, [Stored(1, duplicate=True), SeqConflict("nomad", 1, 2), Stored(3)])
    assert traces.publishes([1, 2]) == []
    assert traces.publishes([3]) == [traceparent(2)]
    failing = traces.begin(group)
    assert failing is not None
    traces.end(failing, group, None)
    assert traced.spans[-1].failure == "StoreUnavailable"


@scenario
async def test_the_oldest_are_forgotten_and_links_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit_traces, "MAX_RECENT", 2)
    traces = CommitTraces()
    traces.tracer = traced = Traced()
    group = [part(traceparent(number)) for number in range(1, MAX_LINKS + 10)]
    span = traces.begin(group)
    assert span is not None
    traces.end(span, group, [Stored(seq) for seq in range(1, len(group) + 1)])
    assert len(traced.spans[0].links) == MAX_LINKS
    assert traces.publishes(range(1, 999)) == [group[-2].trace, group[-1].trace]
