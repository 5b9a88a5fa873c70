"""A log on NATS that is checked and exported while it is in use: what is found, what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import nats as nats_client
import pytest

from tests.kit.loop import patient_scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.store.places import append, draft, opened
from tests.store.test_jetstream_watch import api, ask, editing, purging
from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.core.record import Record
from tidings.store.jetstream import export as jetstream_export
from tidings.store.jetstream.check import check_jetstream
from tidings.store.jetstream.cluster import Cluster
from tidings.store.jetstream.export import export_jetstream
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.records import CHECKSUM, KEY, checksum_text
from tidings.store.jetstream.store import JetStreamStore
from tidings.store.kept import KEY_UNTOLD, Report, Untold

Harm = Callable[[NatsServer, str], Awaitable[object]]
KEYS = ("k", "", "two words", "a: b\r\nNats-TTL: 1s\r\n\r\n", "schlüssel = 1", "x" * 512)


async def checked(cluster: Cluster) -> Report:
    return await asyncio.to_thread(check_jetstream, cluster)


async def exported(cluster: Cluster) -> list[tuple[Record, str | None]]:
    return await asyncio.to_thread(lambda: list(export_jetstream(cluster)))


async def filled(store: JetStreamStore) -> list[int]:
    """Fill a log: what is trimmed of nomad lies before what is kept of all systems."""
    await append(store, draft("old"), draft("older", key="gone"), draft("c", "consul"))
    given = await append(
        store,
        draft("n1", key="k1"),
        draft("p1", "puppet.7"),
        draft("p2", "puppet.8", key="k2"),
        draft("c1", "consul"),
        draft("p3", "puppet.9", key="k3"),
        draft("n2"),
    )
    assert await store.trim("nomad", given[0] - 2) == 2
    await store.state.put("tokens/one", b"1")
    await store.state.delete("tokens/one")
    return given


def publishing(*messages: tuple[str, bytes, dict[str, str]]) -> Harm:
    """Return what writes messages of somebody else; subjects are below the log's name."""

    async def publish(server: NatsServer, log: str) -> None:
        client = await nats_client.connect(server.url)
        for below, body, headers in messages:
            await client.jetstream().publish(f"{log}{below}", body, headers=headers or None)
        await client.close()

    return publish


@patient_scenario(60)
async def test_a_log_in_use_is_whole(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        fresh = await checked(place.cluster)
        assert fresh == Report(store.log_id, 0, 0, 0, ())
        assert isinstance(store, JetStreamStore)
        given = await filled(store)
        report = await checked(place.cluster)
        assert report.problems == ()
        assert (report.log_id, report.records, report.last_seq) == (store.log_id, 7, given[-1])
        assert report.unchecked == 0


@patient_scenario(60)
async def test_what_is_written_and_trimmed_meanwhile_is_no_problem(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream_export, "_PAGE_MESSAGES", 7)

    place = JetStreamPlace(nats)
    async with opened(place) as store:
        keyed = [draft(f"{n}", key=f"k{n}") for n in range(40)]
        given = await append(store, *keyed)
        loop = asyncio.get_running_loop()

        async def change() -> None:
            await store.trim("nomad", given[30])
            await append(store, draft("new", key="new"), draft("c", "consul"))

        def read(record: Record) -> bool:
            if record.seq == given[0]:  # the pages behind this one are not read yet
                asyncio.run_coroutine_threadsafe(change(), loop).result()
            return True

        report = await asyncio.to_thread(check_jetstream, place.cluster, read)
        assert report.problems == ()
        assert report.first_seq == given[0]
        assert report.records < len(keyed), "some were trimmed before they were read"
        assert (await checked(place.cluster)).problems == ()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (purging(filter="r.puppet.7"), "records 8 to 8 are lost"),
        (purging(filter="r.puppet.9"), "a key of puppet names record 13, which is neither kept"),
        (purging(filter="k.puppet.>"), "records 12 to 12 are lost"),
        (purging(filter="r.nomad._"), "records 14 to 14 are lost"),
        (purging(filter="birth"), "the birth record is gone"),
        (purging("-state", filter="trim.>"), "records 4 to 4 are lost"),
        (publishing((".r.nomad._", b"x", {CHECKSUM: "00000000"})), "record 15: damaged"),
        (publishing((".r.nomad._", b"bad", {})), "record 15: its content cannot be decoded"),
        (
            publishing((".k.nomad.aGk", b"", {}), (".foreign", b"", {})),
            "a key of nomad names record 16, which is neither kept nor trimmed",
        ),
        (
            publishing((".k.nomad.aGk", b"", {}), (".r.consul._", b"x", {})),
            "a key of nomad does not fit record 16 of consul",
        ),
        (
            publishing((".k.nomad.aGk", b"", {KEY: "other"}), (".r.nomad._", b"x", {})),
            "the key of record 16 is damaged",
        ),
        (publishing(("-state.trim.nomad", b"x", {})), "the trim mark of nomad makes no sense"),
        (publishing(("-state.trim.unix", b"3", {})), "the trim mark of unix makes no sense"),
        (publishing(("-state.trim.nomad", b"15", {})), "nomad was trimmed through 15, which is no"),
        (editing(max_age=10**18), "has max_age 1000000000000000000 and needs 0"),
        (editing("-state", max_msgs=9), "has max_msgs 9 and needs -1"),
    ],
)
@patient_scenario(60)
async def test_harm_is_found(nats: NatsServer, harm: Harm, problem: str) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        assert isinstance(store, JetStreamStore)
        assert await filled(store) == [7, 8, 10, 11, 13, 14], "as the table has them"
        log_id = store.log_id
    await harm(nats, place.cluster.log)
    report = await asyncio.to_thread(
        check_jetstream, place.cluster, lambda record: record.body != b"bad"
    )
    assert any(problem in one for one in report.problems), report.problems
    assert report.log_id == ("" if "birth" in problem else log_id)


@patient_scenario(60)
async def test_a_stream_of_values_that_is_gone_is_told(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        await append(store, draft("a"))
    await api(nats, f"STREAM.DELETE.{place.cluster.log}-state")
    assert (await checked(place.cluster)).problems == (
        f"stream {place.cluster.log}-state, of the small values, is gone",
    )


@patient_scenario(60)
async def test_what_somebody_else_writes_below_the_log_is_passed_over(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        await append(store, draft("a", key="k"))
    strange = [".k", ".k.nomad", ".r.nomad.=ZZ", ".r.unix._", ".r.nomad.a.b", "-state.=ZZ"]
    await publishing(*((below, b"x", {}) for below in strange))(nats, place.cluster.log)
    report = await checked(place.cluster)
    assert (report.problems, report.records) == ((), 1)
    assert [(one.body, key) for one, key in await exported(place.cluster)] == [(b"a", "k")]


@patient_scenario(60)
async def test_an_export_has_every_record_with_its_key(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream_export, "_PAGE_MESSAGES", 2)  # keys are at the ends of pages

    place = JetStreamPlace(nats)
    async with opened(place) as store:
        given = []
        for n, key in enumerate(KEYS):
            given += await append(store, draft(f"{n}", key=key), draft("keyless", "puppet.=1"))
        stored = await store.read(0, 99)
        found = await exported(place.cluster)
        assert [record for record, _ in found] == list(stored)
        assert [key for _, key in found] == [k for key in KEYS for k in (key, None)]
        assert (await checked(place.cluster)).problems == ()
        with closing(export_jetstream(place.cluster)) as begun:
            first, _ = await asyncio.to_thread(next, begun)
            assert first.seq == given[0]
            await asyncio.to_thread(begun.close)


@patient_scenario(60)
async def test_what_an_older_tidings_stored_is_told_as_such(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place):
        pass
    log = place.cluster.log
    key = Names("").key("nomad", "k")
    told = {CHECKSUM: checksum_text("nomad", "nomad", b"new")}
    await publishing((key, b"d", {}), (".r.nomad._", b"old", {}), (".r.nomad._", b"new", told))(
        nats, log
    )
    report = await checked(place.cluster)
    assert (report.problems, report.unchecked, report.records) == ((), 1, 2)
    (_, untold), (_, none) = await exported(place.cluster)
    assert isinstance(untold, Untold)
    assert (untold, none) == (KEY_UNTOLD, None)


@patient_scenario(60)
async def test_a_damaged_record_is_exported_as_such(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        await append(store, draft("a"))
    harm = publishing((".r.nomad._", b"x", {CHECKSUM: "00000000"}))
    await harm(nats, place.cluster.log)
    found = await exported(place.cluster)
    assert [record.is_damaged for record, _ in found] == [False, True]


@pytest.mark.parametrize("look", [check_jetstream, lambda at: list(export_jetstream(at))])
@patient_scenario(60)
async def test_what_is_not_there_is_said_and_not_made(
    nats: NatsServer, look: Callable[[Cluster], Any]
) -> None:
    cluster = JetStreamPlace(nats).cluster
    with pytest.raises(StoreCorrupt, match=rf"holds no log {cluster.log}"):
        await asyncio.to_thread(look, cluster)
    for stream in (cluster.log, f"{cluster.log}-state"):
        assert (await ask(nats, f"STREAM.INFO.{stream}"))["error"]["err_code"] == 10059
    away = replace(cluster, servers=("nats://127.0.0.1:1",))
    with pytest.raises(StoreUnavailable, match=r"connecting to nats://127\.0\.0\.1:1"):
        await asyncio.to_thread(look, away)


@patient_scenario(60)
async def test_looking_changes_nothing(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    streams = (place.cluster.log, f"{place.cluster.log}-state")
    async with opened(place) as store:
        assert isinstance(store, JetStreamStore)
        await filled(store)

    async def state() -> list[Any]:
        found = [await api(nats, f"STREAM.INFO.{stream}") for stream in streams]
        return [(one["config"], one["created"], one["state"]) for one in found]

    before = await state()
    await checked(place.cluster)
    await exported(place.cluster)
    after = await state()
    for (config, created, held), (config_then, created_then, held_then) in zip(
        after, before, strict=True
    ):
        assert (config, created) == (config_then, created_then)
        assert held | {"consumer_count": 0} == held_then | {"consumer_count": 0}
