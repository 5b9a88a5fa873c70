"""What is done around every call: one access log line, metrics, and the error status."""

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
from tidings.core.tracing import Span, Tracer, Value, current
from tidings.rpc.budget import MAX_CALLS, REQUESTS_BYTES, SMALL_BYTES, Budget, caller_of
from tidings.rpc.leaving import is_of_leaving
from tidings.rpc.metrics import Metrics
from tidings.rpc.request_ids import begin, entries, given_id, given_trace
from tidings.rpc.requests import Decoder
from tidings.rpc.status import abort, internal, reason_of, status_of

MIN_COMPRESSED_BYTES = 1024
"""From this size on, answers of unary reads are compressed for clients that offer gzip."""

Context = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Context], Awaitable[Any]]

_access = structlog.get_logger("tidings.access")
_logger = structlog.get_logger("tidings.rpc")

_ENDED = status_pb2.Status(
    code=grpc.StatusCode.CANCELLED.value[0], message="the call has ended on its way"
)
_BY_CODE = {code.value[0]: code for code in grpc.StatusCode}


class CallObserver:
    """Wraps methods of our services, as they are registered.

    Not an interceptor, which gRPC would call at every call for something that never changes.
    """

    def __init__(
        self,
        metrics: Metrics,
        clock: Clock,
        token: Callable[[int], bytes],
        admit: Callable[[Context], Awaitable[object]],
        budget: Budget,
        max_calls: int = MAX_CALLS,
        tracer: Tracer | None = None,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._token = token
        self._admit = admit
        self._budget = budget
        self._requests = Budget(REQUESTS_BYTES, what="the room for long requests")
        self._max_calls = max_calls
        self._tracer = tracer
        self._open_count = 0

    def around(self, name: str, method: Method, decoder: Decoder) -> Method:
        """Return the method with everything around it, for unparsed requests.

        It must be a coroutine, also one that streams: it writes to the context. The caller of
        a long request is authenticated (`admit`) before the request is parsed.
        """
        calls = cache(partial(self._metrics.calls.labels, name))
        refusals = cache(self._metrics.refusals.labels)
        open_calls = self._metrics.open_calls.labels(name)
        tells_itself = decoder.sends_metadata  # with its other initial metadata
        seconds = self._metrics.seconds.labels(name)

        def ended(
            code: grpc.StatusCode, taken_s: float, peer: str, request_id: str, span: Span | None
        ) -> None:
            open_calls.dec()
            calls(code.name).inc()
            seconds.observe(taken_s)
            _access.info(
                "call",
                method=name,
                code=code.name,
                seconds=round(taken_s, 6),
                peer=peer,
                request_id=request_id,
            )
            if span is not None:
                end_span(span, name, code, request_id)

        async def observed(encoded: Any, context: Context) -> Any:  # noqa: ANN401 - any method's
            given = given_id(context)
            request_id = given or self._token(8).hex()
            span = self._begin(name, request_id, context)
            began_s = self._clock.monotonic_s()
            code = grpc.StatusCode.OK
            open_calls.inc()
            self._open_count += 1
            try:
                if given and not tells_itself:
                    await context.send_initial_metadata(entries())
                else:
                    context.set_trailing_metadata(entries())
                return await self._answer(method, decoder, encoded, context)
            except TidingsError as error:
                status = status_of(error)
                code = _BY_CODE[status.code]
                refusals(reason_of(error)).inc()
                await _end(context, status)
            except asyncio.CancelledError:
                code = _why_cancelled(context)
                raise
            except (
                Exception
            ) as error:  # the only one of this edge: no unexpected error reaches a caller
                if is_of_leaving(error):
                    code = _why_cancelled(context)
                    await _end(context, _ENDED)  # no effect if the caller has gone
                code = grpc.StatusCode.INTERNAL
                _logger.exception("call failed", method=name, request_id=request_id)
                await _end(context, internal(request_id))
            finally:
                self._open_count -= 1
                taken_s = self._clock.monotonic_s() - began_s
                # In the loop's next iteration, after the answer was sent: no caller waits for this.
                asyncio.get_running_loop().call_soon(
                    ended, code, taken_s, context.peer(), request_id, span
                )

        return observed

    def _begin(self, name: str, request_id: str, context: Context) -> Span | None:
        trace = given_trace(context)
        span = self._tracer.begin(name, "server", parent=trace) if self._tracer else None
        if span is not None:
            trace = span.traceparent
            current.set(trace)
        begin(request_id, trace)
        return span

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
            answer = await method(await decoder(encoded), context)
        else:
            with self._requests.taking(caller_of(context.peer()), len(encoded)):
                await self._admit(context)
                answer = await method(await decoder(encoded), context)
        if answer is None:
            return None
        answer_bytes: bytes = answer if isinstance(answer, bytes) else answer.SerializeToString()
        if not decoder.is_bounded_read or len(answer_bytes) < MIN_COMPRESSED_BYTES:
            context.disable_next_message_compression()
        self._count_answer(len(answer_bytes), context)
        return answer_bytes

    def _count_answer(self, size_bytes: int, context: Context) -> None:
        """Count an answer until its caller has read it, or refuse it."""
        if size_bytes > SMALL_BYTES:
            caller = caller_of(context.peer())
            self._budget.take(caller, size_bytes)

            def taken(_context: Any) -> None:  # noqa: ANN401 - a context, in stubs that differ
                self._budget.give_back(caller, size_bytes)

            context.add_done_callback(taken)  # type: ignore[arg-type]  # the stubs' own context


FAILURES = frozenset(
    {
        *(grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE),
        *(grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS),
    }
)
"""Codes that are a server's fault. Source: semantic conventions of OpenTelemetry for gRPC."""


def end_span(span: Span, method: str, code: grpc.StatusCode, request_id: str) -> None:
    """Record how a call has ended, in the terms of the semantic conventions of OpenTelemetry."""
    number: int = code.value[0]
    attributes: dict[str, Value] = {
        "rpc.system": "grpc",
        "rpc.method": method,
        "rpc.grpc.status_code": number,
        "tidings.request_id": request_id,
    }
    span.end(attributes, failure=code.name if code in FAILURES else "")


async def _end(context: Context, status: status_pb2.Status) -> None:
    try:
        await abort(context, status)
    except grpc.aio.BaseError:  # the caller has cancelled meanwhile
        raise asyncio.CancelledError from None


def _why_cancelled(context: Context) -> grpc.StatusCode:
    remaining_s: float | None = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
