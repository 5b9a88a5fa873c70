"""Sources over TLS: which servers they believe, what they show of themselves, and files anew."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.certificates import Authority
from tests.kit.loop import scenario
from tests.sources.test_nomad import line
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.failure import UpstreamFailed
from tidings.sources.nomad import NomadSource
from tidings.sources.source import Source
from tidings.sources.target import Target
from tidings.sources.tidings_log import TidingsSource
from tidings.v1 import event_service_pb2

SUBSCRIBE = "Subscribe"


class Place:
    """A folder with certificates: ours, a stranger's, and those of both sides."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.strangers = Authority(folder, "ours"), Authority(folder, "strangers")
        self.server, self.client = self.ours.issue("server"), self.ours.issue("client")
        self.stranger = self.strangers.issue("stranger")
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.ours.file.read_bytes())

    def target(self, url: str) -> Target:
        return Target(url, ca=str(self.ca), cert=str(self.client.cert), key=str(self.client.key))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@asynccontextmanager
async def a_nomad(place: Place) -> AsyncIterator[str]:
    """Serve one line to whoever shows a certificate of ours."""

    async def handler(request: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.chunk(line(7))
        await answer.end()

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(place.ours.file))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(place.server.cert, place.server.key)
    async with upstream(handler, tls) as url:
        yield url


@asynccontextmanager
async def a_tidings(place: Place) -> AsyncIterator[str]:
    """Serve one record over gRPC to whoever shows a certificate of ours."""

    async def subscribe(request: Any, context: Any) -> None:
        await context.send_initial_metadata((("tidings-log-id", "log"),))
        answer = event_service_pb2.SubscribeResponse()
        answer.batch.records.add(seq=7).events.add().nomad.topic = "Job"
        await context.write(answer.SerializeToString())

    credentials = grpc.ssl_server_credentials(
        [(place.server.key.read_bytes(), place.server.cert.read_bytes())],
        place.ours.file.read_bytes(),
        require_client_auth=True,
    )
    server = grpc.aio.server()
    handlers: dict[str, Any] = {SUBSCRIBE: grpc.unary_stream_rpc_method_handler(subscribe)}
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("tidings.v1.EventService", handlers)]
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        await server.stop(None)


NOT_KNOWN = ("its certificate is not trusted: ", "the connection broke", "ended the connection in")
SYSTEMS = [
    pytest.param(a_nomad, NomadSource, NOT_KNOWN, id="HTTP"),
    pytest.param(a_tidings, TidingsSource, ("is not reached, or goes down",), id="gRPC"),
]


async def follow(source: Source) -> tuple[Noted, UpstreamFailed]:
    noted = Noted()
    with pytest.raises(UpstreamFailed) as caught:
        await source.follow("", noted)
    return noted, caught.value


@pytest.mark.parametrize(("serve", "make", "reasons"), SYSTEMS)
@scenario
async def test_both_sides_know_each_other(
    serve: Any, make: Any, reasons: tuple[str, ...], place: Place
) -> None:
    del reasons
    async with serve(place) as url:
        noted, failure = await follow(make("prod", place.target(url)))
        assert failure.reason == "ended the stream"
        assert len(noted.drafts) == 1


@pytest.mark.parametrize(("serve", "make", "reasons"), SYSTEMS)
@scenario
async def test_strangers_and_who_shows_nothing_are_refused_and_files_are_read_anew(
    serve: Any, make: Any, reasons: tuple[str, ...], place: Place
) -> None:
    async with serve(place) as url:
        known = place.target(url)
        for odd in (
            replace(known, ca=str(place.strangers.file)),
            replace(known, cert="", key=""),
            replace(known, cert=str(place.stranger.cert), key=str(place.stranger.key)),
        ):
            noted, failure = await follow(make("prod", odd))
            assert failure.reason.startswith(reasons)
            assert noted.drafts == []
        source = make("prod", known)
        place.ca.write_bytes(place.strangers.file.read_bytes())
        assert (await follow(source))[1].reason.startswith(reasons[0])
        place.ca.write_bytes(place.ours.file.read_bytes())
        assert (await follow(source))[1].reason == "ended the stream"


@pytest.mark.parametrize("make", [NomadSource, TidingsSource])
@pytest.mark.parametrize("name", ["ca", "cert"])
@scenario
async def test_a_file_that_cannot_be_used_is_told(make: Any, name: str, tmp_path: Path) -> None:
    files = {"ca": "", "cert": "", "key": "", name: str(tmp_path / "none")}
    _, failure = await follow(make("prod", Target("https://127.0.0.1:9", **files)))
    assert (failure.reason, failure.is_lasting) == ("a certificate file cannot be used", True)
