"""The limits of a listener, the count of what they refuse, and the answers to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tidings.gateway.http.rate_limited_log import RateLimitedLog
from tidings.gateway.metrics import Metrics

# How long a refused client is read from, and how long a new connection may still send its one
# request when the gateway shuts down.
LINGER_S = 1.0

_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(slots=True)
class Limits:
    """The limits of one listener, and what all its connections share.

    `takes_socket` says whether a raw path is one of a websocket; a refusal there is delayed by
    `socket_pause_s`, since its clients reconnect at once, for ever. `turned_away` are connections
    beyond the cap that are still open for a moment: they do not count, or clients that reconnect
    at once would keep the listener at its cap.
    """

    head_bytes: int
    head_s: float
    max_connections: int
    metrics: Metrics
    takes_socket: Callable[[bytes], bool] = lambda _: False
    socket_pause_s: float = 0.0
    turned_away: int = 0
    log: RateLimitedLog = field(default_factory=RateLimitedLog)

    def are_full(self, connections: Collection[Any]) -> bool:
        """Return whether the cap is reached, connections turned away not counted."""
        return len(connections) - self.turned_away >= self.max_connections

    def count(self, limit: str, **named: str) -> None:
        """Count one refusal, and log it at a limited rate, with what is named."""
        self.metrics.refused.labels(limit=limit).inc()
        self.log.tell("refused by the listener", limit, **named)


def refusal(status: int, request_id: str) -> bytes:
    """Return a whole answer of the listener's own, after which the connection ends."""
    reason = _REASONS[status]
    body = f"{status} {reason}"
    return (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
        f"connection: close\r\n\r\n{body}"
    ).encode("ascii")
