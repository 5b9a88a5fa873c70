"""Fan-out: readers with equal selections form a group that is matched, woken and served once.

An index finds the groups that may want a record by its system and terms, so that the cost of a
record grows with the readers that want it, not with all readers.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple
from weakref import WeakValueDictionary

from tidings.core.chunks import body_bytes, first_chunk
from tidings.core.record import Record
from tidings.core.selection import Opened, Selection
from tidings.log.batch import Batch, Pick
from tidings.log.tail import Tail
from tidings.log.timed_wait import Observer
from tidings.log.work_thread import LARGE_BYTES, WorkThread

Places = tuple[int, ...] | None
"""Of the wanted events of a record: () = none, None = all."""

_Match = tuple[int, Places]  # seq, places
_SEQ = itemgetter(0)
_ANY: Hashable = object()  # the term of selections without terms; no dialect can have it

# Followers of one group that are notified in one iteration of the event loop. Each may write a
# message, and some thousand writes in a row would delay the answers to publishers.
_TOLD_AT_ONCE = 64


class _Shared(NamedTuple):
    """A batch, and the range of positions past which followers get it."""

    from_seq: int
    until_seq: int
    limit: int
    max_bytes: int
    batch: Batch

    def answers(self, seq: int, limit: int, max_bytes: int) -> bool:
        """Say whether this is the batch past a position, with the same limits."""
        is_past = self.from_seq <= seq < self.until_seq
        return is_past and (limit, max_bytes) == (self.limit, self.max_bytes)


class _Looked(NamedTuple):
    """A record that was decoded beforehand, and what each selection with conditions wants of it."""

    envelope: Opened
    wanted: Mapping[Selection, Places]


class Group:
    """The followers of one selection, and its recent matches.

    Keeps every match past `_since_seq`, by position only: the records belong to the tail, so that a
    group with rare matches keeps no old record alive. Made and fed by `Groups`; read by its
    followers.
    """

    def __init__(self, selection: Selection, tail: Tail, max_count: int) -> None:
        self.selection = selection
        self.follower_count = 0
        self._tail = tail
        self._max_count = max_count
        self._since_seq = tail.last_seq
        self._matches: list[_Match] = []
        self._observers: dict[Observer, None] = {}
        self._untold: deque[Observer] = deque()
        self._has_more_to_tell = False
        self._shared: _Shared | None = None  # the newest, held while followers are notified of it
        # Weak: a batch lives only as long as a follower is writing it.
        self._batches: WeakValueDictionary[tuple[int, int, int], Batch] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._matches)

    def admit(self, record: Record, places: Places) -> bool:
        """Keep the record's match and return whether there is one; then the caller calls `wake`."""
        if places == ():
            return False
        self._matches.append((record.seq, places))
        if len(self._matches) > self._max_count:
            gone = 1 + self._max_count // 16  # in slices, as in the tail
            self._since_seq = self._matches[gone - 1][0]
            del self._matches[:gone]
        return True

    def wake(self) -> None:
        """Wake every waiting follower soon, also those that were just notified."""
        self._batches.clear()  # they may not have the newest match
        self._shared = None
        if self._untold:
            self._has_more_to_tell = True
        elif self._observers:
            self._untold.extend(self._observers)
            asyncio.get_running_loop().call_soon(self._tell)

    def wait(self, observer: Observer) -> None:
        """Notify it of every match from now on."""
        self._observers[observer] = None

    def leave(self, observer: Observer) -> None:
        """Remove one that no longer waits."""
        self._observers.pop(observer, None)

    def is_quiet(self, after_seq: int) -> bool:
        """Say whether the tail certainly has nothing wanted past `after_seq`."""
        quiet_from = self._matches[-1][0] if self._matches else self._since_seq
        return after_seq >= quiet_from

    def after(self, seq: int, limit: int, max_bytes: int) -> Batch | None:
        """Return the batch past `seq`, shared by all followers there; empty when there is none.

        None when the group or the tail does not reach back that far.
        """
        shared = self._shared
        if shared is not None and shared.answers(seq, limit, max_bytes):
            return shared.batch
        if seq < self._since_seq:
            return None
        start = bisect_right(self._matches, seq, key=_SEQ)
        if start == len(self._matches):
            return Batch((), self._tail.last_seq)
        first_seq = self._matches[start][0]
        if first_seq <= self._tail.floor_seq:
            return None
        # Not `seq`: equal followers differ in what they skipped.
        asked = (first_seq, limit, max_bytes)
        batch = self._batches.get(asked)
        if batch is None:
            batch = self._batches[asked] = self._batch(start, limit, max_bytes)
        if self._untold:
            before = self._matches[start - 1][0] if start else self._since_seq
            self._shared = _Shared(before, first_seq, limit, max_bytes, batch)
        return batch

    def _tell(self) -> None:
        for _ in range(min(_TOLD_AT_ONCE, len(self._untold))):
            # still queued while it is notified, so that the batch is held for the last one too
            self._untold[0].tell()
            self._untold.popleft()
        if not self._untold and self._has_more_to_tell:
            self._has_more_to_tell = False
            self._untold.extend(self._observers)
        if self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        else:
            self._shared = None

    def _batch(self, start: int, limit: int, max_bytes: int) -> Batch:
        matches = self._matches[start : start + limit]
        held = self._tail.at(map(_SEQ, matches))
        records = first_chunk(held, body_bytes, max_bytes=max_bytes)
        picks = tuple(
            Pick(record, places) for record, (_, places) in zip(records, matches, strict=False)
        )
        all_of_them = start + len(picks) == len(self._matches)
        return Batch(picks, self._tail.last_seq if all_of_them else picks[-1].record.seq)


class Groups:
    """Every group that has a follower, found by the systems and terms that it selects."""

    def __init__(self, tail: Tail, envelope_of: Callable[[Record], Opened], max_count: int) -> None:
        self._tail = tail
        self._envelope_of = envelope_of
        self._max_count = max_count
        self._groups: dict[Selection, Group] = {}
        self._by_term: dict[str, dict[Hashable, set[Group]]] = {}  # of each system
        self._by_system: Counter[str] = Counter()
        self._choosy: Counter[str] = Counter()  # which want some of a system, and not all
        self._looked: dict[int, _Looked] = {}
        self._thread = WorkThread()

    def __len__(self) -> int:
        return len(self._groups)

    def join(self, selection: Selection) -> Group:
        """Return the group of this selection, with one more follower."""
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
        """Remove one follower from the group, and the group with its last one."""
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

    async def look(self, committed: Sequence[Record]) -> None:
        """Decode large records in a thread, where conditions need it, before `advance`."""
        self._looked = {}
        for record in committed:
            if len(record.body) <= LARGE_BYTES:
                continue
            selections = [
                each for each in self._groups if each.conditions and record.system in each.systems
            ]
            if selections:
                looked = await self._thread.do(partial(self._look_into, record, selections))
                self._looked[record.seq] = looked

    def _look_into(self, record: Record, selections: Sequence[Selection]) -> _Looked:
        envelope = self._envelope_of(record)
        _ = envelope.terms  # made here, not on the loop
        return _Looked(envelope, {each: each.pick(record.system, envelope) for each in selections})

    def advance(self, committed: Sequence[Record]) -> None:
        """Match records that the tail has just taken, then wake the groups that want any."""
        moved: set[Group] = set()
        for record in committed:
            if not self._by_system[record.system]:
                continue
            # not decoded where there is no group, or all groups want the whole record
            envelope, wanted = self._looked.pop(record.seq, (None, {}))
            if envelope is None and self._choosy[record.system]:
                envelope = self._envelope_of(record)
            for group in self._candidates(record.system, envelope):
                if group.admit(record, _places(group.selection, record, envelope, wanted)):
                    moved.add(group)
        for group in moved:
            group.wake()

    def close(self) -> None:
        """Wake all followers, to see that the log is closed."""
        for group in self._groups.values():
            group.wake()

    def _candidates(self, system: str, envelope: Opened | None) -> Collection[Group]:
        by_term = self._by_term.get(system, {})
        if envelope is not None and not envelope.events:  # damaged: these get a gap
            return set().union(*by_term.values())
        terms = (_ANY,) if envelope is None else (_ANY, *envelope.terms)
        found = [by_term[term] for term in terms if term in by_term]
        return found[0] if len(found) == 1 else set().union(*found)


def _places(
    selection: Selection,
    record: Record,
    envelope: Opened | None,
    wanted: Mapping[Selection, Places],
) -> Places:
    """Return what a selection wants of a record; all of it, if there is no envelope."""
    if wanted and selection in wanted:  # hashing one is slow
        return wanted[selection]
    return None if envelope is None else selection.pick(record.system, envelope)


def _entries(selection: Selection) -> Iterator[tuple[str, Hashable]]:
    """Yield the places of a selection in the index: under its terms, or under any term."""
    for system, matcher in selection.matchers:
        terms = matcher.terms
        for term in (_ANY,) if terms is None else terms:
            yield system, term
