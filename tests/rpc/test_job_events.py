"""GetJobEvents: ids, pages, where to read on, and the end of a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.serving import Served, publish, read_to_head, refusal
from tidings.v1 import event_pb2, event_service_pb2, puppet_pb2


def put(served: Served, job: str, kind: str = "node_running", key: str = "") -> int:
    body = puppet_pb2.PuppetJobEvent(job=job, type=kind, details_json=b'{"node": "a"}')
    return publish(served.stub, event_pb2.Event(puppet=body), key=key).seq


def get(served: Served, job: str, **fields: Any) -> event_service_pb2.GetJobEventsResponse:
    request = event_service_pb2.GetJobEventsRequest(job_id=job, **fields)
    return served.stub.GetJobEvents(request, timeout=PATIENCE_S)


def ids(answer: event_service_pb2.GetJobEventsResponse) -> list[str]:
    return [item.id for item in answer.items]


@pytest.fixture
def jobs(served: Served) -> Served:
    """Job 352 with events 2, 3 and 5, job 353 with event 4."""
    for job in ("352", "352", "353", "352"):
        put(served, job)
    return served


@pytest.mark.parametrize(
    ("start", "wanted", "following"),
    [
        ("", ["2", "3", "5"], "6"),
        ("1", ["2", "3", "5"], "6"),
        ("2", ["2", "3", "5"], "6"),
        ("3", ["3", "5"], "6"),
        ("4", ["5"], "6"),
        ("6", [], "6"),
        ("1272", [], "1272"),
        ("9223372036854775807", [], "9223372036854775807"),
    ],
)
def test_start_is_an_inclusive_id(
    jobs: Served, start: str, wanted: list[str], following: str
) -> None:
    answer = get(jobs, "352", start=start)
    assert ids(answer) == wanted
    assert answer.next_events.event == following
    assert answer.next_events.id == f"/orchestrator/v1/jobs/352/events?start={following}"


def test_following_next_events_sees_each_event_once(jobs: Served) -> None:
    first = get(jobs, "352")
    put(jobs, "353")
    new = put(jobs, "352")
    assert ids(get(jobs, "352", start=first.next_events.event)) == [str(new)]


def test_items_hold_the_details_as_they_came(jobs: Served) -> None:
    item = get(jobs, "352").items[0]
    assert (item.job, item.type, item.details_json) == ("352", "node_running", b'{"node": "a"}')


def test_the_oldest_id_and_the_log_are_said(jobs: Served) -> None:
    answer = get(jobs, "352", start="5")
    assert (answer.oldest_id, answer.log_id) == ("2", jobs.store.log_id)


def test_pages_join_to_the_whole(jobs: Served) -> None:
    first = get(jobs, "352", page_size=2)
    assert (ids(first), first.next_events.event) == (["2", "3"], "4")
    with pytest.raises(grpc.RpcError) as refused:
        get(jobs, "353", page_size=2, page_token=first.next_page_token)
    assert refusal(refused.value)[1] == "page_token: is of another request, or of another log"
    second = get(jobs, "352", page_size=2, page_token=first.next_page_token)
    assert (ids(second), second.next_page_token) == (["5"], "")


@pytest.mark.parametrize(
    ("job", "fields", "code"),
    [
        ("", {}, grpc.StatusCode.INVALID_ARGUMENT),
        ("351", {}, grpc.StatusCode.NOT_FOUND),
        ("352", {"page_size": -1}, grpc.StatusCode.INVALID_ARGUMENT),
        ("352", {"page_token": "x"}, grpc.StatusCode.INVALID_ARGUMENT),
        ("352", {"page_token": "4"}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_refusals(jobs: Served, job: str, fields: dict[str, Any], code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        get(jobs, job, **fields)
    assert refusal(refused.value)[0] == code


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "+352", "0352", "1.5", "abc", " 352", "٣", "9223372036854775808", "9" * 400],
)
@pytest.mark.parametrize("place", ["job_id", "start", "jobs[1]", "job"])
def test_numbers_are_spelled_in_one_way_wherever_they_are_given(
    jobs: Served, place: str, text: str
) -> None:
    selector = puppet_pb2.PuppetSelector(jobs=["352", text])
    calls: dict[str, Callable[[], object]] = {
        "job_id": lambda: get(jobs, text),
        "start": lambda: get(jobs, "352", start=text),
        "jobs[1]": lambda: read_to_head(jobs.stub, puppet=selector),
        "job": lambda: put(jobs, text),
    }
    with pytest.raises(grpc.RpcError) as refused:
        calls[place]()
    code, details = refusal(refused.value)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    problem = "must be 1 to 9223372036854775807 in decimal digits, without leading zeros"
    assert details.endswith(f"{place}: {problem}")


def test_job_finished_ends_the_job_and_its_retry_is_a_duplicate(jobs: Served) -> None:
    end = put(jobs, "352", "job_finished", key="end")
    with pytest.raises(grpc.RpcError) as refused:
        put(jobs, "352")
    assert refusal(refused.value)[0] == grpc.StatusCode.FAILED_PRECONDITION
    assert put(jobs, "352", "job_finished", key="end") == end
    assert ids(get(jobs, "352"))[-1] == str(end)
