"""A client of Docker Cloud's stream, and events for it."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.kit.http import Http
from tests.patience import PATIENCE_S

EVENTS = "/api/audit/v1/events"
PUBLISH = "/v1/publish/docker-cloud"
KEY = base64.b64encode(bytes(16)).decode()
HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    f"Sec-WebSocket-Key: {KEY}",
    "Sec-WebSocket-Version: 13",
)


@contextlib.contextmanager
def opened(http: Http, target: str = EVENTS, **more: Any) -> Iterator[ClientConnection]:
    """Lend a websocket that is open: what is published from now on comes there."""
    url = f"ws://127.0.0.1:{http.port}{target}"
    options = {"open_timeout": PATIENCE_S, "ping_interval": None, "proxy": None, **more}
    with connect(url, **options) as socket:
        yield socket


def message(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message, which is JSON in a text frame."""
    text = socket.recv(PATIENCE_S)
    assert isinstance(text, str)
    found: dict[str, Any] = json.loads(text)
    return found


def states(socket: ClientConnection, count: int) -> list[str]:
    """Return the states of the next messages, by which tests number events."""
    return [message(socket)["state"] for _ in range(count)]


def close_code(socket: ClientConnection) -> int | None:
    """Return the code that the server closes with; nothing more may come before that."""
    try:
        raise AssertionError(socket.recv(PATIENCE_S))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def event(kind: str = "stack", *, namespace: str = "me", **members: Any) -> dict[str, Any]:
    """Return an event as the stream prints it, without what the service adds."""
    uri = f"/api/app/v1/{namespace}/{kind}/7/"
    made = {"type": kind, "action": "create", "parents": [], "resource_uri": uri, "state": "1"}
    return {**made, **members}


def publish(http: Http, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Publish events, one a line, and return the answers."""
    body = b"".join(json.dumps(each).encode() + b"\n" for each in events)
    answer = http.ask("POST", PUBLISH, body=body)
    return [json.loads(line) for line in answer.body.splitlines()]
