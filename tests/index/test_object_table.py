"""Objects in the index: the newest version before a position, and positions by object or name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.index.entries import LOG, filled
from tidings.core.object_question import (
    Newest,
    ObjectGroup,
    StateQuestion,
    name_number,
    object_number,
)
from tidings.dialects.facets import Facets, ObjectVersion
from tidings.index import segments
from tidings.index.entries import Entry, Indexed, unknown
from tidings.index.reader import IndexReader

NODES = ObjectGroup("nomad", "node", "", "")
NUMBER = {name: object_number(NODES, name) for name in "abc"}


def told(*versions: tuple[str, str], source: str = "", gone: bool = False) -> list[Indexed]:
    """Return an event for each node and status; a node's name is its id in capitals."""
    return [
        Indexed(source, Facets("t", "", "", (), (), (version(*each, gone=gone),)))
        for each in versions
    ]


def version(name: str, status: str, *, gone: bool) -> ObjectVersion:
    return ObjectVersion("node", name, name.upper(), "", status, deleted=gone, parents=())


ENTRIES = [
    Entry(2, 0, "nomad", told(("a", "ready"), ("b", "ready"))),
    Entry(3, 0, "nomad", told(("b", "down"))),
    unknown(4),
    Entry(5, 0, "nomad", told(("c", "ready"), ("c", "down"))),
    Entry(9, 0, "nomad", told(("b", "ready"))),
    Entry(10, 0, "nomad", told(("a", "ready"), gone=True)),
    Entry(12, 0, "nomad", told(("a", "ready"), source="prod")),
]


@pytest.fixture(params=[4, 1000])
def directory(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where an index of these is, in one segment or in several."""
    monkeypatch.setattr(segments, "SPAN", request.param)
    filled(tmp_path, ENTRIES).close()
    return tmp_path


def states(directory: Path, before_seq: int, *statuses: str, source: str = "") -> Sequence[Newest]:
    async def main() -> Sequence[Newest]:
        reader = IndexReader(directory, LOG)
        question = StateQuestion(
            lambda group: group.source == source, frozenset(statuses), before_seq
        )
        answer = await reader.states(question)
        await reader.close()
        assert answer is not None
        return answer[1]

    return asyncio.run(main())


def versions(
    directory: Path, number: int, after_seq: int, before_seq: int, limit: int
) -> list[int]:
    async def main() -> list[int]:
        reader = IndexReader(directory, LOG)
        answer = await reader.versions(number, after_seq, before_seq, limit)
        await reader.close()
        assert answer is not None
        return list(answer.seqs)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("before_seq", "statuses", "expected"),
    [
        (2, (), []),
        (3, (), [(2, "a"), (2, "b")]),
        (4, (), [(3, "b"), (2, "a")]),
        (4, ("ready",), [(2, "a")]),
        (6, (), [(5, "c"), (3, "b"), (2, "a")]),
        (6, ("down",), [(5, "c"), (3, "b")]),
        (10, (), [(9, "b"), (5, "c"), (2, "a")]),
        (11, (), [(9, "b"), (5, "c")]),
        (99, ("none",), []),
    ],
)
def test_the_newest_version_before_a_position(
    directory: Path, before_seq: int, statuses: tuple[str, ...], expected: list[tuple[int, str]]
) -> None:
    found = states(directory, before_seq, *statuses)
    assert sorted(found) == sorted(Newest(seq, NUMBER[name]) for seq, name in expected)
    assert [each.seq for each in found] == [seq for seq, _ in expected]


def test_objects_of_another_source_are_others(directory: Path) -> None:
    (found,) = states(directory, 99, source="prod")
    assert found == Newest(12, object_number(NODES._replace(source="prod"), "a"))


@pytest.mark.parametrize(
    ("number", "bounds", "expected"),
    [
        (NUMBER["b"], (0, 99, 9), [9, 3, 2]),
        (NUMBER["b"], (2, 9, 9), [3]),
        (NUMBER["b"], (0, 99, 2), [9, 3]),
        (NUMBER["c"], (0, 99, 9), [5]),
        (name_number("nomad", "node", "B"), (0, 99, 9), [9, 3, 2]),
        (name_number("nomad", "node", "a"), (0, 99, 9), [12, 10, 2]),
        (name_number("nomad", "node", "z"), (0, 99, 9), []),
        (name_number("nomad", "job", "a"), (0, 99, 9), []),
    ],
)
def test_positions_of_an_object_and_of_a_name(
    directory: Path, number: int, bounds: tuple[int, int, int], expected: list[int]
) -> None:
    assert versions(directory, number, *bounds) == expected


def test_a_segment_that_is_dropped_takes_its_objects_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SPAN", 4)
    file = filled(tmp_path, ENTRIES)
    assert file.drop_before(9) == 2
    file.close()
    assert [each.seq for each in states(tmp_path, 99)] == [9]
    assert versions(tmp_path, NUMBER["b"], 0, 99, 9) == [9]
