from __future__ import annotations

from tests.kit.log import record
from tidings.log.batch import Batch, Pick


def test_a_batch_is_true_when_it_has_picks() -> None:
    assert Batch((Pick(record(2), None),), 2)
    assert not Batch((), 2)


def test_batches_are_equal_by_what_they_hold_not_by_what_was_made_of_it() -> None:
    batch = Batch((), 2)
    batch.views["wire"] = ()
    assert batch == Batch((), 2)
    assert batch != Batch((), 3)
