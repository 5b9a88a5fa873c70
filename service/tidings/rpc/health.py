"""Health: of the services, and of what they can do at this moment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

from tidings.log.checks import CLOCK, WRITE, Checks

CHECKED = {WRITE: "tidings.v1.EventService.Publish", CLOCK: "tidings.clock"}
"""What health calls each check of the log. The services go on while a check fails."""

REASON_KEY = "tidings-reason"
"""Trailing metadata of Check: why it says NOT_SERVING, in a few words, where that is known."""


class Health(health.aio.HealthServicer):
    """`grpc.health.v1.Health` for services by name, "" for all, and for the checks of a log."""

    def __init__(self, services: Collection[str], checks: Checks) -> None:
        super().__init__()
        self._services = services
        self._checks = checks
        self._reasons: dict[str, str] = {}

    async def open(self) -> None:
        """Say that the services serve, and what the checks say, now and whenever one changes."""
        for name in ("", *self._services):
            await self.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._checks.follow(self._tell)
        for check in CHECKED:
            await self._tell(check, self._checks.reason(check))

    async def close(self) -> None:
        """Say from here on that nothing serves."""
        await self.enter_graceful_shutdown()

    async def Check(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> health_pb2.HealthCheckResponse:
        """Answer as the library does, with the reason beside it."""
        if reason := self._reasons.get(request.service):
            context.set_trailing_metadata(((REASON_KEY, reason),))
        answer: health_pb2.HealthCheckResponse = await super().Check(request, context)
        return answer

    async def _tell(self, check: str, reason: str) -> None:
        name = CHECKED[check]
        self._reasons[name] = reason
        answer = health_pb2.HealthCheckResponse
        await self.set(name, answer.NOT_SERVING if reason else answer.SERVING)
