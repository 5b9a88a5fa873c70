"""The outcomes of drafts, as messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tidings.core.chunks import chunks
from tidings.core.errors import TidingsError
from tidings.core.limits import KIB
from tidings.core.record import Stored
from tidings.rpc.status import status_of
from tidings.v1 import event_service_pb2

MAX_BYTES = 64 * KIB
"""Limit of one response: a refusal takes some microseconds, and the task yields between two
responses. Positions of 1000 drafts fit."""


def responses(
    outcomes: Iterable[Stored | TidingsError],
) -> Iterator[event_service_pb2.PublishStreamResponse]:
    """Yield the answers to drafts of a stream, in few responses of a bounded size."""
    for some in chunks(map(_result, outcomes), _size, max_bytes=MAX_BYTES):
        yield event_service_pb2.PublishStreamResponse(results=some)


def _result(outcome: Stored | TidingsError) -> event_service_pb2.PublishResult:
    if isinstance(outcome, TidingsError):
        return event_service_pb2.PublishResult(error=status_of(outcome))
    stored = event_service_pb2.PublishResponse(seq=outcome.seq, duplicate=outcome.duplicate)
    return event_service_pb2.PublishResult(stored=stored)


def _size(result: event_service_pb2.PublishResult) -> int:
    return result.ByteSize() + 4  # its tag and length
