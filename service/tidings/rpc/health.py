"""Health: of the services, and of what they can do now."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from tidings.log.checks import CLOCK, SOURCES, WRITE, Checks

Context = grpc.aio.ServicerContext[Any, Any]
# Any: their stubs are older than List, and hide what a status is.
_Answer: Any = health_pb2.HealthCheckResponse
_ListAnswer: Any = vars(health_pb2)["HealthListResponse"]

CHECKED = {
    WRITE: "tidings.v1.EventService.Publish",
    CLOCK: "tidings.clock",
    SOURCES: "tidings.sources",
}
"""What health calls each check of the log. The services go on while a check fails."""

REASON_KEY = "tidings-reason"
"""Trailing metadata of Check: why it says NOT_SERVING, in a few words, where that is known."""


class Health:
    """`grpc.health.v1.Health` for services by name, "" for all, and for the checks of a log.

    Not the library's: that holds a lock while it writes to a watcher, so a watcher that does not
    read would block all others, and the shutdown.
    """

    def __init__(
        self,
        services: Collection[str],
        checks: Checks,
        off: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`off` are services that do not serve, each with its reason."""
        self._services = services
        self._checks = checks
        self._off = off
        self._reasons: dict[str, str] = dict(off)
        self._statuses: dict[str, int] = {"": _Answer.SERVING}
        self._changed = asyncio.Event()
        self._is_closed = False

    async def open(self) -> None:
        """Report that the services serve, and the checks, now and whenever one changes."""
        for name in ("", *self._services):
            self._set(name, _Answer.NOT_SERVING if name in self._off else _Answer.SERVING)
        self._checks.follow(self._tell)
        for check in CHECKED:
            await self._tell(check, self._checks.reason(check))

    async def close(self) -> None:
        """Report from now on that nothing serves."""
        for name in self._statuses:
            self._set(name, _Answer.NOT_SERVING)
        self._is_closed = True

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Context) -> Message:
        """Answer whether one serves, with the reason in metadata; NOT_FOUND for an unknown name."""
        status = self._statuses.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        if reason := self._reasons.get(request.service):
            context.set_trailing_metadata(((REASON_KEY, reason),))
        answer: Message = _Answer(status=status)
        return answer

    async def List(self, request: Message, context: Context) -> Message:
        """Answer for all names at once."""
        answers = {name: _Answer(status=status) for name, status in self._statuses.items()}
        answer: Message = _ListAnswer(statuses=answers)
        return answer

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> None:
        """Send the status now and at each change; a slow watcher misses intermediate states."""
        told: int | None = None
        while True:
            changed = (
                self._changed
            )  # before the status is read, or a change between the two is missed
            status = self._statuses.get(request.service, _Answer.SERVICE_UNKNOWN)
            if status != told:
                await context.write(_Answer(status=status))
                told = status
            else:
                await changed.wait()

    async def _tell(self, check: str, reason: str) -> None:
        name = CHECKED[check]
        self._reasons[name] = reason
        self._set(name, _Answer.NOT_SERVING if reason else _Answer.SERVING)

    def _set(self, name: str, status: int) -> None:
        if self._is_closed:
            return
        self._statuses[name] = status
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
