"""What a door is: the paths of one system, and how it answers there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from tidings.gateway.budget import Budget
from tidings.gateway.http.request import Request
from tidings.gateway.http.websocket import Socket
from tidings.gateway.live.hub import StreamHub
from tidings.gateway.metrics import Metrics
from tidings.gateway.openapi import Paths
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.time_slices import TimeSlices
from tidings.gateway.tracing import Tracer
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.upstream.access_mode import AccessMode
from tidings.gateway.upstream.client import Upstream

Handler = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Context:
    """What every door is given: the settings, the service, the shared streams.

    `draining` is set once and means: answer blocking requests, end streams.
    """

    settings: GatewaySettings
    upstream: Upstream
    mode: AccessMode
    streams: StreamHub
    metrics: Metrics
    draining: asyncio.Event
    budget: Budget
    slices: TimeSlices = field(default_factory=TimeSlices)
    """For work that grows with the size of a request."""
    tracer: Tracer | None = None


class Door(Protocol):
    """One system's spelling. Each package of `doors` has a class `Door`, made with a Context."""

    @property
    def name(self) -> str:
        """The door in logs and metrics."""
        ...

    @property
    def paths(self) -> Paths:
        """What the door's paths take and answer, for the OpenAPI document."""
        ...

    def handler(self, request: Request) -> Handler | None:
        """Return the handler of a path, whatever the method; None = it is not this door's."""
        ...

    def unknown(self, request: Request) -> Handler | None:
        """Return the handler of an unknown path below this door's root; None = it is elsewhere."""
        ...

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer an error of the gateway's own rules, in the spelling of this door."""
        ...


@runtime_checkable
class SocketDoor(Protocol):
    """A door that takes websockets as well."""

    @property
    def name(self) -> str:
        """The door in logs and metrics."""
        ...

    def takes_socket(self, raw_path: bytes) -> bool:
        """Return whether a path is one of a websocket: elsewhere a handshake is a plain request."""
        ...

    async def serve_socket(self, socket: Socket) -> None:
        """Answer a websocket's handshake on such a path."""
        ...
