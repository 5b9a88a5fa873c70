"""Drafts to the service over one PublishStream, with a bounded window of unanswered ones.

When the call breaks, drafts with a key are sent again over a new call: a keyed draft is
idempotent. Without keys it is not known what is stored, and the stream ends. Retries back off, and
end when none has brought an answer for `PATIENCE_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

import grpc

from tidings.gateway.upstream.backoff import Backoff
from tidings.gateway.upstream.client import PublishCall
from tidings.gateway.upstream.failures import NO_REASON, Failure, reason_of, was_lost
from tidings.gateway.upstream.request_ids import note_caller
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.errors_pb2 import ERROR_REASON_GOING_DOWN

# Unanswered at a time; the service commits at most 1000 at once.
MAX_UNANSWERED = 1000
MAX_UNANSWERED_BYTES = 16 * 1024**2

# Of retries without an answer. Opening a call waits for a service that is away, beside this.
PATIENCE_S = 10.0

# What grpc reports when a write meets the end of a call: the status of the call is lost.
# Source: grpcio 1.85, grpc/aio/_call.py, `_write`.
_LOST = "Internal error from Core"

# What it raises for `done_writing` on a call that is over; reading tells why it is.
# Source: as above, `_done_writing`, which lets an ExecuteBatchError pass.
_OVER = (asyncio.InvalidStateError, grpc.aio.InternalError)

# Errors after which the service is unavailable.
_WENT_ON = frozenset({NO_REASON, ERROR_REASON_GOING_DOWN})

_MAX_MESSAGE_COUNT = 250
_MAX_MESSAGE_BYTES = 1024**2


Open = Callable[[], Awaitable[PublishCall]]


class DraftStream:
    """One upload's drafts. One task calls `add` and `finish`, one `run`, one `take`.

    `open_again` opens a call after one that has failed: it may wait until drafts can be stored.
    """

    def __init__(
        self,
        open_call: Open,
        open_again: Open | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._open_call = open_call
        self._open_again = open_again or open_call
        self._pause = pause
        self._backoff = Backoff()
        self._until_s: float | None = None  # when retries end; since the last answer
        self._unanswered: deque[tuple[event_pb2.Draft, int]] = deque()
        self._size_bytes = 0
        self._written = 0  # of the unanswered ones, on the call of this moment
        self._is_finished = False
        self._has_lost_reason = False  # since the last answer
        self._call: PublishCall | None = None
        self._changed = asyncio.Event()  # for the writer
        self._answered = asyncio.Event()  # for `add`
        self._is_open = asyncio.Event()  # for `take`
        self._is_needed = asyncio.Event()  # a call: there is a draft, or there will be none
        self._failure: Failure | None = None

    @property
    def size_bytes(self) -> int:
        """Of the drafts that are unanswered."""
        return self._size_bytes

    async def add(self, draft: event_pb2.Draft) -> None:
        """Send a draft; waits while too many are unanswered (backpressure)."""
        while len(self._unanswered) >= MAX_UNANSWERED or self._size_bytes >= MAX_UNANSWERED_BYTES:
            self._answered.clear()
            await self._answered.wait()
        size_bytes = draft.ByteSize()
        self._unanswered.append((draft, size_bytes))
        self._size_bytes += size_bytes
        self._is_needed.set()
        self._changed.set()

    def finish(self) -> None:
        """Declare the end: no more drafts come."""
        self._is_finished = True
        self._is_needed.set()
        self._changed.set()

    async def run(self) -> None:
        """Open the call and write added drafts to it, until the end or a failure."""
        try:
            self._call = await self._open_call()
        except Failure as error:
            self._failure = error
            self._is_open.set()
            return
        self._is_open.set()
        while True:
            while self._written < len(self._unanswered):
                await self._write(self._call)
            if self._is_finished:
                with contextlib.suppress(Failure, *_OVER):
                    await self._call.done_writing()
            self._changed.clear()
            if self._written == len(self._unanswered):
                await self._changed.wait()

    async def take(self) -> Sequence[pb.PublishResult]:
        """Return the next results in the order of the drafts; none = all are answered.

        Raises:
            grpc.aio.AioRpcError: the service failed; what was not answered may be stored or not.
        """
        await self._is_open.wait()
        while True:
            if self._failure is not None:
                note_caller(self._failure.trailing_metadata())
                raise self._failure
            assert self._call is not None
            try:
                response = await self._call.read()
            except Failure as error:
                # gRPC loses a cancellation when the call ends before it has quite begun
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error
                if _is_away(error) and await self._is_complete():
                    return ()
                await self._recover(error)
                continue
            if not isinstance(response, pb.PublishStreamResponse):  # EOF
                if self._unanswered:
                    raise _ended_early()
                return ()
            for _ in response.results:
                _, size_bytes = self._unanswered.popleft()
                self._size_bytes -= size_bytes
                self._written -= 1
            self._has_lost_reason = False
            self._until_s = None
            self._backoff.reset()
            self._answered.set()
            if response.results:
                note_caller(await self._call.initial_metadata())
                return response.results

    def cancel(self) -> None:
        """End the call at once."""
        if self._call is not None:
            self._call.cancel()

    async def _write(self, call: PublishCall) -> None:
        request = pb.PublishStreamRequest()
        size_bytes = 0
        last = self._written + _MAX_MESSAGE_COUNT
        for draft, draft_bytes in islice(self._unanswered, self._written, last):
            if request.drafts and size_bytes + draft_bytes > _MAX_MESSAGE_BYTES:
                break
            request.drafts.append(draft)
            size_bytes += draft_bytes
        self._written += len(request.drafts)
        try:
            await call.write(request)
        except asyncio.InvalidStateError:  # the call was over: nothing of it went out
            if self._call is call:
                self._written -= len(request.drafts)
                await self._until_recovered()
        except Failure:
            if self._call is call:
                await self._until_recovered()

    async def _until_recovered(self) -> None:
        """Wait until `take` has handled the same failure; a new draft may wake this early."""
        self._changed.clear()
        await self._changed.wait()

    async def _is_complete(self) -> bool:
        """Return whether no draft is open on a call that is gone; waits for a draft or the end."""
        if not self._unanswered:
            self._written = 0
            self._is_needed.clear()
            if not self._is_finished:
                await self._is_needed.wait()
        return not self._unanswered

    async def _recover(self, error: Failure) -> None:
        """Send everything unanswered again over a new call, or give up with the error.

        Drafts that had not been sent yet need no key for that.
        """
        if error.details() == _LOST and not self._has_lost_reason:
            self._has_lost_reason = True
            error = await refusal_by(self._open_call) or _ended_early()
        sent = islice(self._unanswered, self._written)
        is_keyed = all(_has_key(draft) for draft, _ in sent)
        now_s = asyncio.get_running_loop().time()
        self._until_s = self._until_s or now_s + PATIENCE_S
        if not was_lost(error) or not is_keyed or now_s >= self._until_s:
            self._failure = error
            return
        await self._pause(self._backoff.next_s())
        try:
            self._call = await self._open_again()
        except Failure as away:
            # the reason why nothing can be stored says more than that the service is away
            self._failure = error if reason_of(error) not in _WENT_ON else away
            return
        self._written = 0
        self._changed.set()


def _is_away(error: Failure) -> bool:
    return was_lost(error) or error.details() == _LOST


async def refusal_by(open_call: Open) -> Failure | None:
    """Return how a call without drafts fails, which stores nothing; None = it does not."""
    try:
        call = await open_call()
        with contextlib.suppress(*_OVER):
            await call.done_writing()
        await call.read()
    except Failure as error:
        return error
    return None


def _has_key(draft: event_pb2.Draft) -> bool:
    has_id = len(draft.events) == 1 and bool(draft.events[0].id)
    return bool(draft.key) or has_id


def _ended_early() -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(
        grpc.StatusCode.UNAVAILABLE, nothing, nothing, details="the service ended the stream"
    )
