"""Reading a stream from its end: the server reads forwards only, so this reads range by range.

How this works: the server counts the messages of a range before the position, without reading them,
and the wanted ones are read forwards. The count is only an estimate: a range is done when its
messages were read to its end.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection

from tidings.core.chunks import body_bytes, first_chunk
from tidings.core.record import BIRTH_SEQ
from tidings.store.jetstream.message import Message
from tidings.store.jetstream.read import MessageReader

_AT_ONCE = 8  # whose sizes are unknown: at most 32 MiB
_GROWTH = 8


async def page_before(
    reader: MessageReader,
    filters: Collection[str],
    before_seq: int,
    limit: int,
    max_bytes: int | None = None,
) -> list[Message]:
    """Return up to `limit` messages before a sequence, newest first, of one view of the stream.

    Stops early, but not before one message, when bodies exceed `max_bytes`.
    """
    # One end for all, or a message stored between two requests would be skipped for ever.
    before_seq = min(before_seq, await reader.last_seq() + 1)
    page: list[Message] = []
    size_bytes = 0
    at_once = limit if max_bytes is None else _AT_ONCE
    while len(page) < limit and (max_bytes is None or not page or size_bytes <= max_bytes):
        wanted = min(at_once, limit - len(page))
        ranges = [await _newest(reader, each, before_seq, wanted) for each in filters]
        merged = heapq.merge(*ranges, key=lambda message: message.seq, reverse=True)
        some = [message for message, _ in zip(merged, range(wanted), strict=False)]
        page += some
        if len(some) < wanted:
            break
        before_seq = some[-1].seq
        if max_bytes is not None:
            sizes = [len(message.body) for message in some]
            size_bytes += sum(sizes)
            room = max(0, max_bytes - size_bytes) // max(1, *sizes)
            at_once = max(1, min(at_once * _GROWTH, room))
    return first_chunk(page, body_bytes, max_bytes=max_bytes)


async def _newest(
    reader: MessageReader, filter_subject: str, before_seq: int, limit: int
) -> list[Message]:
    """Return the newest `limit` messages of one filter before a sequence, newest first."""
    found: list[Message] = []
    span = 2 * limit
    while len(found) < limit and before_seq > BIRTH_SEQ + 1:
        wanted = limit - len(found)
        from_seq = max(BIRTH_SEQ + 1, before_seq - span)
        inside = await reader.count_from(filter_subject, from_seq)
        inside -= await reader.count_from(filter_subject, before_seq)
        if inside > wanted:
            from_seq = await reader.nth_from(filter_subject, from_seq, inside - wanted + 1)
        found += await _last_of(reader, filter_subject, from_seq, before_seq, wanted)
        before_seq = from_seq
        span *= _GROWTH
    return found


async def _last_of(
    reader: MessageReader, filter_subject: str, from_seq: int, before_seq: int, limit: int
) -> list[Message]:
    """Return the newest messages of a range, newest first; reads all of it."""
    kept: deque[Message] = deque(maxlen=limit)
    after_seq = from_seq - 1
    while True:
        page = await reader.range(filter_subject, after_seq, limit, end_seq=before_seq - 1)
        kept += page
        if len(page) < limit:
            return list(reversed(kept))
        after_seq = page[-1].seq
