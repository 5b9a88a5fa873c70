"""A body cut anywhere gives the same lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import TooLarge
from tidings.gateway.transcode.lines import LineReader


def lines_of(*chunks: bytes, max_line_bytes: int = 100) -> list[bytes]:
    reader = LineReader(max_line_bytes)
    return [line for chunk in chunks for line in reader.feed(chunk)] + reader.end()


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"\n\n \r\n", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\r\nb\n\nc", [b"a", b"b", b"c"]),
        (b' {"a": "b\\n"} \n{}', [b'{"a": "b\\n"}', b"{}"]),
    ],
)
def test_body_is_cut_into_lines_wherever_chunks_end(body: bytes, lines: list[bytes]) -> None:
    assert lines_of(body) == lines
    assert lines_of(*(bytes((byte,)) for byte in body)) == lines


@given(st.lists(st.sampled_from([b"", b"a", b"bc", b"\n", b"d\n", b"\r\n", b" "])))
def test_chunks_make_no_difference(chunks: list[bytes]) -> None:
    assert lines_of(*chunks, max_line_bytes=1000) == lines_of(b"".join(chunks), max_line_bytes=1000)


def test_line_at_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert lines_of(b"aaaa\nbbbb", max_line_bytes=4) == [b"aaaa", b"bbbb"]
    for chunks in ([b"aaaaa\n"], [b"aaaa", b"a"], [b"a\n", b"aaaaa"]):
        with pytest.raises(TooLarge) as caught:
            lines_of(*chunks, max_line_bytes=4)
        assert caught.value.limit_bytes == 4
