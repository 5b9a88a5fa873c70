"""JetStream keeps the contract, and promises of its own."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.kit.loop import scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.patience import PATIENCE_S
from tests.store.contract import StoreContract
from tests.store.places import append, draft, feed_of
from tests.store.test_model import Model, StoreMachine
from tidings.core.record import Draft
from tidings.store.jetstream.records import CHECKSUM


class TestJetStreamStore(StoreContract):
    @pytest.fixture
    def place(self, nats: NatsServer) -> JetStreamPlace:
        return JetStreamPlace(nats)


@scenario
async def test_a_record_that_is_not_what_was_sent_is_damaged(nats: NatsServer) -> None:
    """As if the server's disk had changed it: its checksum is that of another body."""

    place = JetStreamPlace(nats)
    store = await place.open()
    try:
        await append(store, draft("a"), draft("b", "puppet.7", key="k"))
        message = await store._reader.at(2)  # noqa: SLF001 - what stands in the stream
        assert message is not None
        named = {CHECKSUM: message.headers[CHECKSUM]}
        await store._link.ask(message.subject, b"x", headers=named, within_s=PATIENCE_S)  # noqa: SLF001
        await store._link.ask(message.subject, b"a", headers=named, within_s=PATIENCE_S)  # noqa: SLF001
        await store._link.ask(message.subject, b"old", headers=None, within_s=PATIENCE_S)  # noqa: SLF001
        expected = [b"a", b"b", b"", b"a", b"old"]
        async with feed_of(store, 0) as feed:
            for found in (await store.read(0, 9), await feed.take(5)):
                assert [one.body for one in found] == expected
                assert [one.is_damaged for one in found] == [False, False, True, False, False]
        (newest,) = await store.read_last("puppet", 1)
        assert newest.body == b"b"
        assert len(store.damage) == 1
    finally:
        await store.close()


class JetStreamModel(Model):
    def positions_of(self, one: Draft) -> int:
        return 1 if one.key is None else 2  # a key is a message in front of its record


class JetStreamMachine(StoreMachine):
    model_type = JetStreamModel
    server: NatsServer

    def make_place(self) -> JetStreamPlace:
        return JetStreamPlace(self.server)


def test_random_steps_against_a_plain_list(nats: NatsServer) -> None:
    class Machine(JetStreamMachine):
        server = nats

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
