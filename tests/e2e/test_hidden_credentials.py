"""Credentials, wherever they are put, good or bad, are in nothing that is written or answered."""

from __future__ import annotations

import base64
import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.access.jwts import jwks, signed
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S
from tidings.access.secret import hash_of
from tidings.v1 import access_service_pb2, event_service_pb2
from tidings.v1.access_service_pb2_grpc import AccessServiceStub
from tidings.v1.event_service_pb2_grpc import EventServiceStub

OPS, UNKNOWN = "canary-of-ops", "canary-of-nobody"
POLICY_FILE = f"""
[[tokens]]
name = "ops"
hash = "{hash_of(OPS)}"
management = true

[jwt.login]
audience = "tidings"
jwks = "keys.json"
name_claim = "name"
grants.sub."canary-of-a-subject".management = true
"""
PATHS = (
    "/v1/event/stream?index=1&",
    "/v1/event/list?",
    "/v1/events?after_seq=0&",
    "/api/audit/v1/events/?",
    "/orchestrator/v1/jobs/352/events?",
    "/v0/cluster/events?",
    "/v0/cluster/events/latest?",
    "/v0/config?",
    "/v1/agent/self?",
    "/metrics?",
    "/healthz?",
    "/nowhere?",
)


def jwt(kid: str = "ec") -> str:
    return signed(
        kid,
        {"kid": "ec"},
        sub="canary-of-a-subject",
        name="canary-of-a-name",
        exp=int(time.time()) + 600,
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "policy.toml").write_text(POLICY_FILE)
    (tmp_path / "keys.json").write_bytes(jwks("ec"))
    flags = [f"--access-policy={tmp_path / 'policy.toml'}", "--log-level=debug"]
    with serving(tmp_path / "data", *flags) as running:
        yield running


def _headers(credential: str) -> Iterator[dict[str, str]]:
    basic = base64.b64encode(f"ops:{credential}".encode()).decode()
    yield {"Authorization": f"Bearer {credential}"}
    yield {"Authorization": f"Bearer apikey:{credential}"}
    yield {"Authorization": f"Basic {basic}"}
    yield {"Authorization": credential}
    yield {"X-Nomad-Token": credential, "X-Consul-Token": credential}
    yield {"X-Authentication": credential}
    yield {"Cookie": f"token={credential}"}


def _answer(server: Server, path: str, headers: dict[str, str]) -> bytes:
    """Return the head of an answer, and of what does not stream all else."""
    connection = http.client.HTTPConnection(server.http, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = b"" if answer.getheader("transfer-encoding") else answer.read()
        return str(answer.getheaders()).encode() + body


def _over_grpc(server: Server, credential: str) -> bytes:
    """Return all that calls with a credential are told, but for whose it is."""
    metadata = (("authorization", f"Bearer {credential}"),)
    with grpc.insecure_channel(server.grpc) as channel:
        access, events = AccessServiceStub(channel), EventServiceStub(channel)
        whose = access.Authenticate(
            access_service_pb2.AuthenticateRequest(credential=credential), timeout=PATIENCE_S
        )
        told = [whose.detail]
        try:
            tokens = access_service_pb2.ListTokensRequest()
            told.append(str(access.ListTokens(tokens, timeout=PATIENCE_S, metadata=metadata)))
            request = event_service_pb2.SubscribeRequest(
                position=event_service_pb2.START_POSITION_EARLIEST
            )
            call = events.Subscribe(request, timeout=PATIENCE_S, metadata=metadata)
            told.append(str(next(iter(call))))
            call.cancel()
        except grpc.RpcError as error:
            told.append(str(error))
    return "".join(told).encode()


def test_no_credential_is_written_or_repeated(server: Server, tmp_path: Path) -> None:
    good, forged = jwt(), jwt("ec-other")
    said = []
    for credential in (OPS, UNKNOWN, good, forged):
        for path in PATHS:
            said.append(_answer(server, f"{path}token={credential}", {}))
            said += [_answer(server, path[:-1], headers) for headers in _headers(credential)]
        said.append(_over_grpc(server, credential))
    said.append(server.request("GET", "/metrics")[2])
    printed = subprocess.run(
        [sys.executable, "-m", "tidings.app", "serve", *server.flags, "--print-config"],
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    said.append(printed.stdout)
    server.stop()
    said += [path.read_bytes() for path in tmp_path.rglob("*") if _is_written(path)]
    everything = b"".join(said)
    parts = {part for credential in (good, forged) for part in credential.split(".")[1:]}
    for secret in ("canary", *parts):
        assert secret.encode() not in everything
    assert b"caller=jwt:login" in everything


def _is_written(path: Path) -> bool:
    return path.is_file() and path.name != "policy.toml"
