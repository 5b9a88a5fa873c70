"""The span of a request, in the terms of the semantic conventions of OpenTelemetry for HTTP.

What it holds are no secrets: no query, no header but the request's id, nothing of a body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from tidings.gateway.access_log import shown_path
from tidings.gateway.http.request import Request

_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"}
)
_UNTOLD = "own"
"""The door of health, metrics and the console, which are requested every few seconds."""


class Span(Protocol):
    """An operation in progress. Must be ended once, or it is never reported."""

    @property
    def traceparent(self) -> str:
        """Its place in the trace (W3C Trace Context), for the operations that it causes."""
        ...

    def end(
        self, attributes: Mapping[str, str | int], *, name: str = "", failure: str = ""
    ) -> None:
        """End it; `name` replaces the one that it began with."""
        ...


class Tracer(Protocol):
    """Where spans go. Never blocks and never fails, with or without a receiver."""

    def begin(self, name: str, kind: Literal["server"], *, parent: str) -> Span:
        """Begin a span: below a parent's `traceparent`, or where that is "" a trace."""
        ...


def end_span(span: Span, request: Request, door: str) -> None:
    """Report how a door's request has ended."""
    if door == _UNTOLD:
        return
    method = request.method if request.method in _METHODS else "_OTHER"
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.response.status_code": request.status,
        "http.response.body.size": request.sent_bytes,
        "tidings.door": door,
        "tidings.request_id": request.request_id,
    }
    if door != "none":
        attributes["url.path"] = shown_path(request.path)
    failure = str(request.status) if request.status >= 500 else ""
    span.end(attributes, name=f"{method} {door}", failure=failure)
