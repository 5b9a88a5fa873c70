"""Counts of events as the index keeps them, and questions for them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class CountGroup(NamedTuple):
    """What events are counted by."""

    system: str
    type: str
    source: str


class Key(NamedTuple):
    """What is counted apart: where the span of time begins, and the group; None = not asked for."""

    start_us: int | None
    system: str | None
    type: str | None
    source: str | None


class Tallied(NamedTuple):
    """How many events of a key there are, and the last one."""

    key: Key
    events: int
    last_seq: int
    last_us: int


@dataclass(frozen=True, slots=True)
class TallyQuestion:
    """Asks for counts of what lies between positions and times, `until` and `before` exclusive.

    `after_seq` says for each system that is wanted past which position; `key_of` says as what a
    group counts, None = not at all, and leaves the time to be filled in. A span begins at a
    multiple of `bucket_us`; 0 = all is one.
    """

    after_seq: Mapping[str, int]
    before_seq: int
    from_us: int
    until_us: int
    bucket_us: int
    key_of: Callable[[CountGroup], Key | None]
