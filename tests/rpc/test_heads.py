"""What a call says of itself before its request: how much of it, and how many such calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import grpc
import pytest

from tests.patience import PATIENCE_S, until
from tests.rpc.events import nomad
from tests.rpc.raw_http2 import NEWEST, RawClient, raw_client, remembered
from tests.rpc.serving import Served, publish, refusal, serving
from tidings.app.spare_memory import resident_bytes, trim
from tidings.core.limits import KIB, MIB
from tidings.rpc import server
from tidings.rpc.server_options import OPTIONS
from tidings.v1 import event_service_pb2 as pb

CALLS = 60
REFERENCES = 10_000


def listed(served: Served, size_bytes: int) -> grpc.StatusCode:
    """Call with an entry of metadata of this size and return the status."""
    name = "x-long"
    metadata = ((name, "v" * (size_bytes - len(name) - 32)),)
    try:
        served.stub.List(pb.ListRequest(), metadata=metadata, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return refusal(error)[0]
    return grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (8 * KIB, grpc.StatusCode.OK),
        (15 * KIB, grpc.StatusCode.OK),  # its path and the like are the rest
        (16 * KIB, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (20 * KIB, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (40 * KIB, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_metadata_has_one_limit_and_no_chance_is_in_it(
    served: Served, size_bytes: int, expected: grpc.StatusCode
) -> None:
    assert {listed(served, size_bytes) for _ in range(10)} == {expected}


@pytest.mark.parametrize("value", ["", "v" * 4000], ids=["many small", "many large"])
def test_an_entry_that_is_referred_to_thousands_of_times_costs_little(
    served: Served, value: str
) -> None:
    """Of a client that takes the limits as known; see docs/operating/limits.md about others."""
    publish(served.stub, nomad())
    trim()
    before_bytes = most_bytes = resident_bytes()

    def attack(bad: RawClient) -> None:
        bad.greet()
        with suppress(OSError):  # it may be shut out
            for number in range(CALLS):
                first = b"" if number else remembered("x", value)
                bad.call("List", b"", extra=first + NEWEST * REFERENCES)

    with ExitStack() as stack:
        clients = [stack.enter_context(raw_client(served.address)) for _ in range(20)]
        pool = stack.enter_context(ThreadPoolExecutor(len(clients)))
        attacks = [pool.submit(attack, bad) for bad in clients]
        for number in range(100):
            assert publish(served.stub, nomad()).seq == number + 3
            most_bytes = max(most_bytes, resident_bytes())
        for done in attacks:
            done.result(PATIENCE_S)
        publish(served.stub, nomad())
        most_bytes = max(most_bytes, resident_bytes())
    assert most_bytes - before_bytes < 250 * MIB


def test_who_does_not_acknowledge_the_limits_is_closed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = dict(OPTIONS)
    assert options["grpc.http2.settings_timeout"] == 10_000
    options["grpc.http2.settings_timeout"] = 100
    monkeypatch.setattr(server, "OPTIONS", tuple(options.items()))
    with serving(address) as served, raw_client(served.address) as silent:
        silent.greet(acknowledges=False)
        silent.call("List", None, extra=remembered("x", "") + NEWEST * REFERENCES)
        assert silent.is_closed_by_server()
        assert publish(served.stub, nomad()).seq == 2


def test_calls_that_never_send_their_request_are_counted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_HELD_CALLS", 5)
    with serving(address) as served:

        def status(wanted: grpc.StatusCode) -> bool:
            return listed(served, KIB) is wanted

        with raw_client(served.address) as silent:
            silent.greet()
            for _ in range(8):
                silent.call("Publish", None)
            until(lambda: status(grpc.StatusCode.RESOURCE_EXHAUSTED), "calls are refused")
            assert listed(served, KIB) is grpc.StatusCode.RESOURCE_EXHAUSTED
        until(lambda: status(grpc.StatusCode.OK), "there is room again")
        assert publish(served.stub, nomad()).seq == 2
