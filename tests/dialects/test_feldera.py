"""Feldera: statuses, identifiers, and the order by time."""

from __future__ import annotations

import uuid

import pytest

from tests.dialects.drafts import NOW_US, at, check, record, stored
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Everything
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


def test_id_and_time_are_minted_when_absent() -> None:
    kept = stored(check(FELDERA, event()))[0]
    assert kept.feldera.recorded_at == timestamp(NOW_US)
    assert kept.occurred_at == kept.feldera.recorded_at
    minted = uuid.UUID(kept.feldera.id)
    assert (minted.version, minted.variant) == (7, uuid.RFC_4122)
    assert minted.int >> 80 == NOW_US // 1000
    assert kept.id == kept.feldera.id


def test_a_minted_id_of_a_time_before_1970_counts_from_0() -> None:
    kept = stored(check(FELDERA, event(seconds=-5)))[0]
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
    assert FELDERA.precondition(draft, []) == 0
    if fits:
        assert FELDERA.precondition(draft, [newest]) == 8
        return
    with pytest.raises(OrderRefused) as refused:
        FELDERA.precondition(draft, [newest])
    assert str(refused.value) == "the event does not sort after the newest, which is seq 8"
    assert refused.value.subject == "feldera"


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
