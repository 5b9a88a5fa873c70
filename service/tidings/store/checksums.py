"""Checksums of what is stored: made once, when it is, and looked at whenever it is read.

CRC-32 finds any one flipped bit and, but for one in four thousand million, anything else; it guards
against disks, not against people.
"""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

_SUBJECTS = 4096


@lru_cache(_SUBJECTS)
def seed_of(system: str, subject: str) -> int:
    """Return what the checksum of a subject's records begins with."""
    return crc32(f"{system}\0{subject}".encode("utf-8", "surrogatepass"))


def record_checksum(seq: int, recorded_at_us: int, system: str, subject: str, body: bytes) -> int:
    """Return the checksum of a record; position and time are 0 where the store itself sets them.

    They are mixed into the start value, which costs nothing: one flipped bit of either is one
    flipped bit of that.
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
