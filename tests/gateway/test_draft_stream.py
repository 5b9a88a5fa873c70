"""Drafts on their way: the window, and the handing in once more over a new call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from tests.kit.loop import becomes, run_async, scenario
from tidings.core.errors import DISK_FULL, LogClosed, StoreUnavailable, TidingsError
from tidings.gateway.upload import draft_stream
from tidings.gateway.upload.draft_stream import DraftStream, refusal_by
from tidings.gateway.upstream.failures import Failure
from tidings.rpc.status import status_of
from tidings.v1 import consul_pb2, event_pb2
from tidings.v1 import event_service_pb2 as pb


def failure(code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE, details: str = "gone") -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(code, nothing, nothing, details=details)


def lost() -> Failure:
    """Return what grpc makes of a status that a write has met."""
    return failure(grpc.StatusCode.INTERNAL, "Internal error from Core")


class Call:
    """A PublishStream call. It answers when told to, and takes nothing more once it is broken."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.is_done = False
        self.is_cancelled = False
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._broken: Failure | None = None
        self.over: Exception = asyncio.InvalidStateError()
        self.is_told = False  # that nothing more comes
        self._answered = 0

    async def write(self, request: pb.PublishStreamRequest) -> None:
        if self._broken:
            raise asyncio.InvalidStateError
        self.keys += [draft.key for draft in request.drafts]

    async def initial_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def read(self) -> Any:
        answer = await self._answers.get()
        if isinstance(answer, Failure):
            raise answer
        return answer

    async def done_writing(self) -> None:
        self.is_told = True
        if self._broken:
            raise self.over
        if not self.is_done:
            self.is_done = True

    def cancel(self) -> None:
        self.is_cancelled = True

    def answer(self, count: int) -> None:
        results = []
        for _ in range(count):
            self._answered += 1
            results.append(pb.PublishResult(stored=pb.PublishResponse(seq=self._answered)))
        self._answers.put_nowait(pb.PublishStreamResponse(results=results))

    def break_off(self, error: Failure) -> None:
        self._broken = error
        self._answers.put_nowait(error)

    def end(self) -> None:
        self._answers.put_nowait(grpc.aio.EOF)


def keyed(*keys: str) -> list[event_pb2.Draft]:
    events = [event_pb2.Event(consul=consul_pb2.ConsulEvent(name="x"))]
    return [event_pb2.Draft(key=key, events=events) for key in keys]


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)


@asynccontextmanager
async def a_stream(*calls: Any) -> AsyncIterator[tuple[DraftStream, list[Call]]]:
    """Give a stream that runs; each opening gets the next of `calls`, which may be an error."""
    given = list(calls)

    async def open_call() -> Any:
        call = given.pop(0)
        if isinstance(call, Failure):
            raise call
        return call

    async def at_once(pause_s: float) -> None:
        assert pause_s > 0

    stream = DraftStream(open_call, pause=at_once)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run())
        await settle()
        yield stream, [call for call in calls if isinstance(call, Call)]
        running.cancel()


@scenario
async def test_results_come_in_the_order_of_the_drafts() -> None:
    async with a_stream(Call()) as (stream, calls):
        (call,) = calls
        for draft in keyed("a", "b", "c"):
            await stream.add(draft)
        stream.finish()
        await settle()
        assert call.keys == ["a", "b", "c"]
        assert call.is_done
        call.answer(2)
        call.answer(1)
        call.end()
        assert [len(await stream.take()) for _ in range(3)] == [2, 1, 0]
        stream.cancel()
        assert call.is_cancelled


@scenario
async def test_no_more_than_a_window_is_unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_stream, "MAX_UNANSWERED", 3)
    async with a_stream(Call()) as (stream, calls):
        (call,) = calls

        async def add_all() -> None:
            for draft in keyed(*"abcdefgh"):
                await stream.add(draft)
            stream.finish()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(add_all())
            for answered in range(8):
                await settle()
                assert len(call.keys) == min(8, answered + 3)
                call.answer(1)
                await stream.take()
        call.end()
        assert await stream.take() == ()


@scenario
async def test_keyed_drafts_are_handed_in_once_more_over_a_new_call() -> None:
    async with a_stream(Call(), Call()) as (stream, calls):
        first, second = calls
        for draft in keyed("a", "b", "c"):
            await stream.add(draft)
        await settle()
        first.answer(1)
        assert len(await stream.take()) == 1
        first.break_off(failure())
        await stream.add(keyed("")[0])  # not sent before: it needs no key
        taking = asyncio.ensure_future(stream.take())
        await settle()
        assert second.keys == ["b", "c", ""]
        second.answer(3)
        assert len(await taking) == 3
        stream.finish()
        await settle()
        assert second.is_done
        second.end()
        assert await stream.take() == ()


@scenario
async def test_an_upload_that_waits_for_more_lives_through_a_new_call() -> None:
    async with a_stream(Call(), Call()) as (stream, calls):
        first, second = calls
        taking = asyncio.ensure_future(stream.take())
        first.break_off(failure())
        await settle()
        await stream.add(keyed("")[0])
        await settle()
        assert second.keys == [""]
        second.answer(1)
        assert len(await taking) == 1


@pytest.mark.parametrize(
    ("drafts", "code"),
    [
        (keyed("a", ""), grpc.StatusCode.UNAVAILABLE),
        (keyed("a"), grpc.StatusCode.UNAUTHENTICATED),
    ],
    ids=["one has no key", "another failure"],
)
@scenario
async def test_what_cannot_be_known_is_a_failure(
    drafts: list[event_pb2.Draft], code: grpc.StatusCode
) -> None:
    async with a_stream(Call()) as (stream, calls):
        for draft in drafts:
            await stream.add(draft)
        await settle()
        calls[0].break_off(failure(code))
        with pytest.raises(Failure) as caught:
            await stream.take()
        assert caught.value.code() is code


@scenario
async def test_a_reason_that_was_lost_is_asked_for() -> None:
    async with a_stream(Call(), Call()) as (stream, calls):
        first, asking = calls
        await stream.add(keyed("a")[0])
        await settle()
        first.break_off(lost())
        asking.break_off(failure(grpc.StatusCode.UNAUTHENTICATED))
        with pytest.raises(Failure) as caught:
            await stream.take()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert asking.keys == []


@scenario
async def test_a_call_that_broke_for_no_lasting_reason_is_begun_again_once() -> None:
    async with a_stream(Call(), Call(), Call()) as (stream, calls):
        first, asking, again = calls
        await stream.add(keyed("a")[0])
        await settle()
        first.break_off(lost())
        asking.end()
        taking = asyncio.ensure_future(stream.take())
        await settle()
        assert asking.is_done
        assert again.keys == ["a"]
        again.break_off(lost())
        with pytest.raises(Failure) as caught:
            await taking
        assert caught.value.code() is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("calls", [(), (Call,)])
@scenario
async def test_a_service_that_stays_away_is_a_failure(calls: tuple[type[Call], ...]) -> None:
    async with a_stream(*(call() for call in calls), failure()) as (stream, opened):
        await stream.add(keyed("a")[0])
        for call in opened:
            call.break_off(failure())
        with pytest.raises(Failure):
            await stream.take()


@scenario
async def test_a_call_that_ends_with_drafts_unanswered_is_a_failure() -> None:
    async with a_stream(Call()) as (stream, calls):
        await stream.add(keyed("a")[0])
        calls[0].end()
        with pytest.raises(Failure) as caught:
            await stream.take()
        assert caught.value.details() == "the service ended the stream"


@scenario
async def test_messages_are_bounded_in_count_and_bytes() -> None:
    sizes: list[int] = []

    class Counting(Call):
        async def write(self, request: pb.PublishStreamRequest) -> None:
            sizes.append(len(request.drafts))

    large = event_pb2.Draft(key="x" * 600_000)

    async with a_stream(Counting()) as (stream, _):
        for draft in [*keyed(*"a" * 300), large, large, large]:
            await stream.add(draft)
        await settle()
    assert sizes == [250, 51, 1, 1]


def test_tries_without_an_answer_are_further_and_further_apart() -> None:
    pauses: list[float] = []
    calls = [Call() for _ in range(8)]

    async def main() -> None:
        opened = iter(calls)

        async def open_call() -> Any:
            return next(opened)

        async def pause(pause_s: float) -> None:
            pauses.append(pause_s)

        stream = DraftStream(open_call, pause=pause)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(stream.run())
            await stream.add(keyed("a")[0])
            await stream.add(keyed("b")[0])
            taking = asyncio.ensure_future(stream.take())
            for call in calls[:6]:
                await settle()
                call.break_off(failure())
            await settle()
            calls[6].answer(1)
            assert len(await taking) == 1
            calls[6].break_off(failure())
            taking = asyncio.ensure_future(stream.take())
            await settle()
            calls[7].answer(1)
            assert len(await taking) == 1
            running.cancel()

    run_async(main())
    bounds = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 0.1]
    assert len(pauses) == len(bounds)
    for pause_s, most_s in zip(pauses, bounds, strict=True):
        assert most_s / 2 <= pause_s <= most_s


@scenario
async def test_tries_end_with_what_keeps_drafts_from_being_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draft_stream, "PATIENCE_S", 0.0)
    async with a_stream(Call(), Call()) as (stream, calls):
        await stream.add(keyed("a")[0])
        await settle()
        calls[0].break_off(failure(details="disk full"))
        with pytest.raises(Failure) as caught:
            await stream.take()
        assert caught.value.details() == "disk full"


@scenario
async def test_a_call_that_the_service_has_cancelled_is_begun_again() -> None:
    async with a_stream(Call(), Call()) as (stream, calls):
        await stream.add(keyed("a")[0])
        await settle()
        calls[0].break_off(failure(grpc.StatusCode.CANCELLED))
        taking = asyncio.ensure_future(stream.take())
        await settle()
        assert calls[1].keys == ["a"]
        calls[1].answer(1)
        assert len(await taking) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LogClosed(), "Connection refused"),
        (StoreUnavailable(DISK_FULL, DISK_FULL), "the store failed: disk full"),
    ],
)
@scenario
async def test_a_service_that_stays_away_is_told_as_such_unless_it_said_why(
    error: TidingsError, told: str
) -> None:
    rich = rpc_status.to_status(status_of(error))
    nothing, trailing = grpc.aio.Metadata(), grpc.aio.Metadata(*rich.trailing_metadata)
    async with a_stream(Call(), failure(details="Connection refused")) as (stream, calls):
        await stream.add(keyed("a")[0])
        await settle()
        calls[0].break_off(Failure(rich.code, nothing, trailing, details=rich.details))
        with pytest.raises(Failure) as caught:
            await stream.take()
        assert caught.value.details() == told


@pytest.mark.parametrize("error", [failure(), failure(grpc.StatusCode.CANCELLED), lost()])
@pytest.mark.parametrize("ends_first", [True, False])
@scenario
async def test_a_service_that_goes_away_is_missed_only_by_open_drafts(
    error: Failure,
    ends_first: bool,  # noqa: FBT001 - a row of the table
) -> None:
    async with a_stream(Call()) as (stream, calls):
        await stream.add(event_pb2.Draft(events=keyed("")[0].events))
        await settle()
        calls[0].answer(1)
        assert len(await stream.take()) == 1
        taking = asyncio.ensure_future(stream.take())
        for step in (stream.finish, lambda: calls[0].break_off(error))[:: 1 if ends_first else -1]:
            step()
            await settle()
        assert await taking == ()


@pytest.mark.parametrize("error", [failure(), failure(grpc.StatusCode.CANCELLED)])
@scenario
async def test_a_draft_without_key_after_a_loss_goes_over_another_call(error: Failure) -> None:
    async with a_stream(Call(), Call()) as (stream, calls):
        await settle()
        calls[0].break_off(error)
        taking = asyncio.ensure_future(stream.take())
        await settle()
        await stream.add(keyed("")[0])
        await settle()
        assert calls[1].keys == [""]
        calls[1].answer(1)
        assert len(await taking) == 1


# What grpc raises, by whichever of its tasks hears first that a call is over.
ENDS = [asyncio.InvalidStateError(), grpc.aio.InternalError("execute_batch"), failure()]


@pytest.mark.parametrize("over", ENDS, ids=lambda error: type(error).__name__)
@scenario
async def test_a_call_that_is_over_before_its_last_word_tells_why(over: Exception) -> None:
    gone = Call()
    gone.over = over
    gone.break_off(failure(grpc.StatusCode.PERMISSION_DENIED))
    async with a_stream(gone) as (stream, _):
        stream.finish()
        await becomes(lambda: gone.is_told)
        with pytest.raises(Failure) as ended:
            await stream.take()
        assert ended.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("over", ENDS, ids=lambda error: type(error).__name__)
def test_a_call_that_is_over_at_once_is_a_refusal(over: Exception) -> None:
    gone = Call()
    gone.over = over
    gone.break_off(failure())

    async def open_call() -> Any:
        return gone

    refusal = run_async(refusal_by(open_call))
    assert refusal is not None
    assert refusal.code() is grpc.StatusCode.UNAVAILABLE


@scenario
async def test_a_cancellation_that_grpc_loses_ends_it_nevertheless() -> None:
    """It does when the call ends while it begins: `read` raises the call's failure instead."""
    reading = asyncio.Event()

    class Beginning(Call):
        async def read(self) -> Any:
            reading.set()
            try:
                return await super().read()
            except asyncio.CancelledError:
                raise failure() from None

    async def open_call() -> Any:
        return Beginning()

    stream = DraftStream(open_call)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(stream.run())
        taking = tasks.create_task(stream.take())
        await reading.wait()
        taking.cancel()
        await asyncio.wait({taking})
        running.cancel()
    assert taking.cancelled()
