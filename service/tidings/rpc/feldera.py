"""GetClusterEvent and ListClusterEvents: what Feldera's API shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.core.errors import BadRequest, NotFound
from tidings.dialects.feldera.shown import Shown, ShownClusterEvents
from tidings.dialects.rules import check_enums
from tidings.rpc.paging import check_page_size, digest_of_texts, first_page, sealed_token, unsealed
from tidings.v1 import event_service_pb2, feldera_pb2

LATEST = "latest"

_HEX = "[0-9a-fA-F]"
_HYPHENATED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# The four spellings that Feldera takes, and no other: Python's own UUID() takes more.
# Source: the uuid crate's parser, as Feldera's server uses it.
_SPELLINGS = re.compile(
    rf"(?:{_HYPHENATED}|{_HEX}{{32}}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED})", re.ASCII
)
_STATUS_FIELDS = frozenset(
    ("id", "recorded_at", "all_healthy", "api_status", "compiler_status", "runner_status")
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
            BadRequest: event_id is neither "latest" nor a UUID, or fields is not valid.
            NotFound: there is no such event, or none at all.
        """
        check_enums(request)
        if request.event_id == LATEST:
            newest = next(self._shown.newest_first(), None)
            if newest is None:
                raise NotFound("cluster event", "")
            return event_service_pb2.GetClusterEventResponse(
                event=_selected(newest.event, request.fields)
            )
        event_id = canonical_id(request.event_id)
        event = self._shown.get(event_id)
        if event is None:
            raise NotFound("cluster event", event_id)
        return event_service_pb2.GetClusterEventResponse(event=_selected(event, request.fields))

    def list(
        self, request: event_service_pb2.ListClusterEventsRequest
    ) -> event_service_pb2.ListClusterEventsResponse:
        """Return a page of the events that are shown, newest first.

        Events stored between two pages are on neither.

        Raises:
            BadRequest: the page size, the page token or fields is not valid.
        """
        check_enums(request)
        check_page_size(request.page_size)
        before = None
        digest = digest_of_texts("ListClusterEvents", str(request.fields))
        if request.page_token:
            (before,) = unsealed(request.page_token, digest, 1)
        answer = event_service_pb2.ListClusterEventsResponse()
        rest = self._after(before)
        selected = ((shown.seq, _selected(shown.event, request.fields)) for shown in rest)
        page = first_page(selected, request.page_size or None, lambda one: one[1].ByteSize())
        answer.events.extend(event for _, event in page)
        if page and next(self._after(page[-1][0]), None) is not None:
            answer.next_page_token = sealed_token(digest, page[-1][0])
        return answer

    def _after(self, before: int | None) -> Iterator[Shown]:
        """Yield what is shown, newest first, from below a position on."""
        return (
            shown for shown in self._shown.newest_first() if before is None or shown.seq < before
        )


def canonical_id(text: str) -> str:
    """Return a UUID in lower case with hyphens, from one of the spellings that Feldera takes.

    Raises:
        BadRequest: it is not one of them.
    """
    if not _SPELLINGS.fullmatch(text):
        raise BadRequest("event_id", f"is neither {LATEST!r} nor a UUID")
    digits = text.removeprefix("urn:uuid:").strip("{}").replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _selected(
    event: feldera_pb2.FelderaClusterEvent, fields: feldera_pb2.FelderaFields.ValueType
) -> feldera_pb2.FelderaClusterEvent:
    if fields == feldera_pb2.FELDERA_FIELDS_ALL:
        return event
    # not a copy without the infos, which may have megabytes
    return feldera_pb2.FelderaClusterEvent(
        **{field.name: value for field, value in event.ListFields() if field.name in _STATUS_FIELDS}
    )
