"""Small values beside the log. Part of the contract."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.loop import scenario
from tests.store.places import Place, append, draft, opened
from tidings.core.errors import StateConflict
from tidings.core.record import StateEntry


class StateContract:
    @scenario
    async def test_value_is_kept_with_its_revision(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.state.get("a/b") is None
            entry = await store.state.put("a/b", b"\0one")
            assert entry == StateEntry("a/b", b"\0one", entry.revision)
            assert await store.state.get("a/b") == entry
        async with opened(place) as store:
            assert await store.state.get("a/b") == entry

    @scenario
    async def test_revisions_rise_with_every_change(self, place: Place) -> None:
        async with opened(place) as store:
            one = await store.state.put("a", b"1")
            two = await store.state.put("a", b"2")
            other = await store.state.put("b", b"3")
            assert 0 < one.revision < two.revision < other.revision
            await store.state.delete("b")
        async with opened(place) as store:
            again = await store.state.put("b", b"4")
            assert again.revision > other.revision

    @scenario
    async def test_put_may_expect_a_revision(self, place: Place) -> None:
        async with opened(place) as store:
            one = await store.state.put("a", b"1", expect_revision=0)
            with pytest.raises(StateConflict) as refused:
                await store.state.put("a", b"2", expect_revision=0)
            assert refused.value.revision == one.revision
            two = await store.state.put("a", b"3", expect_revision=one.revision)
            with pytest.raises(StateConflict):
                await store.state.put("a", b"4", expect_revision=one.revision)
            assert await store.state.get("a") == two

    @scenario
    async def test_delete_may_expect_a_revision(self, place: Place) -> None:
        async with opened(place) as store:
            one = await store.state.put("a", b"1")
            with pytest.raises(StateConflict):
                await store.state.delete("a", expect_revision=one.revision + 1)
            assert await store.state.get("a") == one
            await store.state.delete("a", expect_revision=one.revision)
            await store.state.delete("a")
            assert await store.state.get("a") is None
            await store.state.put("a", b"2", expect_revision=0)

    @scenario
    async def test_only_one_of_many_who_expect_the_same_wins(self, place: Place) -> None:
        async with opened(place) as store:
            results = await asyncio.gather(
                *(store.state.put("a", b"%d" % n, expect_revision=0) for n in range(10)),
                return_exceptions=True,
            )
            won = [result for result in results if isinstance(result, StateEntry)]
            assert len(won) == 1
            assert await store.state.get("a") == won[0]

    @scenario
    async def test_values_are_listed_by_prefix_and_name(self, place: Place) -> None:
        async with opened(place) as store:
            for name in ("token/b", "tokens", "token/a", "policy/a"):
                await store.state.put(name, name.encode())
            found = await store.state.list("token/")
            assert [entry.name for entry in found] == ["token/a", "token/b"]
            assert [entry.value for entry in found] == [b"token/a", b"token/b"]
            assert [e.name for e in await store.state.list("token")][-1] == "tokens"
            assert await store.state.list("none/") == []

    @scenario
    async def test_watch_tells_of_changes_below_its_prefix_from_the_call_on(
        self, place: Place
    ) -> None:
        async with opened(place) as store:
            await store.state.put("t/early", b"")
            watch = store.state.watch("t/")
            await store.state.put("other", b"")
            one = await store.state.put("t/a", b"1")
            assert await anext(watch) == one
            two = await store.state.put("t/b", b"2")
            await store.state.delete("t/a")
            await store.state.delete("t/a")
            assert await anext(watch) == two
            assert await anext(watch) == "t/a"

    @scenario
    async def test_watch_may_merge_changes_of_one_name_into_the_last(self, place: Place) -> None:
        async with opened(place) as store:
            watch = store.state.watch("")
            for n in range(50):
                last = await store.state.put("a", b"%d" % n)
            told: list[StateEntry | str] = []
            while not told or told[-1] != last:
                told.append(await anext(watch))
            revisions = [entry.revision for entry in told if isinstance(entry, StateEntry)]
            assert len(revisions) == len(told)
            assert revisions == sorted(set(revisions))

    @scenario
    async def test_trim_marks_stand_in_the_state(self, place: Place) -> None:
        async with opened(place) as store:
            watch = store.state.watch("trim/")
            one, two = await append(store, draft("a", "puppet.1"), draft("b", "nomad"))
            marks: dict[str, int] = {}
            for subject, seq in (("puppet.1", one), ("nomad", two)):
                await store.trim(subject, seq)
                marks[f"trim/{subject}"] = seq
                found = {entry.name: int(entry.value) for entry in await store.state.list("trim/")}
                assert found == marks
            told = await anext(watch)
            assert isinstance(told, StateEntry)
            assert told.name == "trim/puppet.1"
