"""The identifiers of a request in both halves: its id and its trace."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from urllib.parse import unquote

import structlog

from tidings.gateway.transcode.metadata import Metadata

REQUEST_ID = "x-request-id"
TRACE = "traceparent"

_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
# Source: W3C Trace Context, section 3.2; a later version may have more behind the flags.
_TRACE = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

_CALLER_KEY = "tidings-caller"
_TRACE_ID = slice(3, 35)

_names: ContextVar[Metadata] = ContextVar("names", default=())


def begin(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Return the id of the request that this task is for: the caller's if well-formed, else one.

    And the caller's `traceparent`, "" = none that is well-formed. From here on both stand in the
    calls that the task makes, and the id and the trace's own in the lines that it logs.
    """
    given = list(headers)
    request_id = _lone(given, REQUEST_ID.encode(), _ID) or secrets.token_hex(8)
    trace = _lone(given, TRACE.encode(), _TRACE)
    _names.set(((REQUEST_ID, request_id),))
    structlog.contextvars.bind_contextvars(request_id=request_id)
    if trace:
        go_on(request_id, trace)
    return request_id, trace


def go_on(request_id: str, trace: str) -> None:
    """Make the task's calls and log lines part of a trace, from here on."""
    _names.set(((REQUEST_ID, request_id), (TRACE, trace)))
    structlog.contextvars.bind_contextvars(trace_id=trace[_TRACE_ID])


def note_caller(metadata: Iterable[tuple[str, str | bytes]] | None) -> None:
    """Add the caller to the task's log lines, if the service has named them."""
    for key, value in metadata or ():
        if key == _CALLER_KEY and isinstance(value, str):
            structlog.contextvars.bind_contextvars(principal=unquote(value))


def named(metadata: Metadata) -> Metadata:
    """Return the metadata of a call with the identifiers of its request."""
    return (*metadata, *_names.get())


def _lone(headers: list[tuple[bytes, bytes]], name: bytes, form: re.Pattern[str]) -> str:
    values = [value.decode("latin-1") for key, value in headers if key == name]
    return values[0] if len(values) == 1 and form.fullmatch(values[0]) else ""
