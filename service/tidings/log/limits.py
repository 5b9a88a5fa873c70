"""Every bound of the log, in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogLimits:
    """What the log may hold, and how long it waits for itself.

    The defaults suit one machine. More tail lets readers who fall behind stay out of the store for
    longer; a larger commit raises throughput under load only, for a lone draft never waits for
    company.
    """

    tail_count: int = 65_536
    """Records that the tail holds at most."""

    tail_bytes: int = 64 * MIB
    """What they weigh at most (`Record.size_bytes`)."""

    group_count: int = 1_024
    """Matches that a group of equal readers remembers; who is further behind matches by himself."""

    queue_count: int = 10_000
    """Drafts that wait before the writer; one more publisher gets in and the next one waits."""

    queue_bytes: int = 64 * MIB
    """What their bodies weigh; counted as `queue_count` is."""

    commit_count: int = 1_000  # the most that a NATS atomic batch may hold (ADR-50)
    """Drafts of one commit at most."""

    commit_bytes: int = 16 * MIB
    """What their bodies weigh at most, one larger draft excepted."""

    store_readers: int = 2
    """Pages that readers who are behind may be reading from the store at once."""

    courtesy_s: float = 0.06
    """How long a reader who is behind gives way to publishers before a page: longer than two large
    appends take, and short enough not to be felt when the store hangs."""

    append_lag_s: float = 1.0
    """How long an append, once committed, waits for the tail, so that its publisher reads it."""

    reader_lag_s: float = 2.0
    """How long a reader whose position the store has and the tail has not waits for the tail."""


DEFAULT_LIMITS = LogLimits()
