"""Each system behind a link with faults: what happens is recorded once, in order, without a gap.

Nomad, Consul, Puppet, Feldera and Tidings are a Tidings, whose doors are held to the framing of the
specifications by their transcripts; the stream of CloudEvents is framed as browsers read it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.kit.http import gateway
from tests.kit.loop import at_once, run_async
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, feldera, nomad, puppet
from tests.rpc.serving import Served, publish, read_to_head, serving
from tests.sources.faulty_link import Fault, FaultyLink
from tests.sources.test_cloud_events import FakeShop
from tests.sources.test_recorder import gaps, record
from tests.sources.test_tidings_log import at_the
from tests.sources.upstreams import upstream
from tidings.sources import tidings_log
from tidings.sources.cloud_events import CloudEventsSource
from tidings.sources.consul import ConsulSource
from tidings.sources.feldera import FelderaSource
from tidings.sources.nomad import NomadSource
from tidings.sources.puppet import PuppetSource
from tidings.sources.source import Source
from tidings.sources.target import Target
from tidings.sources.tidings_log import TidingsSource
from tidings.v1 import event_pb2

SILENCE_S = PATIENCE_S / 80

STATUSES = (401, 403, 429, 500, 502, 503)
REDIRECTS = (301, 302, 307, 308)


def answer(status: int, body: bytes = b"", kind: str = "application/json") -> Fault:
    head = (
        f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        "retry-after: 1\r\nlocation: http://elsewhere.invalid/\r\nx-consul-index: 3\r\n\r\n"
    )
    return Fault(head.encode() + body)


FAULTS: dict[str, Callable[[random.Random], Sequence[Fault]]] = {
    "cut": lambda chance: [Fault(after=chance.randrange(1, 1500)) for _ in range(8)],
    "slow": lambda chance: [Fault(after=chance.randrange(1, 900), is_slow=True) for _ in range(3)],
    "silent": lambda chance: [Fault(after=chance.choice([0, 300]), is_silent=True) for _ in "12"],
    "rubbish": lambda chance: [
        Fault(chance.randbytes(200)),
        answer(200, b"<html>down</html>\n", "text/html"),
        answer(200, b'{"items": [{"id": '),
        answer(200, chance.randbytes(100)),
    ],
    "status": lambda _: [answer(status, b"{}") for status in STATUSES],
    "redirect": lambda _: [answer(status) for status in REDIRECTS],
}


@dataclass(frozen=True)
class System:
    """A system at a port. `happen` lets something happen with a number."""

    port: int
    happen: Callable[[int], object]


def tagged(system: str, number: int) -> event_pb2.Event:
    """Return an event of a system with a number in it."""
    if system == "nomad":
        return nomad(key=str(number), upstream_index=number)
    if system == "puppet":
        return puppet(message=str(number))
    if system == "feldera":
        made = feldera()
        made.feldera.api_self_info = str(number)
        return made
    return consul(payload=str(number).encode())


def stored(served: Served) -> list[int]:
    """Return the numbers in the order of the log."""
    numbers = [
        event.nomad.key
        or event.puppet.message
        or event.feldera.api_self_info
        or event.consul.payload.decode()
        or event.cloud_event.id.removeprefix("e")
        for each in read_to_head(served.stub, after_seq=0)
        for event in each.events
        if not event.HasField("tidings")
    ]
    return list(map(int, numbers))


@asynccontextmanager
async def running(system: str) -> AsyncIterator[System]:
    """Run a system; of those that Tidings has a door for, and of Tidings, it is one."""
    if system == "cloudevents-sse":
        shop, loop = FakeShop(random.Random(1), cut_rate=0), asyncio.get_running_loop()
        async with upstream(shop.serve) as url:
            port = urlsplit(url).port
            assert port is not None
            yield System(port, lambda _: loop.call_soon_threadsafe(shop.happen))
        return
    with serving("127.0.0.1:0") as edge:
        here = at_the(edge)
        with gateway(edge.server, here.address, http_allow_host=("127.0.0.1",)) as http:
            port = edge.server.ports[0] if system == "tidings" else http.port
            yield System(port, lambda number: publish(here.stub, tagged(system, number)))


SOURCES: dict[str, Callable[[str], Source]] = {
    "nomad": lambda url: NomadSource("prod", Target(url)),
    "consul": lambda url: ConsulSource("prod", Target(url), sleep=at_once),
    "puppet": lambda url: PuppetSource("prod", Target(url), jobs=["352"], sleep=at_once),
    "feldera": lambda url: FelderaSource("prod", Target(url), sleep=at_once),
    "tidings": lambda url: TidingsSource("prod", Target(url)),
    "cloudevents-sse": lambda url: CloudEventsSource("prod", Target(url), resumes=True),
}


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have sources take a silence for death much earlier."""
    timeout = httpx2.Timeout
    monkeypatch.setattr(httpx2, "Timeout", lambda _, connect: timeout(SILENCE_S, connect=connect))
    monkeypatch.setattr(tidings_log, "SILENCE_S", SILENCE_S)


@pytest.mark.parametrize("system", SOURCES)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_happens_is_recorded_once_in_order(
    served: Served, system: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[int] = []

    async def main() -> None:
        async with running(system) as it, FaultyLink(it.port).running() as link:
            source = SOURCES[system](f"http://{link.address}")

            def happen() -> None:
                happened.append(len(happened) + 1)
                it.happen(happened[-1])

            def is_over() -> bool:
                """Let something happen whenever all is stored, for as long as faults are left."""
                if stored(served) != happened:
                    return False
                if link.left:
                    happen()
                return not link.left

            happen()
            await record(served, source, lambda: stored(served) == happened)
            if fault == "silent":
                be_impatient(monkeypatch)
            link.fail(FAULTS[fault](random.Random(fault)))
            await record(served, source, is_over)

    run_async(main())
    assert stored(served) == happened
    # what is not understood may have been an event
    assert fault == "rubbish" or gaps(served) == []
