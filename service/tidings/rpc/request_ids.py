"""The id of a call: its caller's if that is well-formed, else made here; and how it is returned."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import grpc
import structlog

KEY = "x-request-id"
CALLER_KEY = "tidings-caller"
"""Percent-encoded, since names may be of any letters and metadata is ASCII."""

_TRACE_KEY = "traceparent"
_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")

# Source: W3C Trace Context, section 3.2; a later version may have more behind the flags.
_TRACE = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

_TRACE_ID = slice(3, 35)

Entries = tuple[tuple[str, str], ...]


def given_id(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """Return the id that the caller gave, "" = none that is well-formed."""
    text = _lone(context, KEY)
    return text if _ID.fullmatch(text) else ""


def given_trace(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """Return the `traceparent` that the caller gave, "" = none that is well-formed."""
    text = _lone(context, _TRACE_KEY)
    return text if _TRACE.fullmatch(text) else ""


def begin(request_id: str, traceparent: str) -> None:
    """Put the id in every line that this call logs, and that of its trace too."""
    structlog.contextvars.bind_contextvars(request_id=request_id)
    if traceparent:
        structlog.contextvars.bind_contextvars(trace_id=traceparent[_TRACE_ID])


def _lone(context: grpc.aio.ServicerContext[Any, Any], name: str) -> str:
    values = [value for key, value in context.invocation_metadata() or () if key == name]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


def entries() -> Entries:
    """Return the metadata with the id of this call, and the caller's name."""
    bound = structlog.contextvars.get_contextvars()
    request_id = bound.get("request_id")
    return (*(((KEY, request_id),) if request_id else ()), *caller_entries(bound.get("caller", "")))


def caller_entries(caller: str) -> Entries:
    """Return the metadata with the caller's name, as in log lines."""
    return ((CALLER_KEY, quote(caller)),) if caller else ()
