"""What a door is: the paths of one system, and how it answers there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from tidings.gateway.budget import Budget
from tidings.gateway.http.request import Request
from tidings.gateway.http.websocket import Socket
from tidings.gateway.live.hub import Feeds
from tidings.gateway.metrics import Metrics
from tidings.gateway.openapi import Paths
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.time_slices import Turns
from tidings.gateway.transcode.errors import TranscodeError
from tidings.gateway.transcode.routes import Route
from tidings.gateway.upstream.client import Upstream

Handler = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class House:
    """What every door is given: the settings, the service, the shared streams, the routes.

    `draining` is set once and means: answer what waits, end what is endless. `routes` are all
    routes that the contract's google.api.http rules make.
    """

    settings: GatewaySettings
    upstream: Upstream
    feeds: Feeds
    metrics: Metrics
    routes: Sequence[Route]
    draining: asyncio.Event
    budget: Budget
    turns: Turns = field(default_factory=Turns)
    """For work that grows with what a caller sends."""


class Door(Protocol):
    """One system's spelling. A module of `doors` offers `make(house) -> Door`."""

    @property
    def name(self) -> str:
        """The door in logs and metrics."""
        ...

    @property
    def paths(self) -> Paths:
        """What the door's paths take and answer, for the OpenAPI document."""
        ...

    def handler(self, request: Request) -> Handler | None:
        """Return who answers a request, whatever its method; None = the path is not ours."""
        ...

    def unknown(self, request: Request) -> Handler | None:
        """Return who answers for a path that no door knows; None = it is nothing like ours."""
        ...

    async def refuse(self, request: Request, error: TranscodeError) -> None:
        """Answer what is wrong by a rule of the house, in the spelling of this door."""
        ...


@runtime_checkable
class SocketDoor(Protocol):
    """A door that takes websockets as well."""

    @property
    def name(self) -> str:
        """The door in logs and metrics."""
        ...

    def takes_socket(self, raw_path: bytes) -> bool:
        """Say whether this path is one of a websocket: elsewhere a handshake is a plain request."""
        ...

    async def serve_socket(self, socket: Socket) -> None:
        """Answer a websocket's handshake on such a path."""
        ...
