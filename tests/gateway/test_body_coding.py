"""Bodies that come compressed: what they say, in whatever pieces, within the same bounds."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from tests.kit.gateway import gateway, nomad_line
from tests.kit.loop import scenario
from tidings.gateway.http.body_coding import PIECE_BYTES, Decoder, UnsupportedCoding, decoder_for
from tidings.gateway.transcode.errors import MalformedRequest

TEXT = b"".join(nomad_line(number) for number in range(1, 300))


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODED = {
    "gzip": gzip.compress(TEXT),
    "members": gzip.compress(TEXT[:100]) + gzip.compress(b"") + gzip.compress(TEXT[100:]),
    "zlib": zlib.compress(TEXT),
    "bare": bare(TEXT),
}
NAMES = {"gzip": "gzip", "members": "x-gzip", "zlib": "deflate", "bare": "deflate"}


def decoded(kind: str, data: bytes, size: int) -> bytes:
    decoder, text = Decoder(is_gzip=NAMES[kind] != "deflate"), b""
    for at in range(0, len(data), size):
        decoder.feed(data[at : at + size])
        while piece := decoder.take():
            assert len(piece) <= PIECE_BYTES
            text += piece
    decoder.end()
    return text


@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
@pytest.mark.parametrize("kind", CODED)
def test_a_body_is_decoded_however_it_is_cut(kind: str, size: int) -> None:
    assert decoded(kind, CODED[kind], size) == TEXT


@pytest.mark.parametrize("kind", CODED)
def test_a_little_becomes_much_a_piece_at_a_time(kind: str) -> None:
    large = b"x" * (20 * PIECE_BYTES)
    coded = {"zlib": zlib.compress(large), "bare": bare(large)}.get(kind, gzip.compress(large))
    decoder = Decoder(is_gzip=NAMES[kind] != "deflate")
    decoder.feed(coded)
    assert len(decoder.take()) == PIECE_BYTES
    assert decoded(kind, coded, 1000) == large


@pytest.mark.parametrize("kind", CODED)
def test_no_body_is_none(kind: str) -> None:
    assert decoded(kind, b"", 1) == b""


@pytest.mark.parametrize("kind", CODED)
def test_a_body_that_ends_too_early_is_told(kind: str) -> None:
    for cut in (1, len(CODED[kind]) // 2):
        with pytest.raises(MalformedRequest, match="ends too early"):
            decoded(kind, CODED[kind][:-cut], 100)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("gzip", b"plain text"),
        ("gzip", zlib.compress(TEXT)),
        ("gzip", CODED["gzip"] + b"rubbish"),
        ("gzip", CODED["gzip"][:50] + b"\xff" * 50 + CODED["gzip"][100:]),
        ("zlib", b"\xff\xff plain"),
        ("zlib", CODED["zlib"] + b"x"),
    ],
)
def test_what_is_not_encoded_as_it_says_is_told(kind: str, data: bytes) -> None:
    with pytest.raises(MalformedRequest, match="content-encoding: "):
        decoded(kind, data, 64)


@pytest.mark.parametrize(
    ("values", "is_decoded"),
    [((), False), (("identity",), False), (("",), False), (("GZIP",), True), (("deflate",), True)],
)
def test_codings_that_are_spoken(values: tuple[str, ...], is_decoded: bool) -> None:  # noqa: FBT001
    headers = [(b"content-encoding", value.encode()) for value in values]
    assert (decoder_for(headers) is not None) == is_decoded


@pytest.mark.parametrize("values", [("br",), ("zstd",), ("gzip, gzip",), ("gzip", "deflate")])
def test_codings_that_are_not(values: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedCoding):
        decoder_for([(b"content-encoding", value.encode()) for value in values])


BODIES = {
    "/v1/publish/nomad": nomad_line(1),
    "/v1/publish/consul": b'{"Name":"deploy"}',
    "/v1/publish/puppet": b'{"job":"7","type":"node_running"}',
    "/v1/events": b'{"events":[{"consul":{"name":"x"}}]}',
    "/v1/event/fire/deploy": b"hi",
}


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("path", BODIES)
@scenario
async def test_every_path_takes_a_body_that_is_encoded(path: str, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    async with gateway() as running:
        said = [f"Content-Encoding: {coding}"]
        method = "PUT" if "fire" in path else "POST"
        answer = await running.request(method, path, pack(BODIES[path]), said)
        assert answer.status == 200, answer
        assert b'"seq":' in answer.body or b'"aGk="' in answer.body


WRONG = [
    ("PUT", "/v1/event/fire/x", lambda body: body.decode()),
    ("POST", "/v1/events", lambda body: json.loads(body)["message"]),
    ("POST", "/v1/publish/nomad", lambda body: json.loads(body)["message"]),
    ("POST", "/orchestrator/v1/jobs/1/events", lambda body: json.loads(body)["msg"]),
    ("POST", "/v0/cluster/events", lambda body: json.loads(body)["message"]),
    ("POST", "/nowhere", lambda body: json.loads(body)["message"]),
]


@pytest.mark.parametrize(("method", "path", "text"), WRONG, ids=[each[1] for each in WRONG])
@scenario
async def test_another_coding_is_415_in_the_words_of_the_path(
    method: str, path: str, text: object
) -> None:
    async with gateway() as running:
        answer = await running.request(method, path, b"x", ["Content-Encoding: br"])
        assert answer.status == 415
        assert answer.headers["accept-encoding"] == "gzip, deflate, identity"
        assert "gzip or deflate" in text(answer.body)  # type: ignore[operator]
        assert (await running.request("GET", "/v1/event/list")).body == b"[]"


@scenario
async def test_what_a_body_becomes_is_bounded() -> None:
    async with gateway(http_body_size=100_000) as running:
        bomb, said = gzip.compress(b"x" * 50_000_000), ["Content-Encoding: gzip"]
        for path in ("/v1/event/fire/x", "/v1/events", "/v1/publish/nomad"):
            method = "PUT" if "fire" in path else "POST"
            body = bomb if "fire" in path else gzip.compress(b'{"a":"' + b"x" * 50_000_000)
            answer = await running.request(method, path, body, said)
            assert answer.status in (400, 413), (path, answer)
        assert (await running.request("GET", "/v1/event/list")).body == b"[]"


@scenario
async def test_an_upload_that_ends_too_early_keeps_what_came() -> None:
    async with gateway() as running:
        packer = zlib.compressobj(wbits=31)
        cut = packer.compress(nomad_line(1) + nomad_line(2)) + packer.flush(zlib.Z_SYNC_FLUSH)
        said = ["Content-Encoding: gzip"]
        answer = await running.request("POST", "/v1/publish/nomad", cut, said)
        assert answer.status == 200
        assert ["seq" in line for line in answer.lines] == [True, True, False]
        assert answer.lines[2]["error"] == "content-encoding: the body ends too early"
