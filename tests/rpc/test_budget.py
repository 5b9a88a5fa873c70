"""What may be on its way to callers who do not read it, and how many may come at once."""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tests.certificates import Authority
from tests.kit.jumping import turns
from tests.kit.loop import run_async
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, nomad
from tests.rpc.raw_http2 import (
    NO_WINDOW,
    RST_STREAM,
    RawClient,
    frame,
    literal,
    raw_client,
)
from tests.rpc.serving import Served, draft, publish, refusal, serving
from tidings.core.errors import Busy
from tidings.core.limits import KIB, MAX_BATCH_BYTES, MIB
from tidings.rpc import server
from tidings.rpc.budget import SMALL_BYTES, Budget, Room, caller_of
from tidings.rpc.observing import CallObserver
from tidings.rpc.server_options import OPTIONS
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

A, B = "ipv4:10.0.0.1", "ipv6:[::1]"


class TestBudget:
    def test_a_caller_has_a_share_and_all_have_a_total(self) -> None:
        budget = Budget(total_bytes=100 * KIB, share_bytes=60 * KIB)
        budget.take(A, 40 * KIB)
        budget.take(A, 20 * KIB)
        with pytest.raises(Busy):
            budget.take(A, 1)
        budget.take(B, 30 * KIB)
        with pytest.raises(Busy):
            budget.take(B, 20 * KIB)
        budget.give_back(A, 20 * KIB)
        budget.take(B, 20 * KIB)
        assert budget.held_bytes == 90 * KIB

    def test_who_has_nothing_under_way_is_always_answered(self) -> None:
        budget = Budget(total_bytes=100, share_bytes=50)
        for number in range(10):
            budget.take(f"ipv4:10.0.0.{number}", 90)
        assert budget.held_bytes == 900

    def test_what_comes_by_a_unix_socket_has_all_of_it(self) -> None:
        budget = Budget(total_bytes=100, share_bytes=10)
        budget.take("unix", 60)
        budget.take("unix", 40)
        with pytest.raises(Busy):
            budget.take("unix", 1)

    def test_a_stream_sends_less_at_a_time_when_there_is_no_room(self) -> None:
        budget = Budget(total_bytes=2 * MAX_BATCH_BYTES, share_bytes=MAX_BATCH_BYTES)
        room, other = Room(budget, A), Room(budget, B)
        assert room.batch_bytes() == MAX_BATCH_BYTES
        with room.holding(SMALL_BYTES + 1):
            assert room.batch_bytes() == SMALL_BYTES
            assert other.batch_bytes() == MAX_BATCH_BYTES
        assert (room.batch_bytes(), budget.held_bytes) == (MAX_BATCH_BYTES, 0)

    def test_small_messages_are_not_counted(self) -> None:
        budget = Budget()
        with Room(budget, A).holding(SMALL_BYTES):
            assert budget.held_bytes == 0

    @pytest.mark.parametrize(
        ("peer", "caller"),
        [
            ("ipv4:10.0.0.1:50123", A),
            ("ipv6:[::1]:7", B),
            ("ipv6:%5B::1%5D:7", "ipv6:%5B::1%5D"),
            ("unix:", "unix"),
            ("unix:/run/tidings.sock", "unix"),
        ],
    )
    def test_a_share_is_of_a_host(self, peer: str, caller: str) -> None:
        assert caller_of(peer) == caller


@pytest.fixture
def full(served: Served) -> Served:
    """A service whose list takes 300 KiB, with room for 1 MiB of answers."""
    for _ in range(10):
        publish(served.stub, consul(payload=b"x" * 30 * KIB))
    served.deployment.service.budget._total_bytes = 1024 * KIB  # noqa: SLF001 - a small one
    return served


def held(served: Served) -> int:
    """Return what is under way, once all calls are answered that came before."""
    publish(served.stub, nomad())
    return served.deployment.service.budget.held_bytes


def until(served: Served, wanted_bytes: range) -> None:
    while held(served) not in wanted_bytes:
        pass


def test_lists_that_nobody_reads_are_bounded_and_given_up_with_their_connection(
    full: Served,
) -> None:
    one = full.stub.List(pb.ListRequest(), timeout=PATIENCE_S).ByteSize()
    with raw_client(full.address) as dead:
        dead.greet(NO_WINDOW)
        for _ in range(20):
            dead.call("List", b"")
        until(full, range(3 * one, 3 * one + 1))
        with pytest.raises(grpc.RpcError) as refused:
            full.stub.List(pb.ListRequest(), timeout=PATIENCE_S)
        text = "the room for answers that are not read is full"
        assert refusal(refused.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        assert full.stub.List(pb.ListRequest(name="none"), timeout=PATIENCE_S).index == 1
    until(full, range(1))
    assert len(full.stub.List(pb.ListRequest(), timeout=PATIENCE_S).events) == 10


def test_long_requests_that_wait_to_be_stored_are_bounded(served: Served) -> None:
    large = pb.PublishRequest(draft=draft(nomad(key="k" * 3 * MIB)))
    small = pb.PublishRequest(draft=draft(nomad()))
    served.server.call(served.store.may_append.clear)
    calls = [served.stub.Publish.future(large, timeout=PATIENCE_S) for _ in range(30)]
    while sum(call.done() for call in calls) < 30 - 64 // 3:
        served.server.call(lambda: None)
    refused = [call for call in calls if call.done()]
    last = served.stub.Publish.future(small, timeout=PATIENCE_S)
    served.server.call(served.store.may_append.set)
    assert last.result().seq > 0
    stored = [call.result().seq for call in calls if call not in refused]
    assert len(stored) == 64 // 3
    expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "the room for long requests is full")
    failures: list[Any] = [call.exception() for call in refused]
    assert {refusal(failure) for failure in failures} == {expected}
    assert served.stub.Publish(large, timeout=PATIENCE_S).seq > max(stored)


def test_one_who_gives_his_calls_up_has_his_share_again(full: Served) -> None:
    with raw_client(full.address) as client:
        client.greet(NO_WINDOW)
        streams = [client.call("List", b"") for _ in range(5)]
        until(full, range(800 * KIB, 1024 * KIB))
        for stream in streams:
            client.socket.sendall(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
        until(full, range(1))


def test_streams_that_nobody_reads_hold_little_each(served: Served) -> None:
    served.deployment.service.budget._total_bytes = MAX_BATCH_BYTES + 64 * KIB  # noqa: SLF001
    for _ in range(60):
        publish(served.stub, nomad(key="k" * 10 * KIB))
    request = pb.SubscribeRequest(position=pb.START_POSITION_EARLIEST).SerializeToString()
    with raw_client(served.address) as dead:
        dead.greet(NO_WINDOW)
        dead.call("Subscribe", request)
        until(served, range(1, MAX_BATCH_BYTES + KIB))
        of_the_first = held(served)
        assert of_the_first > 100 * KIB, "half of a batch, beside publishers"
        for _ in range(20):
            dead.call("Subscribe", request)
        gauge = served.deployment.service.metrics.open_calls.labels("Subscribe")
        while gauge._value.get() < 21:  # noqa: SLF001 - a gauge tells nobody else
            held(served)
        assert held(served) == of_the_first
        assert len(served.stub.List(pb.ListRequest(), timeout=PATIENCE_S).events) == 0
    until(served, range(1))


def test_an_honest_herd_is_served_whole(served: Served) -> None:
    """More at once than gRPC holds back by default, 1000, for a service that is busy."""
    count = 1500

    async def herd() -> list[int]:
        async with grpc.aio.insecure_channel(served.address) as channel:
            stub: Any = EventServiceStub(channel)
            calls = [stub.List(pb.ListRequest(), timeout=PATIENCE_S) for _ in range(count)]
            await turns(100)
            gate.set()
            return [(await call).index for call in calls]

    gate = threading.Event()
    served.server._loop.call_soon_threadsafe(gate.wait, PATIENCE_S)  # noqa: SLF001 - it is busy
    assert asyncio.run(herd()) == [1] * count


@pytest.mark.parametrize("kind", ["resets", "no requests", "large heads"])
def test_a_bad_client_does_not_fail_the_calls_of_others(served: Served, kind: str) -> None:
    def flood(bad: RawClient) -> None:
        for _ in range(1200):
            if kind == "large heads":
                bad.call("List", b"", extra=literal("x-large", "v" * 120) * 130)
                continue
            stream = bad.call("Publish", b"" if kind == "resets" else b"\xff")
            if kind == "resets":
                bad.socket.sendall(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))

    with raw_client(served.address) as bad, ThreadPoolExecutor(1) as pool:
        bad.greet(NO_WINDOW)
        flooding = pool.submit(flood, bad)
        for number in range(100):
            assert publish(served.stub, nomad()).seq == number + 2
        with suppress(OSError):  # it may be shut out
            flooding.result(PATIENCE_S)


def test_what_is_too_much_is_told_in_words_and_when_to_come_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CallObserver", partial(CallObserver, max_calls=3))
    with serving(address) as served:
        calls = [served.stub.Subscribe(pb.SubscribeRequest(), timeout=PATIENCE_S) for _ in range(3)]
        for call in calls:
            next(call)
        with pytest.raises(grpc.RpcError) as refused:
            publish(served.stub, nomad())
        expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "the service is full")
        assert refusal(refused.value) == expected
        calls[0].cancel()
        gauge = served.deployment.service.metrics.open_calls.labels("Subscribe")
        while gauge._value.get() > 2:  # noqa: SLF001 - a gauge tells nobody else
            served.server.call(lambda: None)
        assert publish(served.stub, nomad()).seq == 2


@pytest.mark.parametrize("says_hello", [False, True])
def test_a_connection_that_says_nothing_is_closed(
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    says_hello: bool,  # noqa: FBT001
) -> None:
    options = dict(OPTIONS)
    assert options["grpc.server_handshake_timeout_ms"] == 10_000
    assert options["grpc.max_connection_idle_ms"] == 900_000
    options |= {"grpc.server_handshake_timeout_ms": 100, "grpc.max_connection_idle_ms": 1000}
    monkeypatch.setattr(server, "OPTIONS", tuple(options.items()))
    with serving(address) as served, raw_client(served.address) as silent:
        if says_hello:
            silent.greet()
        assert silent.is_closed_by_server()
        assert publish(served.stub, nomad()).seq == 2


def test_a_stream_that_lasts_keeps_its_connection(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = dict(OPTIONS) | {"grpc.max_connection_idle_ms": 1000}
    monkeypatch.setattr(server, "OPTIONS", tuple(options.items()))

    async def scenario() -> None:
        async with grpc.aio.insecure_channel(address) as channel:
            stub: Any = EventServiceStub(channel)
            request = pb.SubscribeRequest(heartbeat_interval=Duration(nanos=500_000_000))
            call = stub.Subscribe(request)
            beats = [(await call.read()).heartbeat.seq for _ in range(6)]
            assert beats == [1] * 6
            call.cancel()

    with serving(address):
        run_async(scenario())


@pytest.mark.parametrize("ends_handshake", [False, True])
def test_a_connection_with_tls_that_says_nothing_is_closed(
    tmp_path: Path,
    ends_handshake: bool,  # noqa: FBT001
) -> None:
    authority = Authority(tmp_path, "ca")
    pair = authority.issue("service")
    files = [(pair.key.read_bytes(), pair.cert.read_bytes())]
    options = dict(OPTIONS) | {"grpc.server_handshake_timeout_ms": 500}

    async def scenario() -> bytes:
        serving_tls = grpc.aio.server(options=tuple(options.items()))
        credentials = grpc.ssl_server_credentials(files)
        port = serving_tls.add_secure_port("127.0.0.1:0", credentials)
        await serving_tls.start()
        context = None
        if ends_handshake:
            context = ssl.create_default_context(cafile=str(authority.file))
            context.set_alpn_protocols(["h2"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        said = await reader.read()  # to the end, which the server makes
        writer.close()
        await serving_tls.stop(0)
        return said

    assert (b"before handshake timeout" in run_async(scenario())) == ends_handshake
