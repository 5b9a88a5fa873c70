from __future__ import annotations

import pytest

from tests.log.rig import record
from tidings.log.batch import Batch, Pick, fitting


def test_a_batch_is_true_when_it_has_picks() -> None:
    assert Batch((Pick(record(2), None),), 2)
    assert not Batch((), 2)


def test_batches_are_equal_by_what_they_hold_not_by_what_was_made_of_it() -> None:
    batch = Batch((), 2)
    batch.views["wire"] = ()
    assert batch == Batch((), 2)
    assert batch != Batch((), 3)


@pytest.mark.parametrize(
    ("limit", "max_bytes", "count"),
    [(9, 99, 3), (2, 99, 2), (9, 4, 2), (9, 3, 1), (1, 1, 1), (0, 0, 1), (9, 6, 3)],
)
def test_what_fits_is_bounded_by_both_and_never_nothing(
    limit: int, max_bytes: int, count: int
) -> None:
    records = [record(seq, "xx") for seq in (2, 3, 4)]
    assert fitting(records, limit, max_bytes) == records[:count]


def test_nothing_of_nothing_fits() -> None:
    assert fitting([], 9, 9) == []
