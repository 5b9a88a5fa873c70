"""What the tests of stores share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a log may be made; it does not exist yet."""
    return tmp_path / "data"
