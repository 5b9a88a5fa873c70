"""Cuts sequences by count and by bytes: pages, commits, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

T = TypeVar("T")


class HasBody(Protocol):
    """A draft, a record, a stored message."""

    @property
    def body(self) -> bytes:
        """What it weighs by."""
        ...


def body_bytes(item: HasBody) -> int:
    """Return the length of a body."""
    return len(item.body)


def first_chunk(
    items: Iterable[T],
    size_of: Callable[[T], int],
    *,
    limit: int | None = None,
    max_bytes: int | None = None,
) -> list[T]:
    """Return the first items: at most `limit`, and at most `max_bytes` in all. None = no bound.

    An item larger than `max_bytes` is a chunk of its own. At most one item more is taken.
    """
    chunk: list[T] = []
    size_bytes = 0
    for item in islice(items, limit):
        size_bytes += size_of(item)
        if chunk and max_bytes is not None and size_bytes > max_bytes:
            break
        chunk.append(item)
    return chunk


def chunks(
    items: Iterable[T], size_of: Callable[[T], int], *, max_bytes: int, limit: int | None = None
) -> Iterator[list[T]]:
    """Yield all items in chunks, each as large as `first_chunk` allows; none of none."""
    chunk: list[T] = []
    size_bytes = 0
    for item in items:
        item_bytes = size_of(item)
        if chunk and (len(chunk) == limit or size_bytes + item_bytes > max_bytes):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(item)
        size_bytes += item_bytes
    if chunk:
        yield chunk
