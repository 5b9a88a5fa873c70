"""The index's answer for objects: where the newest version of each is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from tidings.core.extent import Extent, Found
from tidings.core.object_question import StateQuestion
from tidings.rpc.index import Index
from tidings.rpc.objects.wanted import Wanted


class States:
    """Finds the records with the newest version of each selected object; queried once.

    Only where the index knows all that is retained: `first_seq` is where that begins.
    """

    def __init__(self, index: Index, wanted: Wanted, first_seq: int) -> None:
        self._index = index
        self._wanted = wanted
        self._first_seq = first_seq
        self._extent: Extent | None = None
        self._newest: dict[int, int] | None = None
        self._seqs: list[int] = []  # negative, so that they rise

    async def find(self, after_seq: int, before_seq: int, limit: int) -> Found | None:
        """Return the first positions between two, newest first."""
        if self._newest is None:
            question = StateQuestion(self._wanted.may_be, self._wanted.statuses, before_seq)
            answer = await self._index.states(question)
            if answer is None or answer[0].floor_seq >= self._first_seq:
                return None
            self._extent, found = answer
            self._newest = {number: seq for seq, number in found}
            self._seqs = list(dict.fromkeys(-seq for seq, _ in found))
        assert self._extent is not None
        begin = bisect_right(self._seqs, -before_seq)
        end = min(begin + limit, bisect_left(self._seqs, -after_seq))
        return Found(self._extent, [-seq for seq in self._seqs[begin:end]])

    def may_be_newest(self, number: int, seq: int) -> bool:
        """Return whether a version is the newest of its object, as far as the index can tell.

        `number` is the object's, `seq` the position that carries the version.
        """
        if self._newest is None or self._extent is None or seq > self._extent.through_seq:
            return True
        return self._newest.get(number) == seq
