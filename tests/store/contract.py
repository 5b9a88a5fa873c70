"""The suite that every store must pass; a store's own tests subclass `StoreContract`.

It asks nothing that a store in another process could not give: no order of calls but the one that
was waited for, no gapless positions, no clock. `ClockedContract` is for stores with our clock.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.loop import scenario
from tests.store.contract_feed import CloseContract, FeedContract
from tests.store.contract_keys import ClockedKeyContract, KeyContract
from tests.store.contract_state import StateContract
from tests.store.contract_stretch import ClockedStretchContract, StretchContract
from tests.store.places import ClockedPlace, Place, append, draft, opened, seqs, texts, turn
from tidings.core.errors import SeqConflict
from tidings.core.record import BIRTH_SEQ, Stored


class AppendContract:
    @scenario
    async def test_first_position_is_2_and_positions_rise(self, place: Place) -> None:
        async with opened(place) as store:
            given = [
                *await append(store, draft("a"), draft("b")),
                *await append(store, draft()),
            ]
            assert given[0] == BIRTH_SEQ + 1
            assert given == sorted(set(given))

    @scenario
    async def test_records_come_back_as_they_were_given(self, place: Place) -> None:
        async with opened(place) as store:
            one, two = await append(store, draft("é\0", "nomad"), draft("", "puppet.352"))
            first, second = await store.read(0, 10)
            assert (first.seq, first.system, first.subject) == (one, "nomad", "nomad")
            assert (second.seq, second.system, second.subject) == (two, "puppet", "puppet.352")
            assert (first.body, second.body) == ("é\0".encode(), b"")
            assert 0 < first.recorded_at_us <= second.recorded_at_us

    @scenario
    async def test_nothing_appended_is_nothing_stored(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.append([]) == []
            assert await store.read(0, 10) == []

    @scenario
    async def test_everything_outlives_a_restart(self, place: Place) -> None:
        async with opened(place) as store:
            log_id = store.log_id
            given = await append(store, *(draft(f"{n}") for n in range(20)))
            before = await store.read(0, 100)
        async with opened(place) as store:
            assert store.log_id == log_id
            assert await store.read(0, 100) == before
            assert seqs(before) == given
            assert (await append(store, draft()))[0] > given[-1]

    @scenario
    async def test_concurrent_groups_stay_whole_and_in_their_order(self, place: Place) -> None:
        async with opened(place) as store:
            groups = [[draft(f"{group}.{n}") for n in range(7)] for group in range(30)]
            results = await asyncio.gather(*(store.append(group) for group in groups))
            at = {r.seq: r.body.decode() for r in await store.read(0, 1000)}
            assert len(at) == 210
            for group, answers in zip(groups, results, strict=True):
                given = [answer.seq for answer in answers if isinstance(answer, Stored)]
                assert given == sorted(given)
                assert [at[seq] for seq in given] == [d.body.decode() for d in group]

    @scenario
    async def test_cancelled_append_takes_nothing_back(self, place: Place) -> None:
        async with opened(place) as store:
            async with asyncio.TaskGroup() as group:
                for n in range(5):
                    gone = group.create_task(store.append([draft(f"{n}a"), draft(f"{n}b")]))
                    await turn()
                    gone.cancel()
                kept = group.create_task(store.append([draft("kept")]))
            (result,) = kept.result()
            assert isinstance(result, Stored)
            found = texts(await store.read(0, 100))
            assert found[-1] == "kept"
            # each group is stored whole or not at all
            assert all((f"{n}a" in found) == (f"{n}b" in found) for n in range(5))

    @scenario
    async def test_expected_position_must_be_the_newest_of_the_subject(self, place: Place) -> None:
        async with opened(place) as store:
            (one,) = await append(store, draft("a", "puppet.1", expect_last_seq=0))
            await append(store, draft("b", "puppet.2"), draft("c", "nomad"))
            refused = await store.append([draft("d", "puppet.1", expect_last_seq=0)])
            assert isinstance(refused[0], SeqConflict)
            assert (refused[0].expected_seq, refused[0].last_seq) == (0, one)
            await append(store, draft("e", "puppet.1", expect_last_seq=one))
            assert texts(await store.read(0, 10)) == ["a", "b", "c", "e"]

    @scenario
    async def test_expectations_see_the_drafts_before_them_in_the_group(self, place: Place) -> None:
        async with opened(place) as store:
            results = await store.append(
                [
                    draft("a", "puppet.1", expect_last_seq=0),
                    draft("b", "puppet.1", expect_last_seq=0),
                    draft("c", "puppet.2", expect_last_seq=0),
                ]
            )
            assert [type(result) for result in results] == [Stored, SeqConflict, Stored]
            found = await store.read(0, 10)
            assert texts(found) == ["a", "c"]
            assert isinstance(results[1], SeqConflict)
            assert results[1].last_seq == found[0].seq


class ReadContract:
    @scenario
    async def test_reading_is_exclusive_and_limited(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}") for n in range(5)))
            assert seqs(await store.read(given[1], 2)) == given[2:4]
            assert seqs(await store.read(given[3], 2)) == given[4:]
            assert await store.read(given[4], 2) == []
            assert await store.read(2**64 - 1, 2) == []

    @scenario
    async def test_page_ends_before_too_many_bytes_but_never_empty(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft("x" * 10) for _ in range(3)), draft("y" * 50))
            assert seqs(await store.read(0, 9, max_bytes=25)) == given[:2]
            assert seqs(await store.read(0, 9, max_bytes=30)) == given[:3]
            assert seqs(await store.read(given[2], 9, max_bytes=1)) == given[3:]

    @scenario
    async def test_reading_back_is_exclusive_limited_and_newest_first(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.read_before(2**64 - 1, 9) == []
            given = await append(store, *(draft(f"{n}") for n in range(5)))
            assert seqs(await store.read_before(2**64 - 1, 2)) == [given[4], given[3]]
            assert seqs(await store.read_before(given[2], 9)) == [given[1], given[0]]
            assert await store.read_before(given[2], 9) == (await store.read(0, 2))[::-1]
            for before_seq in (given[0], BIRTH_SEQ + 1, BIRTH_SEQ, 0):
                assert await store.read_before(before_seq, 9) == []

    @scenario
    async def test_reading_back_keeps_the_order_of_all_and_comes_to_what_is_rare(
        self, place: Place
    ) -> None:
        async with opened(place) as store:
            rare = await append(store, draft("r", "feldera"), draft("s", "puppet.1"))
            many = (draft(f"{n}", ("nomad", "consul")[n % 3 == 0]) for n in range(300))
            given = await append(store, *many)
            two = ["feldera", "puppet"]
            assert texts(await store.read_before(2**63, 9, systems=two)) == ["s", "r"]
            assert seqs(await store.read_before(rare[1], 9, systems=two)) == [rare[0]]
            mixed = await store.read_before(given[299], 250, systems={"nomad", "consul"})
            assert seqs(mixed) == given[49:299][::-1]
            assert await store.read_before(2**63, 9, systems=["docker_cloud"]) == []
            assert await store.read_before(2**63, 9, systems=[]) == []
            await store.trim("feldera", rare[0])
            assert texts(await store.read_before(2**63, 9, systems=two)) == ["s"]

    @pytest.mark.parametrize("systems", [None, ["consul", "nomad"]])
    @scenario
    async def test_page_back_ends_at_the_same_byte(
        self, place: Place, systems: list[str] | None
    ) -> None:
        sizes = [1 + n % 7 for n in range(50)]
        drafts = (draft("x" * size, ("nomad", "consul")[size % 2]) for size in sizes)
        async with opened(place) as store:
            given = (await append(store, *drafts))[::-1]
            sizes.reverse()
            for count in (1, 7, 8, 9, 16, 17, 33, 49, 50):
                for spare in (0, sizes[count % 50] - 1):
                    size_bytes = sum(sizes[:count]) + spare
                    page = await store.read_before(2**63, 60, systems=systems, max_bytes=size_bytes)
                    assert seqs(page) == given[:count]
            assert seqs(await store.read_before(2**63, 9, max_bytes=0)) == given[:1]

    @pytest.mark.parametrize("systems", [None, ["consul", "nomad"]])
    @scenario
    async def test_page_of_many_records_ends_at_the_same_byte(
        self, place: Place, systems: list[str] | None
    ) -> None:
        sizes = [1 + n % 7 for n in range(50)]
        drafts = (draft("x" * size, ("nomad", "consul")[size % 2]) for size in sizes)
        async with opened(place) as store:
            given = await append(store, *drafts)
            for count in (1, 15, 16, 17, 32, 33, 49, 50):
                for spare in (0, sizes[count % 50] - 1):
                    size_bytes = sum(sizes[:count]) + spare
                    page = await store.read(0, 60, systems=systems, max_bytes=size_bytes)
                    assert seqs(page) == given[:count]

    @scenario
    async def test_reading_some_systems_keeps_the_order_of_all(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["nomad", "consul", "puppet.1", "consul", "feldera", "nomad", "puppet.2"]
            await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            mixed = await store.read(0, 9, systems=["consul", "nomad", "docker_cloud"])
            assert texts(mixed) == ["0", "1", "3", "5"]
            assert texts(await store.read(0, 2, systems={"puppet", "feldera"})) == ["2", "4"]
            after = mixed[1].seq
            assert texts(await store.read(after, 9, systems={"consul", "nomad"})) == ["3", "5"]
            assert await store.read(0, 9, systems=[]) == []

    @scenario
    async def test_subject_is_itself_and_a_systems_name_all_of_its_subjects(
        self, place: Place
    ) -> None:
        async with opened(place) as store:
            names = ["puppet.1", "puppet.11", "puppet.2", "puppet.1", "nomad"]
            await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            assert texts(await store.read(0, 9, subject="puppet.1")) == ["0", "3"]
            assert texts(await store.read(0, 9, subject="puppet")) == ["0", "1", "2", "3"]
            assert texts(await store.read(0, 9, subject="nomad", systems=["nomad"])) == ["4"]
            assert await store.read(0, 9, subject="nomad", systems=["consul"]) == []
            assert await store.read(0, 9, subject="puppet.3") == []

    @scenario
    async def test_records_are_read_at_their_positions(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["nomad", "puppet.1", "consul", "nomad", "puppet.2"]
            given = await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            await store.trim("consul", given[2])
            picked = [given[0], given[2], given[3], given[4], given[4] + 1]
            assert texts(await store.read_at(picked)) == ["0", "3", "4"]
            assert texts(await store.read_at(picked[::-1])) == ["4", "3", "0"]
            assert await store.read_at([]) == []
            assert await store.read_at([0, BIRTH_SEQ, given[2], 2**64 - 1]) == []

    @scenario
    async def test_a_read_at_positions_ends_before_too_many_bytes(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft("x" * 10) for _ in range(40)))
            for max_bytes, count in ((0, 1), (10, 1), (19, 1), (20, 2), (399, 39), (400, 40)):
                assert seqs(await store.read_at(given, max_bytes=max_bytes)) == given[:count]
            assert seqs(await store.read_at(given[::-1], max_bytes=30)) == given[:-4:-1]

    @scenario
    async def test_newest_of_a_subject_come_oldest_first(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["puppet.1", "nomad", "puppet.2", "puppet.1"]
            given = await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            assert texts(await store.read_last("puppet", 2)) == ["2", "3"]
            assert texts(await store.read_last("puppet.1", 9)) == ["0", "3"]
            assert await store.read_last("consul", 9) == []
            assert [await store.nth_last("puppet", n) for n in (1, 3, 4)] == [
                given[3],
                given[0],
                0,
            ]
            counted = [
                await store.count("puppet", seq)
                for seq in (0, given[0] - 1, given[0], given[2], given[3], 2**64 - 1)
            ]
            assert counted == [0, 0, 1, 2, 3, 3]
            assert await store.count("consul", given[3]) == 0
            await store.trim("puppet", given[0])
            assert await store.count("puppet", given[3]) == 2

    @scenario
    async def test_the_end_is_the_newest_position_that_was_ever_given(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.end_seq() == BIRTH_SEQ
            *_, last = await append(store, draft("a"), draft("b"))
            assert await store.end_seq() == last
            assert await store.end_seq(last) == last
            await store.trim("nomad", last)
            assert await store.end_seq() == last
            assert (await store.bounds()).end_seq == last

    @scenario
    async def test_it_says_what_it_is_and_how_much_it_takes(self, place: Place) -> None:
        async with opened(place) as store:
            before = await store.size_bytes()
            await append(store, draft("x" * 1_000_000))
            after = await store.size_bytes()
            if store.kind == "memory":
                assert (before, after) == (None, None)
            else:
                assert store.kind in {"sqlite", "jetstream"}
                assert before is not None
                assert after is not None
                assert before + 1_000_000 <= after

    @scenario
    async def test_log_in_the_tidings_systems_name_hides_the_birth_record(
        self, place: Place
    ) -> None:
        async with opened(place) as store:
            assert await store.read(0, 9, systems=["tidings"]) == []
            assert await store.read_last("tidings", 9) == []
            assert await store.nth_last("tidings", 1) == 0
            assert await store.count("tidings", 9) == 0
            assert (await store.bounds("tidings")).first_seq == 0
            assert await store.trim("tidings", 9) == 0
            (seq,) = await append(store, draft("gap", "tidings"))
            assert seqs(await store.read_last("tidings", 9)) == [seq]

    @scenario
    async def test_seeking_finds_the_first_at_or_after_a_time(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.seek(None, 0) == BIRTH_SEQ + 1
            one, two = await append(store, draft("a", "nomad"), draft("b", "consul"))
            records = await store.read(0, 9)
            assert await store.seek(None, 0) == one
            assert await store.seek("consul", 0) == two
            assert await store.seek(None, records[0].recorded_at_us) == one
            end = (await store.bounds()).end_seq
            assert await store.seek(None, records[1].recorded_at_us + 1) == end + 1
            assert await store.seek("puppet", 0) == end + 1


class WeightContract:
    @scenario
    async def test_ranges_side_by_side_weigh_what_both_together_do(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["nomad", "consul", "puppet.1", "puppet.2", "nomad"]
            sizes = [0, 10, 3_000, 5_000, 200_000]
            drafts = [draft("x" * size, name) for size, name in zip(sizes, names, strict=True)]
            given = await append(store, *drafts)
            whole = await store.weigh(0, given[-1])
            assert {name: weight.records for name, weight in whole.items()} == {
                "nomad": 2,
                "consul": 1,
                "puppet": 2,
            }
            bodies = {"nomad": 200_000, "consul": 10, "puppet": 8_000}
            for name, weight in whole.items():
                assert bodies[name] < weight.size_bytes < bodies[name] + 6_000
            for cut in given:
                parts = [await store.weigh(0, cut), await store.weigh(cut, given[-1])]
                for name, weight in whole.items():
                    both = [part[name] for part in parts if name in part]
                    assert sum(part.records for part in both) == weight.records
                    assert sum(part.size_bytes for part in both) == weight.size_bytes

    @scenario
    async def test_what_is_not_there_weighs_nothing(self, place: Place) -> None:
        async with opened(place) as store:
            assert await store.weigh(0, 2**63) == {}
            given = await append(store, draft("a"), draft("b", "consul"))
            assert await store.weigh(given[1], 2**63) == {}
            assert await store.weigh(given[0], given[0]) == {}
            await store.trim("nomad", given[1])
            assert set(await store.weigh(0, 2**63)) == {"consul"}

    @scenario
    async def test_giving_back_takes_nothing_away(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft("x" * 50_000) for _ in range(40)))
            await store.trim("nomad", given[-2])
            assert await store.give_back() >= 0
            assert seqs(await store.read(0, 9)) == given[-1:]
            assert (await append(store, draft("y")))[0] > given[-1]
        async with opened(place) as store:
            assert texts(await store.read(given[-1], 9)) == ["y"]


class TrimContract:
    @scenario
    async def test_empty_log_ends_at_its_birth_record(self, place: Place) -> None:
        async with opened(place) as store:
            bounds = await store.bounds()
            assert (bounds.first_seq, bounds.last_seq) == (0, 0)
            assert (bounds.trimmed_through, bounds.end_seq) == (0, BIRTH_SEQ)

    @scenario
    async def test_trimming_deletes_one_system_and_says_so(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["nomad", "consul", "nomad", "nomad", "consul"]
            given = await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            assert await store.trim("nomad", given[2]) == 2
            assert texts(await store.read(0, 9)) == ["1", "3", "4"]
            nomad, consul, whole = [
                await store.bounds(system) for system in ("nomad", "consul", None)
            ]
            assert (nomad.first_seq, nomad.last_seq) == (given[3], given[3])
            assert given[2] <= nomad.trimmed_through < given[3]
            assert (consul.first_seq, consul.trimmed_through) == (given[1], 0)
            assert (whole.first_seq, whole.last_seq) == (given[1], given[4])
            assert whole.trimmed_through == nomad.trimmed_through
            assert await store.trim("nomad", given[2]) == 0

    @scenario
    async def test_trimming_a_subject_leaves_its_neighbours(self, place: Place) -> None:
        async with opened(place) as store:
            names = ["puppet.1", "puppet.11", "puppet.1"]
            given = await append(store, *(draft(f"{n}", name) for n, name in enumerate(names)))
            assert await store.trim("puppet.1", given[2]) == 2
            assert texts(await store.read(0, 9)) == ["1"]
            assert (await store.bounds("puppet")).trimmed_through == given[2]
            assert await store.trim("puppet", 2**64 - 1) == 1
            assert await store.read(0, 9) == []

    @pytest.mark.parametrize("subject", ["nomad", "puppet", "puppet.1"])
    @scenario
    async def test_trimming_through_nothing_deletes_nothing(
        self, place: Place, subject: str
    ) -> None:
        async with opened(place) as store:
            given = await append(store, draft("a"), draft("b", "puppet.1"))
            assert await store.trim(subject, 0) == 0
            assert [record.seq for record in await store.read(0, 9)] == given
            assert (await store.bounds()).trimmed_through == 0

    @scenario
    async def test_mark_never_goes_back(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft() for _ in range(4)))
            await store.trim("nomad", given[2])
            await store.trim("nomad", given[0])
            assert (await store.bounds("nomad")).trimmed_through == given[2]
        async with opened(place) as store:
            assert (await store.bounds("nomad")).trimmed_through == given[2]

    @scenario
    async def test_positions_of_trimmed_records_are_never_given_again(self, place: Place) -> None:
        last = 0
        for _ in range(3):
            async with opened(place) as store:
                given = await append(store, draft(), draft())
                assert given[0] > last
                last = given[-1]
                assert await store.trim("nomad", last) == 2
                assert (await store.bounds()).end_seq == last
        async with opened(place) as store:
            assert (await store.bounds()).end_seq == last
            (seq,) = await append(store, draft())
            assert seq > last

    @scenario
    async def test_expectation_speaks_of_retained_records(self, place: Place) -> None:
        async with opened(place) as store:
            (one,) = await append(store, draft("a", "puppet.1"))
            await store.trim("puppet.1", one)
            await append(store, draft("b", "puppet.1", expect_last_seq=0))
            assert texts(await store.read(0, 9)) == ["b"]

    @scenario
    async def test_record_is_marked_as_gone_before_it_is(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft() for _ in range(200)))

            async def trim() -> None:
                for through_seq in given[::20]:
                    await store.trim("nomad", through_seq)

            async def look() -> None:
                for _ in range(40):
                    page = await store.read(0, 1)  # what is missing here is marked there
                    bounds = await store.bounds("nomad")
                    assert bounds.trimmed_through >= page[0].seq - 1 or page[0].seq == given[0]

            async with asyncio.TaskGroup() as group:
                group.create_task(trim())
                group.create_task(look())
            assert (await store.read(0, 1))[0].seq == given[181]


class StoreContract(
    AppendContract,
    ReadContract,
    WeightContract,
    TrimContract,
    FeedContract,
    CloseContract,
    KeyContract,
    StateContract,
    StretchContract,
):
    """Everything that a store must do. A subclass offers the fixture `place`."""


class ClockedContract(ClockedKeyContract, ClockedStretchContract):
    """What can be seen only when the store's clock is ours."""

    @scenario
    async def test_time_never_goes_back_along_positions(self, place: ClockedPlace) -> None:
        async with opened(place) as store:
            place.clock.at_s += 3600
            late_us = place.clock.now_us()
            await append(store, draft("a"))
            place.clock.at_s -= 1800
            given = await append(store, draft("b"))
            assert {r.recorded_at_us for r in await store.read(0, 9)} == {late_us}
            await store.trim("nomad", given[-1])
        async with opened(place) as store:
            await append(store, draft("c"))
            place.clock.at_s += 3600
            await append(store, draft("d"))
            assert [r.recorded_at_us - late_us for r in await store.read(0, 9)] == [0, 1800e6]

    @scenario
    async def test_seeking_goes_by_the_stores_time(self, place: ClockedPlace) -> None:
        async with opened(place) as store:
            start_us = place.clock.now_us()
            for n in range(40):
                await append(store, draft(f"{n}", "consul" if n % 2 else "nomad"))
                place.clock.at_s += 10
            await store.trim("consul", 2**62)
            await append(store, draft("40", "consul"))
            records = await store.read(0, 100)
            for late_us in range(-5_000_000, 420_000_000, 5_000_000):
                for system in (None, "nomad", "consul"):
                    expected = [
                        r.seq
                        for r in records
                        if r.recorded_at_us >= start_us + late_us and system in (None, r.system)
                    ]
                    found = await store.seek(system, start_us + late_us)
                    assert found == (expected or [records[-1].seq + 1])[0]
