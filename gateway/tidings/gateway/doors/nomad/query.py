"""What a request to Nomad's event stream asks for: pure, in Nomad's order of checks.

Differs on purpose where Nomad forgets to stop after an error (a signed index, malformed generic
options): here it is 400 and the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidings.gateway import golang
from tidings.v1 import event_service_pb2, nomad_pb2, selection_pb2

ALL = "*"
DEFAULT_NAMESPACE = "default"


class BadStreamQuery(Exception):
    """A request that Nomad answers with 400 and this text."""


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """A parsed request. `topics` are (topic, key) pairs without repeats; empty = everything.

    A region of "" is the server's own.
    """

    index: int
    topics: tuple[tuple[str, str], ...]
    namespace: str
    region: str

    def selector(self) -> nomad_pb2.NomadSelector:
        """Return the selection in the contract's words; equal selections are equal messages."""
        return nomad_pb2.NomadSelector(
            topics=[nomad_pb2.NomadTopicFilter(topic=topic, key=key) for topic, key in self.topics],
            namespace=self.namespace,
        )

    def request(self) -> event_service_pb2.SubscribeRequest:
        """Return the request to the service, start included."""
        return event_service_pb2.SubscribeRequest(
            nomad_index=self.index,
            payload_format=event_service_pb2.PAYLOAD_FORMAT_JSON,
            selection=selection_pb2.Selection(nomad=self.selector()),
        )


def parse_stream_query(raw_query: bytes) -> StreamQuery:
    """Parse the raw query of a request for the stream.

    Raises:
        BadStreamQuery: with Nomad's text.

    Source: Nomad 2.0 command/agent/event_endpoint.go and http.go, `parse`.
    """
    query = golang.parse_query_leniently(raw_query)
    index = _parse_index(query.first("index"))
    topics = _parse_topics(query.all("topic"))
    _check_options(query)
    return StreamQuery(
        index,
        topics,
        golang.as_text(query.first("namespace")) or DEFAULT_NAMESPACE,
        golang.as_text(query.first("region")),
    )


def _parse_index(text: str) -> int:
    if not text:
        return 0
    index = golang.parse_int(text)
    if isinstance(index, str):
        raise BadStreamQuery(
            f"Unable to parse index: strconv.Atoi: parsing {golang.quote(text)}: {index}"
        )
    return index


def _parse_topics(values: list[str]) -> tuple[tuple[str, str], ...]:
    pairs: set[tuple[str, str]] = set()
    for value in values:
        topic, colon, key = value.partition(":")
        if ":" in key:
            raise BadStreamQuery(
                "Invalid topic query: error parsing topics: "
                f"Invalid key value pair for topic, topic: {value}"
            )
        pairs.add((golang.as_text(topic), golang.as_text(key) if colon else ALL))
    if (ALL, ALL) in pairs:
        return ()
    return tuple(sorted(pairs))


def _check_options(query: golang.Query) -> None:
    """Refuse malformed options even if they are ignored here, and an index that is not unsigned."""
    stale = query.first("stale")
    if stale and golang.parse_bool(stale) is None:
        raise BadStreamQuery("Expect `true` or `false` for `stale` query string parameter")
    per_page = query.first("per_page")
    if per_page and not _is_int32(per_page):
        raise BadStreamQuery("Expect a number for `per_page` query string parameter")
    wait = query.first("wait")
    if wait and golang.parse_duration(wait) is None:
        raise BadStreamQuery("Invalid wait time")
    index = query.first("index")
    if index and golang.parse_uint(index) is None:  # it has a sign
        raise BadStreamQuery("Invalid index")


def _is_int32(text: str) -> bool:
    value = golang.parse_int(text)
    return isinstance(value, int) and -(2**31) <= value < 2**31
