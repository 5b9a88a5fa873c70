"""How much a JSON text may hold for its length: what is dense takes long to parse, in one piece."""

from __future__ import annotations

import re

from tidings.core.errors import BadRequest
from tidings.core.limits import KIB

FREE_CONTAINERS, BYTES_A_CONTAINER = 10_000, 12
"""Objects and arrays of any text, and what the others take on average at least. A job of Nomad's
has one for about 100 bytes."""

FREE_VALUES, BYTES_A_VALUE = 100_000, 10
"""Members and elements, the same way; a job of Nomad's has one for about 30 bytes."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SHORT_BYTES = 64 * KIB


def check_density(text: bytes, path: str) -> None:
    """Refuse a JSON text that would be parsed to more than some times its length.

    Raises:
        BadRequest: it holds too many values.
    """
    if len(text) <= _SHORT_BYTES or not _is_dense(text, len(text)):
        return
    if _is_dense(_STRING.sub(b"", text), len(text)):  # what is in strings does not count
        raise BadRequest(path, "holds more values than a text of its length may")


def _is_dense(text: bytes, size_bytes: int) -> bool:
    containers = text.count(b"[") + text.count(b"{")
    values = containers + text.count(b",")
    return (
        containers > FREE_CONTAINERS + size_bytes // BYTES_A_CONTAINER
        or values > FREE_VALUES + size_bytes // BYTES_A_VALUE
    )
