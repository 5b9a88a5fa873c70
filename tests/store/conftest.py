"""What the tests of stores share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "tests.store.contract",
    "tests.store.contract_feed",
    "tests.store.contract_keys",
    "tests.store.contract_state",
    "tests.store.places",
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a log may be made; it does not exist yet."""
    return tmp_path / "data"
