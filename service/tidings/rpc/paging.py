"""Lists in pages: the end of a page, and the token of the next."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

from tidings.core.chunks import first_chunk
from tidings.core.errors import BadRequest
from tidings.core.limits import MAX_PAGE_BYTES

T = TypeVar("T")


def first_page(items: Iterable[T], limit: int | None, size_of: Callable[[T], int]) -> list[T]:
    """Return the first items: up to `limit` (None = any number), `MAX_PAGE_BYTES` in all.

    One larger item is a page of its own. Only the items of the page and one more are read.
    """
    # 8: its tag and length in the answer
    return first_chunk(items, lambda item: size_of(item) + 8, limit=limit, max_bytes=MAX_PAGE_BYTES)


def digest_of_texts(*texts: str) -> bytes:
    """Return a digest to seal a page token with, which is valid for these only."""
    return hashlib.sha256("\0".join(texts).encode()).digest()[:8]


def sealed_token(digest: bytes, *seqs: int) -> str:
    """Return a page token of positions that is valid only with this digest, of 8 bytes."""
    return sealed_text(digest, struct.pack(f">{len(seqs)}Q", *seqs))


def unsealed(token: str, digest: bytes, count: int) -> tuple[int, ...]:
    """Return the positions of a page token that `sealed_token` made with this digest.

    Raises:
        BadRequest: it was not made with it.
    """
    return struct.unpack(f">{count}Q", unsealed_text(token, digest, size_bytes=8 * count))


def sealed_text(digest: bytes, text: bytes) -> str:
    """Return a page token of a text that is valid only with this digest, of 8 bytes."""
    return base64.urlsafe_b64encode(digest + text).decode().rstrip("=")


def unsealed_text(token: str, digest: bytes, *, size_bytes: int | None = None) -> bytes:
    """Return the text of a page token, which may have to be of one length.

    Raises:
        BadRequest: the token was not made with this digest, or not of such a text.
    """
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except ValueError:
        packed = b""
    found, text = packed[: len(digest)], packed[len(digest) :]
    if len(found) < len(digest) or size_bytes not in (None, len(text)):
        raise BadRequest("page_token", "is not one that an answer gave")
    if found != digest:
        raise BadRequest("page_token", "is of another request, or of another log")
    return text


def check_page_size(page_size: int) -> None:
    """Refuse a negative page size.

    Raises:
        BadRequest: it is.
    """
    if page_size < 0:
        raise BadRequest("page_size", "must not be negative")
