"""The store in memory keeps the contract."""

from __future__ import annotations

import pytest

from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.store.contract import ClockedContract, StoreContract
from tests.store.places import MemoryPlace
from tidings.store.memory import MemoryStore


class TestMemoryStore(StoreContract, ClockedContract):
    @pytest.fixture
    def place(self) -> MemoryPlace:
        return MemoryPlace()


@scenario
async def test_log_id_may_be_given() -> None:
    store = MemoryStore(clock=ManualClock(), log_id="mine")
    assert store.log_id == "mine"
    assert store.reopen().log_id == "mine"
    assert MemoryStore(clock=ManualClock()).log_id != MemoryStore(clock=ManualClock()).log_id
