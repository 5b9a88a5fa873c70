"""All limits of the log."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogLimits:
    """What the log may hold, and how long its parts wait for each other.

    The defaults suit one machine. With a longer tail, readers that fall behind read from the store
    later; a larger commit only raises throughput under load, since a single draft is never delayed.
    """

    tail_count: int = 65_536
    """The maximum number of records in the tail."""

    tail_bytes: int = 64 * MIB
    """Their maximum size (`Record.size_bytes`)."""

    group_count: int = 1_024
    """Matches that a group keeps; a reader that is further behind matches by itself."""

    queue_count: int = 10_000
    """Drafts that wait before the writer; the publisher that exceeds it is accepted, the next
    waits."""

    queue_bytes: int = 64 * MIB
    """The size of their bodies; counted as `queue_count` is."""

    commit_count: int = 1_000  # the most that a NATS atomic batch may hold (ADR-50)
    """The maximum number of drafts of one commit."""

    commit_bytes: int = 16 * MIB
    """The maximum size of their bodies, except for one larger draft."""

    store_readers: int = 2
    """Pages that readers who are behind may read from the store at the same time."""

    publisher_priority_s: float = 0.06
    """How long a reader who is behind yields to publishers before a page: longer than two large
    appends, and short enough not to be noticed when the store hangs."""

    append_lag_s: float = 1.0
    """How long an append, once committed, waits for the tail, so that publishers read their own
    writes."""

    reader_lag_s: float = 2.0
    """How long a reader waits for the tail when only the store has its position."""


DEFAULT_LIMITS = LogLimits()
