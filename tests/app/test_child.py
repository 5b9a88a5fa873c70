from __future__ import annotations

import gc

from tidings.app import child


def test_the_collector_leaves_what_the_process_is_built_of_alone() -> None:
    before = gc.get_threshold()
    try:
        child._spare_the_collector()  # noqa: SLF001 - the rest of it is a whole process
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
