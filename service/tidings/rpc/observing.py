"""What happens around every call: one access log line, metrics, and the error that goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache, partial
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


class Observer:
    """Wraps methods of our services, as they are registered.

    No interceptor, which gRPC would ask at every call for what never changes.
    """

    def __init__(self, metrics: Metrics, clock: Clock, token: Callable[[int], bytes]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._token = token

    def around(self, name: str, method: Method) -> Method:
        """Return the method with everything around it.

        It must be a coroutine, also one that streams: it writes to the context.
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
                # In the loop's next turn, when the answer is on its way: nobody waits for this.
                asyncio.get_running_loop().call_soon(
                    ended, code.name, taken_s, context.peer(), request_id
                )

        return observed


def _why_cancelled(context: Context) -> grpc.StatusCode:
    remaining_s: float | None = context.time_remaining()
    if remaining_s is not None and remaining_s <= 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
