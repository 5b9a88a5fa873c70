"""Streams that end: the parameters for them, and the bounded read that answers one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.transcode.query import bind_query
from tidings.gateway.transcode.same_fields import same_fields
from tidings.v1 import event_service_pb2 as pb

_FIELDS = {
    "follow": "follow",
    "limit": "limit",
    "until_time": "until_time",
    "untilTime": "until_time",
}
BOUNDS = frozenset(_FIELDS)
"""Parameters of /v1/events that the contract's stream does not have."""

_MAX_LIMIT = 2**63
_ENDLESS = {
    "nomad_index": "is for streams that follow; here give after_seq, from_time or position",
    "heartbeat_interval": "what ends has no heartbeats at intervals",
}


@dataclass(frozen=True, slots=True)
class BoundedRead:
    """The request for stored records, and how many are wanted at most (None = all)."""

    request: pb.ReadRecordsRequest
    limit: int | None


def bounded_read(
    subscribe: pb.SubscribeRequest, own: Sequence[tuple[str, str]]
) -> BoundedRead | None:
    """Return the read that answers a stream with an end; None = the stream follows.

    It ends where `follow=false`, `limit` or `until_time` says so.

    Raises:
        MalformedRequest: a bound is malformed, or contradicts the others or the start.
    """
    given = _given(own)
    if not _is_bounded(given):
        return None
    for name, problem in _ENDLESS.items():
        if subscribe.HasField(name):  # type: ignore[arg-type]  # names of fields
            raise MalformedRequest(name, problem)
    if subscribe.position == pb.START_POSITION_LATEST:
        raise MalformedRequest("position", "nothing is stored after the latest record")
    request = same_fields(subscribe, pb.ReadRecordsRequest)
    if "until_time" in given:
        query = urlencode({"until_time": given["until_time"]}).encode()
        bind_query(request, query)
    return BoundedRead(request, _limit_of(given.get("limit")))


def _given(own: Sequence[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in own:
        if name in BOUNDS:
            field = _FIELDS[name]
            if field in given:
                raise MalformedRequest(field, "is given more than once")
            given[field] = value
    return given


def _is_bounded(given: Mapping[str, str]) -> bool:
    follow = given.get("follow")
    if follow not in {None, "true", "false"}:
        raise MalformedRequest("follow", "must be true or false")
    others = [name for name in ("limit", "until_time") if name in given]
    if follow == "true" and others:
        raise MalformedRequest(
            "follow", f"cannot be true with {others[0]}: what follows has no end"
        )
    return follow == "false" or bool(others)


def _limit_of(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) < _MAX_LIMIT:
        raise MalformedRequest("limit", "must be a whole number from 1 up")
    return int(text)
