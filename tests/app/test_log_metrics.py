"""What the log holds, as Prometheus is told: from a thread, and while the store is away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.kit.loop import scenario
from tidings.app.log_metrics import FRESH_S, LogMetrics
from tidings.core.errors import StoreUnavailable
from tidings.core.record import Bounds, Record


class FakeLog:
    """A log of one system, which may be away; counts how often it is asked."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0

    async def bounds(self, system: str) -> Bounds:
        self.asked += 1
        if self.is_away:
            raise StoreUnavailable("read")
        if system != "nomad":
            return Bounds(0, 0, 0, 9)
        return Bounds(3, 9, 2, 9)

    async def read_last(self, system: str, limit: int) -> list[Record]:
        assert limit == 1
        return [Record(9, 5_000_000, system, system, b"")] if system == "nomad" else []

    async def estimate_bytes(self, system: str, last_seq: int, count: int) -> int:
        assert (system, last_seq, count) == ("nomad", 9, 7)
        return 1400

    async def count(self, system: str, through_seq: int) -> int:
        assert (system, through_seq) == ("nomad", 9)
        return 7

    async def size_bytes(self) -> int:
        return 4096


def values(metrics: LogMetrics) -> Mapping[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("system", "")): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


@scenario
async def test_what_is_held_is_told_from_another_thread_and_not_asked_for_too_often() -> None:
    log: Any = FakeLog()
    now_s = 100.0
    loop = asyncio.get_running_loop()
    metrics = LogMetrics(log, Path("/"), loop, lambda: now_s)
    assert [family.samples for family in metrics.describe() if "disk" not in family.name] == [
        []
    ] * 6
    assert log.asked == 0
    found = await asyncio.to_thread(values, metrics)
    assert found["tidings_system_records", "nomad"] == 7
    assert found["tidings_system_bytes", "nomad"] == 1400
    assert found["tidings_system_first_seq", "nomad"] == 3
    assert found["tidings_system_last_seq", "nomad"] == 9
    assert found["tidings_system_trimmed_through_seq", "nomad"] == 2
    assert found["tidings_system_last_record_timestamp_seconds", "nomad"] == 5.0
    assert found["tidings_system_records", "puppet"] == 0
    assert found["tidings_log_disk_bytes", ""] == 4096
    assert 0 < found["tidings_disk_free_bytes", ""] <= found["tidings_disk_size_bytes", ""]
    asked = log.asked
    log.is_away = True
    free = "tidings_disk_free_bytes", ""  # others write to this disk
    unasked = await asyncio.to_thread(values, metrics)
    assert {**unasked, free: 0} == {**found, free: 0}
    assert log.asked == asked
    now_s += FRESH_S + 1
    again = await asyncio.to_thread(values, metrics)
    assert log.asked > asked
    assert again["tidings_system_records", "nomad"] == 7, "what was said last"


@scenario
async def test_of_a_directory_that_is_gone_no_disk_is_told(tmp_path: Path) -> None:
    log: Any = FakeLog()
    gone = LogMetrics(log, tmp_path / "gone", asyncio.get_running_loop(), lambda: 0.0)
    found = await asyncio.to_thread(values, gone)
    assert ("tidings_disk_free_bytes", "") not in found
