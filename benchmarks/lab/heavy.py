"""How long one legal request delays others, and how much memory it takes.

Each input is one request of a legal size from any client. While it is answered, a probe calls each
half repeatedly for something very cheap; a slow call also counts for all the calls that it delayed
(coordinated omission).
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from benchmarks.lab.measure import PATIENCE_S, rss_bytes
from benchmarks.lab.million import note
from benchmarks.lab.rounds import Size
from tests.kit.server import Server, serving
from tidings.v1 import consul_pb2, event_pb2, nomad_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

_EVERY_S = 0.002
_AFTER_S = 0.3
"""How long the probe continues after the answer: freeing memory takes time too."""

_MIB = 1024**2
_GIVEN_BYTES = 4 * _MIB
"""Added to the size of the request: a small request takes some MB too."""
_MOST_S = 10.0
"""For one request: some take longer, which is no fault as long as others are served."""


@dataclass(frozen=True, slots=True)
class Input:
    """One request. `make` builds it for a share (one of so many) of its size.

    `send` takes the server and the bytes, and returns once the request is answered or aborted.
    """

    name: str
    make: Callable[[int], bytes]
    send: Callable[[Server, bytes], None]


def posting(path: str, *headers: str) -> Callable[[Server, bytes], None]:
    """Return a function that sends a body to a path of the gateway and reads the whole answer."""

    def send(server: Server, body: bytes) -> None:
        host, port = server.host_and_port
        head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        with socket.create_connection((host, int(port)), PATIENCE_S) as client:
            receiving = threading.Thread(target=_read_to_end, args=(client,))
            receiving.start()
            client.settimeout(_MOST_S)
            with contextlib.suppress(OSError):  # the server need not read all of it
                text = "\r\n".join([*head, "Connection: close", *headers, "", ""])
                client.sendall(text.encode() + body)
            receiving.join(_MOST_S)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            receiving.join(PATIENCE_S)

    return send


def _read_to_end(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while client.recv(_MIB):
            pass


def calling(method: str) -> Callable[[Server, bytes], None]:
    """Return a function that calls the service with these encoded requests, one after another.

    Each is preceded by its length, as in gRPC; the answers are read to their end.
    """

    def send(server: Server, messages: bytes) -> None:
        with grpc.insecure_channel(
            server.grpc, [("grpc.max_receive_message_length", -1)]
        ) as channel:
            call: Any = channel.stream_stream(f"/tidings.v1.EventService/{method}")
            with contextlib.suppress(grpc.RpcError):  # it may be refused
                for _ in call(iter(_messages_of(messages)), timeout=_MOST_S):
                    pass

    return send


def _framed(*messages: Message) -> bytes:
    encoded = [message.SerializeToString() for message in messages]
    return b"".join(len(one).to_bytes(4, "big") + one for one in encoded)


def _messages_of(framed: bytes) -> list[bytes]:
    found = []
    while framed:
        end = 4 + int.from_bytes(framed[:4], "big")
        found.append(framed[4:end])
        framed = framed[end:]
    return found


def _consul(count: int) -> event_pb2.Draft:
    body = consul_pb2.ConsulEvent(name="deploy", payload=b"x" * 16)
    return event_pb2.Draft(events=[event_pb2.Event(consul=body)] * count)


def _nomad(count: int) -> event_pb2.Draft:
    text = b'{"Job":{"ID":"web","Name":"web","Meta":{"a":"' + b"x" * 300 + b'"}}}'
    body = nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", key="web", payload_json=text)
    return event_pb2.Draft(events=[event_pb2.Event(nomad=body)] * count)


def _nested(of: int) -> bytes:
    return b'{"events":[' + b",".join([b"[" * 100 + b"]" * 100] * (75_000 // of)) + b"]}"


INPUTS: Sequence[Input] = (
    Input("15 MiB of bad lines", lambda of: b"x\n" * (15 * _MIB // 2 // of), posting("/v1/events")),
    Input(
        "5 million empty events in one body",
        lambda of: b'{"events":[' + b",".join([b"{}"] * (5_000_000 // of)) + b"]}",
        posting("/v1/events"),
    ),
    Input("15 MiB of nested lists in one body", _nested, posting("/v1/events")),
    Input(
        "an array of 7 million commas",
        lambda of: b"[" + b"," * (15 * _MIB // of) + b"]",
        posting("/v1/publish/feldera"),
    ),
    Input(
        "an array of 5 million objects, stored from its end",
        lambda of: b"[" + b",".join([b"{}"] * (5_000_000 // of)) + b"]",
        posting("/v1/publish/feldera"),
    ),
    Input(
        "one Nomad line of 60,000 lists",
        lambda of: (
            b'{"Index":1,"Events":[{"Topic":"Job","Type":"x","Key":"k","Payload":{"Job":{"A":['
            + b",".join([b"[0]"] * (60_000 // of))
            + b"]}}}]}"
        ),
        posting("/v1/publish/nomad?source=a"),
    ),
    Input(
        "one object of 8 MiB of names",
        lambda of: b"{" + b",".join(b'"%d":1' % each for each in range(800_000 // of)) + b"}",
        posting("/v1/publish/consul"),
    ),
    Input(
        "an object of many lines that end in blanks",
        lambda of: b'{"a":[' + b",\n".join([b"1" + b" " * 70] * (100_000 // of)) + b"]}",
        posting("/v1/publish/nomad"),
    ),
    Input("16 MiB fired", lambda of: b"x" * (16 * _MIB // of), posting("/v1/event/fire/x")),
    Input(
        "10,000 drafts in each of 10 messages",
        lambda of: _framed(
            *[pb.PublishStreamRequest(drafts=[_consul(1)] * (10_000 // of or 1))] * 10
        ),
        calling("PublishStream"),
    ),
    Input(
        "a record of 5,000 Nomad events in each of 10 messages",
        lambda of: _framed(*[pb.PublishStreamRequest(drafts=[_nomad(5000 // of or 1)])] * 10),
        calling("PublishStream"),
    ),
    Input(
        "5 MiB of empty events",
        lambda of: _framed(
            pb.PublishRequest(draft=event_pb2.Draft(events=[event_pb2.Event()] * (2_600_000 // of)))
        ),
        calling("Publish"),
    ),
    Input(
        "62 KiB of topic filters",
        lambda of: _framed(
            pb.SubscribeRequest(
                position=pb.START_POSITION_EARLIEST,
                selection=selection_pb2.Selection(
                    nomad=nomad_pb2.NomadSelector(
                        topics=[nomad_pb2.NomadTopicFilter(topic="*")] * (12_000 // of)
                    )
                ),
            )
        ),
        calling("Subscribe"),
    ),
)
"""The legal requests that are tried, of both halves; a new kind is one more line."""


@dataclass(slots=True)
class _Bystander:
    """Probes one half for as long as the request takes."""

    look: Callable[[], object]
    waits_s: list[float] = field(default_factory=list)

    def run(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            began = time.perf_counter()
            self.look()
            waited_s = time.perf_counter() - began
            self.waits_s.append(waited_s)
            while (waited_s := waited_s - _EVERY_S) > 0:
                self.waits_s.append(waited_s)
            is_over.wait(_EVERY_S)

    def p99_ms(self) -> float:
        return sorted(self.waits_s)[int(len(self.waits_s) * 0.99)] * 1e3


def longest_wait(folder: Path, size: Size) -> float:
    """Return the p99 of the probe's calls, in ms: of the worse half, beside the worst input."""
    return max(_waits_ms(folder, size, each) for each in INPUTS)


def heaviest(folder: Path, size: Size) -> float:
    """Return the growth of both halves per byte of the request, for the worst input."""
    worst = 0.0
    for number, each in enumerate(INPUTS):
        with serving(folder / f"weight-{number}") as server:
            each.send(server, each.make(1000))  # one-time allocations are done
            grown, sent = _weighed(server, each, size)
        ratio = grown / (sent + _GIVEN_BYTES)
        note(f"{each.name}: {sent / _MIB:.1f} MiB sent, {grown / _MIB:.0f} more in memory")
        worst = max(worst, ratio)
    return worst


def _weighed(server: Server, each: Input, size: Size) -> tuple[int, int]:
    pids = [process.pid for process in server.children().values()]
    before = most = rss_bytes(pids)
    request = each.make(size.one_of)
    is_over = threading.Event()

    def weigh() -> None:
        nonlocal most
        while not is_over.wait(_EVERY_S):
            most = max(most, rss_bytes(pids))

    with _beside(weigh, is_over):
        each.send(server, request)
    return most - before, len(request)


def _waits_ms(folder: Path, size: Size, each: Input) -> float:
    with serving(folder / f"waits-{time.monotonic_ns()}") as server:
        request = each.make(size.one_of)
        is_over = threading.Event()
        with _looking_at_gateway(server) as gateway, _looking_at_service(server) as service:
            began = time.perf_counter()
            halves = _Bystander(gateway), _Bystander(service)
            with (
                _beside(lambda: halves[0].run(is_over), is_over),
                _beside(lambda: halves[1].run(is_over), is_over),
            ):
                each.send(server, request)
                took_s = time.perf_counter() - began
                time.sleep(_AFTER_S)
        found = [half.p99_ms() for half in halves]
    note(
        f"{each.name}: {took_s:.2f} s, others wait {found[0]:.1f} ms for the gateway"
        f" and {found[1]:.1f} for the service"
    )
    return max(found)


@contextlib.contextmanager
def _beside(work: Callable[[], None], is_over: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(PATIENCE_S)


@contextlib.contextmanager
def _looking_at_gateway(server: Server) -> Iterator[Callable[[], object]]:
    host, port = server.host_and_port
    client = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)

    def look() -> object:
        client.request("GET", "/healthz")
        return client.getresponse().read()

    try:
        look()
        yield look
    finally:
        client.close()


@contextlib.contextmanager
def _looking_at_service(server: Server) -> Iterator[Callable[[], object]]:
    with grpc.insecure_channel(server.grpc) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs have no types

        def look() -> object:
            return stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)

        look()
        yield look
