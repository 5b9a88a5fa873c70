"""What the log is made of: drafts before the commit, records after it.

The bodies are opaque here: the encoded events, which only dialects and the rpc room can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tidings.core.damage import Damaged
from tidings.v1 import systems

BIRTH_SEQ = 1
"""Position of the birth record, which says whose log this is and which no API shows.

Consul says index 1 for an empty list, and a client that holds 1 waits; so the first event has 2.
"""


KEY_SEPARATOR = "\x1f"
"""Between source and id in a key made of both: ASCII's unit separator, not found in names."""

SYSTEMS = systems.SYSTEMS
"""Every system that has records, in the order of the contract's `Event.body`."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One record before the commit.

    `subject` is the system's name, or `system.<rest>`. `key` is at most 512 bytes of UTF-8 and
    names the draft among all drafts of its system; None = it has none. `digest` stands for the
    content when a key is used twice. `expect_last_seq`, if given, is the position that the
    subject's newest record must have (0 = the subject must have none).
    """

    system: str
    subject: str
    body: bytes
    key: str | None = None
    digest: bytes = b""
    expect_last_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a draft is stored; `duplicate` when it had been stored earlier under the same key."""

    seq: int
    duplicate: bool = False


class Record(NamedTuple):
    """One record after the commit. `recorded_at_us` never decreases along `seq`.

    A tuple, because a reader who catches up makes hundreds of thousands of them in a second.
    """

    seq: int
    recorded_at_us: int
    system: str
    subject: str
    body: bytes

    @property
    def is_damaged(self) -> bool:
        """Whether what was stored is not known any more; the body is empty then."""
        return isinstance(self.body, Damaged)

    @property
    def size_bytes(self) -> int:
        """Return what the record weighs against a bound of the tail, in bytes."""
        return len(self.body) + 128  # 128: the object and its places in lists


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is retained of a system or of the whole log.

    `first_seq` and `last_seq` are the oldest and newest retained positions, 0 and 0 when nothing
    is retained; everything up to `trimmed_through` (inclusive) may be gone. `end_seq` is the
    newest position of the whole log, at least 1.
    """

    first_seq: int
    last_seq: int
    trimmed_through: int
    end_seq: int


class Weight(NamedTuple):
    """How many records there are of something, and about what they take where they are stored."""

    records: int = 0
    size_bytes: int = 0


class KeyEntry(NamedTuple):
    """A key as it is stored: of the record at `seq`, which may be gone, with its draft's digest.

    `key` is empty where its text is not known any more: then it cannot be stored anywhere else.
    """

    seq: int
    system: str
    key: str
    digest: bytes
    recorded_at_us: int


class Stretch(NamedTuple):
    """All that a log has between a position and `through_seq`, inclusive: records and keys."""

    records: Sequence[Record]
    keys: Sequence[KeyEntry]
    through_seq: int


@dataclass(frozen=True, slots=True)
class StateEntry:
    """A small named value (a trim mark, a token); `revision` rises with every change."""

    name: str
    value: bytes
    revision: int


def system_of(subject: str) -> str:
    """Return the system that a subject belongs to: "puppet" for "puppet.352"."""
    return subject.partition(".")[0]


def covers(subject: str, candidate: str) -> bool:
    """Say whether `subject` covers `candidate`: itself, and a system's name all of its own."""
    return candidate == subject or candidate.startswith(subject + ".")
