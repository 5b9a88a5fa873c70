"""A backup over gRPC of a log on NATS: a log of the embedded store, at the same positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.fetching import HandingOut, failing_at, fetch
from tests.kit.loop import patient_scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.store.places import SQLitePlace, append, draft, opened, texts
from tidings.app.clock import SystemClock
from tidings.core.errors import KeyReused
from tidings.core.record import Stored
from tidings.rpc import backing_up
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log


@patient_scenario(60)
async def test_a_log_on_nats_is_backed_up_and_restored_without_its_servers(
    nats: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "_AT_ONCE", 2)
    target = tmp_path / "backup"
    async with opened(JetStreamPlace(nats)) as store:
        first = await append(store, draft("a", key="k"), draft("b"), draft("c", "consul", key="l"))
        await store.state.put("token/a", b"hash")
        await append(store, *(draft(f"{n}", key=f"{n}") for n in range(5)))
        await fetch(target, HandingOut(store, SystemClock(), failing_at(3)))
        await store.trim("consul", 2**62)
        last = await append(store, draft("d", "consul", key="m"))
        done = await fetch(target, HandingOut(store, SystemClock()))
        assert done.records == 1, "the rest was there"
        every = [(record.seq, record.subject, record.body) for record in await store.read(0, 99)]
    report = check_sqlite(target)
    assert (report.problems, report.records, report.unchecked) == ((), len(every), 0)

    restored = SQLitePlace(tmp_path / "restored")
    copy_log(target, restored.directory)
    restored.clock.at_s = SystemClock().now_us() / 1e6
    async with opened(restored) as store:
        found = await store.read(0, 99)
        assert [(record.seq, record.subject, record.body) for record in found] == every
        assert "c" not in texts(found), "retention had taken it"
        again = await store.append(
            [
                draft("a", key="k"),
                draft("c", "consul", key="l"),
                draft("other", "consul", key="m"),
                draft("new"),
            ]
        )
        assert again[:2] == [Stored(first[0], duplicate=True), Stored(first[2], duplicate=True)]
        assert isinstance(again[2], KeyReused)
        assert again[3] == Stored(last[0] + 1)
        entry = await store.state.get("token/a")
        assert entry is not None
        assert entry.value == b"hash"
    assert check_sqlite(restored.directory).problems == ()
