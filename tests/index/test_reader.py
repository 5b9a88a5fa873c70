"""What the index answers: against a plain list, over segments, and when there is none to ask."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.index.entries import HOUR_US, LOG, asked, entry, filled, indexed
from tests.kit.loop import scenario
from tidings.core.conditions import Content
from tidings.core.extent import Extent
from tidings.core.tallies import CountGroup, Key, TallyQuestion
from tidings.index import segments
from tidings.index.entries import Entry, unknown
from tidings.index.file import FILE_NAME, delete_index
from tidings.index.reader import IndexReader

FOREVER_US = 2**62
SYSTEMS = ("nomad", "consul", "puppet")


@asynccontextmanager
async def reading(directory: Path, log_id: str = LOG) -> AsyncIterator[IndexReader]:
    reader = IndexReader(directory, log_id)
    try:
        yield reader
    finally:
        await reader.close()


async def find(reader: IndexReader, **fields: Any) -> list[int] | None:
    given = {"after_seq": 0, "before_seq": 1000, "limit": 99, "newest_first": False} | fields
    conditions = given.pop("conditions", asked(types=["deploy"]))
    found = await reader.find(given.pop("systems", None), conditions, **given)
    return None if found is None else list(found.seqs)


def random_entries(rng: random.Random, count: int) -> list[Entry]:
    entries, seq, at_us = [], 1, 1_764_000_000_000_000
    for _ in range(count):
        seq += rng.choice((1, 1, 1, 2, 5))
        at_us += rng.choice((0, 1, 60_000_000, 1_800_000_000))
        events = [
            indexed(
                rng.choice("abc"),
                rng.choice(("", "prod")),
                [f"{rng.choice(('job', 'node'))}/{rng.choice('xyz')}"],
                " ".join(rng.choices(("oom", "killed", "ok"), k=rng.randrange(4))),
            )
            for _ in range(rng.choice((1, 1, 3)))
        ]
        entries.append(entry(seq, *events, system=rng.choice(SYSTEMS), at_us=at_us))
    return entries


def contents(one: Entry) -> list[Content]:
    return [
        Content(each.facets.type, each.source, each.facets.identifiers, each.facets.text)
        for each in one.events
    ]


@pytest.mark.parametrize("seed", range(4))
@scenario
async def test_everything_that_meets_conditions_is_found_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(segments, "SPAN", 64)
    entries = random_entries(rng, 200)
    filled(tmp_path, entries).close()
    async with reading(tmp_path) as reader:
        for _ in range(60):
            conditions = asked(
                types=rng.choice(((), ("a",), ("b", "z"))),
                identifiers=rng.choice(((), ("job/x",), ("y",), ("job/x", "node/y", "node/z"))),
                sources=rng.choice(((), ("",), ("prod",))),
                text=rng.choice(("", "oom", '"oom killed"')),
            )
            systems = rng.choice((None, ["nomad"], ["consul", "puppet"]))
            if not conditions and systems is None:
                continue
            after_seq, before_seq = sorted(rng.sample(range(entries[-1].seq + 3), 2))
            newest_first = rng.random() < 0.5
            found = await find(
                reader,
                systems=systems,
                conditions=conditions,
                after_seq=after_seq,
                before_seq=before_seq,
                limit=1000,
                newest_first=newest_first,
            )
            wanted = [
                each.seq
                for each in entries
                if after_seq < each.seq < before_seq
                and (systems is None or each.system in systems)
                and any(map(conditions.hold_for, contents(each)))
            ]
            assert found is not None
            assert found == sorted(found, reverse=newest_first)
            assert set(wanted) <= set(found)
            few = await find(
                reader,
                systems=systems,
                conditions=conditions,
                after_seq=after_seq,
                before_seq=before_seq,
                limit=3,
                newest_first=newest_first,
            )
            assert few == found[:3]


def counted(entries: list[Entry], question: TallyQuestion) -> Counter[Key]:
    totals: Counter[Key] = Counter()
    for each in entries:
        after_seq = question.after_seq.get(each.system)
        if after_seq is None or not after_seq < each.seq < question.before_seq:
            continue
        if not question.from_us <= each.recorded_at_us < question.until_us:
            continue
        for event in each.events:
            key = question.key_of(CountGroup(each.system, event.facets.type, event.source))
            if key is not None:
                at_us, bucket_us = each.recorded_at_us, question.bucket_us
                start_us = at_us - at_us % bucket_us if bucket_us else None
                totals[key._replace(start_us=start_us)] += 1
    return totals


def key_of(wanted: str | None, by_type: object, group: CountGroup) -> Key | None:
    if wanted is not None and group.type != wanted:
        return None
    return Key(None, group.system, group.type if by_type else None, None)


@pytest.mark.parametrize("seed", range(6))
@scenario
async def test_counts_are_those_of_a_plain_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(segments, "SPAN", 64)
    entries = random_entries(rng, 200)
    cut = rng.randrange(200)
    file = filled(tmp_path, entries[:cut] or entries[:1])
    file.add(entries[max(cut, 1) :], entries[-1].seq)
    file.close()
    first_us, last_us = entries[0].recorded_at_us, entries[-1].recorded_at_us
    async with reading(tmp_path) as reader:
        for _ in range(40):
            systems = rng.sample(SYSTEMS, rng.randrange(4))
            from_us, until_us = sorted(rng.choices(range(first_us - 1, last_us + 2), k=2))
            by_type, wanted = rng.random() < 0.5, rng.choice(("a", "b", None))

            question = TallyQuestion(
                {system: rng.randrange(entries[-1].seq) for system in systems},
                rng.choice((entries[-1].seq + 1, rng.randrange(2, entries[-1].seq))),
                *rng.choice(((-FOREVER_US, FOREVER_US), (from_us, until_us + 1))),
                rng.choice((0, HOUR_US, 24 * HOUR_US, HOUR_US // 4, 7_000_000)),
                partial(key_of, wanted, by_type),
            )
            answer = await reader.tally(question)
            assert answer is not None
            found: Counter[Key] = Counter()
            last: dict[Key, int] = {}
            for key, events, last_seq, _ in answer[1]:
                found[key] += events
                last[key] = max(last.get(key, 0), last_seq)
            assert found == counted(entries, question)
            assert all(seq < question.before_seq for seq in last.values())


@scenario
async def test_a_record_of_which_nothing_is_known_is_always_found(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2), unknown(3), entry(4, indexed("x"))]).close()
    async with reading(tmp_path) as reader:
        assert await find(reader) == [2, 3]
        assert await find(reader, systems=["feldera"]) == [3]
        conditions = asked(types=["deploy"])
        for before_seq, are_sure in ((3, True), (4, False)):
            found = await reader.find(None, conditions, 0, before_seq, 9, newest_first=True)
            assert found is not None
            assert found.are_sure is are_sure


@scenario
async def test_the_index_of_another_log_is_none(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2)]).close()
    async with reading(tmp_path, "another") as reader:
        assert await reader.extent() is None
        assert await find(reader) is None


@scenario
async def test_what_any_record_may_meet_is_not_asked_of_the_index(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2)]).close()
    async with reading(tmp_path) as reader:
        assert await find(reader, conditions=asked()) is None


@scenario
async def test_it_may_come_and_go_and_be_another_between_two_questions(tmp_path: Path) -> None:
    async with reading(tmp_path) as reader:
        assert await reader.extent() is None
        first = filled(tmp_path, [entry(2)])
        assert (await reader.extent(), reader.known) == (Extent(LOG, 0, 2), Extent(LOG, 0, 2))
        first.add([entry(3)], 3)
        assert await find(reader) == [2, 3]
        delete_index(tmp_path)
        assert (await reader.extent(), reader.known) == (None, None)
        first.close()
        filled(tmp_path, [entry(5)]).close()
        assert await find(reader) == [5]


@pytest.mark.parametrize("content", [b"", b"no database" * 1000, b"SQLite format 3\0" + bytes(99)])
@scenario
async def test_a_file_that_is_no_index_answers_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    async with reading(tmp_path) as reader:
        assert await reader.extent() is None
        assert await find(reader) is None
        delete_index(tmp_path)
        filled(tmp_path, [entry(2)]).close()
        assert await find(reader) == [2]


@scenario
async def test_a_broken_index_answers_nothing(tmp_path: Path) -> None:
    filled(tmp_path, [entry(2)]).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as broken:
        broken.execute("DROP TABLE kinds")
    broken.close()
    async with reading(tmp_path) as reader:
        assert await find(reader) is None
