"""How much of a log an index knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Extent(NamedTuple):
    """All records of a log past one position and up to another, inclusive."""

    log_id: str
    floor_seq: int
    through_seq: int


class Found(NamedTuple):
    """Positions that an index names, within its extent, of records that may be wanted.

    `are_sure` says that the terms of each are those that were asked for, of all its events together
    and as far as terms tell values apart.
    """

    extent: Extent
    seqs: Sequence[int]
    are_sure: bool = False


class Piece(NamedTuple):
    """The next part of a range, between two positions, both exclusive; and whether it is known."""

    after_seq: int
    before_seq: int
    is_known: bool


def next_piece(
    extent: Extent | None, after_seq: int, before_seq: int, *, newest_first: bool
) -> Piece:
    """Return the part at the end that is read from which an extent knows as a whole, or not at all.

    The range is not empty.
    """
    if extent is None:
        return Piece(after_seq, before_seq, is_known=False)
    floor_seq, through_seq = extent.floor_seq, extent.through_seq
    if newest_first:
        if before_seq - 1 > through_seq:
            return Piece(max(after_seq, through_seq), before_seq, is_known=False)
        if before_seq - 1 > floor_seq:
            return Piece(max(after_seq, floor_seq), before_seq, is_known=True)
    else:
        if after_seq < floor_seq:
            return Piece(after_seq, min(before_seq, floor_seq + 1), is_known=False)
        if after_seq < through_seq:
            return Piece(after_seq, min(before_seq, through_seq + 1), is_known=True)
    return Piece(after_seq, before_seq, is_known=False)
