"""The newest lines of a stream, and places in it."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.live.tail import BYTES, MAX_CHUNK_BYTES, LineTail


def tail_of(*seqs: int, position: int = 0, size: int = 10) -> LineTail[bytes]:
    tail = LineTail(position, BYTES)
    for seq in seqs:
        tail.extend([(seq, b"%d" % seq + b"." * (size - len(str(seq))))])
    return tail


def test_places_stay_true_when_old_lines_go() -> None:
    tail = tail_of(3, 5, 9, position=2)
    assert [tail.place_after(seq) for seq in (2, 3, 4, 5, 9)] == [0, 1, 1, 2, 3]
    tail.trim(20, tail.end)
    assert (tail.first, tail.end, tail.covers_after) == (1, 3, 3)
    assert [tail.place_after(seq) for seq in (3, 5, 9)] == [1, 2, 3]
    assert [tail.seq_at(place) for place in (1, 2)] == [5, 9]


def test_lines_from_a_place_on_stay_however_large_they_are() -> None:
    tail = tail_of(3, 5)
    tail.trim(1, before=1)
    assert (tail.first, tail.size_bytes, tail.covers_after) == (1, 10, 3)
    tail.trim(0, before=2)
    assert (tail.first, tail.end, tail.size_bytes, tail.covers_after) == (2, 2, 0, 5)


def test_the_size_of_what_follows_a_place() -> None:
    tail = tail_of(3, 5, 9)
    assert [tail.bytes_from(place) for place in range(4)] == [30, 20, 10, 0]
    tail.trim(20, tail.end)
    assert [tail.bytes_from(place) for place in range(4)] == [20, 20, 10, 0]


def test_readers_at_one_place_get_one_object() -> None:
    tail = tail_of(1, 2, 3)
    first, _ = tail.take(0)
    again, place = tail.take(0)
    assert again is first
    assert place == 3
    lone, _ = tail.take(2)
    assert lone is tail.take(2)[0]


def test_readers_some_pieces_apart_get_one_object_each_time() -> None:
    tail = tail_of(*range(1, 9), size=MAX_CHUNK_BYTES // 2)
    pieces = [tail.take(place) for place in (0, 2, 4, 6)]
    assert [place for _, place in pieces] == [2, 4, 6, 8]
    tail.extend([(9, b"new")])
    for _ in range(3):
        for place in (0, 2, 4):
            assert tail.take(place)[0] is pieces[place // 2][0]


def test_who_is_behind_gets_the_pieces_of_who_took_each_message_as_it_came() -> None:
    tail, place, pieces = LineTail(0, BYTES), 0, []
    for seq in range(1, 9, 2):
        tail.extend((at, b"." * (MAX_CHUNK_BYTES * 3 // 8)) for at in (seq, seq + 1))
        piece, place = tail.take(place)
        pieces.append(piece)
    for number, piece in enumerate(pieces):
        assert tail.take(2 * number)[0] is piece


def test_a_piece_that_is_not_held_whole_is_let_go() -> None:
    tail = tail_of(*range(1, 7), size=MAX_CHUNK_BYTES // 2)
    piece, _ = tail.take(0)
    kept = sys.getrefcount(piece)
    tail.trim(5 * (MAX_CHUNK_BYTES // 2), tail.end)
    assert sys.getrefcount(piece) == kept - 1


def test_more_lines_make_another_object() -> None:
    tail = tail_of(1, 2)
    short, _ = tail.take(0)
    tail.extend([(3, b"new")])
    longer, place = tail.take(0)
    assert longer == short + b"new"
    assert place == 3


def test_a_chunk_is_bounded_but_holds_at_least_one_line() -> None:
    tail = tail_of(1, 2, 3, size=MAX_CHUNK_BYTES)
    taken, place = tail.take(0)
    assert (len(taken), place) == (MAX_CHUNK_BYTES, 1)


def test_a_line_without_a_position_stands_at_the_last_one() -> None:
    tail = tail_of(4)
    tail.extend([(0, b"gap")])
    assert tail.place_after(4) == 2
    assert tail.place_after(3) == 0
    tail.extend([(9, b"")])
    tail.extend([(0, b"gap")])
    assert tail.seq_at(2) == 9


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40)), max_size=40), st.data())
def test_a_reader_that_is_not_too_slow_gets_every_line_once(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    tail, place, seq = LineTail(0, BYTES), 0, 0
    got, given_ = b"", b""
    for number, (step, size) in enumerate(lines):
        seq += step
        line = b"%d" % number + b"." * size
        given_ += line
        tail.extend([(seq, line)])
        if data.draw(st.booleans()):
            while place < tail.end:
                taken, place = tail.take(place)
                got += taken
        if place == tail.end:
            tail.trim(data.draw(st.integers(1, 100)), tail.end)
    while place < tail.end:
        taken, place = tail.take(place)
        got += taken
    assert got == given_
