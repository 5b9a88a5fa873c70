"""PublishStream: answers in order, bad drafts alone, one commit for what waits."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator, Sequence

import grpc
import pytest
from google.rpc import error_details_pb2

from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, feldera, nomad, puppet
from tests.rpc.serving import Served, draft, publish, read_one, refusal
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.rpc.draft_buffer import MAX_COUNT, DraftBuffer
from tidings.v1 import event_pb2, event_service_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

Requests = Iterator[event_service_pb2.PublishStreamRequest]


def request(*events: event_pb2.Event, key: str = "") -> event_service_pb2.PublishStreamRequest:
    return event_service_pb2.PublishStreamRequest(
        drafts=[draft(event, key=key) for event in events]
    )


class Sender:
    """Requests that a test sends when it likes."""

    def __init__(self) -> None:
        self._queue: queue.Queue[event_service_pb2.PublishStreamRequest | None] = queue.Queue()

    def send(self, *events: event_pb2.Event, key: str = "") -> None:
        self._queue.put(request(*events, key=key))

    def end(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Requests:
        return iter(self._queue.get, None)  # ends before a None


def results(
    stub: EventServiceStub, requests: Sequence[event_service_pb2.PublishStreamRequest]
) -> list[event_service_pb2.PublishResult]:
    answers = stub.PublishStream(iter(requests), timeout=PATIENCE_S)
    return [result for answer in answers for result in answer.results]


def test_every_draft_is_answered_in_order_with_rising_positions(stub: EventServiceStub) -> None:
    sent = [request(nomad(key=str(n)), nomad(key=f"{n}b")) for n in range(50)]
    seqs = [result.stored.seq for result in results(stub, sent)]
    assert len(seqs) == 100
    assert seqs == sorted(set(seqs))
    assert read_one(stub, seqs[-1]).events[0].nomad.key == "49b"


def test_a_stream_says_at_its_start_which_log_its_positions_belong_to(served: Served) -> None:
    sender = Sender()
    answers = served.stub.PublishStream(iter(sender), timeout=PATIENCE_S)
    assert dict(answers.initial_metadata())["tidings-log-id"] == served.store.log_id
    sender.send(nomad())
    assert next(answers).results[0].stored.log_id == ""
    sender.end()


def test_a_stream_without_drafts_ends_without_answers(stub: EventServiceStub) -> None:
    assert results(stub, []) == []
    assert results(stub, [request()]) == []


def test_a_bad_draft_fails_alone_and_in_its_place(stub: EventServiceStub) -> None:
    key = "stream"
    publish(stub, nomad(), key=key)
    sent = [
        request(nomad()),
        request(consul("")),
        request(nomad(key="other"), key=key),
        request(nomad(), key=key),
        request(nomad()),
    ]
    first, bad, taken, duplicate, last = results(stub, sent)
    assert bad.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert bad.error.message == "events[0].consul.name: User event missing name"
    assert taken.error.code == grpc.StatusCode.ALREADY_EXISTS.value[0]
    assert duplicate.stored.duplicate
    assert (first.stored.seq, last.stored.seq) == (last.stored.seq - 1, last.stored.seq)


def test_a_bad_field_is_named_by_its_path_in_the_request_that_brought_it(
    stub: EventServiceStub,
) -> None:
    several = event_service_pb2.PublishStreamRequest()
    for events in ([nomad()], [consul("")], [nomad(), nomad(topic="")]):
        several.drafts.add(events=events)
    answers = results(stub, [request(nomad()), several, request(consul(""))])
    paths = []
    for answer in answers:
        bad = error_details_pb2.BadRequest()
        if answer.HasField("error"):
            assert answer.error.details[1].Unpack(bad)
        paths.append([violation.field for violation in bad.field_violations])
    assert paths == [
        [],
        [],
        ["drafts[1].events[0].consul.name"],
        ["drafts[2].events[1].nomad.topic"],
        ["drafts[0].events[0].consul.name"],
    ]


def test_systems_whose_order_matters_keep_it_within_a_stream(stub: EventServiceStub) -> None:
    sent = [
        request(nomad()),
        request(puppet("node_running", "51")),
        request(puppet("job_finished", "51"), key="end"),
        request(puppet("node_failed", "51")),
        request(puppet("job_finished", "51"), key="end"),
        request(feldera(seconds=100)),
        request(feldera(seconds=99)),
        request(nomad()),
    ]
    found = results(stub, sent)
    refused = grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert [result.error.code for result in found] == [0, 0, 0, refused, 0, 0, refused, 0]
    assert found[4].stored.duplicate
    seqs = [found[place].stored.seq for place in (0, 1, 2, 5, 7)]
    assert seqs == sorted(set(seqs))


def test_what_waits_during_a_commit_shares_the_next(served: Served) -> None:
    served.server.call(served.store.may_append.clear)
    sender = Sender()
    answers = served.stub.PublishStream(iter(sender), timeout=PATIENCE_S)
    sender.send(nomad())
    assert served.store.is_appending.wait(PATIENCE_S)
    sender.send(*(nomad(key=str(n)) for n in range(20)))
    sender.send(nomad())
    sender.end()
    served.run(_buffered(served, 21))
    served.server.call(served.store.may_append.set)
    seqs = [result.stored.seq for answer in answers for result in answer.results]
    assert seqs == list(range(2, 24))
    assert served.store.groups == [1, 21]


async def _buffered(served: Served, count: int) -> None:
    """Wait until so many drafts wait."""
    publisher = served.deployment.service._publisher  # noqa: SLF001 - there is no other sign of it
    while not any(len(buffer) >= count for buffer in publisher._buffers):  # noqa: SLF001
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)


def test_a_failure_of_the_store_ends_the_stream_after_what_was_answered(served: Served) -> None:
    sender = Sender()
    answers = served.stub.PublishStream(iter(sender), timeout=PATIENCE_S)
    sender.send(nomad())
    assert next(answers).results[0].stored.seq == 2
    served.store.failures.append(StoreUnavailable("append"))
    sender.send(nomad())
    with pytest.raises(grpc.RpcError) as ended:
        next(answers)
    assert refusal(ended.value) == (grpc.StatusCode.UNAVAILABLE, "the store failed: append")
    sender.end()
    assert publish(served.stub, nomad()).seq == 3


def test_nothing_is_tried_after_a_failure_of_the_store(served: Served) -> None:
    served.store.failures.append(StoreUnavailable("append"))
    sent = [request(nomad(), puppet("node_running", "71"), nomad())]
    with pytest.raises(grpc.RpcError) as ended:
        results(served.stub, sent)
    assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE
    assert len(served.store.groups) <= 2
    assert publish(served.stub, puppet("node_running", "71")).seq == 2


@pytest.mark.parametrize("second", [nomad(), puppet("node_running", "61")])
def test_what_came_before_a_failure_is_answered(served: Served, second: event_pb2.Event) -> None:
    served.store.failures.append(StoreUnavailable("append"))
    sent = [request(consul(""), second, nomad())]
    answers = served.stub.PublishStream(iter(sent), timeout=PATIENCE_S)
    (refused,) = next(answers).results
    assert refused.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    with pytest.raises(grpc.RpcError) as ended:
        next(answers)
    assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE


def test_a_stream_that_is_cut_stores_what_was_answered(served: Served) -> None:
    sender = Sender()
    answers = served.stub.PublishStream(iter(sender), timeout=PATIENCE_S)
    sender.send(nomad(), nomad())
    assert [result.stored.seq for result in next(answers).results] == [2, 3]
    answers.cancel()
    sender.end()
    assert publish(served.stub, nomad()).seq == 4


def test_going_down_ends_an_idle_stream_and_refuses_a_new_one(served: Served) -> None:
    sender = Sender()
    answers = served.stub.PublishStream(iter(sender), timeout=PATIENCE_S)
    sender.send(nomad())
    assert next(answers).results[0].stored.seq == 2
    served.server.call(served.deployment.service._publisher.close)  # noqa: SLF001 - one step of a drain
    with pytest.raises(grpc.RpcError) as ended:
        next(answers)
    assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE
    sender.end()
    with pytest.raises(grpc.RpcError) as refused:
        results(served.stub, [request(nomad())])
    assert refusal(refused.value)[0] == grpc.StatusCode.UNAVAILABLE


class TestDraftBuffer:
    @scenario
    async def test_a_publisher_who_is_too_fast_waits_for_room(self) -> None:

        asked: list[int] = []

        async def requests() -> object:
            for number in range(3):
                asked.append(number)
                yield request(*[nomad()] * MAX_COUNT)

        buffer = DraftBuffer()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(buffer.fill(requests()))  # type: ignore[arg-type]  # a generator
            first = await buffer.take()
            assert (len(first), asked) == (MAX_COUNT, [0])
            second = await buffer.take()
            third = await buffer.take()
        assert (len(second), len(third), asked) == (MAX_COUNT, MAX_COUNT, [0, 1, 2])
        assert await buffer.take() == []

    @scenario
    async def test_what_one_request_brings_is_taken_in_parts(self) -> None:
        async def requests() -> object:
            yield request(*[nomad()] * (2 * MAX_COUNT + 5))

        buffer = DraftBuffer()
        async with asyncio.TaskGroup() as tasks:
            filling = tasks.create_task(buffer.fill(requests()))  # type: ignore[arg-type]  # a generator
            sizes = [len(await buffer.take()) for _ in range(2)]
            assert not filling.done()
            sizes += [len(await buffer.take()) for _ in range(2)]
        assert sizes == [MAX_COUNT, MAX_COUNT, 5, 0]

    @scenario
    async def test_what_waits_when_it_is_closed_can_still_be_taken(self) -> None:
        async def requests() -> object:
            yield request(nomad())

        buffer = DraftBuffer()
        await buffer.fill(requests())  # type: ignore[arg-type]  # a generator
        buffer.close(LogClosed())
        assert len(await buffer.take()) == 1
        assert await buffer.take() == []
        assert isinstance(buffer.failure, LogClosed)
