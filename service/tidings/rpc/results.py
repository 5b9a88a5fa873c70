"""What became of drafts, as messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tidings.core.errors import TidingsError
from tidings.core.limits import KIB
from tidings.core.record import Stored
from tidings.rpc.status import status_of
from tidings.v1 import event_service_pb2

MAX_BYTES = 64 * KIB
"""Of one response: to make a refusal takes some microseconds, and others have their turn between
two responses. Positions of 1000 drafts fit in."""


def responses(
    outcomes: Iterable[Stored | TidingsError],
) -> Iterator[event_service_pb2.PublishStreamResponse]:
    """Yield the answers to drafts of a stream, in few responses of a bounded size."""
    response = event_service_pb2.PublishStreamResponse()
    size_bytes = 0
    for result in map(_result, outcomes):
        size_bytes += result.ByteSize() + 4  # 4: its tag and length
        if size_bytes > MAX_BYTES and response.results:
            yield response
            response, size_bytes = event_service_pb2.PublishStreamResponse(), result.ByteSize()
        response.results.append(result)
    if response.results:
        yield response


def publish_response(stored: Stored) -> event_service_pb2.PublishResponse:
    """Return where a draft is stored, as a message."""
    return event_service_pb2.PublishResponse(seq=stored.seq, duplicate=stored.duplicate)


def _result(outcome: Stored | TidingsError) -> event_service_pb2.PublishResult:
    if isinstance(outcome, TidingsError):
        return event_service_pb2.PublishResult(error=status_of(outcome))
    return event_service_pb2.PublishResult(stored=publish_response(outcome))
