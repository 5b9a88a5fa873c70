"""Health: of the services, and of what they can do at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from tidings.log.checks import CLOCK, WRITE, Checks

Context = grpc.aio.ServicerContext[Any, Any]
# Any: their stubs are older than List, and hide what a status is.
_Answer: Any = health_pb2.HealthCheckResponse
_ListAnswer: Any = vars(health_pb2)["HealthListResponse"]

CHECKED = {WRITE: "tidings.v1.EventService.Publish", CLOCK: "tidings.clock"}
"""What health calls each check of the log. The services go on while a check fails."""

REASON_KEY = "tidings-reason"
"""Trailing metadata of Check: why it says NOT_SERVING, in a few words, where that is known."""


class Health:
    """`grpc.health.v1.Health` for services by name, "" for all, and for the checks of a log.

    Not the library's: that holds a lock while it writes to a watcher, so that one who does not read
    keeps all others, and whoever goes down, waiting.
    """

    def __init__(self, services: Collection[str], checks: Checks) -> None:
        self._services = services
        self._checks = checks
        self._reasons: dict[str, str] = {}
        self._statuses: dict[str, int] = {"": _Answer.SERVING}
        self._changed = asyncio.Event()
        self._is_closed = False

    async def open(self) -> None:
        """Say that the services serve, and what the checks say, now and whenever one changes."""
        for name in ("", *self._services):
            self._set(name, _Answer.SERVING)
        self._checks.follow(self._tell)
        for check in CHECKED:
            await self._tell(check, self._checks.reason(check))

    async def close(self) -> None:
        """Say from here on that nothing serves."""
        for name in self._statuses:
            self._set(name, _Answer.NOT_SERVING)
        self._is_closed = True

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Context) -> Message:
        """Answer whether one serves, with the reason beside it; NOT_FOUND for an unknown name."""
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
        """Tell the status now and whenever it changes; a slow watcher misses what was between."""
        told: int | None = None
        while True:
            changed = self._changed  # before the status is read, or a change slips between
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
