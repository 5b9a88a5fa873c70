"""Cutting by count and bytes: both bounds, and items that are larger than a chunk may be."""

from __future__ import annotations

import pytest

from tidings.core.chunks import chunks, first_chunk

FIRST = [
    (["xx", "xx", "xx"], 9, 99, 3),
    (["xx", "xx", "xx"], 2, 99, 2),
    (["xx", "xx", "xx"], 9, 6, 3),
    (["xx", "xx", "xx"], 9, 5, 2),
    (["xx", "xx", "xx"], 9, 4, 2),
    (["xx", "xx", "xx"], 9, 3, 1),
    (["xx", "xx", "xx"], 9, 0, 1),
    (["xx", "xx", "xx"], None, None, 3),
    (["xx", "xx", "xx"], 0, 99, 0),
    ([], 9, 99, 0),
]


@pytest.mark.parametrize(("items", "limit", "max_bytes", "count"), FIRST)
def test_the_first_chunk_is_bounded_by_both_and_holds_one_item_of_any_size(
    items: list[str], limit: int | None, max_bytes: int | None, count: int
) -> None:
    assert first_chunk(items, len, limit=limit, max_bytes=max_bytes) == items[:count]


def test_at_most_one_item_more_is_taken_and_none_past_the_limit() -> None:
    items = iter(["xx", "xx", "xx", "xx", "xx"])
    assert first_chunk(items, len, limit=2) == ["xx", "xx"]
    assert first_chunk(items, len, max_bytes=2) == ["xx"]
    assert list(items) == ["xx"]


@pytest.mark.parametrize(
    ("items", "limit", "max_bytes", "lengths"),
    [
        ([], 9, 9, []),
        (["x"] * 5, 2, 99, [2, 2, 1]),
        (["xx"] * 5, 99, 5, [2, 2, 1]),
        (["xx", "xxxxxxx", "xx", "xx"], 99, 5, [1, 1, 2]),
        (["xxxxxxx"], 1, 1, [1]),
    ],
)
def test_chunks_hold_everything_once_and_in_order(
    items: list[str], limit: int, max_bytes: int, lengths: list[int]
) -> None:
    found = list(chunks(items, len, limit=limit, max_bytes=max_bytes))
    assert [len(chunk) for chunk in found] == lengths
    assert [item for chunk in found for item in chunk] == items
