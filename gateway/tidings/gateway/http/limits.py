"""The limits of a listener, who counts what they refuse, and what the refused are told."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tidings.gateway.http.rate_limited_log import Seldom
from tidings.gateway.metrics import Metrics

# How long a refused client is read from, and a new connection may still bring its one request when
# the gateway goes down.
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

    `takes_socket` says whether a raw path is one of a websocket; who is refused there waits for
    `socket_pause_s` first, since its clients come again at once, for ever. `turned_away` are
    connections beyond the cap that are still open for a moment: they do not count, or whoever comes
    again at once would keep the house full.
    """

    head_bytes: int
    head_s: float
    max_connections: int
    metrics: Metrics
    takes_socket: Callable[[bytes], bool] = lambda _: False
    socket_pause_s: float = 0.0
    turned_away: int = 0
    seldom: Seldom = field(default_factory=Seldom)

    def are_full(self, connections: Collection[Any]) -> bool:
        """Say whether there are as many connections as may be, those turned away not counted."""
        return len(connections) - self.turned_away >= self.max_connections

    def count(self, limit: str) -> None:
        """Count one refusal, and log it, though not each."""
        self.metrics.refused.labels(limit=limit).inc()
        self.seldom.tell("refused by the listener", limit)


def refusal(status: int) -> bytes:
    """Return a whole answer of the listener's own, after which the connection ends."""
    reason = _REASONS[status]
    body = f"{status} {reason}"
    return (
        f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    ).encode("ascii")
