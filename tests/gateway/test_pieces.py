"""Objects of a body that is read chunk by chunk, or has been read."""

from __future__ import annotations

import pytest

from tests.kit.loop import scenario
from tidings.gateway.time_slices import TimeSlices
from tidings.gateway.upload.limits import SLICE_BYTES
from tidings.gateway.upload.pieces import Pieces

LONG = b'{"a":"' + b"x" * (3 * SLICE_BYTES) + b'"}'


@pytest.mark.parametrize("ahead", [0, 1, 2, 9])
@pytest.mark.parametrize(
    ("chunks", "texts", "is_array"),
    [
        ([], [], False),
        ([b"\n \n"], [], False),
        ([b'{"a":1}'], [b'{"a":1}'], False),
        ([b'{"a"', b":1}\n", b"", b'{"b":2}{"c":3}'], [b'{"a":1}', b'{"b":2}', b'{"c":3}'], False),
        ([b'[{"a":1},', b'{"b":2}]'], [b'{"a":1}', b'{"b":2}'], True),
        ([b"[", b"]"], [], True),
        ([LONG + b"\n" + LONG], [LONG, LONG], False),
    ],
)
@scenario
async def test_what_is_looked_at_is_still_to_be_taken_and_no_chunk_is_read_twice(
    chunks: list[bytes], texts: list[bytes], *, is_array: bool, ahead: int
) -> None:
    left = list(chunks)

    async def read() -> bytes | None:
        return left.pop(0) if left else None

    pieces = Pieces(read, TimeSlices())
    assert [piece.text for piece in await pieces.first(ahead)] == texts[:ahead]
    taken = []
    while (piece := await pieces.take()) is not None:
        taken.append(piece.text)
    assert (taken, left, pieces.is_array) == (texts, [], is_array)
    assert await pieces.take() is None


@scenario
async def test_a_body_that_has_been_read_is_cut_the_same_way() -> None:
    pieces = Pieces.of(b'{"a":1}\nx\n', TimeSlices())
    first, second = await pieces.first(5)
    assert (first.text, second.line) == (b'{"a":1}', 2)
    assert second.problem == "expected a JSON object"
