"""Direct writes: what is written to many clients."""

from __future__ import annotations

from tidings.gateway.http.direct_write import Framer


def test_pieces_that_clients_get_in_turn_are_framed_once_each() -> None:
    asked: list[str] = []

    def frame(piece: str) -> bytes:
        asked.append(piece)
        return piece.encode()

    framed = Framer(frame)
    pieces = [f"piece {number}" for number in range(4)]
    frames = [[framed(piece) for piece in pieces] for _ in range(3)]
    assert asked == pieces
    assert all(again[0] is frames[0][0] for again in frames)


def test_few_frames_are_kept() -> None:
    framed = Framer(str.encode)
    pieces = [f"piece {number}" for number in range(100)]
    first = framed(pieces[0])
    for piece in pieces:
        assert framed(piece) == piece.encode()
    assert framed(pieces[0]) is not first
