"""What the store does while its one server is away, and when it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loop import run_async, scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer, nats_server
from tests.nats.slow_link import slow_links
from tests.store.places import append, draft, feed_of, opened, seqs, texts
from tidings.core.errors import StoreUnavailable
from tidings.core.record import Stored
from tidings.store.jetstream.commit import Committer
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.store import JetStreamStore

LIVE_AGAIN_S = 2.0


def test_feed_is_live_again_within_two_seconds_of_a_restart(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            async with opened(place) as store, feed_of(store, 0) as feed:
                before = await append(store, draft("a"), draft("b"))
                assert texts(await feed.take(2)) == ["a", "b"]
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                loop = asyncio.get_running_loop()
                back_s = loop.time()
                async with opened(place) as other:
                    after = await append(other, draft("c"), draft("d"))
                found = await feed.take(2)
                assert loop.time() - back_s < LIVE_AGAIN_S
                assert seqs(found) == after
                assert after[0] > before[-1]

        run_async(main(), within_s=60)


def test_publisher_hears_at_once_that_the_server_is_away(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            async with opened(place) as store:
                await append(store, draft("a", key="a"))
                await asyncio.to_thread(server.kill)
                loop = asyncio.get_running_loop()
                asked_s = loop.time()
                for lost in (store.append([draft("b", key="b")]), store.read(0, 9)):
                    with pytest.raises(StoreUnavailable):
                        await lost
                assert loop.time() - asked_s < 10
                await asyncio.to_thread(server.start)
                assert texts(await store.read(0, 9)) == ["a"]
                await append(store, draft("c"))

        run_async(main(), within_s=60)


def test_frozen_server_is_given_up_and_what_it_did_is_not_told_wrongly(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            async with opened(place) as store:
                await append(store, draft("a"))
                server.freeze()
                with pytest.raises(StoreUnavailable):
                    await store.append([draft("b", key="b")])
                server.thaw()
                (again,) = await until_answered(store)
                found = await store.read(0, 9)
                assert texts(found) == ["a", "b"]
                assert again == found[-1].seq

        async def until_answered(store: object) -> list[int]:
            assert isinstance(store, JetStreamStore)
            async with asyncio.timeout(20):
                while True:
                    try:
                        (result,) = await store.append([draft("b", key="b")])
                    except StoreUnavailable:
                        continue
                    assert isinstance(result, Stored)
                    return [result.seq]  # stored now, or a duplicate of then

        run_async(main(), within_s=60)


LARGE = "x" * 8_000_000  # more than a connection takes that nobody reads from


def test_frozen_server_that_was_sent_much_holds_up_no_close(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:

        async def main() -> None:
            store = await JetStreamPlace(server).open()
            server.freeze()
            with pytest.raises(StoreUnavailable):
                await store.append([draft(LARGE)])
            async with asyncio.timeout(5):
                await store.close()

        run_async(main(), within_s=40)


def test_connection_that_hangs_with_much_to_send_is_made_anew(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server, slow_links([server.port]) as (link,):

        async def main() -> None:
            store = await JetStreamPlace(server).open(servers=(f"nats://{link.address}",))
            try:
                await append(store, draft("a"))
                link.stall()
                with pytest.raises(StoreUnavailable):
                    await store.append([draft(LARGE)])
                await until_stored(store, "b")
                assert texts(await store.read(0, 9)) == ["a", "b"]
            finally:
                await store.close()

        run_async(main(), within_s=60)


async def until_stored(store: JetStreamStore, text: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await append(store, draft(text))
            except StoreUnavailable:
                continue
            return


def test_store_comes_back_after_a_server_refused_it(tmp_path: Path) -> None:
    right, wrong = 'authorization { token: "right" }', 'authorization { token: "wrong" }'
    with nats_server(tmp_path, extra=right) as server:

        async def main() -> None:
            place = JetStreamPlace(server)
            store = await place.open(servers=(f"nats://right@{server.address}",))
            try:
                await append(store, draft("a"))
                for extra in (wrong, right):
                    await asyncio.to_thread(server.kill)
                    server.extra = extra
                    await asyncio.to_thread(server.start)
                    if extra == wrong:
                        with pytest.raises(StoreUnavailable):
                            await store.append([draft("b")])
                await until_stored(store, "c")
                assert texts(await store.read(0, 9)) == ["a", "c"]
            finally:
                await store.close()

        run_async(main(), within_s=80)


@pytest.mark.parametrize(("stale", "answer"), [([1], 3), ([2, 1, 2], 3), ([2] * 100, 2)])
@scenario
async def test_the_end_is_asked_again_while_a_leader_lags(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch, stale: list[int], answer: int
) -> None:
    async with opened(JetStreamPlace(nats)) as store:
        assert isinstance(store, JetStreamStore)
        await append(store, draft("a"), draft("b"))
        info = MessageReader.info
        left = list(stale)

        async def lagging(self: MessageReader) -> dict[str, Any]:
            found = await info(self)
            return {"state": {"last_seq": left.pop(0)}} if left else found

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(MessageReader, "info", lagging)
        asked_s = loop.time()
        assert await store.end_seq(2) in (2, 3)
        assert loop.time() - asked_s < 1.5, "what is known already is no reason to wait"
        left[:] = stale
        assert await store.end_seq(3) == answer
        assert loop.time() - asked_s < 5
        monkeypatch.undo()


@scenario
async def test_group_that_others_always_overtake_is_sent_one_by_one(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(JetStreamPlace(nats)) as store:
        sizes: list[int] = []
        send = Committer._send  # noqa: SLF001 - the one place where a batch goes out

        async def refuse_groups(self: Committer, drafts: list[object]) -> object:
            sizes.append(len(drafts))
            return None if len(drafts) > 1 else await send(self, drafts)  # type: ignore[arg-type]  # as given

        monkeypatch.setattr(Committer, "_send", refuse_groups)
        given = await append(store, *(draft(f"{n}") for n in range(3)))
        assert given == sorted(given)
        assert sizes == [3] * 8 + [1] * 3
