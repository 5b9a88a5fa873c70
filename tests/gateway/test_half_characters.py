"""Halves of surrogate pairs, which are no characters: 400 wherever they stand, and never more."""

from __future__ import annotations

import json

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import scenario

SYSTEMS = ("nomad", "consul", "docker-cloud", "puppet", "feldera")
BODIES = [
    rb'{"I\ud800x":0}',
    rb'{"\uDFFF":{}}',
    rb'{"events":[{"consul":{"name":"\ud800"}}]}',
    rb'{"events":[{"nomad":{"payload":{"a":"\udc00\ud800"}}}]}',
    rb'{"key":"\udbff"}',
    rb'{"job":"1","type":"node_running","details":{"\ud800":1}}',
]


@pytest.mark.parametrize("body", BODIES)
@scenario
async def test_half_a_character_is_400_at_every_door(body: bytes) -> None:
    async with gateway() as running:
        answer = await running.request("POST", "/v1/events", body)
        assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)
        for path in ("/v1/events", *(f"/v1/publish/{system}" for system in SYSTEMS)):
            kind = "Content-Type: application/x-ndjson"
            answer = await running.request("POST", path, body, [kind])
            assert (answer.status, "error" in answer.lines[0]) == (400, True), path


@scenario
async def test_a_line_with_half_a_character_ends_no_upload() -> None:
    async with gateway() as running:
        good = rb'{"events":[{"consul":{"name":"\ud83d\ude00 \\ud800"}}]}'
        lines = b"\n".join((good, *BODIES, good))
        kind = "Content-Type: application/x-ndjson"
        answer = await running.request("POST", "/v1/events", lines, [kind])
        assert answer.status == 200
        assert ["seq" in line for line in answer.lines] == [True, *[False] * 6, True]
        listed = json.loads((await running.request("GET", "/v1/event/list")).body)
        assert [event["Name"] for event in listed] == ["\U0001f600 \\ud800"] * 2
