"""Stretches, which copies of a log are made of: everything once, in order. Part of the contract."""

from __future__ import annotations

from tests.kit.loop import scenario
from tests.store.places import DAY_S, ClockedPlace, Place, append, draft, opened
from tidings.core.record import KeyEntry, Record
from tidings.store.base import EventStore

MIB = 1024 * 1024


async def whole(
    store: EventStore, limit: int, max_bytes: int = MIB, after_seq: int = 0
) -> tuple[list[Record], list[KeyEntry], int]:
    """Return what all stretches past a position hold together, and where they end."""
    records: list[Record] = []
    keys: list[KeyEntry] = []
    end_seq = await store.end_seq()
    while after_seq < end_seq:
        stretch = await store.stretch(after_seq, limit, max_bytes)
        assert stretch.through_seq > after_seq
        assert len(stretch.keys) <= limit
        sizes = [len(record.body) for record in stretch.records]
        assert len(sizes) <= 1 or sum(sizes) <= max_bytes
        assert all(after_seq < r.seq <= stretch.through_seq for r in stretch.records)
        assert all(after_seq < key.seq <= stretch.through_seq for key in stretch.keys)
        records += stretch.records
        keys += stretch.keys
        after_seq = stretch.through_seq
    return records, keys, after_seq


class StretchContract:
    @scenario
    async def test_stretches_hold_every_record_and_key_once(self, place: Place) -> None:
        async with opened(place) as store:
            await append(store, draft("a", key="k"), draft("b"), draft("c", "puppet.1", key="l"))
            await append(store, *(draft(f"{n}", "consul", key=f"{n}") for n in range(9)))
            await append(store, draft("x" * 5000, key="long"), draft("end"))
            every = await store.read(0, 99)
            named = [
                (record.seq, record.system, key)
                for record, key in zip(
                    every, ["k", None, "l", *"012345678", "long", None], strict=True
                )
                if key is not None
            ]
            for limit in (1, 2, 3, 99):
                for max_bytes in (1, 4, 5000, MIB):
                    records, keys, through_seq = await whole(store, limit, max_bytes)
                    assert records == every
                    assert [(key.seq, key.system, key.key) for key in keys] == named
                    assert through_seq == await store.end_seq()
            found = await store.find_keys("nomad", ["k"])
            assert [key.digest for key in keys if key.key == "k"] == [found["k"][1]]

    @scenario
    async def test_stretches_go_on_behind_any_position(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}", key=f"{n}") for n in range(5)))
            for seq in given:
                records, keys, _ = await whole(store, 2, after_seq=seq)
                assert [record.seq for record in records] == [n for n in given if n > seq]
                assert [key.seq for key in keys] == [n for n in given if n > seq]
            assert await store.stretch(given[-1], 9, MIB) == ([], [], given[-1])

    @scenario
    async def test_a_stretch_of_nothing_ends_where_the_log_does(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.stretch(0, 9, MIB) == ([], [], await store.end_seq())
            await append(store, draft("a"), draft("b"))
            await store.trim("nomad", 2**62)
            records, keys, through_seq = await whole(store, 9)
            assert (records, keys, through_seq) == ([], [], await store.end_seq())


class ClockedStretchContract:
    @scenario
    async def test_young_keys_of_records_that_are_gone_are_told(self, place: ClockedPlace) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}", key=f"{n}") for n in range(4)))
            await store.trim("nomad", given[2])
            for limit in (1, 2, 9):
                records, keys, _ = await whole(store, limit)
                assert [record.seq for record in records] == given[3:]
                assert [key.seq for key in keys] == given
            assert store.key_retention_s == DAY_S
