"""What happens around every call: one access log line, metrics, and the error that goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import structlog

from tidings.core.clock import Clock
from tidings.core.errors import TidingsError
from tidings.rpc.metrics import Metrics
from tidings.rpc.status import abort, internal, status_of

Context = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Any, Context], Awaitable[Any]]

_access = structlog.get_logger("tidings.access")
_logger = structlog.get_logger("tidings.rpc")

_BY_CODE = {code.value[0]: code for code in grpc.StatusCode}
_SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Observer(grpc.aio.ServerInterceptor):
    """Wraps every method of Tidings' own services; those of others (health, reflection) pass by.

    Methods are coroutines, also those that stream: they write to the context.
    """

    def __init__(self, metrics: Metrics, clock: Clock, token: Callable[[int], bytes]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._token = token
        self._handlers: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc's handlers have no type of their own
        """Return the method's handler with everything around it."""
        path: str = handler_call_details.method
        made = self._handlers.get(
            path
        )  # grpc asks at every call, and the answer is always the same
        if made is not None:
            return made
        handler = await continuation(handler_call_details)
        if handler is None or not path.startswith("/tidings."):
            return handler
        name = path.rpartition("/")[2]
        shape = next(shape for shape in _SHAPES if getattr(handler, shape) is not None)
        made = handler._replace(**{shape: self._around(name, getattr(handler, shape))})
        self._handlers[path] = made
        return made

    def _around(self, name: str, method: Method) -> Method:
        open_calls = self._metrics.open_calls.labels(method=name)
        seconds = self._metrics.seconds.labels(method=name)

        async def observed(request: Any, context: Context) -> Any:  # noqa: ANN401 - any method's
            request_id = self._token(8).hex()
            began_s = self._clock.monotonic_s()
            code = grpc.StatusCode.OK
            open_calls.inc()
            try:
                return await method(request, context)
            except TidingsError as error:
                status = status_of(error)
                code = _BY_CODE[status.code]
                await abort(context, status)
            except asyncio.CancelledError:
                code = _why_cancelled(context)
                raise
            except Exception:  # the edge's one: nothing unforeseen reaches a caller
                code = grpc.StatusCode.INTERNAL
                _logger.exception("call failed", method=name, request_id=request_id)
                await abort(context, internal(request_id))
            finally:
                taken_s = self._clock.monotonic_s() - began_s
                open_calls.dec()
                self._metrics.calls.labels(method=name, code=code.name).inc()
                seconds.observe(taken_s)
                _access.info(
                    "call",
                    method=name,
                    code=code.name,
                    seconds=round(taken_s, 6),
                    peer=context.peer(),
                    request_id=request_id,
                )

        return observed


def _why_cancelled(context: Context) -> grpc.StatusCode:
    remaining_s: float | None = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
