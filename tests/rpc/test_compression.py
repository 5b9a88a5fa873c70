"""What goes out compressed: long answers of reads that end, to clients that offer gzip."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.events import consul
from tests.rpc.serving import Deployment, Served, publish, serving
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

OFFER_NOTHING = (("grpc.compression_enabled_algorithms_bitset", 1),)
TEXT = b"deploy " * 3000


class Counter:
    """How many bytes came back."""

    def __init__(self) -> None:
        self.size_bytes = 0


@contextmanager
def counted(
    address: str, options: tuple[tuple[str, int], ...]
) -> Iterator[tuple[grpc.Channel, Counter]]:
    """Lend a channel through a relay that counts what the service sends."""
    counter = Counter()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relaying = threading.Thread(target=_relay, args=(listening, address, counter))
        relaying.start()
        target = f"127.0.0.1:{listening.getsockname()[1]}"
        local = ("grpc.use_local_subchannel_pool", 1)
        with grpc.insecure_channel(target, options=(local, *options)) as channel:
            yield channel, counter
        relaying.join(PATIENCE_S)


def _relay(listening: socket.socket, address: str, counter: Counter) -> None:
    client, _ = listening.accept()
    with client, socket.socket(socket.AF_UNIX) as service:
        service.connect(address.removeprefix("unix:"))
        up = threading.Thread(target=_pump, args=(client, service, None))
        up.start()
        _pump(service, client, counter)
        up.join(PATIENCE_S)


def _pump(source: socket.socket, target: socket.socket, counter: Counter | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if counter is not None:
                counter.size_bytes += len(data)
            target.sendall(data)
    for side in (source, target):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


def _list(stub: EventServiceStub) -> object:
    return stub.List(pb.ListRequest(), timeout=PATIENCE_S)


def _first_records(stub: EventServiceStub) -> object:
    stream = stub.Subscribe(pb.SubscribeRequest(after_seq=0), timeout=PATIENCE_S)
    first = next(stream)
    stream.cancel()
    return first


@pytest.mark.parametrize(
    ("ask", "options", "is_compressed"),
    [
        (_list, (), True),
        (_list, OFFER_NOTHING, False),
        (_first_records, (), False),
    ],
)
def test_long_answers_of_reads_that_end_are_compressed_for_who_offers_it(
    served: Served,
    ask: Callable[[EventServiceStub], object],
    options: tuple[tuple[str, int], ...],
    *,
    is_compressed: bool,
) -> None:
    publish(served.stub, consul(payload=TEXT))
    with counted(served.address, options) as (channel, counter):
        answer = ask(EventServiceStub(channel))
        came_bytes = counter.size_bytes
    assert TEXT in answer.SerializeToString()  # type: ignore[attr-defined]  # a message of any kind
    assert (came_bytes < len(TEXT) / 4) == is_compressed


@pytest.mark.parametrize(("options", "is_compressed"), [((), True), (OFFER_NOTHING, False)])
def test_streams_are_compressed_where_that_is_set(
    address: str, options: tuple[tuple[str, int], ...], *, is_compressed: bool
) -> None:
    with serving(address, Deployment(compress_streams=True)) as served:
        publish(served.stub, consul(payload=TEXT))
        with counted(served.address, options) as (channel, counter):
            answer = _first_records(EventServiceStub(channel))
            came_bytes = counter.size_bytes
    assert TEXT in answer.SerializeToString()  # type: ignore[attr-defined]  # a message of any kind
    assert (came_bytes < len(TEXT) / 4) == is_compressed
