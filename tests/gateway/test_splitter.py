"""Bodies cut into objects: by tables, fed in pieces of every size, and by any objects at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.upload import splitter
from tidings.gateway.upload.splitter import JsonSplitter, Piece

NOT_ONE = "expected a JSON object"
UNENDED = "not a JSON object: it does not end where the next one begins"
OPEN_TEXT = "not a JSON object: a text does not end on its line"
MISMATCH = "not a JSON object: brackets do not match"


def split(body: bytes, *, size: int, max_bytes: int = 10_000) -> list[Piece]:
    cutter = JsonSplitter(max_bytes)
    pieces: list[Piece] = []
    for at in range(0, len(body), size):
        pieces += cutter.feed(body[at : at + size])
    return pieces + cutter.end()


def shown(pieces: list[Piece]) -> list[tuple[int, str]]:
    return [(piece.line, piece.text.decode() or f"! {piece.problem}") for piece in pieces]


CASES = {
    "nothing": (b"", []),
    "blank lines": (b"\n \t\r\n\n", []),
    "one object without a line end": (b'{"a":1}', [(1, '{"a":1}')]),
    "lines": (b'{"a":1}\n\r\n{}\r\n{"b":2}\n', [(1, '{"a":1}'), (3, "{}"), (4, '{"b":2}')]),
    "several on a line": (
        b'{"a":1}{"b":2} {"c":3}',
        [(1, '{"a":1}'), (1, '{"b":2}'), (1, '{"c":3}')],
    ),
    "an object over lines": (
        b'{\n "a": [\n  {"x":1},\n  {"y":2}\n ]\n}\n{"z":1}',
        [(1, '{\n "a": [\n  {"x":1},\n  {"y":2}\n ]\n}'), (7, '{"z":1}')],
    ),
    "brackets and quotes in texts": (
        rb'{"a":"}\"{[\\"}{"b":"]"}',
        [(1, r'{"a":"}\"{[\\"}'), (1, '{"b":"]"}')],
    ),
    "an array": (b'[{"a":1},\n\n{"b":[2]}]\n', [(1, '{"a":1}'), (2, '{"b":[2]}')]),
    "an empty array": (b" [ ] ", []),
    "an array of other things": (
        b'[1,{"a":1},"x,y",[{"b":2}],null\n]',
        [
            (1, f"! {NOT_ONE}"),
            (2, '{"a":1}'),
            (3, f"! {NOT_ONE}"),
            (4, f"! {NOT_ONE}"),
            (5, '[{"b":2}]'),
            (6, f"! {NOT_ONE}"),
        ],
    ),
    "no objects": (
        b'12\n"x" {"a":1}\n[1]\n{"b":1}',
        [(1, f"! {NOT_ONE}"), (2, f"! {NOT_ONE}"), (3, f"! {NOT_ONE}"), (4, '{"b":1}')],
    ),
    "an unended object before the next line's": (
        b'{"a":1\n{"b":2}\n',
        [(1, f"! {UNENDED}"), (2, '{"b":2}')],
    ),
    "an unended object with blanks before the next": (
        b'{"a":1,  \n\n  {"b":2}\n',
        [(1, f"! {UNENDED}"), (3, '{"b":2}')],
    ),
    "an unended text": (b'{"a":"x\n{"b":2}', [(1, f"! {OPEN_TEXT}"), (2, '{"b":2}')]),
    "a line end behind a backslash": (
        b'{"a":"\\\n{"b":2}',
        [(1, f"! {OPEN_TEXT}"), (2, '{"b":2}')],
    ),
    "brackets of two kinds": (b'{"a":]}{"q":1}\n{"b":2}', [(1, f"! {MISMATCH}"), (2, '{"b":2}')]),
    "an object cut off": (
        b'{"a":1}\n{"b":',
        [(1, '{"a":1}'), (2, "! the body ends inside of an object")],
    ),
    "an array cut off": (
        b'[{"a":1},',
        [(1, '{"a":1}'), (2, "! the body ends inside of the array")],
    ),
    "text behind an array": (
        b'[{"a":1}]\n x y\nz',
        [(1, '{"a":1}'), (2, "! text after the end of the array")],
    ),
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("case", CASES)
def test_bodies(case: str, size: int) -> None:
    body, expected = CASES[case]
    assert shown(split(body, size=size)) == expected


@pytest.mark.parametrize("size", [1, 64, 5000])
def test_an_object_that_is_too_large_costs_only_itself(size: int) -> None:
    large = b'{"a":"' + b"x" * 3000 + b'"}'
    pieces = split(b'{"b":1}\n' + large + b'\n{"c":1}', size=size, max_bytes=100)
    assert [(piece.line, piece.text, piece.is_too_large) for piece in pieces] == [
        (1, b'{"b":1}', False),
        (2, b"", True),
        (3, b'{"c":1}', False),
    ]


def test_an_object_may_be_just_as_large_as_the_limit() -> None:
    assert split(b'{"a":12}', size=3, max_bytes=8) == [Piece(1, b'{"a":12}')]
    assert split(b'{"a":123}', size=3, max_bytes=8)[0].is_too_large


def test_depth_is_bounded() -> None:
    (piece,) = split(b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", size=1000)
    assert piece.problem == MISMATCH


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5)


@given(OBJECTS, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
def test_any_objects_come_out_as_they_went_in(
    objects: list[dict[str, object]],
    indent: int | None,
    as_array: bool,  # noqa: FBT001 - an example
    size: int,
) -> None:
    texts = [json.dumps(each, indent=indent) for each in objects]
    joined = f"[{','.join(texts)}]" if as_array else "\n".join(texts)
    pieces = split(joined.encode(), size=size, max_bytes=10**6)
    assert [piece.problem for piece in pieces] == [""] * len(objects)
    assert [json.loads(piece.text) for piece in pieces] == objects


@given(st.binary(max_size=200), st.integers(1, 20))
def test_any_bytes_give_the_same_however_they_are_cut(body: bytes, size: int) -> None:
    assert split(body, size=size) == split(body, size=1000)


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("bound", "bad", "problem"),
    [
        ("MAX_CONTAINERS", b'{"a":[[],{},[[]]]}', "it holds more than 5 objects and lists"),
        ("MAX_TEXTS", b'{"a":["b","c"],"d":"e","f":1}', "it holds more than 5 names and texts"),
    ],
)
def test_an_object_that_holds_too_much_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, size: int, bound: str, bad: bytes, problem: str
) -> None:
    monkeypatch.setattr(splitter, bound, 5)
    pieces = split(b'{"a":["b","c"],"d":"e"}\n' + bad + b'\n{"a":[[],[],[]]}', size=size)
    assert pieces[1] == Piece(2, problem=problem, is_too_large=True)
    assert not pieces[0].problem
    assert not pieces[2].problem


def test_an_object_that_is_too_large_is_so_even_if_it_does_not_end() -> None:
    (piece,) = split(b'{"a":"' + b"x" * 100, size=7, max_bytes=50)
    assert piece == Piece(1, problem="it is larger than 50 bytes", is_too_large=True)


def test_pieces_are_found_when_they_are_asked_for() -> None:
    """Millions of them are in no list: who takes them may stop in the middle of a chunk."""
    cutting = JsonSplitter(100).feed(b"x\n" * 1000)
    assert [next(cutting).line for _ in range(3)] == [1, 2, 3]
    assert len(list(cutting)) == 997


def test_blanks_before_line_ends_are_looked_at_about_once() -> None:
    looked_at = 0

    class Counting(bytes):
        def __getitem__(self, key: Any) -> Any:
            nonlocal looked_at
            found = super().__getitem__(key)
            if isinstance(key, slice):
                looked_at += len(found)
            return found

    line = b"1" + b" " * 300 + b"\n,"
    body = b'{"a":[' + line * 2000 + b"1]}"
    (piece,) = JsonSplitter(len(body)).feed(Counting(body))
    assert piece.text == body
    assert looked_at < 4 * len(body)
