"""Feldera: statuses, identifiers, and the order by time."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from tests.dialects.drafts import CONTEXT, NOW_US, at, check, record, stored
from tidings.core import record as core
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Everything
from tidings.dialects.checking import check_draft
from tidings.dialects.feldera import make
from tidings.dialects.rules import timestamp
from tidings.v1 import event_pb2, feldera_pb2

FELDERA = make()
ID_1 = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
ID_2 = "019afe45-ec1f-7de0-9cd1-3a6a4350b5ea"


def event(
    *statuses: str, seconds: int | None = None, nanos: int = 0, event_id: str = ""
) -> event_pb2.Event:
    api, compiler, runner = statuses or ("Healthy", "Healthy", "Healthy")
    body = feldera_pb2.FelderaClusterEvent(
        id=event_id,
        api_status=api,
        compiler_status=compiler,
        runner_status=runner,
        all_healthy=True,
        api_self_info="kept",
    )
    if seconds is not None:
        body.recorded_at.CopyFrom(at(seconds, nanos))
    return event_pb2.Event(feldera=body)


@pytest.mark.parametrize(
    ("statuses", "all_healthy"),
    [
        (("Healthy", "Healthy", "Healthy"), True),
        (("Unhealthy", "Healthy", "Healthy"), False),
        (("Healthy", "InitialUnhealthy", "Healthy"), False),
        (("Healthy", "Healthy", "Unhealthy"), False),
    ],
)
def test_all_healthy_is_the_services_word(statuses: tuple[str, ...], all_healthy: bool) -> None:  # noqa: FBT001
    kept = stored(check(FELDERA, event(*statuses)))[0].feldera
    assert kept.all_healthy is all_healthy
    assert kept.api_self_info == "kept"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("status", ["", "healthy", "initial_unhealthy", "Sick"])
def test_an_unknown_status_is_refused(status: str, place: int) -> None:
    statuses = ["Healthy"] * 3
    statuses[place] = status
    with pytest.raises(BadRequest) as refused:
        check(FELDERA, event(*statuses))
    field = ("api_status", "compiler_status", "runner_status")[place]
    assert refused.value.field == f"events[0].feldera.{field}"
    assert refused.value.reason == "must be one of Healthy, InitialUnhealthy, Unhealthy"


@pytest.mark.parametrize("bad", ["7", ID_1.upper(), ID_1.replace("-", ""), f"{{{ID_1}}}"])
def test_an_id_is_a_lower_case_uuid_with_hyphens(bad: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check(FELDERA, event(event_id=bad))
    assert refused.value.field == "events[0].feldera.id"


def placed(draft: core.Draft, *last: core.Record, now_us: int = NOW_US) -> event_pb2.Event:
    """Return the event as it is stored after the newest one."""
    return stored(FELDERA.follow(draft, last, CONTEXT._replace(now_us=now_us)))[0]


def test_id_and_time_are_minted_when_absent() -> None:
    draft = check(FELDERA, event())
    assert not stored(draft)[0].HasField("occurred_at")  # that is for the order to say
    kept = placed(draft)
    assert kept.feldera.recorded_at == timestamp(NOW_US)
    assert kept.occurred_at == kept.feldera.recorded_at
    minted = uuid.UUID(kept.feldera.id)
    assert (minted.version, minted.variant) == (7, uuid.RFC_4122)
    assert minted.int >> 80 == NOW_US // 1000
    assert kept.id == kept.feldera.id


def test_a_minted_id_of_a_time_before_1970_counts_from_0() -> None:
    kept = placed(check(FELDERA, event(seconds=-5)))
    assert uuid.UUID(kept.id).int >> 80 == 0


def test_times_have_microseconds() -> None:
    assert check(FELDERA, event(seconds=1, nanos=1000)).system == "feldera"
    with pytest.raises(BadRequest, match="must be a multiple of 1000 ns"):
        check(FELDERA, event(seconds=1, nanos=1))


@pytest.mark.parametrize(
    ("new", "fits"),
    [
        ((10, 0, ID_2), True),
        ((10, 1000, ID_1), True),
        ((11, 0, ID_1), True),
        ((10, 0, ID_1), False),
        ((9, 999_999_000, ID_2), False),
    ],
)
def test_an_event_sorts_after_the_newest(new: tuple[int, int, str], fits: bool) -> None:  # noqa: FBT001
    newest = record(check(FELDERA, event(seconds=10, event_id=ID_1)), 8)
    seconds, nanos, event_id = new
    draft = check(FELDERA, event(seconds=seconds, nanos=nanos, event_id=event_id))
    assert FELDERA.follow(draft, [], CONTEXT).expect_last_seq == 0
    if fits:
        assert FELDERA.follow(draft, [newest], CONTEXT) == replace(draft, expect_last_seq=8)
        return
    with pytest.raises(OrderRefused) as refused:
        FELDERA.follow(draft, [newest], CONTEXT)
    assert str(refused.value) == "the event does not sort after the newest, which is seq 8"
    assert refused.value.subject == "feldera"


def test_an_event_without_a_time_sorts_after_the_newest_one() -> None:
    ahead_us = NOW_US + 60_000_000
    newest = record(check(FELDERA, timed(ahead_us, ID_2)), 8)
    kept = placed(check(FELDERA, event()), newest)
    assert kept.feldera.recorded_at == kept.occurred_at == timestamp(ahead_us + 1)
    assert uuid.UUID(kept.id).int >> 80 == (ahead_us + 1) // 1000
    named = placed(check(FELDERA, event(event_id=ID_1)), newest)
    assert (named.id, named.occurred_at) == (ID_1, timestamp(ahead_us + 1))


@pytest.mark.parametrize("newest_id", [ID_1, "ff" + ID_1[2:]])
def test_an_event_without_an_id_sorts_after_one_of_its_time(newest_id: str) -> None:
    newest = record(check(FELDERA, event(seconds=10, event_id=newest_id)), 8)
    kept = placed(check(FELDERA, event(seconds=10)), newest)
    assert kept.occurred_at == at(10)
    assert kept.id > newest_id
    assert str(uuid.UUID(kept.id)) == kept.id


def test_after_the_last_of_all_ids_nothing_has_room_at_its_time() -> None:
    newest = record(check(FELDERA, event(seconds=10, event_id=str(uuid.UUID(int=2**128 - 1)))), 8)
    with pytest.raises(OrderRefused):
        placed(check(FELDERA, event(seconds=10)), newest)
    assert placed(check(FELDERA, event()), newest).occurred_at == timestamp(NOW_US)


def timed(time_us: int, event_id: str = "") -> event_pb2.Event:
    made = event(event_id=event_id)
    made.feldera.recorded_at.CopyFrom(timestamp(time_us))
    return made


AHEAD_US = 300_000_000


@pytest.mark.parametrize("time_us", [NOW_US + AHEAD_US + 1, 253_402_300_799_000_000])
def test_a_time_further_ahead_than_five_minutes_is_refused_by_name(time_us: int) -> None:
    reason = "lies more than 300 s ahead of the server"
    with pytest.raises(BadRequest) as refused:
        check(FELDERA, timed(time_us))
    assert refused.value.field == "events[0].feldera.recorded_at"
    assert refused.value.reason == reason
    outside = event()
    outside.occurred_at.CopyFrom(timestamp(time_us))
    with pytest.raises(BadRequest) as refused:
        check(FELDERA, outside)
    assert (refused.value.field, refused.value.reason) == ("events[0].occurred_at", reason)


def test_a_time_five_minutes_ahead_is_taken() -> None:
    kept = placed(check(FELDERA, timed(NOW_US + AHEAD_US)))
    assert kept.occurred_at == timestamp(NOW_US + AHEAD_US)


FAR_US = 253_402_300_799_000_000  # the last second of the year 9999


def stored_ahead(recorded_at_us: int) -> core.Record:
    """Return a record of the year 9999, as an older version took it."""
    later = CONTEXT._replace(now_us=FAR_US)
    draft = check_draft(FELDERA, event_pb2.Draft(events=[timed(FAR_US, ID_1)]), later)
    return record(draft, 8)._replace(recorded_at_us=recorded_at_us)


@pytest.mark.parametrize(
    ("recorded_at_us", "time_us", "fits"),
    [
        (NOW_US - 1000, NOW_US, True),
        (NOW_US - 1000, NOW_US - 2000, False),  # the record's own time stands for the event's
        (FAR_US, NOW_US, True),  # a clock was wrong: nothing of the record tells of an order
        (FAR_US, 0, True),
    ],
)
def test_a_stored_time_of_the_future_is_no_gate(
    recorded_at_us: int,
    time_us: int,
    fits: bool,  # noqa: FBT001
) -> None:
    newest = stored_ahead(recorded_at_us)
    assert placed(check(FELDERA, event()), newest).occurred_at == timestamp(NOW_US)
    if fits:
        assert placed(check(FELDERA, timed(time_us)), newest).occurred_at == timestamp(time_us)
        return
    with pytest.raises(OrderRefused):
        placed(check(FELDERA, timed(time_us)), newest)


def test_a_stored_time_of_the_future_grows_old_like_any_other() -> None:
    shown = FELDERA.projection()
    shown.apply(stored_ahead(NOW_US))
    hour_us = 3_600_000_000
    for hours in (1, 71, 73):
        at_us = NOW_US + hours * hour_us
        context = CONTEXT._replace(now_us=at_us)
        draft = check_draft(FELDERA, event_pb2.Draft(events=[timed(at_us)]), context)
        draft = FELDERA.follow(draft, [], context)
        shown.apply(record(draft, 8 + hours)._replace(recorded_at_us=at_us))
        assert (shown.get(ID_1) is not None) == (hours < 72)


@pytest.mark.parametrize("wanted", [True, False])
def test_health_selects(wanted: bool) -> None:  # noqa: FBT001
    matcher = FELDERA.matcher(feldera_pb2.FelderaSelector(all_healthy=wanted))
    events = [
        stored(check(FELDERA, event(status, *["Healthy"] * 2)))[0]
        for status in ("Healthy", "Unhealthy")
    ]
    envelope = FELDERA.envelope(events)
    assert [matcher.selects(facts) for facts in envelope.events] == [wanted, not wanted]
    assert matcher.terms == frozenset({wanted})
    assert envelope.terms == {True, False}


def test_no_wish_selects_everything() -> None:
    assert FELDERA.matcher(feldera_pb2.FelderaSelector()) == Everything()


def test_the_window_is_what_feldera_shows() -> None:
    assert FELDERA.window is not None
    assert (FELDERA.window.max_count, FELDERA.window.max_age_s) == (1000, 259_200.0)
