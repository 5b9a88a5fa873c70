"""Retries: calls wait for a service that is unavailable for a moment, as in a restart.

Only calls that are idempotent, or that the service has not begun, are retried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tidings.gateway.upstream.backoff import Backoff
from tidings.gateway.upstream.concurrency_limit import ConcurrencyLimit
from tidings.gateway.upstream.failures import Failure, away, pause_s, told
from tidings.gateway.upstream.request_ids import note_caller

T = TypeVar("T")

REASON_KEY = "tidings-reason"

# For a last check of the service while the gateway drains.
_LAST_LOOK_S = 0.5


class Retries:
    """How long a call waits for an unavailable service, and when it is retried."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.on_retry: Callable[[], None] = lambda: None
        """Called at every retry."""
        self._waits: set[asyncio.Timeout] = set()  # for a service that is away
        self._is_draining = False
        self._channel: grpc.aio.Channel
        self._health: Any  # its stubs are for threads

    def renew(self, channel: grpc.aio.Channel) -> None:
        """Use this channel from now on."""
        self._channel = channel
        self._health = health_pb2_grpc.HealthStub(channel)

    def drain(self) -> None:
        """Stop waiting for an unavailable service: it may be shutting down as well."""
        self._is_draining = True
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(0.0)

    async def failing(self, service: str, within_s: float) -> str | None:
        """Check as `health` does; no answer within the time is a failure whose reason is not known.

        None = it serves, or is an older service that does not know the name.
        """
        try:
            return await self.health(service, within_s)
        except Failure as error:
            return None if error.code() is grpc.StatusCode.NOT_FOUND else ""

    async def health(self, service: str, within_s: float) -> str | None:
        """Check the health of a name ("" = the whole service); return why it does not serve.

        "" = the reason is not known. None = it serves. The service does not log these calls.

        Raises:
            grpc.aio.AioRpcError: it does not know the name, or did not answer in time.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        call = self._health.Check(request, timeout=within_s)
        answer = await call
        trailing = dict(await call.trailing_metadata())
        if answer.status == health_pb2.HealthCheckResponse.SERVING:
            return None
        return str(trailing.get(REASON_KEY, ""))

    async def call(
        self,
        attempt: Callable[[], Awaitable[T]],
        may_repeat: Callable[[Failure], bool],
        limit: ConcurrencyLimit | None = None,
    ) -> T:
        """Make a call, and retry it while `may_repeat` says so and `limit_s` is not over.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.limit_s
        backoff = Backoff()
        if self._channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            await self.until_serving(until_s)
        while True:
            began_s = loop.time()
            try:
                if limit is None:
                    return await _answer_of(attempt())
                async with limit.passing():
                    return await _answer_of(attempt())
            except TimeoutError:
                raise away() from None
            except Failure as error:
                note_caller(error.trailing_metadata())
                # A call that was open for long before it broke may be retried for the full time.
                if began_s + self.limit_s < loop.time():
                    until_s = loop.time() + self.limit_s
                if not may_repeat(error) or loop.time() >= until_s:
                    raise told(error) from error
                wait_s = max(backoff.next_s(), backoff.later(pause_s(error)))
            self.on_retry()
            await asyncio.sleep(min(wait_s, max(0.0, until_s - loop.time())))
            await self.until_serving(until_s)

    async def until_serving(self, until_s: float, name: str = "") -> None:
        """Wait until the health of a name is good, "" = the whole service.

        Raises:
            grpc.aio.AioRpcError: it did not serve until then.
        """
        backoff = Backoff()
        now_s = asyncio.get_running_loop().time()
        wait = asyncio.timeout_at(
            min(until_s, now_s + _LAST_LOOK_S) if self._is_draining else until_s
        )
        self._waits.add(wait)
        try:
            async with wait:
                while True:
                    if await self._says_serving(name, until_s - now_s):
                        return
                    await asyncio.sleep(backoff.next_s())
        except TimeoutError:
            raise away() from None
        finally:
            self._waits.discard(wait)

    async def _says_serving(self, name: str, within_s: float) -> bool:
        """Wait for a connection and check health; a service without health counts as serving."""
        try:
            answer = await self._health.Check(
                health_pb2.HealthCheckRequest(service=name),
                timeout=max(within_s, 0.0),
                wait_for_ready=True,
            )
        except Failure as error:
            return error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _answer_of(call: Awaitable[T]) -> T:
    """Return the answer of a call, and note the caller's name at the service."""
    answer = await call
    if isinstance(call, grpc.aio.Call):
        note_caller(await call.trailing_metadata())
    return answer
