"""TLS of both listeners with real handshakes: who is served, and what a reload changes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.certificates import Authority, Pair
from tests.kit.server import Server, events_after, serving
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_pb2, event_service_pb2, nomad_pb2
from tidings.v1.docker_cloud_pb2 import DockerCloudEvent
from tidings.v1.event_service_pb2_grpc import EventServiceStub

pytestmark = pytest.mark.slow

SIDES = ("http", "grpc")
KNOWN = ssl.TLSVersion


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def strangers(folder: Path) -> Authority:
    return Authority(folder, "strangers")


@pytest.fixture(scope="module")
def demanding(folder: Path, ours: Authority) -> Iterator[Server]:
    """A server that asks for certificates on both sides."""
    pair = ours.issue("server")
    flags = [flag for side in SIDES for flag in pair.flags(side)]
    flags += [f"--{side}-tls-client-ca={ours.file}" for side in SIDES]
    with serving(folder / "data", *flags) as running:
        yield running


def address_of(server: Server, side: str) -> tuple[str, int]:
    host, _, port = (server.http if side == "http" else server.grpc).rpartition(":")
    return host, int(port)


def context_of(
    ca: Authority,
    pair: Pair | None = None,
    least: ssl.TLSVersion = KNOWN.TLSv1_2,
    most: ssl.TLSVersion = KNOWN.TLSv1_3,
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca.file))
    context.set_alpn_protocols(["h2", "http/1.1"])
    if least < KNOWN.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")  # or this side refuses what is old by itself
    context.minimum_version, context.maximum_version = least, most
    if pair is not None:
        context.load_cert_chain(pair.cert, pair.key)
    return context


@contextlib.contextmanager
def greeted(server: Server, side: str, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """Lend a connection whose server has said something after the handshake.

    In TLS 1.3 a client has finished before the server looks at its certificate.
    """
    with (
        socket.create_connection(address_of(server, side), PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        if side == "http":
            secured.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
        if not secured.recv(9):
            raise ConnectionResetError("closed without a word")
        yield secured


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("version", [KNOWN.TLSv1_2, KNOWN.TLSv1_3])
def test_who_shows_a_certificate_of_the_ca_is_served(
    demanding: Server, ours: Authority, side: str, version: ssl.TLSVersion
) -> None:
    context = context_of(ours, ours.issue("client"), version, version)
    with greeted(demanding, side, context) as secured:
        assert secured.version() == version.name.replace("_", ".")


@pytest.mark.parametrize("side", SIDES)
def test_who_shows_none_or_another_ones_is_refused(
    demanding: Server, ours: Authority, strangers: Authority, side: str
) -> None:
    for pair in (None, strangers.issue("stranger")):
        for version in (KNOWN.TLSv1_2, KNOWN.TLSv1_3):
            context = context_of(ours, pair, version, version)
            refused = pytest.raises((ssl.SSLError, ConnectionError))
            with refused, greeted(demanding, side, context):
                pass


@pytest.mark.parametrize("side", SIDES)
def test_a_client_that_trusts_another_ca_goes_away(
    demanding: Server, ours: Authority, strangers: Authority, side: str
) -> None:
    context = context_of(strangers, ours.issue("client"))
    refused = pytest.raises(ssl.SSLCertVerificationError)
    with refused, greeted(demanding, side, context):
        pass


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_tls_1_2_is_the_least(demanding: Server, ours: Authority, side: str) -> None:
    context = context_of(ours, ours.issue("client"), KNOWN.TLSv1, KNOWN.TLSv1_1)
    with pytest.raises(ssl.SSLError), greeted(demanding, side, context):
        pass


@pytest.mark.parametrize("side", SIDES)
def test_plain_text_is_refused(demanding: Server, side: str) -> None:
    with socket.create_connection(address_of(demanding, side), PATIENCE_S) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in plain.recv(100)


def test_nothing_of_a_refused_handshake_is_a_traceback(demanding: Server) -> None:
    assert "Traceback" not in demanding.log_path.read_text()


@pytest.fixture
def renewable(tmp_path: Path, ours: Authority) -> Iterator[tuple[Server, Pair]]:
    """A server, and the pair of files that both its sides have."""
    pair = Authority(tmp_path, "first").issue("server")
    pair.become(ours.issue("first"))
    flags = [flag for side in SIDES for flag in pair.flags(side)]
    with serving(tmp_path / "data", *flags) as running:
        yield running, pair


def name_shown(server: Server, side: str, ca: Authority) -> str:
    """Return the name in the certificate that a new connection is shown."""
    with greeted(server, side, context_of(ca)) as secured:
        shown = secured.getpeercert()
        assert shown is not None
        names: tuple[tuple[str, str], ...] = shown["subjectAltName"]  # type: ignore[assignment]
        return dict(names)["DNS"]


def publish(server: Server, ca: Authority, number: int) -> None:
    nomad = nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", key=f"key-{number}")
    cloud = DockerCloudEvent(
        type="stack", action="update", state="Running", resource_uri="/api/app/v1/stack/x/"
    )
    with channel(server, ca) as stub:
        for event in (event_pb2.Event(nomad=nomad), event_pb2.Event(docker_cloud=cloud)):
            draft = event_pb2.Draft(events=[event])
            stub.Publish(event_service_pb2.PublishRequest(draft=draft), timeout=PATIENCE_S)


@contextlib.contextmanager
def channel(server: Server, ca: Authority) -> Iterator[EventServiceStub]:
    credentials = grpc.ssl_channel_credentials(ca.file.read_bytes())
    alone = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(server.grpc, credentials, alone) as made:
        yield EventServiceStub(made)


@contextlib.contextmanager
def texts_of(server: Server, context: ssl.SSLContext) -> Iterator[Callable[[], str]]:
    """Lend a function that waits for the next text of Docker Cloud's stream.

    The library's other client reads in one thread and writes in another, which a TLS session does
    not bear: now and then what it sends is lost.
    """

    async def begun() -> ClientConnection:
        return await connect(f"wss://{server.http}/api/audit/v1/events/", ssl=context)

    async def next_text() -> str:
        async with asyncio.timeout(PATIENCE_S):
            return str(await opened.recv())

    with asyncio.Runner() as runner:
        opened = runner.run(begun())
        try:
            yield lambda: runner.run(next_text())
        finally:
            runner.run(opened.close())


@pytest.mark.parametrize("hang_up", [False, True])
def test_streams_survive_a_renewal_that_new_connections_see(
    renewable: tuple[Server, Pair], ours: Authority, *, hang_up: bool
) -> None:
    server, pair = renewable
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(server.lines("/v1/event/stream?index=1", context_of(ours)))
        next_text = stack.enter_context(texts_of(server, context_of(ours)))
        stub = stack.enter_context(channel(server, ours))
        records = stub.Subscribe(
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
        )
        publish(server, ours, 1)
        assert b"key-1" in events_after(lines, 1)[0]
        assert "update" in next_text()
        pair.become(ours.issue("second"))
        if hang_up:
            server.process.send_signal(signal.SIGHUP)
        for side in SIDES:
            until(
                lambda side=side: name_shown(server, side, ours) == "second",  # type: ignore[misc]
                "the new certificate is shown",
            )
        publish(server, ours, 2)
        assert b"key-2" in events_after(lines, 1)[0]
        assert "update" in next_text()
        keys: list[str] = []
        while len(keys) < 2:
            events = [event for record in next(records).batch.records for event in record.events]
            keys += [event.nomad.key for event in events if event.HasField("nomad")]
        assert keys == ["key-1", "key-2"]
        records.cancel()


def test_a_renewal_that_is_wrong_is_refused_and_the_old_pair_stays(
    renewable: tuple[Server, Pair], ours: Authority
) -> None:
    server, pair = renewable
    other = ours.issue("second")
    pair.cert.write_bytes(other.cert.read_bytes())
    until(
        lambda: server.log_path.read_text().count("not the key of") == len(SIDES), "the log says so"
    )
    pair.cert.write_bytes(b"-----BEGIN CERTIFICATE-----\nhalf")
    until(
        lambda: server.log_path.read_text().count("no whole certificate") == len(SIDES),
        "the log says so",
    )
    assert [name_shown(server, side, ours) for side in SIDES] == ["first", "first"]
    said = server.log_path.read_text()
    assert "Traceback" not in said
    assert not any(line in said for line in other.key.read_text().splitlines()[1:-1])
    pair.become(other)
    for side in SIDES:
        until(
            lambda side=side: name_shown(server, side, ours) == "second",  # type: ignore[misc]
            "the new certificate is shown",
        )


def test_the_ca_of_clients_is_renewed_too(
    tmp_path: Path, ours: Authority, strangers: Authority
) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(ours.file.read_bytes())
    pair = ours.issue("server")
    flags = [flag for side in SIDES for flag in pair.flags(side)]
    flags += [f"--{side}-tls-client-ca={trusted}" for side in SIDES]
    contexts = [context_of(ours, each.issue("client")) for each in (ours, strangers)]
    with serving(tmp_path / "data", *flags) as server:

        def is_served(side: str, context: ssl.SSLContext) -> bool:
            try:
                with greeted(server, side, context):
                    return True
            except (ssl.SSLError, ConnectionError):
                return False

        def served() -> list[bool]:
            return [is_served(side, context) for side in SIDES for context in contexts]

        assert served() == [True, False, True, False]
        trusted.write_bytes(strangers.file.read_bytes())
        until(lambda: served() == [False, True, False, True], "only the new certificates are taken")
        assert server.stop() == 0
