"""What a log on NATS is refused for, before it is served and while it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import nats
import pytest

from tests.kit.loop import run_async, scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer, nats_server
from tests.store.places import append, draft, feed_of, opened
from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit
from tidings.store.jetstream.store import JetStreamStore


async def api(server: NatsServer, subject: str, request: object = None) -> dict[str, Any]:
    client = await nats.connect(server.url)
    body = b"" if request is None else json.dumps(request).encode()
    answer = await client.request(f"$JS.API.{subject}", body, timeout=5)
    await client.close()
    found: dict[str, Any] = json.loads(answer.data)
    assert "error" not in found, found
    return found


async def opened_and_closed(place: JetStreamPlace, **changes: object) -> None:
    store = await place.open(**changes)
    await store.close()


def test_server_that_syncs_now_and_then_is_refused(tmp_path: Path) -> None:
    with nats_server(tmp_path, sync_interval="2m") as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            with pytest.raises(StoreUnfit, match=r"acknowledges before it syncs.*sync_interval"):
                await opened_and_closed(place)
            await opened_and_closed(place, durability="relaxed")

        run_async(main())


def test_server_that_takes_no_large_message_is_refused(tmp_path: Path) -> None:
    with nats_server(tmp_path, max_payload="3MB") as server:

        async def main() -> None:
            with pytest.raises(StoreUnfit, match="set max_payload: 4MB"):
                await opened_and_closed(JetStreamPlace(server))

        run_async(main())


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"monitors": ()}, StoreUnfit, "nobody says whether the servers sync"),
        ({"monitors": ("ftp://a",)}, StoreUnfit, "expected http://HOST:PORT"),
        ({"monitors": ("http://127.0.0.1:1",)}, StoreUnavailable, "whether the server syncs"),
        ({"replicas": 3}, StoreUnfit, "1 of the servers were asked.*3 hold replicas"),
        ({"servers": ("nats://127.0.0.1:1",)}, StoreUnavailable, "connecting to nats://127"),
    ],
)
@scenario
async def test_cluster_that_cannot_promise_is_refused(
    nats: NatsServer, changes: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        await opened_and_closed(JetStreamPlace(nats), **changes)


@scenario
async def test_operators_word_stands_in_for_the_monitoring_port(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    await opened_and_closed(place, monitors=(), durability="assume-synced")
    await opened_and_closed(place, monitors=(), durability="relaxed")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_age": 3_600_000_000_000}, "has max_age 3600000000000 and needs 0"),
        ({"max_msgs": 10}, "has max_msgs 10 and needs -1"),
        ({"storage": "memory"}, 'has storage "memory" and needs "file"'),
        ({"allow_atomic": False}, "has allow_atomic false and needs true"),
        ({"retention": "workqueue", "discard": "new"}, "has retention"),
    ],
)
@scenario
async def test_stream_that_is_no_log_is_refused(
    nats: NatsServer, changes: dict[str, object], reason: str
) -> None:
    place = JetStreamPlace(nats)
    name = place.cluster.log
    config = {"name": name, "subjects": [f"{name}.>"], "discard": "new", "allow_atomic": True}
    config |= {"storage": "file", "retention": "limits", "allow_direct": True}
    await api(nats, f"STREAM.CREATE.{name}", config | {"deny_delete": True} | changes)
    with pytest.raises(StoreUnfit, match=reason):
        await opened_and_closed(place)


@scenario
async def test_stream_without_its_birth_record_is_refused(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    await opened_and_closed(place)
    await api(nats, f"STREAM.PURGE.{place.cluster.log}")
    with pytest.raises(StoreCorrupt, match=r"birth record of stream .* is gone"):
        await opened_and_closed(place)


@scenario
async def test_nodes_that_start_at_once_share_one_log(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    stores = await asyncio.gather(*(place.open() for _ in range(5)))
    assert len({store.log_id for store in stores}) == 1
    for store in stores:
        await store.close()


async def deleted(server: NatsServer, store: JetStreamStore, name: str) -> None:
    await api(server, f"STREAM.DELETE.{name}")


async def made_anew(server: NatsServer, store: JetStreamStore, name: str) -> None:
    config = (await api(server, f"STREAM.INFO.{name}"))["config"]
    await api(server, f"STREAM.DELETE.{name}")
    await api(server, f"STREAM.CREATE.{name}", config)


@pytest.mark.parametrize("what", ["", "-state"])
@pytest.mark.parametrize("lose", [deleted, made_anew])
@scenario
async def test_log_that_is_lost_under_it_ends_the_feed(
    nats: NatsServer,
    lose: Callable[[NatsServer, JetStreamStore, str], Coroutine[Any, Any, None]],
    what: str,
) -> None:
    place = JetStreamPlace(nats)
    store = await place.open()
    try:
        async with feed_of(store, 0) as feed:
            await append(store, draft("a"), draft("b"))
            await feed.take(2)
            await lose(nats, store, place.cluster.log + what)
            with pytest.raises(StoreCorrupt, match="was deleted"):
                await feed.take(1)
    finally:
        await store.close()


@scenario
async def test_position_that_was_given_before_is_not_accepted(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    async with opened(place) as store:
        assert isinstance(store, JetStreamStore)
        await append(store, draft("a"), draft("b"))
        await made_anew(nats, store, place.cluster.log)
        with pytest.raises(StoreCorrupt, match="gave position 1 after 3"):
            await store.append([draft("c")])
