"""Offers to upgrade that are not taken: the request is read and answered as if there were none."""

from __future__ import annotations

import base64
import json

import pytest

from tests.kit.gateway import Gateway, Talk, gateway, nomad_line
from tests.kit.loop import run_async, scenario

H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket")  # as nginx's usual lines pass on
HANDSHAKE = (*WEBSOCKET, "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}==")
OTHER = ("Connection: keep-alive, upgrade", "Upgrade: TLS/1.2, IRC/6.9")
OFFERS = {"h2c": H2C, "nginx": WEBSOCKET, "handshake": HANDSHAKE, "other": OTHER}
EVENTS = "/api/audit/v1/events"

EVENT = b'{"type":"stack","action":"create","parents":[],"resource_uri":"/api/a/","state":"1"}'
STATUS = b'"api_status":"Healthy","compiler_status":"Healthy","runner_status":"Healthy"'
# path, body, member of the answer (or its first line) that says that it was read
UPLOADS = [
    ("POST", "/v1/publish/nomad", nomad_line(1), "seq"),
    ("PUT", "/v1/publish/consul", b'{"ID":"","Name":"deploy","Payload":"aGk="}', "seq"),
    ("POST", "/v1/publish/docker-cloud", EVENT, "seq"),
    ("POST", "/v1/publish/puppet", b'{"job":"352","type":"node_running"}', "seq"),
    ("POST", "/v1/publish/feldera", b"{" + STATUS + b"}", "seq"),
    ("POST", "/v1/events", b'{"events":[{"consul":{"name":"x"}}]}', "seq"),
    ("PUT", "/v1/event/fire/deploy", b"hi", "Payload"),
]


def framed(body: bytes, *, chunked: bool) -> tuple[str, bytes]:
    if not chunked:
        return f"Content-Length: {len(body)}", body
    middle = len(body) // 2
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:middle], body[middle:]))
    return "Transfer-Encoding: chunked", pieces + b"0\r\n\r\n"


async def send(talk: Talk, data: bytes, pieces: str) -> None:
    if pieces == "one":
        await talk.send(data)
    elif pieces == "head and body":
        head, _, body = data.partition(b"\r\n\r\n")
        await talk.send(head + b"\r\n\r\n")
        await talk.send(body)
    else:
        for at in range(len(data)):
            await talk.send(data[at : at + 1])


@pytest.mark.parametrize("pieces", ["one", "head and body", "bytes"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
@scenario
async def test_a_body_beside_an_offer_is_read(offer: str, chunked: bool, pieces: str) -> None:  # noqa: FBT001
    async with gateway() as running:
        for method, path, body, member in UPLOADS:
            framing, data = framed(body, chunked=chunked)
            head = [f"{method} {path} HTTP/1.1", "Host: test", *OFFERS[offer], framing, "", ""]
            talk = await running.connect()
            await send(talk, "\r\n".join(head).encode() + data, pieces)
            answer = await talk.answer()
            assert answer.status == 200, (path, answer)
            found = json.loads(answer.body)
            assert found.get(member) not in (None, ""), (path, found)
            if member == "Payload":
                assert base64.b64decode(found["Payload"]) == b"hi"
            await talk.close()


@scenario
async def test_the_connection_goes_on_behind_an_offer_with_what_was_sent_ahead() -> None:
    async with gateway() as running:
        talk = await running.connect()
        head = [
            "PUT /v1/event/fire/a HTTP/1.1",
            "Host: test",
            *H2C,
            "Content-Length: 2",
            "",
            "",
        ]
        fire = "\r\n".join(head).encode() + b"hi"
        await talk.send(fire * 2 + b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        for expected in (b'"Payload":"aGk="', b'"Payload":"aGk="', b"healthy"):
            answer = await talk.answer()
            assert answer.status == 200
            assert "connection" not in answer.headers
            assert expected in answer.body
        await talk.ask("GET", "/v1/event/list", headers=H2C)
        assert len(json.loads((await talk.answer()).body)) == 2
        await talk.close()


@pytest.mark.parametrize(
    ("version", "connection"),
    [
        ("1.1", "close, Upgrade"),
        ("1.1", "Upgrade, close"),
        ("1.0", "Upgrade"),
        ("1.0", "upgrade, keep-alive"),
    ],
)
@pytest.mark.parametrize("pieces", ["one", "bytes"])
@scenario
async def test_a_body_beside_an_offer_on_a_connection_that_ends(
    version: str, connection: str, pieces: str
) -> None:
    async with gateway() as running:
        talk = await running.connect()
        head = f"PUT /v1/event/fire/a HTTP/{version}\r\nHost: test\r\nUpgrade: h2c\r\n"
        rest = f"Connection: {connection}\r\nContent-Length: 2\r\n\r\nhi"
        await send(talk, (head + rest).encode(), pieces)
        answer = await talk.answer()
        assert (answer.status, b'"Payload":"aGk="' in answer.body) == (200, True)
        assert await talk.reader.read() == b""
        await talk.close()


@scenario
async def test_a_body_beside_an_offer_obeys_the_limits() -> None:
    async with gateway(http_body_size=100, http_silence=0.2) as running:
        answer = await running.request("PUT", "/v1/event/fire/a", b"x" * 200, H2C)
        assert answer.status == 413
        talk = await running.connect()
        await talk.ask("PUT", "/v1/event/fire/a", headers=(*H2C, "Content-Length: 9"))
        assert (await talk.answer()).status == 408
        await talk.close()


@pytest.mark.parametrize("path", ["/healthz", "/v1/event/list", "/v0/config", "/v1/agent/self"])
@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_beside_a_get_changes_nothing(offer: str, path: str) -> None:
    async def main() -> tuple[object, object]:
        async with gateway() as running:
            plain = await running.request("GET", path)
            offered = await running.request("GET", path, headers=OFFERS[offer])
            return plain.body, offered.body

    plain, offered = run_async(main())
    assert plain == offered


async def _status(running: Gateway, *headers: str, version: str = "1.1", body: bytes = b"") -> int:
    talk = await running.connect()
    head = "\r\n".join([f"GET {EVENTS} HTTP/{version}", "Host: test", *headers, "", ""])
    await talk.send(head.encode() + body)
    status, _ = await talk.head()
    await talk.close()
    return status


@scenario
async def test_only_a_whole_handshake_on_a_path_of_a_websocket_is_taken() -> None:
    async with gateway(docker_cloud_pause_s=0.0) as running:
        assert await _status(running, *HANDSHAKE) == 101
        assert await _status(running, *HANDSHAKE, "Content-Length: 0") == 101
        assert await _status(running, *WEBSOCKET) == 426
        assert await _status(running, *HANDSHAKE, "Content-Length: 2", body=b"hi") == 426
        chunked = "Transfer-Encoding: chunked"
        assert await _status(running, *HANDSHAKE, chunked, body=b"0\r\n\r\n") == 426
        assert await _status(running, *HANDSHAKE, version="1.0") == 426


@scenario
async def test_a_tunnel_is_refused() -> None:
    async with gateway() as running:
        answer = await running.request("CONNECT", "db:5432")
        assert answer.status == 400


FRAMINGS = [
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
    ("Content-Length: 5\r\nContent-Length: 6", 400),
    ("Content-Length: 5\r\nContent-Length: 5", 400),
    ("Content-Length: +5", 400),
    ("Content-Length:\r\n 5", 400),
    ("Content-Length: 99999999999999999999999", 400),
    ("Transfer-Encoding:\r\n chunked", 400),
    ("Transfer-Encoding : chunked", 400),
    ("Content-Length: 5\r\nX: a\rb", 400),
    ("Transfer-Encoding: xchunked", 501),
    ("Content-Length: 5 ", 200),
]


@pytest.mark.parametrize(("framing", "status"), FRAMINGS)
@scenario
async def test_an_offer_makes_no_bad_framing_good(framing: str, status: int) -> None:
    async with gateway() as running:
        for offer in ((), *OFFERS.values()):
            talk = await running.connect()
            head = ["PUT /v1/event/fire/x HTTP/1.1", "Host: test", *offer, framing, "", "hello"]
            await talk.send("\r\n".join(head).encode())
            assert (await talk.answer()).status == status, offer
            await talk.close()
