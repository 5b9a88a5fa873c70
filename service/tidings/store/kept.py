"""A log as commands read it, in any store: as a whole, and unchanged."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from tidings.core.record import Record


class Untold(str):
    """Stands in for a key of which the log has no text, only its hash. Empty."""

    __slots__ = ()


KEY_UNTOLD = Untold()

CanRead = Callable[[Record], bool]
"""Says whether a record's body can be decoded."""


def anything(record: Record) -> bool:
    """Accept any body, as a store does."""
    del record
    return True


def content_problem(record: Record, can_read: CanRead) -> str | None:
    """Return what is wrong with the content of a record, or None."""
    if record.is_damaged:
        return f"record {record.seq}: damaged, its content is not what was stored"
    if not can_read(record):
        return f"record {record.seq}: its content cannot be decoded"
    return None


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `problems` is empty when the log is whole; else numbers may be 0."""

    log_id: str
    records: int
    first_seq: int
    last_seq: int
    problems: tuple[str, ...]
    unchecked: int = 0
    """Records without a checksum, which an older Tidings stored."""


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log that can be read, also while services use it; no method changes anything.

    `check` reports everything that is wrong. `export` yields every record of one moment, in order,
    with its key: None = it has none, `KEY_UNTOLD` = it is not known. A damaged record is yielded as
    such (`Record.is_damaged`).

    Both raise `StoreCorrupt` (there is no log that could be read), `StoreUnavailable` (it cannot
    be reached or read) and `StoreUnfit` (servers that cannot answer).
    """

    check: Callable[[CanRead], Report]
    export: Callable[[], Generator[tuple[Record, str | None]]]
