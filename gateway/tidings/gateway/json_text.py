"""JSON as all doors print it."""

from __future__ import annotations

from tidings.gateway.transcode.one_line import one_line
from tidings.v1 import json_runtime


def dumps(value: json_runtime.Json) -> bytes:
    """Return compact JSON that is one line for every reader; verbatim parts of it included."""
    return one_line(json_runtime.dumps(value))
