"""The access log of HTTP: a line for each request, without anything that may be a secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import becomes, scenario
from tidings.gateway.access_log import MAX_SHOWN_CHARS, SHOWN, shown_path, shown_query
from tidings.gateway.doors import packages

EVENT = b'{"Index":7,"Events":[{"Topic":"Job","Type":"JobRegistered","Key":"web","Payload":{}}]}'


def of_http(lines: list[Any], event: str = "request") -> list[Any]:
    return [line for line in lines if line["event"] == event and "door" in line]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"index=7&topic=Job%3Aweb&namespace=*", "index=7&topic=Job:web&namespace=*"),
        (b"selection.nomad.namespace=a+b", "selection.nomad.namespace=a b"),
        (b"token=canary", "…"),
        (b"canary", "…"),
        (b"index=1&token=canary&X=1", "index=1&…&…"),
        (b"index=%zz", "index=…"),
        (b"follow", "follow"),
        (b"name=" + b"x" * 600, "name=" + "x" * (MAX_SHOWN_CHARS - 5) + "…"),
        (b"&".join([b"a=1"] * 100_000), "&".join(["…"] * 256) + "&…"),
    ],
)
def test_of_a_query_only_what_is_asked_for_is_shown(query: bytes, shown: str) -> None:
    found = shown_query(query)
    assert found == shown or (len(query) > 2048 and set(found) == {"…", "&"})
    assert "canary" not in found
    assert len(found) <= MAX_SHOWN_CHARS + 1


def test_no_parameter_that_takes_a_credential_is_shown() -> None:
    keys = {
        way["name"]
        for package in packages()
        for way in package.Door.paths.security.values()
        if way.get("in") == "query"
    }
    assert keys
    assert not keys & SHOWN


def test_a_long_path_is_cut() -> None:
    assert shown_path(b"/" * 600) == "/" * MAX_SHOWN_CHARS + "…"
    assert shown_path(b"/\xff") == "/\ufffd"


@scenario
async def test_a_request_has_one_line_at_its_end_and_is_counted(lines: list[Any]) -> None:
    async with gateway() as running:
        answer = await running.request(
            "GET", "/v1/event/list?name=x&token=canary", headers=("X-Request-Id: r-1",)
        )
        await becomes(lambda: bool(of_http(lines)))
        (line,) = of_http(lines)
        page = (await running.request("GET", "/metrics")).body.decode().splitlines()
    assert 'tidings_http_seconds_count{door="consul"} 1.0' in page
    assert f'tidings_http_sent_bytes_total{{door="consul"}} {len(answer.body):.1f}' in page
    assert line.pop("seconds") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "door": "consul",
        "method": "GET",
        "path": "/v1/event/list",
        "query": "name=x&…",
        "status": 200,
        "bytes": len(answer.body),
        "client": "127.0.0.1",
        "request_id": "r-1",
    }


@pytest.mark.parametrize(
    ("method", "path", "door", "status", "has_body"),
    [
        ("GET", "/nowhere", "none", 404, True),
        ("HEAD", "/healthz", "own", 200, False),
        ("DELETE", "/healthz", "own", 405, True),
        ("GET", "/v0/nothing", "feldera", 404, False),
    ],
)
@scenario
async def test_refusals_have_a_line_too(
    lines: list[Any], method: str, path: str, door: str, status: int, *, has_body: bool
) -> None:
    async with gateway() as running:
        await running.request(method, path)
        await becomes(lambda: bool(of_http(lines)))
        (line,) = of_http(lines)
    assert (line["door"], line["status"], line["bytes"] > 0) == (door, status, has_body)


@scenario
async def test_a_stream_has_a_line_at_its_beginning_and_all_its_bytes_at_its_end(
    lines: list[Any],
) -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", "/v1/event/stream?topic=Job")
        assert (await talk.head())[0] == 200
        await becomes(lambda: bool(of_http(lines, "stream begins")))
        (begun,) = of_http(lines, "stream begins")
        assert (begun["door"], begun["status"], begun["query"]) == ("nomad", 200, "topic=Job")
        assert not of_http(lines)
        got = 0
        for _ in range(3):  # the first ones may come from the log, the others live
            await running.request("POST", "/v1/publish/nomad", EVENT)
            while not (chunk := await talk.chunk()).startswith(b'{"Index"'):
                got += len(chunk)
            got += len(chunk)
        await talk.close()
        await becomes(
            lambda: any(
                line["door"] == "nomad" and line["method"] == "GET" for line in of_http(lines)
            )
        )
        (ended,) = (line for line in of_http(lines) if line["method"] == "GET")
    assert ended["bytes"] == got


@scenario
async def test_an_upload_tells_what_became_of_its_objects(lines: list[Any]) -> None:
    async with gateway() as running:
        body = b"\n".join([EVENT, EVENT, b"{bad"])
        await running.request("POST", "/v1/publish/nomad?source=a", body)
        await becomes(lambda: bool(of_http(lines)))
        (line,) = of_http(lines)
        assert not of_http(lines, "stream begins")  # its body was whole
        page = (await running.request("GET", "/metrics")).body.decode()
    counts = {name: line.get(name) for name in ("objects", "stored", "duplicates", "refused")}
    assert counts == {"objects": 3, "stored": 1, "duplicates": 1, "refused": 1}
    counted = re.findall(
        r'^tidings_http_upload_objects_total\{door="nomad",(.*)$', page, re.MULTILINE
    )
    assert {f'outcome="{each}"}} 1.0' for each in ("stored", "duplicates", "refused")} <= {*counted}


@scenario
async def test_a_client_that_leaves_has_its_line(lines: list[Any]) -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send(b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n{")
        await talk.close()
        await becomes(lambda: bool(of_http(lines)))
        (line,) = of_http(lines)
    assert (line["door"], line["status"], line["bytes"]) == ("native", 0, 0)


TRUSTED = ("127.0.0.0/8", "10.0.0.7")


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ((), "127.0.0.1"),
        (("X-Forwarded-For: 192.0.2.1",), "192.0.2.1"),
        (("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.7",), "192.0.2.1"),
        (("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.1"), "192.0.2.1"),
        (("X-Forwarded-For: 192.0.2.1:4711",), "192.0.2.1"),
        (("X-Forwarded-For: [2001:db8::1]:4711",), "2001:db8::1"),
        (("X-Forwarded-For: 2001:db8::1",), "2001:db8::1"),
        (("X-Forwarded-For: ::ffff:192.0.2.1",), "192.0.2.1"),
        (("X-Forwarded-For: 192.0.2.1, unknown",), "127.0.0.1"),
        (("X-Forwarded-For: 10.0.0.7",), "10.0.0.7"),
        (("X-Forwarded-For: ,",), "127.0.0.1"),
    ],
)
@scenario
async def test_a_trusted_proxy_says_who_the_client_is(
    lines: list[Any], told: tuple[str, ...], client: str
) -> None:
    async with gateway(http_trusted_proxies=TRUSTED) as running:
        await running.request("GET", "/healthz", headers=told)
        await becomes(lambda: bool(of_http(lines)))
    assert of_http(lines)[0]["client"] == client


@scenario
async def test_nobody_else_says_who_the_client_is(lines: list[Any]) -> None:
    async with gateway(http_trusted_proxies=("10.0.0.0/8",)) as running:
        await running.request("GET", "/healthz", headers=("X-Forwarded-For: 192.0.2.1",))
        await becomes(lambda: bool(of_http(lines)))
    assert of_http(lines)[0]["client"] == "127.0.0.1"


JOB_STARTED = {
    "type": "job_started",
    "job": "352",
    "message": "Started",
    "timestamp": "2016-05-05T19:50:08Z",
}


@pytest.mark.parametrize(
    ("trusted", "told", "base"),
    [
        (TRUSTED, ("X-Forwarded-Proto: https",), "https://test"),
        (TRUSTED, ("X-Forwarded-Proto: https", "X-Forwarded-Host: t:8443"), "https://t:8443"),
        (TRUSTED, ("X-Forwarded-Proto: http, https",), "https://test"),
        (TRUSTED, ("X-Forwarded-Proto: gopher",), "http://test"),
        ((), ("X-Forwarded-Proto: https", "X-Forwarded-Host: t"), "http://test"),
    ],
)
@scenario
async def test_links_lead_to_where_the_client_is(
    trusted: tuple[str, ...], told: tuple[str, ...], base: str
) -> None:
    async with gateway(http_trusted_proxies=trusted) as running:
        await running.request("POST", "/v1/publish/puppet", json.dumps(JOB_STARTED).encode())
        answer = await running.request("GET", "/orchestrator/v1/jobs/352/events", headers=told)
    link = json.loads(answer.body)["next-events"]["id"]
    assert link.startswith(f"{base}/orchestrator/v1/jobs/352/events?start=")


@scenario
async def test_the_host_that_a_proxy_tells_is_admitted_as_any_other() -> None:
    async with gateway(http_trusted_proxies=TRUSTED) as running:
        told = ("X-Forwarded-Host: rebound.example",)
        assert (await running.request("GET", "/healthz", headers=told)).status == 421
        told = ("X-Forwarded-Host: two words",)
        assert (await running.request("GET", "/healthz", headers=told)).status == 400
