"""Server-sent events, as the standard has them, cut anywhere."""

from __future__ import annotations

import pytest

from tidings.sources.event_stream import MAX_ID_BYTES, EventStreamParser, TooLong

CASES = [
    pytest.param(b"data: a\n\n", [("", b"a")], id="an event"),
    pytest.param(b"data:a\n\ndata:  b\n\n", [("", b"a"), ("", b" b")], id="one space is taken off"),
    pytest.param(b"id: 1\ndata: a\ndata\ndata: b\n\n", [("1", b"a\n\nb")], id="lines of data"),
    pytest.param(b"id: 1\ndata: a\r\n\r\ndata: b\r\rdata: c\n\n",
                 [("1", b"a"), ("1", b"b"), ("1", b"c")], id="line ends, and an id that stays"),
    pytest.param(b"id: 1\n\ndata: a\n\nid\ndata: b\n\n", [("1", b"a"), ("", b"b")], id="ids alone"),
    pytest.param(b": hello\n\nevent: x\nretry: 5\nother: 1\ndata: a\n\n", [("", b"a")],
                 id="comments, and fields that do not count"),
    pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", b"a")], id="a byte order mark"),
    pytest.param(b"id: 1\0\ndata: a\n\n", [("", b"a")], id="an id that is none"),
    pytest.param(b"id: %s\ndata: a\n\n" % (b"x" * (MAX_ID_BYTES + 1)), [("", b"a")],
                 id="an id that is too long"),
    pytest.param(b"data: a\n\ndata: b\n", [("", b"a")], id="an event without its end"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "events"), CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
def test_events_are_read_in_whatever_pieces(
    text: bytes, events: list[tuple[str, bytes]], size: int
) -> None:
    parser = EventStreamParser(2 * MAX_ID_BYTES)
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    assert [event for piece in pieces for event in parser.feed(piece)] == events


def test_an_event_that_is_too_long_ends_it_and_the_bound_is_one_events() -> None:
    parser = EventStreamParser(20)
    for _ in range(5):
        assert len(list(parser.feed(b"data: 12345\n\n"))) == 1
    with pytest.raises(TooLong):
        list(parser.feed(b"data: 12345\ndata: 12345"))
