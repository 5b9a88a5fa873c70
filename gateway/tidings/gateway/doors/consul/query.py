"""What a request to Consul's event endpoints asks for: pure, in Consul's order of checks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from google.protobuf.duration_pb2 import Duration

from tidings.gateway import golang
from tidings.gateway.doors.consul.paths import PATHS
from tidings.gateway.golang import Query
from tidings.v1 import event_service_pb2 as pb

FIRE_PREFIX = PATHS.template("consul_fire").prefix

_NANOS_PER_S = 1_000_000_000
_FILTERS = ("node", "service", "tag")


class Refused(Exception):
    """A request that Consul answers with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What to list, how long to wait. `wait_ns` 0 = the default; negative = the longest."""

    name: str
    index: int
    wait_ns: int

    def request(self) -> pb.ListRequest:
        """Return the request to the service; a negative wait only says that there is no limit."""
        wait = Duration(seconds=-1)
        if self.wait_ns >= 0:
            wait = Duration(seconds=self.wait_ns // _NANOS_PER_S, nanos=self.wait_ns % _NANOS_PER_S)
        return pb.ListRequest(name=self.name, index=self.index, wait=wait)


def parse_list_query(query: Query) -> ListQuery:
    """Return the parsed request for a list; both numbers are checked even if it will not block.

    Raises:
        Refused: with Consul's text; `wait` is checked before `index`.

    Source: Consul 1.21 agent/http.go, `parseWait`.
    """
    wait_ns: int | None = 0
    if wait := query.first("wait"):
        wait_ns = golang.parse_duration(wait)
        if wait_ns is None:
            raise Refused(400, "Invalid wait time")
    index: int | None = 0
    if text := query.first("index"):
        index = golang.parse_uint(text)
        if index is None:
            raise Refused(400, "Invalid index")
    return ListQuery(golang.as_text(query.first("name")), index or 0, wait_ns or 0)


def parse_fire(path: bytes, query: Query, datacenter: str) -> pb.FireRequest:
    """Return what is to be fired, without its payload. `path` is percent-decoded.

    Raises:
        Refused: with Consul's text. Filters are checked by the service.

    Source: Consul 1.21 agent/event_endpoint.go, `EventFire`.
    """
    raw_name = path.removeprefix(FIRE_PREFIX).decode("utf-8", "surrogateescape")
    if not raw_name:
        raise Refused(400, "Missing name")
    if not golang.is_utf8(raw_name):
        raise Refused(400, "Invalid name: not UTF-8")
    filters = {field: query.first(field) for field in _FILTERS}
    if filters["tag"] and not filters["service"]:
        raise Refused(500, "Cannot provide tag filter without service filter")
    for field, value in filters.items():
        if not golang.is_utf8(value):
            raise Refused(
                500, f"Invalid {field} filter: error parsing regexp: invalid UTF-8: `{value}`"
            )
    if query.first("dc") not in ("", datacenter):
        raise Refused(500, "No path to datacenter")
    return pb.FireRequest(name=raw_name, **filters)


def redirect_target(path: bytes, raw_query: bytes) -> str | None:
    """Return where Go's router redirects a path that is not clean, None when it is.

    One that lacks only the slash before the name is redirected there.

    Source: Go 1.22 net/http, ServeMux; net/url, `URL.EscapedPath`.
    """
    cleaned = golang.clean_path(path)
    if cleaned + b"/" == FIRE_PREFIX:
        cleaned = FIRE_PREFIX
    if cleaned == path:
        return None
    location = quote(cleaned, safe="$&+,/:;=@")
    return location + ("?" + raw_query.decode("latin-1") if raw_query else "")
