"""The access log: a line for each request at its end, and for each stream at its beginning too."""

from __future__ import annotations

import asyncio

import structlog

from tidings.gateway.http.request import Request
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.errors import BadText
from tidings.gateway.transcode.percent import decode_query

_access = structlog.get_logger("tidings.access")

MAX_SHOWN_CHARS = 512
"""Of a path and of a query: what is longer is cut."""

SHOWN = frozenset(
    {
        *("after_seq", "from_time", "until_time", "limit", "follow", "order", "position"),
        *("index", "topic", "namespace", "region", "name", "node", "service", "tag", "wait", "dc"),
        *("object", "action", "type", "start", "selector", "source", "verbose"),
    }
)
"""Parameters of queries that say what is asked for. Of any other nothing is logged: its value may
be a secret, and so may its name, of `?SECRET`."""

OUTCOMES = ("stored", "duplicates", "refused")
"""What may become of an uploaded object."""

_HIDDEN = "…"


class AccessLine:
    """The lines of one request. `request.logged` holds what its door adds to the last one."""

    def __init__(self, request: Request) -> None:
        self.door = "none"
        self._request = request
        self._began_s = asyncio.get_running_loop().time()
        request.on_stream = self._begin_stream

    def _begin_stream(self) -> None:
        """Log that a stream begins, unless its request had a whole body: then it soon ends."""
        if self._request.header(b"content-length") is None:
            _access.info("stream begins", **self._what(), status=self._request.status)

    def end(self, metrics: Metrics) -> None:
        """Log and count how the request ended; status 0 = the client left before an answer."""
        request = self._request
        taken_s = asyncio.get_running_loop().time() - self._began_s
        sent_bytes = 0 if request.method == "HEAD" else request.sent_bytes
        metrics.requests.labels(door=self.door, status=request.status).inc()
        metrics.sent_bytes.labels(door=self.door).inc(sent_bytes)
        if request.has_length:
            metrics.seconds.labels(door=self.door).observe(taken_s)
        for outcome in OUTCOMES:
            if count := request.logged.get(outcome):
                metrics.objects.labels(door=self.door, outcome=outcome).inc(float(str(count)))
        _access.info(
            "request",
            **self._what(),
            status=request.status,
            bytes=sent_bytes,
            seconds=round(taken_s, 6),
            **request.logged,
        )

    def _what(self) -> dict[str, object]:
        request = self._request
        what: dict[str, object] = {
            "door": self.door,
            "method": request.method,
            "path": shown_path(request.path),
        }
        if request.query:
            what["query"] = shown_query(request.query)
        return {**what, "client": request.peer, "request_id": request.request_id}


def shown_path(path: bytes) -> str:
    """Return a path for a log line."""
    return _cut(path.decode("utf-8", "replace"))


def shown_query(query: bytes) -> str:
    """Return a query for a log line, without what may be a secret."""
    return _cut("&".join(map(_shown_part, query[: 4 * MAX_SHOWN_CHARS].split(b"&"))))


def _shown_part(part: bytes) -> str:
    name = part.partition(b"=")[0].decode("latin-1")
    if name.rpartition(".")[2] not in SHOWN:
        return _HIDDEN
    try:
        return decode_query(part)
    except BadText:
        return f"{name}={_HIDDEN}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + _HIDDEN
