"""Selections that the contract's fields cannot express in a query: whole systems, and topics."""

from __future__ import annotations

from collections.abc import Collection

from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.transcode.query import parse_query
from tidings.v1 import asking_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.systems import SYSTEMS

Split = tuple[bytes, list[tuple[str, str]]]

OWN = frozenset({"system", "topic"})
LAST_ID = "lastEventId"


def split_query(query: bytes, own_names: Collection[str] = OWN) -> Split:
    """Return a query without our own parameters, and the values of these in order.

    Raises:
        MalformedRequest: a malformed escape, or a text that is not UTF-8.
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


def select(
    request: pb.SubscribeRequest | pb.ReadRecordsRequest | asking_pb2.CountRecordsRequest,
    own: list[tuple[str, str]],
) -> None:
    """Add the selections to a request: `system=consul`, `topic=Job`, `topic=Job:web`.

    Raises:
        MalformedRequest: there is no such system, or a topic is empty.
    """
    for name, value in own:
        if name not in OWN:
            continue
        if name == "system":
            if value not in SYSTEMS:
                raise MalformedRequest("system", f"must be one of {', '.join(SYSTEMS)}")
            getattr(request.selection, value).SetInParent()
            continue
        topic, colon, key = value.partition(":")
        if not topic:
            raise MalformedRequest("topic", "must not be empty")
        added = request.selection.nomad.topics.add(topic=topic)
        if colon:
            added.key = key
