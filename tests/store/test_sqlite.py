"""The embedded store keeps the contract, and promises of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.contract import ClockedContract, StoreContract
from tests.store.places import SQLitePlace


class TestSQLiteStore(StoreContract, ClockedContract):
    @pytest.fixture
    def place(self, directory: Path) -> SQLitePlace:
        return SQLitePlace(directory)
