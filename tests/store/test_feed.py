"""The feed of stores that commit in this process."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.kit.loop import scenario
from tests.store.places import seqs
from tidings.core.errors import LogClosed
from tidings.core.record import Record
from tidings.store.feed import CommittedFeed


class Shelf:
    """Holds what was committed; counts how often it is read."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.reads = 0
        self.feed = CommittedFeed(self.read_page)

    async def read_page(self, after_seq: int) -> Sequence[Record]:
        self.reads += 1
        return [record for record in self.records if record.seq > after_seq][:7000]

    def commit(self, count: int, size_bytes: int = 1) -> None:
        first = len(self.records) + 2
        fresh = [Record(first + n, 0, "nomad", "nomad", b"x" * size_bytes) for n in range(count)]
        self.records += fresh
        self.feed.offer(fresh)


@scenario
async def test_reader_at_the_end_is_fed_without_reading() -> None:
    shelf = Shelf()
    shelf.commit(3)
    batches = aiter(shelf.feed.follow(0))
    assert seqs(await anext(batches)) == [2, 3, 4]
    shelf.commit(1)
    assert seqs(await anext(batches)) == [5]  # by the read that found the end
    reads = shelf.reads
    for seq in range(6, 20):
        shelf.commit(1)
        assert seqs(await anext(batches)) == [seq]
    assert shelf.reads <= reads + 1


@pytest.mark.parametrize(("count", "size_bytes"), [(6000, 1), (3, 20_000_000)])
@scenario
async def test_reader_far_behind_reads_what_was_not_kept(count: int, size_bytes: int) -> None:
    shelf = Shelf()
    batches = aiter(shelf.feed.follow(0))
    shelf.commit(1)
    taken = seqs(await anext(batches))
    shelf.commit(1)
    taken += seqs(await anext(batches))  # it is fed by now
    for _ in range(4):
        shelf.commit(count, size_bytes)
    while len(taken) < 2 + 4 * count:
        taken += seqs(await anext(batches))
    shelf.commit(1)
    taken += seqs(await anext(batches))
    assert taken == seqs(shelf.records)


@scenario
async def test_closing_ends_the_reader_after_what_was_offered() -> None:
    shelf = Shelf()
    batches = aiter(shelf.feed.follow(0))
    shelf.commit(1)
    await anext(batches)
    shelf.commit(2)
    shelf.feed.close()
    assert seqs(await anext(batches)) == [3, 4]
    with pytest.raises(LogClosed):
        await anext(batches)


@scenario
async def test_only_one_may_read_at_a_time() -> None:
    shelf = Shelf()
    shelf.commit(1)
    first = aiter(shelf.feed.follow(0))
    await anext(first)
    with pytest.raises(AssertionError, match="one reader"):
        await anext(aiter(shelf.feed.follow(0)))
