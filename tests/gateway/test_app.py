"""What happens at the edge of the application when a door breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import scenario
from tidings.gateway import app
from tidings.gateway.http.request import Request


class BrokenDoor:
    """Breaks before its answer, or in the middle of it."""

    name = "broken"

    def handler(self, request: Request) -> Any:
        return {b"/early": self._early, b"/late": self._late}.get(request.path)

    def unknown(self, request: Request) -> Any:
        del request

    async def _early(self, request: Request) -> None:
        raise ZeroDivisionError

    async def _late(self, request: Request) -> None:
        await request.start(200, ())
        await request.write(b"some")
        raise ZeroDivisionError


@pytest.fixture
def _broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "load_doors", lambda _context: (BrokenDoor(),))


@pytest.mark.usefixtures("_broken")
@scenario
async def test_the_caller_of_what_breaks_is_shown_an_id_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with gateway() as running:
        answer = await running.request("GET", "/early?token=hidden")
        assert answer.status == 500
        status = json.loads(answer.body)
        assert status["code"] == 13
        request_id = status["message"].removeprefix("internal error, request ")
        logged = capsys.readouterr().out
        assert request_id in logged
        assert "ZeroDivisionError" in logged
        page = (await running.request("GET", "/metrics")).body.decode()
        assert 'tidings_http_requests_total{door="broken",status="500"} 1.0' in page


@pytest.mark.usefixtures("_broken")
@scenario
async def test_an_answer_that_breaks_in_the_middle_does_not_look_whole() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", "/late")
        status, _ = await talk.head()
        assert status == 200
        assert await talk.chunk() == b"some"
        with pytest.raises(asyncio.IncompleteReadError):
            await talk.chunk()
        await talk.close()


@scenario
async def test_every_door_of_the_folder_is_open() -> None:
    async with gateway() as running:
        for path in ("/v1/event/stream?index=x", "/v1/event/list?index=x", "/v1/events?x"):
            assert (await running.request("GET", path)).status == 400, path
