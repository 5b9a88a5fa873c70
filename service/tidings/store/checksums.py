"""Checksums of what is stored: computed once, when it is stored, and verified at each read.

CRC-32 detects every single flipped bit, and any other change except one in four thousand million.
It guards against faults, not against tampering.
"""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

_SUBJECTS = 4096


@lru_cache(_SUBJECTS)
def seed_of(system: str, subject: str) -> int:
    """Return the start value of the checksums of a subject's records."""
    return crc32(f"{system}\0{subject}".encode("utf-8", "surrogatepass"))


def record_checksum(seq: int, recorded_at_us: int, system: str, subject: str, body: bytes) -> int:
    """Return the checksum of a record; position and time are 0 where the store itself sets them.

    Both are mixed into the start value, which costs nothing: a flipped bit of either flips a bit of
    it.
    """
    mixed = seq ^ recorded_at_us
    return crc32(body, seed_of(system, subject) ^ mixed ^ (mixed >> 32))


def row_checksum(*values: int | str | bytes) -> int:
    """Return the checksum of any row of texts, bytes and whole numbers."""
    checksum = 0
    for value in values:
        encoded = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        checksum = crc32(encoded, crc32(b"%d\0" % len(encoded), checksum))
    return checksum
