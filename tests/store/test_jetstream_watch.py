"""What somebody else does to the streams of a log while it is served, and what is noticed of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import nats as nats_client
import pytest

from tests.kit.loop import becomes, patient_scenario, scenario
from tests.nats.copies import back_up, restore
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.store.places import append, draft, feed_of, opened, seqs
from tidings.app.clock import SystemClock
from tidings.core.errors import StoreCorrupt
from tidings.core.record import SYSTEMS
from tidings.store.jetstream import identity as jetstream_identity
from tidings.store.jetstream import watch as jetstream_watch
from tidings.store.jetstream.cluster import Cluster
from tidings.store.jetstream.log_watch import LogWatch
from tidings.store.jetstream.opening import renew_jetstream
from tidings.store.jetstream.store import JetStreamStore
from tidings.store.jetstream.watch import StateWatch

Harm = Callable[[NatsServer, str], Awaitable[object]]
SECONDS = 10.0  # a look, and the seconds in which a leader that was just elected may know better


async def ask(server: NatsServer, subject: str, request: object = None) -> dict[str, Any]:
    client = await nats_client.connect(server.url)
    body = b"" if request is None else json.dumps(request).encode()
    answer = await client.request(f"$JS.API.{subject}", body, timeout=5)
    await client.close()
    found: dict[str, Any] = json.loads(answer.data)
    return found


async def api(server: NatsServer, subject: str, request: object = None) -> dict[str, Any]:
    found = await ask(server, subject, request)
    assert "error" not in found, found
    return found


def purging(what: str = "", **request: Any) -> Harm:
    """Return a purge of the log's stream, or of the one of small values; `filter` is below it."""

    async def purge(server: NatsServer, log: str) -> None:
        name = log + what
        if "filter" in request:
            request["filter"] = f"{name}.{request['filter']}"
        assert (await api(server, f"STREAM.PURGE.{name}", request))["purged"] > 0

    return purge


def editing(what: str = "", **settings: Any) -> Harm:
    async def edit(server: NatsServer, log: str) -> None:
        config = (await api(server, f"STREAM.INFO.{log}{what}"))["config"]
        await api(server, f"STREAM.UPDATE.{log}{what}", config | settings)

    return edit


async def renew(server: NatsServer, log: str) -> None:
    place = JetStreamPlace(server)
    place.cluster = Cluster(place.cluster.servers, log, monitors=place.cluster.monitors)
    await renew_jetstream(place.cluster, clock=SystemClock())


async def filled(store: JetStreamStore) -> list[int]:
    """Fill a log so that nomad is trimmed further than others."""
    given = await append(
        store,
        draft("c1", "consul"),
        draft("p1", "puppet.7"),
        draft("n1"),
        draft("n2"),
        draft("p2", "puppet.8"),
        draft("n3"),
        draft("n4", key="k"),
        draft("p3", "puppet.7"),
        draft("c2", "consul"),
        draft("f", "feldera"),
    )
    assert await store.trim("nomad", given[5]) == 3
    await store.state.put("tokens/one", b"1")
    await store.state.put("tokens/two", b"2")
    await store.state.delete("tokens/two")
    return given


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the looks that found nothing wrong, which come without pauses, by kind of stream."""
    counts = {"LogWatch": 0, "StateWatch": 0}
    monkeypatch.setattr(jetstream_watch, "LOOK_EVERY_S", 0.02)
    for kind in (LogWatch, StateWatch):
        find = kind.problem

        async def counted(self: Any, info: Any, find: Any = find) -> str | None:
            found: str | None = await find(self, info)
            counts[type(self).__name__] += found is None
            return found

        monkeypatch.setattr(kind, "problem", counted)
    return counts


async def go_on(looks: dict[str, int], count: int = 3) -> None:
    """Return after so many more looks of each kind."""
    until = {kind: seen + count for kind, seen in looks.items()}
    await becomes(lambda: all(looks[kind] >= seen for kind, seen in until.items()))


HARMS: dict[str, tuple[Harm, str]] = {
    "purged": (purging(), "was purged up to .* while it was in use"),
    "purged but for the newest": (purging(keep=1), "was purged up to .* while it was in use"),
    "purged up to a position": (purging(seq=4), "was purged up to 5"),
    "one system purged": (purging(filter="r.feldera.>"), "lacks position"),
    "one job purged": (purging(filter="r.puppet.7"), "lacks position"),
    "keys purged": (purging(filter="k.>"), "lacks position"),
    "one system purged behind the trims of another": (
        purging(filter="r.consul.>", seq=4),
        "lacks position 2, the oldest of consul, which no Tidings deleted",
    ),
    "birth purged": (purging(filter="birth"), "was purged up to 1"),
    "bounded": (editing(max_msgs_per_subject=1), "was edited: max_msgs_per_subject"),
    "bounded by age": (editing(max_age=3600 * 10**9), "was edited: max_age"),
    "values purged": (purging("-state"), "no Tidings deleted: somebody purged"),
    "a value purged": (purging("-state", filter="tokens.one"), "lacks tokens/…"),
    "marks purged": (purging("-state", filter="trim.>"), "lacks trim/…"),
    "values bounded": (editing("-state", max_msgs=1), "was edited: max_msgs"),
    "renewed": (renew, "new identity .* while it was in use"),
}


@pytest.mark.parametrize("harm", HARMS)
@scenario
async def test_what_somebody_else_does_ends_the_feed_and_says_so(
    nats: NatsServer, looks: dict[str, int], monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setattr(jetstream_identity, "PAUSE_S", 0.02)
    monkeypatch.setattr(jetstream_watch, "PAUSE_S", 0.02)
    do, reason = HARMS[harm]

    place = JetStreamPlace(nats)
    store = await place.open()
    try:
        await filled(store)
        async with feed_of(store, 0) as feed:
            assert len(await feed.take(7)) == 7
            await go_on(looks)
            await do(nats, place.cluster.log)
            with pytest.raises(StoreCorrupt, match=reason):
                await feed.take(1)

    finally:
        await store.close()


@pytest.mark.parametrize("what", ["", "-state"])
@scenario
async def test_settings_that_a_log_does_not_need_may_be_edited(
    nats: NatsServer, looks: dict[str, int], what: str
) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store, feed_of(store, 0) as feed:
        await go_on(looks, 1)
        await editing(what, description="ours", metadata={"team": "a"})(nats, place.cluster.log)
        await go_on(looks)
        (seq,) = await append(store, draft("a"))
        assert seqs(await feed.take(1)) == [seq]


@patient_scenario(60)
async def test_it_is_noticed_within_seconds_while_others_publish(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    loop = asyncio.get_running_loop()
    async with opened(place) as store, opened(place) as other:
        assert isinstance(store, JetStreamStore)
        await filled(store)

        async def publish() -> None:
            while True:
                await append(other, draft("x"), draft("y", key=f"{loop.time()}"))

        async def follow() -> float:
            async for _ in store.committed(0):
                pass
            raise AssertionError("a feed has no end")

        publishing = asyncio.create_task(publish())
        following = asyncio.create_task(follow())
        try:
            await asyncio.wait([following], timeout=2.0)
            asked_s = loop.time()
            await purging(filter="r.puppet.7")(nats, place.cluster.log)
            with pytest.raises(StoreCorrupt, match="lacks position"):
                await following
            took_s = loop.time() - asked_s
        finally:
            publishing.cancel()
            await asyncio.wait([publishing])
        assert took_s < SECONDS


@scenario
async def test_what_somebody_else_writes_is_no_record_and_stops_nobody(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    log = place.cluster.log
    strays = (
        "r.nomad.a.b",
        "r.nomad",
        "r.puppet.=FF",
        "r.puppet.\u0142",
        "r.foo._",
        "k.x",
        "y",
    )
    async with opened(place) as store, feed_of(store, 0) as feed:
        (one,) = await append(store, draft("one"))
        client = await nats_client.connect(nats.url)
        for stray in strays:
            await client.request(f"{log}.{stray}", b"x", timeout=5)
        for stray in ("tokens.\u0142", "tokens.=FF"):
            await client.request(f"{log}-state.{stray}", b"x", timeout=5)
        await store.state.put("tokens/one", b"1")
        assert [entry.name for entry in await store.state.list("tokens/")] == ["tokens/one"]
        await client.close()
        assert seqs(await store.read_last("nomad", 9)) == [one]
        (two,) = await append(store, draft("two"))
        heard: dict[int, str] = {}
        while two not in heard:
            (record,) = await feed.take(1)
            heard[record.seq] = record.system
        assert (heard[one], heard[two]) == ("nomad", "nomad")
        assert not set(SYSTEMS) & {heard[seq] for seq in heard.keys() - {one, two}}
    async with opened(place) as again:
        found = await again.read(0, 100)
        assert [r.seq for r in found if r.system in SYSTEMS] == [one, two]
        assert seqs(await again.read_last("nomad", 1)) == [two]


@scenario
async def test_a_watch_that_fails_ends_the_feed_too(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: LogWatch, info: object) -> str | None:
        raise KeyError(f"{self} {info}")

    monkeypatch.setattr(LogWatch, "problem", fail)

    store = await JetStreamPlace(nats).open()
    try:
        async with feed_of(store, 0) as feed:
            with pytest.raises(KeyError):
                await feed.take(1)
    finally:
        await store.close()


@scenario
async def test_messages_of_a_log_cannot_be_deleted_one_by_one(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        (seq,) = await append(store, draft("a"))
        for log in (place.cluster.log, f"{place.cluster.log}-state"):
            answer = await ask(nats, f"STREAM.MSG.DELETE.{log}", {"seq": seq})
            assert "message delete not permitted" in answer["error"]["description"]


@patient_scenario(90)
async def test_trims_and_deletions_of_any_node_are_no_loss(
    nats: NatsServer, looks: dict[str, int]
) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as one, opened(place) as two, feed_of(one, 0) as feed:
        for turn in range(12):
            names = ("nomad", "consul", "puppet.1", f"puppet.{turn}", "feldera")
            given = await append(
                one, *(draft(f"{n}", names[n % 5], key=f"{turn}-{n}") for n in range(50))
            )
            await one.state.put(f"tokens/{turn % 3}", b"x")
            await asyncio.gather(
                one.trim("nomad", given[-9]),
                two.trim("nomad", given[-20]),
                two.trim("puppet", given[turn]),
                one.trim("puppet.1", given[-1]),
                two.trim("consul", given[-1]),
                two.state.delete(f"tokens/{(turn + 1) % 3}"),
                append(two, draft("z", "feldera")),
            )
            await go_on(looks, 1)
        await go_on(looks)
        last = (await append(two, draft("last")))[0]
        seen = 0
        while seen < last:
            seen = seqs(await feed.take(1))[0]


@patient_scenario(60)
async def test_what_was_purged_while_nobody_looked_is_noticed_at_the_next_start(
    nats: NatsServer, looks: dict[str, int]
) -> None:
    place = JetStreamPlace(nats)
    store = await place.open()
    given = await filled(store)
    await store.close()
    await purging(filter="r.puppet.7")(nats, place.cluster.log)
    store = await place.open()
    try:
        async with feed_of(store, given[-1]) as feed:
            with pytest.raises(StoreCorrupt, match="lacks position"):
                await feed.take(1)
    finally:
        await store.close()
    await renew(nats, place.cluster.log)
    async with opened(place) as again, feed_of(again, given[-1]) as feed:
        await go_on(looks)
        assert (await again.bounds("consul")).trimmed_through == given[7], "what is gone, told"
        (seq,) = await append(again, draft("new"))
        assert seqs(await feed.take(1)) == [seq]


@patient_scenario(60)
async def test_a_copy_that_was_put_back_under_it_is_noticed(
    nats: NatsServer, looks: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = JetStreamPlace(nats)
    log = place.cluster.log
    store = await place.open()
    try:
        await append(store, draft("a"))
        copy = await back_up(nats, log)
        await append(store, draft("b"))
        async with feed_of(store, 0) as feed:
            await feed.take(2)
            await go_on(looks)
            await restore(nats, log, copy)
            client = await nats_client.connect(nats.url)
            for _ in range(3):  # as another node would, that has not seen what was lost
                await client.request(f"{log}.r.nomad._", b"c", timeout=5)
            await client.close()
            with pytest.raises(StoreCorrupt, match=f"stream {log} .* while it was in use"):
                await feed.take(9)
    finally:
        await store.close()
