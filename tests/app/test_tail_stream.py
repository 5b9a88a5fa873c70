"""A stream that goes on over lost services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import pytest

from tests.kit.loop import run_async
from tidings.app.commands.tail_stream import Stream
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

Code = grpc.StatusCode
LOG = "the log"


def failure(code: grpc.StatusCode, details: str = "why") -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details=details)


class Call:
    """What one Subscribe brings: metadata, responses, and an end or a failure."""

    def __init__(
        self,
        metadata: dict[str, str],
        responses: Sequence[pb.SubscribeResponse],
        end: Exception | None,
    ) -> None:
        self._metadata = metadata
        self._responses = responses
        self._end = end

    async def initial_metadata(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._metadata.items())

    async def __aiter__(self) -> AsyncIterator[pb.SubscribeResponse]:
        for response in self._responses:
            yield response
        if self._end is not None:
            raise self._end

    def cancel(self) -> None:
        pass


def records(*seqs: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(
        batch=pb.RecordBatch(records=[event_pb2.EventRecord(seq=seq) for seq in seqs])
    )


def heartbeat(seq: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=seq))


class Script:
    """A service whose calls are written down; says what each was asked."""

    def __init__(self, *calls: Call) -> None:
        self.calls = list(calls)
        self.asked: list[pb.SubscribeRequest] = []

    def Subscribe(self, request: pb.SubscribeRequest) -> Call:
        copy = pb.SubscribeRequest()
        copy.CopyFrom(request)
        self.asked.append(copy)
        return self.calls.pop(0)


def opened(position: int, *responses: pb.SubscribeResponse, end: Exception | None = None) -> Call:
    return Call({"tidings-log-id": LOG, "tidings-position": str(position)}, responses, end)


def refused(error: Exception) -> Call:
    return Call({}, (), error)


def followed(
    script: Script, start: Callable[[pb.SubscribeRequest], None] = lambda _: None
) -> tuple[list[int], list[str | None], grpc.StatusCode, list[float]]:
    """Return what came, what was told, why it ended, and the pauses."""
    seqs: list[int] = []
    told: list[str | None] = []
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def main() -> grpc.StatusCode:
        request = pb.SubscribeRequest(position=pb.START_POSITION_LATEST)
        start(request)
        stub: Any = script
        try:
            async for response in Stream(stub, request, told.append, pause).responses():
                seqs.extend(record.seq for record in response.batch.records)
        except grpc.aio.AioRpcError as error:
            return error.code()
        raise AssertionError

    code = run_async(main())
    return seqs, told, code, pauses


LAST = refused(failure(Code.OUT_OF_RANGE))


def test_a_stream_goes_on_where_it_was() -> None:
    script = Script(
        opened(3, records(4, 6), heartbeat(9), end=failure(Code.UNAVAILABLE, "gone")),
        refused(failure(Code.UNAVAILABLE, "not yet")),
        refused(failure(Code.CANCELLED, "a crowd")),
        opened(9, records(10)),
        opened(10, records(12), end=failure(Code.UNAVAILABLE)),
        LAST,
    )
    seqs, told, code, pauses = followed(script)
    assert seqs == [4, 6, 10, 12]
    assert told == ["gone", None, "it ended the stream", None, "why"]
    assert code is Code.OUT_OF_RANGE
    assert script.asked[0] == pb.SubscribeRequest(position=pb.START_POSITION_LATEST)
    assert [(r.log_id, r.after_seq) for r in script.asked[1:]] == [
        (LOG, 9),
        (LOG, 9),
        (LOG, 9),
        (LOG, 10),
        (LOG, 12),
    ]
    assert len(pauses) == 5
    assert pauses[2] > pauses[0], "longer each time"
    assert pauses[3] <= 0.2, "and short again after an answer"


def test_after_a_gap_it_goes_on_where_that_says() -> None:
    lost = pb.SubscribeResponse(gap=pb.Gap(first_seq=5, last_seq=20, resume_seq=4))
    broken = failure(Code.UNAVAILABLE)
    script = Script(opened(3, records(4), lost, end=broken), opened(4, records(6)), LAST)
    seqs, *_ = followed(script)
    assert seqs == [4, 6]
    assert [request.after_seq for request in script.asked[1:]] == [4, 6]


def test_nothing_is_lost_before_the_first_record() -> None:
    broken = failure(Code.UNAVAILABLE)
    script = Script(opened(7, end=broken), opened(7, records(8), end=broken), LAST)
    seqs, *_ = followed(script)
    assert seqs == [8]
    assert [r.after_seq for r in script.asked[1:]] == [7, 8]


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.UNAUTHENTICATED, Code.INVALID_ARGUMENT])
def test_a_service_that_was_never_there_or_refuses_is_told(code: grpc.StatusCode) -> None:
    script = Script(refused(failure(code)))
    assert followed(script) == ([], [], code, [])


@pytest.mark.parametrize("code", [Code.UNAUTHENTICATED, Code.FAILED_PRECONDITION])
def test_a_refusal_after_a_loss_is_told(code: grpc.StatusCode) -> None:
    script = Script(opened(3, end=failure(Code.UNAVAILABLE)), refused(failure(code)))
    seqs, told, ended, _ = followed(script)
    assert (seqs, told, ended) == ([], ["why"], code)
