"""Lines out of pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.sources.lines import LineSplitter

LINES = st.lists(st.text("ab\r", max_size=6).map(str.encode), max_size=8)


@given(LINES, st.lists(st.integers(0, 60), max_size=8))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], places: list[int]) -> None:
    body = b"".join(line + b"\n" for line in lines)
    cuts = sorted(min(place, len(body)) for place in places)
    splitter = LineSplitter(6)
    found = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)
        for line in splitter.feed(body[start:end])
    ]
    assert found == [kept for line in lines if (kept := line.rstrip(b"\r"))]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"abcd\n"], [b"abcd"]),
        ([b"abcde\nfg\n"], [None, b"fg"]),
        ([b"abc", b"de", b"fghijk", b"\nfg\n"], [None, b"fg"]),
        ([b"abcdefgh", b"\n", b"\n\nfg\r\n"], [None, b"fg"]),
    ],
)
def test_a_line_that_is_too_long_is_skipped_whole(
    pieces: list[bytes], lines: list[bytes | None]
) -> None:
    splitter = LineSplitter(4)
    assert [line for piece in pieces for line in splitter.feed(piece)] == lines
