"""Lists in pages: how far one reaches, and the token of the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tidings.core.errors import BadRequest
from tidings.core.limits import MAX_PAGE_BYTES

T = TypeVar("T")

_MAX_SEQ = 2**64 - 1
_MAX_DIGITS = len(str(_MAX_SEQ))


def first_page(items: Iterable[T], limit: int | None, size_of: Callable[[T], int]) -> list[T]:
    """Return the first items: up to `limit` (None = any number), `MAX_PAGE_BYTES` in all.

    One larger item is a page of its own. Not more of the items is looked at than the page and one.
    """
    page: list[T] = []
    size_bytes = 0
    for item in items:
        size_bytes += size_of(item) + 8  # 8: its tag and length in the answer
        if page and (size_bytes > MAX_PAGE_BYTES or len(page) == limit):
            break
        page.append(item)
    return page


def parse_positions(token: str, count: int) -> tuple[int, ...]:
    """Return the positions that a page token is made of, as `token_of` made it.

    Raises:
        BadRequest: it was not made so.
    """
    parts = token.split("-", count)
    if len(parts) != count or not all(map(_is_position, parts)):
        raise BadRequest("page_token", "is not one that an answer gave")
    return tuple(map(int, parts))


def token_of(*seqs: int) -> str:
    """Return a page token of positions."""
    return "-".join(map(str, seqs))


def check_page_size(page_size: int) -> None:
    """Refuse a negative page size.

    Raises:
        BadRequest: it is.
    """
    if page_size < 0:
        raise BadRequest("page_size", "must not be negative")


def _is_position(text: str) -> bool:
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return False
    return text == str(int(text)) and int(text) <= _MAX_SEQ
