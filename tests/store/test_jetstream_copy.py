"""A log on NATS that was backed up, went on, and was restored."""

from __future__ import annotations

from tests.kit.loop import patient_scenario
from tests.nats.copies import back_up, restore
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.store.places import append, draft, opened, texts
from tidings.app.clock import SystemClock
from tidings.core.record import Stored
from tidings.store.jetstream.opening import renew_jetstream


@patient_scenario(60)
async def test_a_restored_log_is_whole_and_renewed_is_another_one(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    log = place.cluster.log
    async with opened(place) as store:
        old_id = store.log_id
        first = await append(store, draft("a", key="k"), draft("b"))
        await store.state.put("policy", b"p")
        await store.state.put("retention/nomad", b"{}")
        copies = {name: await back_up(nats, name) for name in (log, f"{log}-state")}
        lost = await append(store, draft("c"))
    for name, copy in copies.items():
        await restore(nats, name, copy)

    new_id = await renew_jetstream(place.cluster, clock=SystemClock())
    assert new_id != old_id
    for _ in range(2):  # it is the same for whoever opens it
        async with opened(place) as store:
            assert store.log_id == new_id
    async with opened(place) as store:
        assert texts(await store.read(0, 9)) == ["a", "b"]
        assert await store.state.list("retention/") == [], "it asks anew"
        held = await store.state.get("policy")
        assert held is not None
        assert held.value == b"p"
        assert await store.append([draft("a", key="k")]) == [Stored(first[0], duplicate=True)]
        assert await append(store, draft("d")) == lost, "so the old positions must not count"
