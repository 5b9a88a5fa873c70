"""Selections that a query cannot spell by the contract's fields: whole systems, and topics."""

from __future__ import annotations

from collections.abc import Collection

from tidings.gateway.transcode.errors import BadRequest
from tidings.gateway.transcode.query import parse_query
from tidings.v1 import event_service_pb2 as pb

Split = tuple[bytes, list[tuple[str, str]]]

SYSTEMS = ("nomad", "consul", "docker_cloud", "puppet", "feldera", "tidings")


SSE_TYPE = "text/event-stream"

OWN = frozenset({"system", "topic"})
LAST_ID = "lastEventId"


def split_query(query: bytes, own_names: Collection[str] = OWN) -> Split:
    """Return a query without parameters that are ours, and the values of these in their order.

    Raises:
        BadRequest: a malformed escape, or a text that is not UTF-8.
    """
    rest: list[bytes] = []
    own: list[tuple[str, str]] = []
    for part in query.split(b"&"):
        pairs = parse_query(part)
        if pairs and pairs[0][0] in own_names:
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
        if name == LAST_ID:
            continue
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


def wants_events(accept: str | None) -> bool:
    """Say whether a client asks for server-sent events, and not with the weight 0.

    Source: RFC 9110 section 12.5.1. A range that covers them without naming them is not enough.
    """
    for offer in (accept or "").lower().split(","):
        kind, *parameters = (part.strip() for part in offer.split(";"))
        if kind == SSE_TYPE:
            weights = [text[2:].strip() for text in parameters if text.startswith("q=")]
            return all(weight.strip("0.") or not weight for weight in weights)
    return False
