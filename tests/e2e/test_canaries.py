"""Secrets in every place of requests that are wrong in every way: nothing repeats or keeps them."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from tests.access.jwts import jwks
from tests.e2e.guarded import POLICY_FILE
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S
from tidings.v1 import access_service_pb2, event_pb2, event_service_pb2, nomad_pb2

pytestmark = pytest.mark.slow

CANARY = "cAnArY5f1c9a"
SPELLED = (CANARY.encode(), base64.b64encode(f"user:{CANARY}".encode())[6:-4])

PATHS = (
    "/v1/event/stream?index=1",
    "/v1/event/stream?index=x",
    "/v1/event/stream?topic=Job:a:b&index=1",
    "/v1/event/list?index=x",
    "/v1/event/list?wait=%zz",
    "/v1/event/fire/x?dc=y",
    "/v1/event/fire/x?node=(",
    "/v1/agent/self?x",
    "/v1/events?after_seq=-1",
    "/v1/events?nothing=1",
    "/v1/events?after_seq=999999",
    "/v1/publish/nomad?x",
    "/v1/publish/consul?x",
    "/v1/publish/docker-cloud?x",
    "/v1/publish/puppet?x",
    "/v1/publish/feldera?x",
    "/api/audit/v1/events?type=x",
    "/api/audit/v1/other/events/?x",
    "/orchestrator/v1/jobs/352/events?start=x",
    "/orchestrator/v1/jobs/?x",
    "/v0/cluster/events?selector=x",
    "/v0/cluster/events/latest?selector=x",
    "/v0/config?x",
    "/metrics?x",
    "/nowhere?x",
)
SECRETS_IN_HEADERS = (
    f"Authorization: Bearer {CANARY}",
    f"Authorization: Basic {base64.b64encode(f'user:{CANARY}'.encode()).decode()}",
    f"Authorization: Basic {CANARY}",
    f"Authorization: Digest {CANARY}\xe9",
    f"X-Nomad-Token: {CANARY}",
    f"X-Consul-Token: {CANARY}",
    f"X-Authentication: {CANARY}",
    f"Cookie: session={CANARY}; token={CANARY}",
    f"Proxy-Authorization: Bearer {CANARY}",
    f"Sec-WebSocket-Protocol: {CANARY}",
    f"Grpc-Metadata-Authorization: Bearer {CANARY}",
)
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
BODIES = (
    b"",
    json.dumps({"Events": [{"Payload": {"ACLToken": {"SecretID": CANARY}}}]}).encode(),
    json.dumps({"Topic": "ACLToken", "SecretID": CANARY}).encode()[:-1],
    json.dumps([{"type": 5, "token": CANARY, "password": CANARY}]).encode(),
    CANARY.encode(),
    b"\xff" + CANARY.encode(),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("canaries")
    (folder / "policy.toml").write_text(POLICY_FILE)
    (folder / "keys.json").write_bytes(jwks("ec"))
    with serving(
        folder / "data", f"--access-policy={folder / 'policy.toml'}", "--log-level=debug"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("open") / "data", "--log-level=debug") as running:
        yield running


def requests() -> Iterator[bytes]:
    """Yield whole requests, each with a secret in one place and a path that may be wrong."""
    for path in PATHS:
        for header in SECRETS_IN_HEADERS:
            yield request("GET", path, header)
        yield request("PUT", path, SECRETS_IN_HEADERS[0])
        for secret in (f"token={CANARY}", f"token={CANARY}%zz", f"x=;token={CANARY}"):
            yield request("GET", f"{path}&{secret}", "")
            yield request("GET", f"{path}&{secret}", HANDSHAKE)
        yield request("GET", f"http://user:{CANARY}@localhost{path}", "")
        for body in BODIES:
            yield request("POST", path, "", body)
    for header in SECRETS_IN_HEADERS:
        yield request("GET", "/api/audit/v1/events/", HANDSHAKE + header)
    yield f"GET /v1/agent/self?token={CANARY} HTTP/1.1 {CANARY}\r\n\r\n".encode()
    yield f"{CANARY} /v1/agent/self HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    yield f"GET / HTTP/1.1\r\nAuthorization Bearer {CANARY}\r\n\r\n".encode()
    yield f"GET / HTTP/1.1\r\nX: {CANARY * 6000}\r\n\r\n".encode()


def request(method: str, target: str, headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *filter(None, headers.split("\r\n"))]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    if "Upgrade" not in headers:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def answer_to(server: Server, sent: bytes) -> bytes:
    """Return what comes first of an answer: its head, and its body unless it streams."""
    host, _, port = server.http.rpartition(":")
    got = b""
    with (
        socket.create_connection((host, int(port)), PATIENCE_S) as connection,
        contextlib.suppress(ConnectionError),
    ):
        connection.sendall(sent)
        while more := connection.recv(65536):
            got += more
            if _is_whole(got):
                break
    return got


def _is_whole(got: bytes) -> bool:
    head, found, body = got.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    return bool(found) and len(body) >= int(fields.get(b"content-length", 0))


def assert_clean(where: str, said: bytes) -> None:
    for spelled in SPELLED:
        if spelled in said:
            at = said.index(spelled)
            raise AssertionError(f"{where}: {said[max(0, at - 200) : at + 60]!r}")


def assert_nothing_kept(server: Server) -> None:
    """Look at metrics, at log lines of all processes, and at every file of the log."""
    _, _, metrics = server.request("GET", "/metrics")
    assert_clean("metrics", metrics)
    for path in server.data.parent.rglob("*"):
        if path.is_file():
            assert_clean(path.name, path.read_bytes())
    assert "Traceback" not in server.log_path.read_text()


def test_no_door_repeats_a_secret(server: Server, open_server: Server) -> None:
    with ThreadPoolExecutor(8) as threads:
        for each in (server, open_server):
            sent = list(requests())
            for one, answer in zip(sent, threads.map(partial(answer_to, each), sent), strict=True):
                assert_clean(repr(one[:300]), answer)
            assert_nothing_kept(each)


METHODS = [
    method
    for file in (event_service_pb2, access_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
Metadata = tuple[tuple[str, str | bytes], ...]
METADATA: tuple[Metadata, ...] = (
    (("authorization", f"Bearer {CANARY}"),),
    (("authorization", f"Basic {CANARY}"),),
    (("authorization", CANARY), ("authorization", f"Bearer {CANARY}")),
    (("x-nomad-token", CANARY), ("cookie", f"token={CANARY}"), ("user-bin", CANARY.encode())),
)


def drafts() -> Iterator[event_pb2.Draft]:
    secret = nomad_pb2.NomadPayload()
    secret.acl_token.secret_id = CANARY
    yield event_pb2.Draft(
        events=[event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", payload=secret))]
    )
    text = json.dumps({"ACLToken": {"SecretID": CANARY}})
    for payload in (text, text[:-1], text.replace('"A', '"A\\ud800')):
        nomad = nomad_pb2.NomadEvent(topic="ACLToken", type="X", payload_json=payload.encode())
        yield event_pb2.Draft(events=[event_pb2.Event(nomad=nomad)])


def say(
    channel: grpc.Channel, method: MethodDescriptor, sent: Message, metadata: Metadata
) -> bytes:
    """Return all that a call is told first: an answer, or an error with its details."""
    kind = (
        "stream" if method.client_streaming else "unary",
        "stream" if method.server_streaming else "unary",
    )
    assert method.containing_service is not None
    call = getattr(channel, "_".join(kind))(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=lambda data: data,
    )
    given = iter([sent]) if method.client_streaming else sent
    try:
        answer = call(given, timeout=2.0, metadata=metadata)
        told: bytes = next(iter(answer), b"") if method.server_streaming else answer
        if method.server_streaming:
            answer.cancel()
    except grpc.RpcError as error:
        return f"{error} {error.trailing_metadata()}".encode()
    return told


def messages_for(method: MethodDescriptor) -> Iterator[Message]:
    made = message_factory.GetMessageClass(method.input_type)
    yield made()
    if method.name == "Publish":
        for draft in drafts():
            yield event_service_pb2.PublishRequest(draft=draft)
    if method.name == "PublishStream":
        yield event_service_pb2.PublishStreamRequest(drafts=list(drafts()))
    if method.name == "Authenticate":
        yield access_service_pb2.AuthenticateRequest(credential=CANARY)
        yield access_service_pb2.AuthenticateRequest(credential=f"Bearer {CANARY}")


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_method_repeats_a_secret(
    server: Server, open_server: Server, method: MethodDescriptor
) -> None:
    for each in (server, open_server):
        with grpc.insecure_channel(each.grpc) as channel:
            for sent, metadata in itertools.product(messages_for(method), METADATA):
                assert_clean(
                    f"{method.name} {metadata} {sent}", say(channel, method, sent, metadata)
                )
        assert_nothing_kept(each)
