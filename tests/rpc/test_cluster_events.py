"""GetClusterEvent and ListClusterEvents: ids, latest, fields, and what is shown."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from tests.dialects.drafts import check, record
from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.serving import Served, publish, refusal
from tidings.dialects.feldera import make
from tidings.v1 import event_pb2, event_service_pb2, feldera_pb2
from tidings.v1.feldera_pb2 import FELDERA_FIELDS_ALL

HOUR_US = 3_600_000_000
ID = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
PLAIN = ID.replace("-", "")


def body(event_id: str = "", *, at_us: int = START_US, status: str = "Healthy") -> event_pb2.Event:
    event = feldera_pb2.FelderaClusterEvent(
        id=event_id,
        api_status=status,
        compiler_status="Healthy",
        runner_status="Healthy",
        api_self_info="Healthy: yes",
        runner_resources_info="some",
    )
    event.recorded_at.FromMicroseconds(at_us)
    return event_pb2.Event(feldera=event)


def get(served: Served, event_id: str, **fields: Any) -> feldera_pb2.FelderaClusterEvent:
    request = event_service_pb2.GetClusterEventRequest(event_id=event_id, **fields)
    return served.stub.GetClusterEvent(request, timeout=PATIENCE_S).event


def listed(served: Served, **fields: Any) -> list[feldera_pb2.FelderaClusterEvent]:
    request = event_service_pb2.ListClusterEventsRequest(**fields)
    return list(served.stub.ListClusterEvents(request, timeout=PATIENCE_S).events)


@pytest.mark.parametrize(
    "spelling",
    [ID, ID.upper(), PLAIN, PLAIN.upper(), f"{{{ID}}}", f"urn:uuid:{ID}"],
)
def test_four_spellings_name_an_event(served: Served, spelling: str) -> None:
    publish(served.stub, body(ID))
    assert get(served, spelling).id == ID


@pytest.mark.parametrize(
    "spelling",
    [
        *("", "LATEST", "Latest", " latest", ID + " ", f"{{{PLAIN}}}", f"urn:uuid:{PLAIN}"),
        *(f"URN:UUID:{ID}", ID.replace("-", "_"), PLAIN[:-1], ID[:-1] + "g", "019afe45ec1f-7de0"),
    ],
)
def test_other_spellings_are_refused(served: Served, spelling: str) -> None:
    publish(served.stub, body(ID))
    with pytest.raises(grpc.RpcError) as refused:
        get(served, spelling)
    assert refusal(refused.value)[0] == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("event_id", ["latest", ID])
def test_nothing_stored_is_not_found(served: Served, event_id: str) -> None:
    assert listed(served) == []
    with pytest.raises(grpc.RpcError) as refused:
        get(served, event_id)
    assert refusal(refused.value)[0] == grpc.StatusCode.NOT_FOUND


def test_list_is_newest_first_and_equal_to_get_and_latest(served: Served) -> None:
    for number in range(3):
        publish(served.stub, body(at_us=START_US + number, status="Unhealthy"))
    events = listed(served, fields=FELDERA_FIELDS_ALL)
    times = [event.recorded_at.ToMicroseconds() for event in events]
    assert times == [START_US + 2, START_US + 1, START_US]
    assert get(served, "latest", fields=FELDERA_FIELDS_ALL) == events[0]
    assert get(served, events[2].id, fields=FELDERA_FIELDS_ALL) == events[2]
    assert not events[0].all_healthy


def test_info_is_left_out_unless_asked_for(served: Served) -> None:
    publish(served.stub, body(ID))
    assert get(served, ID).api_self_info == ""
    assert listed(served)[0].runner_resources_info == ""
    assert get(served, ID, fields=FELDERA_FIELDS_ALL).api_self_info == "Healthy: yes"


def test_older_than_the_newest_is_refused(served: Served) -> None:
    publish(served.stub, body(at_us=START_US))
    with pytest.raises(grpc.RpcError) as refused:
        publish(served.stub, body(at_us=START_US - 1))
    assert refusal(refused.value)[0] == grpc.StatusCode.FAILED_PRECONDITION


def test_clean_up_runs_with_an_insert_and_keeps_the_newest(served: Served) -> None:
    clock = served.deployment.clock
    publish(served.stub, body(at_us=START_US))
    clock.at_us += 72 * HOUR_US + 1
    assert len(listed(served)) == 1, "a read deletes nothing"
    publish(served.stub, body(at_us=START_US + 1))
    assert [e.recorded_at.ToMicroseconds() for e in listed(served)] == [START_US + 1]


def test_exactly_72_hours_old_stays(served: Served) -> None:
    publish(served.stub, body(at_us=START_US))
    served.deployment.clock.at_us += 72 * HOUR_US
    publish(served.stub, body(at_us=START_US + 1))
    assert len(listed(served)) == 2


def test_only_a_thousand_are_shown() -> None:
    dialect = make()
    shown = dialect.projection()
    for number in range(1001):
        event = body(f"00000000-0000-0000-0000-{number:012d}", at_us=START_US + number)
        shown.apply(record(check(dialect, event), seq=number + 2))
    events = [one.event for one in shown.newest_first()]
    assert (len(events), events[0].id[-4:], events[-1].id[-4:]) == (1000, "1000", "0001")
