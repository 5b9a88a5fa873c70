"""What became of drafts, as messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from tidings.core.errors import TidingsError
from tidings.core.record import Stored
from tidings.rpc.paging import first_page
from tidings.rpc.status import status_of
from tidings.v1 import event_service_pb2

_SIZE = event_service_pb2.PublishResult.ByteSize


def responses(
    outcomes: Iterable[Stored | TidingsError],
) -> Iterator[event_service_pb2.PublishStreamResponse]:
    """Yield the answers to drafts of a stream, in as few responses as bounds allow.

    Refusals have texts, and those of many drafts do not fit into one.
    """
    results = deque(map(_result, outcomes))
    while results:
        page = first_page(results, None, _SIZE)
        for _ in page:
            results.popleft()
        yield event_service_pb2.PublishStreamResponse(results=page)


def publish_response(stored: Stored) -> event_service_pb2.PublishResponse:
    """Return where a draft is stored, as a message."""
    return event_service_pb2.PublishResponse(seq=stored.seq, duplicate=stored.duplicate)


def _result(outcome: Stored | TidingsError) -> event_service_pb2.PublishResult:
    if isinstance(outcome, TidingsError):
        return event_service_pb2.PublishResult(error=status_of(outcome))
    return event_service_pb2.PublishResult(stored=publish_response(outcome))
