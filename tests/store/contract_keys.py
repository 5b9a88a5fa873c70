"""Keys: a draft that is handed in twice is stored once. Part of the contract."""

from __future__ import annotations

import asyncio

from tests.kit.loop import scenario
from tests.store.places import DAY_S, ClockedPlace, Place, append, draft, opened, texts
from tidings.core.errors import KeyReused, SeqConflict
from tidings.core.record import Stored


class KeyContract:
    @scenario
    async def test_same_key_and_content_is_stored_once(self, place: Place) -> None:
        async with opened(place) as store:
            (seq,) = await append(store, draft("a", key="k"))
            assert await store.append([draft("a", key="k")]) == [Stored(seq, duplicate=True)]
            assert texts(await store.read(0, 9)) == ["a"]

    @scenario
    async def test_same_key_with_other_content_is_refused(self, place: Place) -> None:
        async with opened(place) as store:
            (seq,) = await append(store, draft("a", key="k"))
            (refused,) = await store.append([draft("b", key="k")])
            assert isinstance(refused, KeyReused)
            assert (refused.key, refused.seq) == ("k", seq)
            assert texts(await store.read(0, 9)) == ["a"]

    @scenario
    async def test_keys_are_those_of_their_system(self, place: Place) -> None:
        async with opened(place) as store:
            await append(store, draft("a", "nomad", key="k"), draft("b", "consul", key="k"))
            (seq,) = await append(store, draft("c", "puppet.1", key="k"))
            again = await store.append([draft("c", "puppet.2", key="k")])
            assert again == [Stored(seq, duplicate=True)]

    @scenario
    async def test_keys_of_any_letters_are_told_apart(self, place: Place) -> None:
        keys = [
            "k",
            "K",
            "k ",
            "k\0",
            "k\0a",
            "\u00e9",
            "e\u0301",
            "'",
            "*",
            ">",
            "a.b",
            "",
            "x" * 512,
        ]
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}", key=k) for n, k in enumerate(keys)))
            again = await store.append([draft(f"{n}", key=k) for n, k in enumerate(keys)])
            assert again == [Stored(seq, duplicate=True) for seq in given]

    @scenario
    async def test_group_is_decided_in_order(self, place: Place) -> None:
        async with opened(place) as store:
            results = await store.append(
                [draft("a", key="k"), draft("a", key="k"), draft("b", key="k"), draft("c")]
            )
            first, again, refused, last = results
            assert isinstance(first, Stored)
            assert again == Stored(first.seq, duplicate=True)
            assert isinstance(refused, KeyReused)
            assert refused.seq == first.seq
            assert isinstance(last, Stored)
            assert last.seq > first.seq
            assert texts(await store.read(0, 9)) == ["a", "c"]

    @scenario
    async def test_concurrent_retries_are_stored_once(self, place: Place) -> None:
        async with opened(place) as store:
            drafts = [draft(f"{n}", key=f"k{n}") for n in range(20)]
            answers = await asyncio.gather(*(store.append(drafts) for _ in range(8)))
            assert len(await store.read(0, 1000)) == 20
            for one in zip(*answers, strict=True):
                stored = [answer for answer in one if isinstance(answer, Stored)]
                assert len(stored) == 8
                assert len({answer.seq for answer in stored}) == 1
                assert sum(not answer.duplicate for answer in stored) == 1

    @scenario
    async def test_retry_is_a_duplicate_before_it_can_conflict(self, place: Place) -> None:
        async with opened(place) as store:
            first = draft("a", "puppet.1", key="k", expect_last_seq=0)
            (seq,) = await append(store, first)
            await append(store, draft("b", "puppet.1"))
            other = draft("c", "puppet.1", key="other", expect_last_seq=0)
            again, refused = await store.append([first, other])
            assert again == Stored(seq, duplicate=True)
            assert isinstance(refused, SeqConflict)
            # what was refused left no key behind
            await append(store, draft("d", "puppet.1", key="other"))

    @scenario
    async def test_keys_outlive_a_restart_and_the_record(self, place: Place) -> None:
        async with opened(place) as store:
            one, two = await append(store, draft("a", key="a"), draft("b", key="b"))
            await store.trim("nomad", one)
        async with opened(place) as store:
            again = await store.append([draft("a", key="a"), draft("b", key="b")])
            assert again == [Stored(one, duplicate=True), Stored(two, duplicate=True)]
            (refused,) = await store.append([draft("c", key="a")])
            assert isinstance(refused, KeyReused)

    @scenario
    async def test_stored_keys_are_found(self, place: Place) -> None:
        async with opened(place) as store:
            drafts = [draft(f"{n}", key=f"k{n}") for n in range(600)]
            given = await append(store, *drafts)
            found = await store.find_keys("nomad", [*(f"k{n}" for n in range(600)), "none"])
            assert found == {d.key: (seq, d.digest) for d, seq in zip(drafts, given, strict=True)}
            assert await store.find_keys("consul", ["k1"]) == {}
            assert await store.find_keys("nomad", []) == {}


class ClockedKeyContract:
    @scenario
    async def test_key_of_a_retained_record_counts_for_ever(self, place: ClockedPlace) -> None:
        async with opened(place) as store:
            (seq,) = await append(store, draft("a", key="k"))
            place.clock.at_s += 400 * DAY_S
            assert await store.append([draft("a", key="k")]) == [Stored(seq, duplicate=True)]

    @scenario
    async def test_key_of_a_trimmed_record_counts_as_long_as_it_must(
        self, place: ClockedPlace
    ) -> None:
        async with opened(place) as store:
            (old,) = await append(store, draft("a", key="k"))
            await store.trim("nomad", old)
            place.clock.at_s += DAY_S
            assert await store.append([draft("a", key="k")]) == [Stored(old, duplicate=True)]
            place.clock.at_s += 1
            assert await store.find_keys("nomad", ["k"]) == {}
            (new,) = await append(store, draft("b", key="k"))
            assert new > old
            assert await store.append([draft("b", key="k")]) == [Stored(new, duplicate=True)]

    @scenario
    async def test_key_goes_with_a_record_that_is_old_enough(self, place: ClockedPlace) -> None:
        async with opened(place) as store:
            (one,) = await append(store, draft("a", key="a"))
            place.clock.at_s += DAY_S + 1
            (two,) = await append(store, draft("b", key="b"))
            await store.trim("nomad", two)
            assert list(await store.find_keys("nomad", ["a", "b"])) == ["b"]
            assert (await append(store, draft("c", key="a"))) > [one]
