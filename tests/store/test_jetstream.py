"""JetStream keeps the contract, and promises of its own."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tests.store.contract import StoreContract
from tests.store.test_model import Model, StoreMachine
from tidings.core.record import Draft


class TestJetStreamStore(StoreContract):
    @pytest.fixture
    def place(self, nats: NatsServer) -> JetStreamPlace:
        return JetStreamPlace(nats)


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
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
