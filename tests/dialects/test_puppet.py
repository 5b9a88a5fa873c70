"""Puppet: one subject a job, nothing after its end, details typed or as text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.dialects.drafts import CONTEXT, at, check, record, stored
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Selection
from tidings.dialects.puppet import make
from tidings.v1 import event_pb2, puppet_pb2

PUPPET = make()


def event(kind: str = "node_running", job: str = "352", **fields: object) -> event_pb2.Event:
    return event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(type=kind, job=job, **fields))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event(""), "type: must not be empty"),
        (
            event(details=puppet_pb2.PuppetEventDetails(), details_json=b"{}"),
            "details_json: either details or details_json, not both",
        ),
        (event(details_json=b"[]"), "details_json: must be a JSON object"),
        (event(details_json=b"{"), "details_json: "),
        (event(timestamp=at(9, 5)), "timestamp: must be a multiple of 1000000000 ns"),
    ],
)
def test_bad_events_are_refused(bad: event_pb2.Event, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check(PUPPET, bad)
    assert str(refused.value).startswith(f"events[0].puppet.{reason}")


@pytest.mark.parametrize("job", ["1", "352", "9223372036854775807"])
def test_a_job_is_a_number_from_1_to_the_largest_of_63_bits(job: str) -> None:
    assert check(PUPPET, event(job=job)).subject == f"puppet.{job}"


@pytest.mark.parametrize(
    "job", ["", "0", "-1", "007", "1.5", "abc", " 1", "٣", "9223372036854775808", "1" * 20]
)
def test_anything_else_is_no_job(job: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check(PUPPET, event(job=job))
    assert refused.value.field == "events[0].puppet.job"


def test_id_is_the_position_and_the_time_is_set_when_unset() -> None:
    events = stored(check(PUPPET, event(id="7", message="Started")))
    assert events[0].puppet.id == ""
    assert events[0].puppet.timestamp == at(1_700_000_000)
    PUPPET.complete(1272, events)
    assert events[0].puppet.id == "1272"
    assert events[0].puppet.message == "Started"


def test_nothing_follows_a_finished_job() -> None:
    draft = check(PUPPET, event())
    aborted = record(check(PUPPET, event("job_aborted")), 8)
    assert PUPPET.follow(draft, [], CONTEXT) == replace(draft, expect_last_seq=0)
    assert PUPPET.follow(draft, [aborted], CONTEXT) == replace(draft, expect_last_seq=8)
    with pytest.raises(OrderRefused) as refused:
        PUPPET.follow(draft, [record(check(PUPPET, event("job_finished")), 9)], CONTEXT)
    assert str(refused.value) == "job 352 has finished at seq 9"
    assert refused.value.subject == "puppet.352"


def test_details_are_compared_in_canonical_form() -> None:
    first = check(PUPPET, event(details_json=b'{"a":1,"b":2}'), key="k")
    assert check(PUPPET, event(details_json=b'{"b":2, "a":1}'), key="k").digest == first.digest
    assert check(PUPPET, event(details_json=b'{"b":2, "a":3}'), key="k").digest != first.digest


class TestPresent:
    def test_text_becomes_typed_and_back(self) -> None:
        text = b'{"node":"n.example","detail":{"noop":false,"report-url":"u"}}'
        events = [event(details_json=text), event()]
        assert PUPPET.present(events, as_json=False)
        assert events[0].puppet.details.detail.report_url == "u"
        assert not events[0].puppet.details_json
        assert PUPPET.present(events, as_json=True)
        assert json.loads(events[0].puppet.details_json) == json.loads(text)
        assert not events[0].puppet.HasField("details")

    def test_text_that_the_types_cannot_hold_stays(self) -> None:
        partly, not_at_all = (
            event(details_json=b'{"node":"n","x":1}'),
            event(details_json=b'{"node":1}'),
        )
        assert PUPPET.present([partly], as_json=False)
        assert (partly.puppet.details.node, partly.puppet.details_json) == (
            "n",
            b'{"node":"n","x":1}',
        )
        assert not PUPPET.present([not_at_all], as_json=False)
        assert not not_at_all.puppet.HasField("details")

    def test_what_is_in_the_asked_form_is_left_alone(self) -> None:
        assert not PUPPET.present([event(details_json=b"{}")], as_json=True)
        assert not PUPPET.present([event()], as_json=False)


@pytest.mark.parametrize(
    ("jobs", "types", "places"),
    [
        ([], [], (0, 1)),
        (["352"], [], (0,)),
        (["352", "353"], [], (0, 1)),
        ([], ["job_finished"], (1,)),
        (["352"], ["job_finished"], ()),
        (["353"], ["job_finished"], (1,)),
        (["35"], [], ()),
    ],
)
def test_jobs_and_types_select(jobs: list[str], types: list[str], places: tuple[int, ...]) -> None:
    events = [event(), event("job_finished", "353")]
    matcher = PUPPET.matcher(puppet_pb2.PuppetSelector(jobs=jobs, types=types))
    picked = Selection.of({"puppet": matcher}).pick("puppet", PUPPET.envelope(events))
    assert ((0, 1) if picked is None else picked) == places
    for place in (0, 1) if picked is None else picked:
        terms = PUPPET.envelope([events[place]]).terms
        assert matcher.terms is None or matcher.terms & terms
