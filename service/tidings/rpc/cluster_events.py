"""GetClusterEvent and ListClusterEvents: what Feldera's API shows."""

from __future__ import annotations

import re

from tidings.core.errors import BadRequest, NotFound
from tidings.dialects.feldera.shown import ShownClusterEvents
from tidings.v1 import event_service_pb2, feldera_pb2

LATEST = "latest"

_HEX = "[0-9a-fA-F]"
_HYPHENATED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# The four spellings that Feldera takes, and no other: Python's own UUID() takes more.
# Source: the uuid crate's parser, as Feldera's server uses it.
_SPELLINGS = re.compile(
    rf"(?:{_HYPHENATED}|{_HEX}{{32}}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED})", re.ASCII
)
_INFO_FIELDS = tuple(
    f"{service}_{info}"
    for service in ("api", "compiler", "runner")
    for info in ("self_info", "resources_info")
)


class ClusterEvents:
    """Answers from the projection of Feldera's events."""

    def __init__(self, shown: ShownClusterEvents) -> None:
        self._shown = shown

    def get(
        self, request: event_service_pb2.GetClusterEventRequest
    ) -> event_service_pb2.GetClusterEventResponse:
        """Return one event, or the newest.

        Raises:
            BadRequest: event_id is neither "latest" nor a UUID.
            NotFound: there is no such event, or none at all.
        """
        if request.event_id == LATEST:
            newest = self._shown.newest_first()
            if not newest:
                raise NotFound("cluster event", "")
            return event_service_pb2.GetClusterEventResponse(
                event=_selected(newest[0], request.fields)
            )
        event_id = canonical_id(request.event_id)
        event = self._shown.get(event_id)
        if event is None:
            raise NotFound("cluster event", event_id)
        return event_service_pb2.GetClusterEventResponse(event=_selected(event, request.fields))

    def list(
        self, request: event_service_pb2.ListClusterEventsRequest
    ) -> event_service_pb2.ListClusterEventsResponse:
        """Return all events that are shown, newest first."""
        return event_service_pb2.ListClusterEventsResponse(
            events=[_selected(event, request.fields) for event in self._shown.newest_first()]
        )


def canonical_id(text: str) -> str:
    """Return a UUID in lower case with hyphens, from one of the spellings that Feldera takes.

    Raises:
        BadRequest: it is none of them.
    """
    if not _SPELLINGS.fullmatch(text):
        raise BadRequest("event_id", f"{text!r} is neither {LATEST!r} nor a UUID")
    digits = text.removeprefix("urn:uuid:").strip("{}").replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _selected(
    event: feldera_pb2.FelderaClusterEvent, fields: feldera_pb2.FelderaFields.ValueType
) -> feldera_pb2.FelderaClusterEvent:
    if fields == feldera_pb2.FELDERA_FIELDS_ALL:
        return event
    selected = feldera_pb2.FelderaClusterEvent()
    selected.CopyFrom(event)
    for field in _INFO_FIELDS:
        selected.ClearField(field)  # type: ignore[arg-type]  # a name that the table above made
    return selected
