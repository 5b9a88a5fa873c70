"""What happens around every call: one access log line, metrics, and the error that goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any

import grpc
import structlog
from google.rpc import status_pb2

from tidings.core.clock import Clock
from tidings.core.errors import Busy, TidingsError
from tidings.core.limits import MAX_QUESTION_BYTES
from tidings.rpc.budget import MAX_CALLS, REQUESTS_BYTES, SMALL_BYTES, Budget, caller_of
from tidings.rpc.leaving import is_of_leaving
from tidings.rpc.metrics import Metrics
from tidings.rpc.requests import Decoder
from tidings.rpc.status import abort, internal, status_of

Context = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Context], Awaitable[Any]]

_access = structlog.get_logger("tidings.access")
_logger = structlog.get_logger("tidings.rpc")

_ENDED = status_pb2.Status(
    code=grpc.StatusCode.CANCELLED.value[0], message="the call has ended on its way"
)
_BY_CODE = {code.value[0]: code for code in grpc.StatusCode}


class Observer:
    """Wraps methods of our services, as they are registered.

    No interceptor, which gRPC would ask at every call for what never changes.
    """

    def __init__(
        self,
        metrics: Metrics,
        clock: Clock,
        token: Callable[[int], bytes],
        admit: Callable[[Context], Awaitable[object]],
        budget: Budget,
        max_calls: int = MAX_CALLS,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._token = token
        self._admit = admit
        self._budget = budget
        self._requests = Budget(REQUESTS_BYTES, what="the room for long requests")
        self._max_calls = max_calls
        self._open_count = 0

    def around(self, name: str, method: Method, decoder: Decoder) -> Method:
        """Return the method with everything around it, for requests as they come.

        It must be a coroutine, also one that streams: it writes to the context. Who sends a long
        request is asked who he is (`admit`) before it is looked at.
        """
        calls = cache(partial(self._metrics.calls.labels, name))
        open_calls = self._metrics.open_calls.labels(name)
        seconds = self._metrics.seconds.labels(name)

        def ended(code: str, taken_s: float, peer: str, request_id: str) -> None:
            open_calls.dec()
            calls(code).inc()
            seconds.observe(taken_s)
            _access.info(
                "call",
                method=name,
                code=code,
                seconds=round(taken_s, 6),
                peer=peer,
                request_id=request_id,
            )

        async def observed(encoded: Any, context: Context) -> Any:  # noqa: ANN401 - any method's
            request_id = self._token(8).hex()
            began_s = self._clock.monotonic_s()
            code = grpc.StatusCode.OK
            open_calls.inc()
            self._open_count += 1
            try:
                return await self._answer(method, decoder, encoded, context)
            except TidingsError as error:
                status = status_of(error)
                code = _BY_CODE[status.code]
                await _end(context, status)
            except asyncio.CancelledError:
                code = _why_cancelled(context)
                raise
            except Exception as error:  # the edge's one: nothing unforeseen reaches a caller
                if is_of_leaving(error):
                    code = _why_cancelled(context)
                    await _end(context, _ENDED)  # in vain, if he has
                code = grpc.StatusCode.INTERNAL
                _logger.exception("call failed", method=name, request_id=request_id)
                await _end(context, internal(request_id))
            finally:
                self._open_count -= 1
                taken_s = self._clock.monotonic_s() - began_s
                # In the loop's next turn, when the answer is on its way: nobody waits for this.
                asyncio.get_running_loop().call_soon(
                    ended, code.name, taken_s, context.peer(), request_id
                )

        return observed

    async def _answer(
        self,
        method: Method,
        decoder: Decoder,
        encoded: Any,  # noqa: ANN401 - bytes, or an iterator of them
        context: Context,
    ) -> bytes | None:
        if self._open_count > self._max_calls:
            raise Busy("the service")
        if not isinstance(encoded, bytes):
            answer = await method(decoder.each(encoded), context)
        elif len(encoded) <= MAX_QUESTION_BYTES:
            answer = await method(decoder(encoded), context)
        else:
            with self._requests.taking(caller_of(context.peer()), len(encoded)):
                await self._admit(context)
                answer = await method(decoder(encoded), context)
        if answer is None:
            return None
        answer_bytes: bytes = answer if isinstance(answer, bytes) else answer.SerializeToString()
        self._count_answer(len(answer_bytes), context)
        return answer_bytes

    def _count_answer(self, size_bytes: int, context: Context) -> None:
        """Count an answer until its caller has taken it, or refuse it."""
        if size_bytes > SMALL_BYTES:
            caller = caller_of(context.peer())
            self._budget.take(caller, size_bytes)

            def taken(_context: Any) -> None:  # noqa: ANN401 - a context, in stubs that differ
                self._budget.give_back(caller, size_bytes)

            context.add_done_callback(taken)  # type: ignore[arg-type]  # the stubs' own context


async def _end(context: Context, status: status_pb2.Status) -> None:
    try:
        await abort(context, status)
    except grpc.aio.BaseError:  # the caller has left meanwhile
        raise asyncio.CancelledError from None


def _why_cancelled(context: Context) -> grpc.StatusCode:
    remaining_s: float | None = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
