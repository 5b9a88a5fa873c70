"""Whether there is access control is asked now and then, not at every call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import becomes, scenario
from tidings.gateway.upstream.access_mode import AccessMode

CALLS = 20


class FakeUpstream:
    """Knows why AccessService does not serve (None = it does), and counts who asks."""

    limit_s = 1.0

    def __init__(self, reason: str | None) -> None:
        self.reason = reason
        self.asked = 0
        self.credentials: list[Any] = []
        self.retries = self

    async def health(self, service: str, limit_s: float) -> str | None:
        assert (service, limit_s) == ("tidings.v1.AccessService", self.limit_s)
        self.asked += 1
        return self.reason

    async def call(self, attempt: Callable[[], Awaitable[bool]], rule: object) -> bool:
        assert callable(rule)
        return await attempt()

    async def authenticate(self, credential: object) -> str:
        self.credentials.append(credential)
        return "whose"


@pytest.mark.parametrize("reason", ["no access control", None])
@scenario
async def test_the_answer_counts_for_a_second(
    reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream: Any = FakeUpstream(reason)
    mode = AccessMode(upstream, asyncio.Event())
    loop = asyncio.get_running_loop()
    now_s = loop.time()  # counts from the start of the machine: what bounds the test ends by it
    monkeypatch.setattr(loop, "time", lambda: now_s)
    for second in range(3):
        now_s += 1.1
        found = await asyncio.gather(*(mode.is_open() for _ in range(CALLS)))
        assert (set(found), upstream.asked) == ({reason is not None}, second + 1)


@scenario
async def test_without_access_control_nobody_is_asked_whose_a_credential_is() -> None:
    upstream: Any = FakeUpstream("no access control")
    mode = AccessMode(upstream, asyncio.Event())
    assert [await mode.authenticate(()) for _ in range(CALLS)] == [None] * CALLS
    assert upstream.credentials == []
    upstream = FakeUpstream(None)
    mode = AccessMode(upstream, asyncio.Event())
    assert await mode.authenticate((("authorization", "x"),)) == "whose"


@scenario
async def test_a_call_of_consul_is_one_line_of_the_service(lines: list[Any]) -> None:
    async with gateway() as running:
        for _ in range(CALLS):
            answer = await running.request("GET", "/v1/event/list")
            assert answer.headers["x-consul-default-acl-policy"] == "allow"
        await becomes(lambda: [line["event"] for line in lines].count("call") >= CALLS)
    methods = [line["method"] for line in lines if line["event"] == "call"]
    assert methods == ["List"] * CALLS
