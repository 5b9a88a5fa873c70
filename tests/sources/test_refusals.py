"""What every source makes of a system that does not answer as it should.

Nothing is recorded, nothing is told as lost, and the reason is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.loop import at_once, run_async, scenario
from tests.sources.upstreams import Answer, Asked, Handler, Noted, upstream
from tidings.sources import answers
from tidings.sources.cloud_events import CloudEventsSource
from tidings.sources.consul import ConsulSource
from tidings.sources.failure import UpstreamFailed
from tidings.sources.feldera import FelderaSource
from tidings.sources.nomad import NomadSource
from tidings.sources.puppet import PuppetSource
from tidings.sources.source import Source
from tidings.sources.target import Target

Make = Callable[[Target], Source]

SOURCES: list[Any] = [
    pytest.param(lambda target: ConsulSource("prod", target, sleep=at_once), id="consul"),
    pytest.param(lambda target: PuppetSource("prod", target, sleep=at_once), id="puppet"),
    pytest.param(lambda target: FelderaSource("prod", target, sleep=at_once), id="feldera"),
]
ALL = [
    *SOURCES,
    pytest.param(lambda target: NomadSource("prod", target), id="nomad"),
    pytest.param(lambda target: CloudEventsSource("prod", target), id="cloudevents-sse"),
]
SILENCE_S = [60 * 17 / 16 + 15, 60.0, 60.0, 75.0, 300.0]
"""How long each of them may send nothing: Consul's wait, two of Nomad's heartbeats, and some."""


def fail(make: Make, handler: Handler) -> UpstreamFailed:
    """Follow a system until it fails; return why. Nothing may have been said of it."""
    noted = Noted()

    async def main() -> UpstreamFailed:
        async with upstream(handler) as url:
            with pytest.raises(UpstreamFailed) as caught:
                await make(Target(url)).follow("", noted)
            return caught.value

    failure = run_async(main())
    assert noted.said == []
    return failure


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("status", "reason", "is_lasting"),
    [
        (401, "answered 401", True),
        (403, "answered 403", True),
        (429, "answered 429", False),
        (500, "answered 500", False),
        (503, "answered 503", False),
        (302, "answered 302, a redirect, which is not followed", False),
    ],
)
def test_a_status_is_named(make: Make, status: int, reason: str, *, is_lasting: bool) -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(status, location="http://elsewhere.invalid/")

    failure = fail(make, handler)
    assert (failure.reason, failure.is_lasting) == (reason, is_lasting)


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "pause_s"),
    [("30", 30.0), ("0", 0.0), ("99999999", 600.0), ("-1", 0.0), ("Sun, 29 Nov 2026", 0.0)],
)
def test_a_system_is_left_alone_for_as_long_as_it_asks(
    make: Make, status: int, retry_after: str, pause_s: float
) -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(status, retry_after=retry_after)

    assert fail(make, handler).pause_s == pause_s


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"7", b'"x"', b"[1]", b'[{"id":', b'[{"ID": 7, "id": 7}]']
)
def test_rubbish_is_not_understood(make: Make, body: bytes) -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(200, body, x_consul_index="7")

    assert fail(make, handler).reason in {
        "its answer is not understood",
        "an event of its list has no ID",
    }


@pytest.mark.parametrize("make", SOURCES)
def test_an_answer_without_end_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", 1000)

    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(200, b" " * 1001, x_consul_index="7")

    assert fail(make, handler).reason == "answered with more than is taken"


@pytest.mark.parametrize("make", SOURCES)
def test_a_cut_answer_is_a_failure(make: Make) -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.chunk(b"[")
        answer.cut()

    reasons = {"the connection broke", "ended the connection in the middle"}
    assert fail(make, handler).reason in reasons


@pytest.mark.parametrize(
    ("make", "expected_s"),
    [(each.values[0], silence_s) for each, silence_s in zip(ALL, SILENCE_S, strict=True)],
)
def test_silence_is_a_failure(
    make: Make, expected_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeout = httpx2.Timeout

    def impatient(silence_s: float, *, connect: float) -> httpx2.Timeout:
        assert (silence_s, connect) == (expected_s, 10.0)
        return timeout(0.05, connect=connect)

    monkeypatch.setattr(httpx2, "Timeout", impatient)

    async def handler(request: Asked, answer: Answer) -> None:
        await asyncio.Event().wait()

    assert fail(make, handler).reason == "fell silent"


@pytest.mark.parametrize("make", ALL)
@scenario
async def test_a_system_that_is_away_is_a_failure(make: Make) -> None:
    with pytest.raises(UpstreamFailed, match="is not reached"):
        await make(Target("http://127.0.0.1:9")).follow("", Noted())


@pytest.mark.parametrize("make", ALL)
@scenario
async def test_a_token_is_read_again_for_each_connection(make: Make, tmp_path: Path) -> None:
    token = tmp_path / "token"
    shown: list[set[str]] = []

    async def handler(request: Asked, answer: Answer) -> None:
        shown.append({value.removeprefix("Bearer ") for value in request.headers.values()})
        await answer.whole(401)

    async with upstream(handler) as url:
        source = make(Target(url, str(token)))
        for secret in ("one", "two"):
            token.write_text(secret)
            with pytest.raises(UpstreamFailed, match="answered 401"):
                await source.follow("", Noted())
    assert [each & {"one", "two"} for each in shown] == [{"one"}, {"two"}]


@scenario
async def test_only_the_address_that_is_set_is_asked_whatever_proxy_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(500)

    async with upstream(handler) as url:
        with pytest.raises(UpstreamFailed, match="answered 500"):
            await NomadSource("prod", Target(url)).follow("", Noted())


def test_a_list_of_consul_without_an_index_is_no_list() -> None:
    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(200, b"[]")

    reason = fail(lambda target: ConsulSource("prod", target), handler).reason
    assert reason == "answers without X-Consul-Index"
