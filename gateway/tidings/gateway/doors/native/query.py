"""Selections that a query cannot spell by the contract's fields: whole systems, and topics."""

from __future__ import annotations

from tidings.gateway.transcode.errors import BadRequest
from tidings.gateway.transcode.query import parse_query
from tidings.v1 import event_service_pb2 as pb

SYSTEMS = ("nomad", "consul", "docker_cloud", "puppet", "feldera", "tidings")


def split_query(query: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a query without `system` and `topic`, and the values of these in their order.

    Raises:
        BadRequest: a malformed escape, or a text that is not UTF-8.
    """
    rest: list[bytes] = []
    own: list[tuple[str, str]] = []
    for part in query.split(b"&"):
        pairs = parse_query(part)
        if pairs and pairs[0][0] in ("system", "topic"):
            own.append((pairs[0][0], pairs[0][1] or ""))
        else:
            rest.append(part)
    return b"&".join(rest), own


def select(request: pb.SubscribeRequest, own: list[tuple[str, str]]) -> None:
    """Add the selections to a request: `system=consul`, `topic=Job`, `topic=Job:web`.

    Raises:
        BadRequest: there is no such system, or a topic is empty.
    """
    for name, value in own:
        if name == "system":
            if value not in SYSTEMS:
                raise BadRequest("system", f"must be one of {', '.join(SYSTEMS)}")
            getattr(request, value).SetInParent()
            continue
        topic, colon, key = value.partition(":")
        if not topic:
            raise BadRequest("topic", "must not be empty")
        added = request.nomad.topics.add(topic=topic)
        if colon:
            added.key = key
