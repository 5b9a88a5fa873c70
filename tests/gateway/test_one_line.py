"""Every JSON line stays one line for clients that split decoded text, whatever was published."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import grpc
import pytest

from tests.kit.gateway import Gateway, gateway, nomad_line
from tests.kit.loop import scenario
from tidings.gateway.transcode.one_line import one_line
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

ENDS = "\x85\u2028\u2029"
ODD = f"a{ENDS}b \u201cc\u201d"
RAW = re.compile("[\x85\u2028\u2029]")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{"a":"\u2028\u2029\x85"}', r'{"a":"\u2028\u2029\u0085"}'),
        (
            '{"\u2028":"\u201cx\u201d \u2027\u202a\x84\xa0"}',
            '{"\\u2028":"\u201cx\u201d \u2027\u202a\x84\xa0"}',
        ),
        (r'{"a":"\\u2028"}', r'{"a":"\\u2028"}'),
        ("{}", "{}"),
    ],
)
def test_only_line_ends_are_escaped(text: str, printed: str) -> None:
    assert one_line(text.encode()).decode() == printed
    assert json.loads(printed) == json.loads(text)


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


async def raw(running: Gateway, accept: str, path: str) -> bytes:
    """Return what a stream brings until the odd text has come."""
    talk = await running.connect()
    await talk.ask("GET", path, headers=[f"Accept: {accept}"])
    await talk.head()
    text = b""
    while b"u2029" not in text and "\u2029".encode() not in text:
        text += await talk.chunk()
    await talk.close()
    return text


def check(text: bytes) -> None:
    assert not RAW.search(text.decode())
    assert b"\\u0085\\u2028\\u2029" in text
    assert "\u201cc\u201d".encode() in text or b"\\u201c" in text


@scenario
async def test_what_was_published_is_printed_in_one_line() -> None:
    statuses = {f"{part}_status": "Healthy" for part in ("api", "compiler", "runner")}
    published: dict[str, bytes] = {
        "nomad": nomad_line(1).replace(b'"key-1"}', dumped(ODD) + b"}"),
        "consul": dumped({"Name": ODD}),
        "puppet": dumped({"job": "7", "type": "node_running", "details": {"node": ODD, ODD: 1}}),
        "feldera": dumped({**statuses, "api_self_info": ODD}),
    }
    reads: dict[str, Callable[[Gateway], object]] = {
        "list": lambda running: running.request("GET", "/v1/event/list"),
        "pretty": lambda running: running.request("GET", "/v1/event/list?pretty"),
        "puppet": lambda running: running.request("GET", "/orchestrator/v1/jobs/7/events"),
        "feldera": lambda running: running.request("GET", "/v0/cluster/events/latest?selector=all"),
    }

    async with gateway() as running:
        for system, body in published.items():
            answer = await running.request("POST", f"/v1/publish/{system}", body)
            assert answer.status == 200, answer
        for name, read in reads.items():
            answer = await read(running)  # type: ignore[misc]
            check(answer.body)
            assert ODD in dumped(json.loads(answer.body)).decode(), name
        check(await raw(running, "*/*", "/v1/event/stream"))
        for accept in ("*/*", "text/event-stream"):
            for system in published:
                path = f"/v1/events?position=START_POSITION_EARLIEST&system={system}"
                check(await raw(running, accept, path))
        async with grpc.aio.insecure_channel(running.service.address) as channel:
            request = pb.SubscribeRequest(
                position=pb.START_POSITION_EARLIEST, payload_format=pb.PAYLOAD_FORMAT_JSON
            )
            request.selection.nomad.SetInParent()
            async for message in EventServiceStub(channel).Subscribe(request):
                for record in message.batch.records:
                    assert ODD in record.events[0].nomad.payload_json.decode()
                break


@scenario
async def test_errors_are_printed_in_one_line() -> None:
    async with gateway() as running:
        answers = [
            await running.request("POST", f"/v1/publish/{system}", dumped({ODD: 1, "job": "1"}))
            for system in ("consul", "docker-cloud", "feldera", "puppet")
        ]
        answers += [
            await running.request("POST", "/v1/events", dumped({ODD: 1})),
            await running.request("GET", f"/v1/events?{quote(ODD)}=1"),
            await running.request("GET", f"/v0/cluster/events/{quote(ODD)}"),
            await running.request("GET", f"/orchestrator/v1/jobs/{quote(ODD)}/events"),
        ]
        for answer in answers:
            assert answer.status == 400
            assert not RAW.search(answer.body.decode()), answer


def test_doors_print_by_the_one_way_that_escapes(root: Path) -> None:
    room = root / "gateway/tidings/gateway"
    found = {
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        if re.search(r"\b(rt|json_runtime|json)\.dumps", path.read_text())
    }
    assert found == {
        "doors/cloud_event/binary_mode.py",  # what is parsed, which is not printed
        "doors/consul/replies.py",  # escapes as Go does, and then as we do
        "json_text.py",
        "transcode/json_body.py",  # what is parsed, which is not printed
        "transcode/render.py",
        "transcode/status.py",
    }
