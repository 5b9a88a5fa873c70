"""Readers with equal selections, together: matched once, woken together, served the same batch.

The index finds the groups that a record may concern by its system and terms, so that what a record
costs grows with those who want it, not with those who listen.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple
from weakref import WeakValueDictionary

from tidings.core.record import Record
from tidings.core.selection import Envelope, Selection
from tidings.log.alarm import Waiter
from tidings.log.batch import Batch, Pick, fitting
from tidings.log.tail import Tail

_Match = tuple[int, tuple[int, ...] | None]  # seq, places
_SEQ = itemgetter(0)
_ANY: Hashable = object()  # the term of those who name none; no dialect can have it

# Followers of one group that are told in one turn of the loop. Each may write what it is told, and
# some thousand writes in a row would keep publishers waiting for their answers.
_TOLD_AT_ONCE = 64


class _Shared(NamedTuple):
    """A batch, and who is given it: whoever asks past a position from one to below the other."""

    from_seq: int
    until_seq: int
    limit: int
    max_bytes: int
    batch: Batch


class Group:
    """The readers of one selection, and what they were last woken for.

    Remembers every match past `_since_seq`, by position only: the records stay the tail's, so that
    a group of rare matches keeps no old record alive. Made and fed by `Groups`; read by its
    followers.
    """

    def __init__(self, selection: Selection, tail: Tail, max_count: int) -> None:
        self.selection = selection
        self.follower_count = 0
        self._tail = tail
        self._max_count = max_count
        self._since_seq = tail.last_seq
        self._matches: list[_Match] = []
        self._waiters: dict[Waiter, None] = {}
        self._untold: deque[Waiter] = deque()
        self._has_more_to_tell = False
        self._shared: _Shared | None = None  # the newest, held while followers are told of it
        # Weak: a batch lives as long as somebody is writing it out, and not for those who may never
        # come.
        self._batches: WeakValueDictionary[tuple[int, int, int], Batch] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._matches)

    def admit(self, record: Record, envelope: Envelope | None) -> bool:
        """Remember the record if any of it is wanted, and say so; the caller then calls `wake`.

        Without an envelope all of it is.
        """
        places = None if envelope is None else self.selection.pick(record.system, envelope)
        if places == ():
            return False
        self._matches.append((record.seq, places))
        if len(self._matches) > self._max_count:
            gone = 1 + self._max_count // 16  # in slices, as the tail is cut
            self._since_seq = self._matches[gone - 1][0]
            del self._matches[:gone]
        return True

    def wake(self) -> None:
        """Let every waiting follower look soon; who was told just now, once more."""
        self._batches.clear()  # they may lack what has just come
        self._shared = None
        if self._untold:
            self._has_more_to_tell = True
        elif self._waiters:
            self._untold.extend(self._waiters)
            asyncio.get_running_loop().call_soon(self._tell)

    def wait(self, waiter: Waiter) -> None:
        """Tell it of every match from now on."""
        self._waiters[waiter] = None

    def leave(self, waiter: Waiter) -> None:
        """Forget one who waits no more."""
        self._waiters.pop(waiter, None)

    def is_quiet(self, after_seq: int) -> bool:
        """Say whether it is certain that the tail holds nothing wanted past `after_seq`."""
        quiet_from = self._matches[-1][0] if self._matches else self._since_seq
        return after_seq >= quiet_from

    def after(self, seq: int, limit: int, max_bytes: int) -> Batch | None:
        """Return what comes past `seq`, shared by all who ask the same; empty when nothing does.

        None when the group or the tail does not reach back that far.
        """
        shared = self._shared
        if (
            shared is not None
            and shared.from_seq <= seq < shared.until_seq
            and shared.limit == limit
            and shared.max_bytes == max_bytes
        ):
            return shared.batch
        if seq < self._since_seq:
            return None
        start = bisect_right(self._matches, seq, key=_SEQ)
        if start == len(self._matches):
            return Batch((), self._tail.last_seq)
        first_seq = self._matches[start][0]
        if first_seq <= self._tail.floor_seq:
            return None
        asked = (
            first_seq,
            limit,
            max_bytes,
        )  # not `seq`: equal followers differ in what they skipped
        batch = self._batches.get(asked)
        if batch is None:
            batch = self._batches[asked] = self._batch(start, limit, max_bytes)
        if self._untold:
            before = self._matches[start - 1][0] if start else self._since_seq
            self._shared = _Shared(before, first_seq, limit, max_bytes, batch)
        return batch

    def _tell(self) -> None:
        for _ in range(min(_TOLD_AT_ONCE, len(self._untold))):
            # the last one sees that he is told while others wait: the batch is held for him too
            self._untold[0].tell()
            self._untold.popleft()
        if not self._untold and self._has_more_to_tell:
            self._has_more_to_tell = False
            self._untold.extend(self._waiters)
        if self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        else:
            self._shared = None

    def _batch(self, start: int, limit: int, max_bytes: int) -> Batch:
        matches = self._matches[start : start + limit]
        records = fitting((self._tail.at(seq) for seq, _ in matches), limit, max_bytes)
        picks = tuple(
            Pick(record, places) for record, (_, places) in zip(records, matches, strict=False)
        )
        all_of_them = start + len(picks) == len(self._matches)
        return Batch(picks, self._tail.last_seq if all_of_them else picks[-1].record.seq)


class Groups:
    """Every group that has a follower, found by the systems and terms that it asks for."""

    def __init__(
        self, tail: Tail, envelope_of: Callable[[Record], Envelope], max_count: int
    ) -> None:
        self._tail = tail
        self._envelope_of = envelope_of
        self._max_count = max_count
        self._groups: dict[Selection, Group] = {}
        self._by_term: dict[str, dict[Hashable, set[Group]]] = {}  # of each system
        self._by_system: Counter[str] = Counter()
        self._choosy: Counter[str] = Counter()  # who want some of a system, and not all

    def __len__(self) -> int:
        return len(self._groups)

    def join(self, selection: Selection) -> Group:
        """Return the group of this selection, with one follower more."""
        group = self._groups.get(selection)
        if group is None:
            group = self._groups[selection] = Group(selection, self._tail, self._max_count)
            self._by_system.update(selection.systems)
            self._choosy.update(selection.systems - selection.whole_systems)
            for system, term in _entries(selection):
                self._by_term.setdefault(system, {}).setdefault(term, set()).add(group)
        group.follower_count += 1
        return group

    def leave(self, group: Group) -> None:
        """Take one follower from the group; with its last one it is gone."""
        group.follower_count -= 1
        if group.follower_count:
            return
        del self._groups[group.selection]
        self._by_system.subtract(group.selection.systems)
        self._choosy.subtract(group.selection.systems - group.selection.whole_systems)
        for system, term in _entries(group.selection):
            by_term = self._by_term[system]
            by_term[term].discard(group)
            if not by_term[term]:
                del by_term[term]

    def advance(self, committed: Sequence[Record]) -> None:
        """Match records that the tail has just taken, then wake the groups that got any."""
        moved: set[Group] = set()
        for record in committed:
            if not self._by_system[record.system]:
                continue
            # not opened where nobody listens, or everybody wants whatever is in it
            envelope = self._envelope_of(record) if self._choosy[record.system] else None
            for group in self._candidates(record.system, envelope):
                if group.admit(record, envelope):
                    moved.add(group)
        for group in moved:
            group.wake()

    def close(self) -> None:
        """Wake everybody, to see that the log is closed."""
        for group in self._groups.values():
            group.wake()

    def _candidates(self, system: str, envelope: Envelope | None) -> Collection[Group]:
        by_term = self._by_term.get(system, {})
        if envelope is not None and not envelope.events:  # damaged: whoever wants any hears of it
            return set().union(*by_term.values())
        terms = (_ANY,) if envelope is None else (_ANY, *envelope.terms)
        found = [by_term[term] for term in terms if term in by_term]
        return found[0] if len(found) == 1 else set().union(*found)


def _entries(selection: Selection) -> Iterator[tuple[str, Hashable]]:
    """Yield where the index holds a selection: under its terms, or under any term."""
    for system, matcher in selection.matchers:
        terms = matcher.terms
        for term in (_ANY,) if terms is None else terms:
            yield system, term
