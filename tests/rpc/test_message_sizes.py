"""No answer is larger than what a client takes that was told nothing, whatever is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message

from tests.dialects.drafts import check, record
from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, feldera, nomad, puppet
from tests.rpc.serving import Deployment, Served, draft, publish, read_one, refusal, serving
from tidings.core.limits import (
    KIB,
    MAX_PAGE_BYTES,
    MAX_RECORD_BYTES,
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_WINDOW_BYTES,
    MIB,
)
from tidings.core.record import Draft
from tidings.dialects.consul import make as make_consul
from tidings.dialects.feldera import make as make_feldera
from tidings.v1 import event_pb2, event_system_pb2, feldera_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

ID = "00000000-0000-0000-0000-000000000001"
Publish = Callable[[Served, event_pb2.Event], int]


def alone(served: Served, event: event_pb2.Event) -> int:
    return publish(served.stub, event).seq


def streamed(served: Served, event: event_pb2.Event) -> int:
    request = pb.PublishStreamRequest(drafts=[draft(event)])
    (response,) = served.stub.PublishStream(iter([request]), timeout=PATIENCE_S)
    if response.results[0].HasField("error"):
        raise AssertionError(response.results[0].error.message)
    return int(response.results[0].stored.seq)


def filled(event: event_pb2.Event, size_bytes: int) -> event_pb2.Event:
    """Return the event with a source that makes a record of it this large."""
    for less in range(16, 0, -1):
        event.source = "s" * (size_bytes - less)
        over = event_pb2.EventRecord(events=[event]).ByteSize() - size_bytes
        if over > 0:
            event.source = event.source[over:]
        if event_pb2.EventRecord(events=[event]).ByteSize() == size_bytes:
            return event
    raise AssertionError(size_bytes)


def largest(system: str) -> event_pb2.Event:
    """Return an event that makes the largest record of its system: nothing can be added."""
    made = {
        "nomad": nomad(),
        "nomad, text": nomad(payload_json=b'{"Node":{"ID":"n"}}'),
        "puppet": puppet(timestamp={"seconds": 1_700_000_000}),
    }[system]
    if system == "puppet":
        made.occurred_at.seconds = 1_700_000_000
    return filled(made, MAX_RECORD_BYTES)


@pytest.mark.parametrize("way", [alone, streamed])
@pytest.mark.parametrize("system", ["nomad", "nomad, text", "puppet"])
def test_the_largest_record_reaches_a_reader_of_either_form(
    served: Served, way: Publish, system: str
) -> None:
    event = largest(system)
    seq = way(served, event)
    for form in (pb.PAYLOAD_FORMAT_TYPED, pb.PAYLOAD_FORMAT_JSON):
        found = read_one(served.stub, seq, payload_format=form)
        assert found.events[0].source == event.source
        assert (
            pb.SubscribeResponse(batch=pb.RecordBatch(records=[found])).ByteSize()
            <= MAX_RESPONSE_BYTES
        )


@pytest.mark.parametrize("system", ["nomad", "nomad, text", "puppet"])
def test_one_byte_more_is_refused_by_name_on_every_way_in(served: Served, system: str) -> None:
    event = largest(system)
    event.source += "s"
    text = f"events: {MAX_RECORD_BYTES + 1} bytes, at most {MAX_RECORD_BYTES} are allowed"
    with pytest.raises(grpc.RpcError) as refused:
        publish(served.stub, event)
    assert refusal(refused.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, text)
    with pytest.raises(AssertionError) as refused_too:
        streamed(served, event)
    assert str(refused_too.value) == text
    assert publish(served.stub, nomad()).seq == 2


def test_a_stream_goes_on_behind_a_draft_that_is_too_large(served: Served) -> None:
    large = pb.PublishStreamRequest(drafts=[draft(nomad(key="k" * (MAX_REQUEST_BYTES - KIB)))])
    small = pb.PublishStreamRequest(drafts=[draft(nomad())])
    responses = served.stub.PublishStream(iter([large, small]), timeout=PATIENCE_S)
    results = [result for response in responses for result in response.results]
    assert results[0].error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert results[1].stored.seq == 2


def test_where_text_and_types_do_not_fit_together_the_text_goes_alone(served: Served) -> None:
    text = b'{"Node":{"ID":"' + b"n" * 2 * MIB + b'","Newer":1}}'
    seq = publish(served.stub, nomad(payload_json=text)).seq
    found = read_one(served.stub, seq).events[0].nomad
    assert found.payload_json == text
    assert not found.HasField("payload")


def test_types_whose_text_does_not_fit_go_alone(served: Served) -> None:
    payload = nomad_pb2.NomadPayload()
    for _ in range(1000):
        payload.node.events.add(message='"' * 3000)  # two bytes each in a text
    seq = publish(served.stub, nomad(payload=payload)).seq
    found = read_one(served.stub, seq, payload_format=pb.PAYLOAD_FORMAT_JSON).events[0].nomad
    assert found.payload == payload
    assert not found.payload_json


@pytest.mark.embedded  # a NATS server takes no message of that size
def test_a_record_of_an_older_log_that_fits_into_no_answer_is_a_gap(served: Served) -> None:
    body = event_pb2.EventRecord(events=[nomad(key="k" * 5 * MIB)]).SerializeToString()
    served.run(served.store.inner.append([Draft("nomad", "nomad", body)]))
    after = publish(served.stub, nomad()).seq
    messages = served.stub.Subscribe(pb.SubscribeRequest(after_seq=0), timeout=PATIENCE_S)
    gap = next(messages).gap
    assert (gap.system, gap.first_seq, gap.last_seq) == (event_system_pb2.EVENT_SYSTEM_NOMAD, 2, 2)
    assert gap.reason == pb.GAP_REASON_TOO_LARGE
    assert [one.seq for one in next(messages).batch.records] == [after]
    messages.cancel()


class TestLists:
    """Lists of full events, of which one answer would have tens of megabytes."""

    def test_pages_of_user_events_are_the_list(self, address: str) -> None:
        with serving(address, Deployment({"consul": {"max_payload_bytes": MIB}})) as served:
            for number in range(6):
                publish(served.stub, consul(f"n{number % 2}", payload=b"x" * 400 * KIB))
            assert pages_of(served, pb.ListRequest()) == [[2, 3], [4, 5], [6, 7]]
            assert pages_of(served, pb.ListRequest(name="n1")) == [[3, 5], [7]]
            assert pages_of(served, pb.ListRequest(page_size=1, name="n0")) == [[2], [4], [6]]

    def test_what_comes_between_two_pages_is_on_none_and_a_page_does_not_wait(
        self, served: Served
    ) -> None:
        for _ in range(2):
            publish(served.stub, consul())
        first = served.stub.List(pb.ListRequest(page_size=1), timeout=PATIENCE_S)
        publish(served.stub, consul())
        request = pb.ListRequest(page_token=first.next_page_token, index=3)
        second = served.stub.List(request, timeout=PATIENCE_S)
        assert [event.l_time for event in second.events] == [3]
        assert (first.index, second.index) == (3, 3)
        assert not second.next_page_token

    def test_pages_of_cluster_events_are_the_list(self, served: Served) -> None:
        for number in range(5):
            publish(served.stub, full(number, 400 * KIB))
        request = pb.ListClusterEventsRequest(fields=feldera_pb2.FELDERA_FIELDS_ALL)
        assert cluster_pages_of(served, request) == [[4, 3], [2, 1], [0]]
        assert cluster_pages_of(served, pb.ListClusterEventsRequest()) == [[4, 3, 2, 1, 0]]
        request = pb.ListClusterEventsRequest(page_size=2)
        assert cluster_pages_of(served, request) == [[4, 3], [2, 1], [0]]

    def test_what_is_published_between_two_pages_of_cluster_events_is_on_none(
        self, served: Served
    ) -> None:
        for number in range(3):
            publish(served.stub, full(number, 10))
        list_of = served.stub.ListClusterEvents
        first = list_of(pb.ListClusterEventsRequest(page_size=2), timeout=PATIENCE_S)
        publish(served.stub, full(3, 10))
        request = pb.ListClusterEventsRequest(page_token=first.next_page_token)
        second = list_of(request, timeout=PATIENCE_S)
        assert [event.recorded_at.nanos // 1000 for event in second.events] == [0]

    @pytest.mark.parametrize("size_bytes", [400 * KIB, 2 * MIB])
    def test_a_page_of_a_job_is_bounded(self, served: Served, size_bytes: int) -> None:
        for _ in range(3):
            publish(served.stub, puppet(details_json=b'{"x":"%s"}' % (b"x" * size_bytes)))
        request = pb.GetJobEventsRequest(job_id="352")
        page = served.stub.GetJobEvents(request, timeout=PATIENCE_S)
        assert page.next_page_token
        assert page.ByteSize() <= max(MAX_PAGE_BYTES, size_bytes) + KIB

    @pytest.mark.parametrize(
        "token", ["x", "-1", "9" * 5000, "1-2-3", "²", "007", " 7", str(2**64)]
    )
    @pytest.mark.parametrize("method", ["List", "ListClusterEvents", "GetJobEvents"])
    def test_a_token_that_no_answer_gave_is_refused(
        self, served: Served, method: str, token: str
    ) -> None:
        publish(served.stub, puppet())
        fields: dict[str, Any] = {"job_id": "352"} if method == "GetJobEvents" else {}
        call = getattr(served.stub, method)
        request = getattr(pb, f"{method}Request")
        with pytest.raises(grpc.RpcError) as refused:
            call(request(page_token=token, **fields), timeout=PATIENCE_S)
        text = "page_token: is not one that an answer gave"
        assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)
        with pytest.raises(grpc.RpcError) as refused:
            call(request(page_size=-1, **fields), timeout=PATIENCE_S)
        text = "page_size: must not be negative"
        assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)

    def test_a_token_is_good_for_its_own_request_alone(self, served: Served) -> None:
        for number in range(2):
            publish(served.stub, consul("a"))
            publish(served.stub, full(number, 10))
            publish(served.stub, puppet())
        everything = feldera_pb2.FELDERA_FIELDS_ALL
        requests: dict[str, tuple[Any, Any]] = {
            "List": (pb.ListRequest(name="a"), pb.ListRequest()),
            "ListClusterEvents": (
                pb.ListClusterEventsRequest(), pb.ListClusterEventsRequest(fields=everything)
            ),
            "GetJobEvents": (
                pb.GetJobEventsRequest(job_id="352"), pb.GetJobEventsRequest(job_id="7")
            ),
        }  # fmt: skip
        for method, (own, other) in requests.items():
            call: Any = getattr(served.stub, method)
            own.page_size = 1
            other.page_token = call(own, timeout=PATIENCE_S).next_page_token
            assert other.page_token
            with pytest.raises(grpc.RpcError) as refused:
                call(other, timeout=PATIENCE_S)
            text = "page_token: is of another request, or of another log"
            assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)


class TestWindows:
    """What the service keeps in memory of full events."""

    def test_cluster_events_are_bounded_by_bytes(self) -> None:
        dialect = make_feldera()
        shown = dialect.projection()
        large = MAX_WINDOW_BYTES // 9
        for number in range(20):
            shown.apply(record(check(dialect, full(number, large)), seq=number + 2))
        assert [one.seq for one in shown.newest_first()] == list(range(21, 13, -1))

    def test_user_events_are_bounded_by_bytes_and_say_what_fell_out(self) -> None:
        dialect = make_consul(MIB)
        recent = dialect.projection()
        large = MAX_WINDOW_BYTES // 33
        for number in range(32):
            event = consul(f"n{number}", payload=b"x" * large)
            recent.apply(record(check(dialect, event), seq=number + 2))
        assert len(recent.list("")) == 32
        event = consul("new", payload=b"x" * MIB)
        changed = recent.apply(record(check(dialect, event), seq=34))
        assert changed == {"", "new", "n0"}
        assert [one.seq for one in recent.list("")] == list(range(3, 35))

    def test_the_newest_is_kept_whatever_it_weighs(self) -> None:
        dialect = make_feldera()
        shown = dialect.projection()
        for number in range(2):
            draft_of = check(dialect, full(number, 10))
            body = draft_of.body + b"\xfa\x3e" + b"\xff\xff\xff\x0f" + b"x" * 0x1FFFFFF
            large = record(draft_of, seq=number + 2)._replace(body=body)
            shown.apply(large)
        assert [one.seq for one in shown.newest_first()] == [3]


def full(number: int, size_bytes: int) -> event_pb2.Event:
    event = feldera()
    event.feldera.id = str(UUID(int=number))
    event.feldera.recorded_at.FromMicroseconds(START_US + number)
    event.feldera.api_self_info = "x" * size_bytes
    return event


def pages_of(served: Served, request: pb.ListRequest) -> list[list[int]]:
    pages: list[list[int]] = []
    indexes: set[int] = set()
    while True:
        answer = served.stub.List(request, timeout=PATIENCE_S)
        assert_sent(answer)
        pages.append([event.l_time for event in answer.events])
        indexes.add(answer.index)
        if not answer.next_page_token:
            assert indexes == {pages[-1][-1]}
            return pages
        request.page_token = answer.next_page_token


def cluster_pages_of(served: Served, request: pb.ListClusterEventsRequest) -> list[list[int]]:
    pages: list[list[int]] = []
    while True:
        answer = served.stub.ListClusterEvents(request, timeout=PATIENCE_S)
        assert_sent(answer)
        pages.append([event.recorded_at.nanos // 1000 for event in answer.events])
        if not answer.next_page_token:
            return pages
        request.page_token = answer.next_page_token


def assert_sent(answer: Message) -> None:
    assert answer.ByteSize() <= MAX_PAGE_BYTES
