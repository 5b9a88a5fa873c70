"""Nomad's event stream over real sockets, before a real service."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.kit.gateway import Gateway, Talk, gateway, nomad_line
from tests.kit.loop import scenario
from tidings.gateway.http.body_writer import BodyDirectWriter
from tidings.gateway.http.direct_write import Framer

STREAM = "/v1/event/stream"


async def publish(running: Gateway, *lines: bytes) -> list[int]:
    answer = await running.request("POST", "/v1/publish/nomad", b"".join(lines))
    assert answer.status == 200, answer.body
    return [line["seq"] for line in answer.lines]


async def opened(running: Gateway, query: str = "") -> Talk:
    talk = await running.connect()
    await talk.ask("GET", STREAM + query)
    status, _ = await talk.head()
    assert status == 200
    assert await talk.chunk() == b"{}\n"
    return talk


@scenario
async def test_headers_and_first_heartbeat_come_at_once() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", STREAM)
        status, headers = await talk.head()
        assert status == 200
        del headers["date"], headers["x-request-id"]
        assert headers == {
            "content-type": "application/json",
            "cache-control": "no-cache",
            "vary": "Accept-Encoding",
            "connection": "close",
            "transfer-encoding": "chunked",
        }
        assert await talk.chunk() == b"{}\n"
        await talk.close()


@scenario
async def test_a_line_is_nomads_to_the_letter_and_its_payload_to_the_byte() -> None:
    payload = '{"Node" : {"ID":"<&>é","Big":18446744073709551615,"F":1.50,"Nil":null}}'
    line = (
        '{"Index":7,"Events":[{"Payload":' + payload + ',"Topic":"Node","Type":"NodeRegistration",'
        '"Key":"k","FilterKeys":["a",""],"Index":7}]}\n'
    )

    async with gateway() as running:
        await publish(running, line.encode())
        talk = await opened(running)
        assert (await talk.chunk()).decode() == (
            '{"Index":2,"Events":[{"Topic":"Node","Type":"NodeRegistration","Key":"k",'
            '"Namespace":"","FilterKeys":["a",""],"Index":2,"Payload":' + payload + "}]}\n"
        )
        await talk.close()


@scenario
async def test_a_line_for_many_readers_is_framed_once_and_written_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    framed: list[bytes] = []

    def frame(piece: bytes) -> bytes:
        framed.append(piece)
        return b"%x\r\n%b\r\n" % (len(piece), piece)

    monkeypatch.setattr(BodyDirectWriter, "framed", Framer(frame))

    async with gateway() as running:
        await publish(running, nomad_line(1))
        talks = [await opened(running) for _ in range(3)]
        line = await talks[0].chunk()
        assert [await talk.chunk() for talk in talks[1:]] == [line] * 2
        for number in range(2, 100):  # until all of them have joined one stream
            await publish(running, nomad_line(number))
            line = await talks[0].chunk()
            assert [await talk.chunk() for talk in talks[1:]] == [line] * 2
            if framed.count(line) == 1:
                break
        else:
            raise AssertionError("framed for each reader")
        for talk in talks:
            await talk.close()


@scenario
async def test_payloads_that_span_lines_come_out_on_one() -> None:
    pretty = json.dumps(json.loads(nomad_line(1)), indent=2).encode()

    async with gateway() as running:
        await publish(running, pretty)
        talk = await opened(running)
        line = await talk.chunk()
        assert line.count(b"\n") == 1
        assert json.loads(line)["Events"][0]["Payload"] == {"Job": {"ID": "key-1"}}
        await talk.close()


@scenario
async def test_one_chunk_a_line_when_idle_and_several_lines_a_chunk_when_behind() -> None:
    async with gateway() as running:
        await publish(running, *(nomad_line(n) for n in range(20)))
        talk = await opened(running, "?index=1")
        assert (await talk.chunk()).count(b"\n") == 20
        for n in range(3):
            await publish(running, nomad_line(n))
            assert (await talk.chunk()).count(b"\n") == 1
        await talk.close()


@scenario
async def test_heartbeats_run_free_of_events() -> None:
    async with gateway(nomad_heartbeat=0.05) as running:
        talk = await opened(running)
        assert await talk.lines(3) == [b"{}"] * 3
        await publish(running, nomad_line(1))
        lines = await talk.lines(3)
        assert len([line for line in lines if line != b"{}"]) <= 1
        await talk.close()


@scenario
async def test_topics_keys_and_namespaces_select() -> None:
    async with gateway() as running:
        await publish(
            running,
            nomad_line(1, "Job"),
            nomad_line(2, "Node", namespace=""),
            nomad_line(3, "Job", namespace="prod"),
            nomad_line(4, "Evaluation", FilterKeys=["web", ""]),
        )
        for query, keys in {
            "?topic=Job": ["key-1"],
            "?topic=Job&namespace=prod": ["key-3"],
            "?topic=Job&namespace=*": ["key-1", "key-3"],
            "?namespace=prod": ["key-2", "key-3"],
            "?topic=*:web": ["key-4"],
            "?topic=Evaluation:": ["key-4"],
            "?topic=Job:*&topic=Job:key-1": ["key-1"],
            "?topic=Job&topic=Job": ["key-1"],
            "?topic=%zz&namespace=prod": ["key-2", "key-3"],
        }.items():
            talk = await opened(running, query)
            found = [json.loads(line)["Events"][0]["Key"] for line in await talk.lines(len(keys))]
            assert found == keys, query
            await talk.close()


@scenario
async def test_equal_requests_share_one_stream_and_each_gets_every_line_once() -> None:
    async with gateway() as running:
        await publish(running, *(nomad_line(n) for n in range(1, 6)))
        talks = [await opened(running, f"?index={n}") for n in (1, 3, 6, 1)]
        await publish(running, nomad_line(6))
        for talk, first in zip(talks, (2, 3, 6, 2), strict=True):
            lines = await talk.lines(8 - first)
            assert [json.loads(line)["Index"] for line in lines] == list(range(first, 8))
            await talk.close()


@scenario
async def test_a_service_that_goes_away_ends_streams_cleanly_and_new_ones_wait_for_it() -> None:
    async with gateway() as running:
        await publish(running, nomad_line(1))
        talk = await opened(running)
        await talk.lines(1)
        await running.service.stop()
        assert await talk.rest() == b""
        await talk.close()
        again = await running.connect()
        await again.ask("GET", STREAM + "?index=2")
        await running.service.start(running.tasks)
        status, _ = await again.head()
        assert status == 200
        lines = await again.lines(2)
        assert lines[0] == b"{}"
        assert json.loads(lines[1])["Index"] == 2
        await again.close()


@scenario
async def test_a_service_that_stays_away_is_nomads_own_error() -> None:
    async with gateway(patience_s=0.3) as running:
        await running.service.stop()
        answer = await running.request("GET", STREAM)
        assert (answer.status, answer.body) == (500, b"No cluster leader")


@scenario
async def test_going_down_ends_streams_with_their_final_chunk() -> None:
    async with gateway() as running:
        talk = await opened(running)
        running.shutdown.set()
        assert await talk.rest() == b""
        assert await talk.reader.read() == b""
        await talk.close()
        async with asyncio.timeout(5):
            await running.serving


async def feeds_of(running: Gateway) -> int:
    page = (await running.request("GET", "/metrics")).body.decode()
    (row,) = [line for line in page.splitlines() if line.startswith("tidings_http_live_streams ")]
    return int(float(row.split()[1]))


@scenario
async def test_readers_who_leave_end_the_upstream_call_and_the_last_one_does() -> None:
    async with gateway() as running:
        assert await feeds_of(running) == 0
        first, second = await opened(running), await opened(running)
        while await feeds_of(running) != 1:
            pass
        await first.close()
        await publish(running, nomad_line(1))
        await second.lines(1)
        assert await feeds_of(running) == 1
        await second.close()
        while await feeds_of(running) != 0:
            pass
