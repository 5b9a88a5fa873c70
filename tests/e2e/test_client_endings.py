"""What the real clients see of a live stream whose token is revoked, or expires."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.conftest import NpmClients
from tests.e2e.guarded import GuardedServer, bearer
from tests.patience import PATIENCE_S
from tidings.v1 import event_service_pb2 as pb

PROGRAMS = Path(__file__).parent / "programs"
# What docs/access.md promises, in the same measure as all that tests wait for.
WITHIN_S = 5.0 * PATIENCE_S / 20.0

ClientPython = Callable[[str], Path]
Command = list[str | Path]


@contextlib.contextmanager
def running(command: Command, environment: dict[str, str]) -> Iterator[Callable[[], str]]:
    """Lend what returns the next line that a client prints, "" at its end."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as client:
        stdout = client.stdout
        assert stdout is not None
        try:
            yield lambda: stdout.readline().rstrip("\n")
        finally:
            client.kill()


@contextlib.contextmanager
def within_promise() -> Iterator[None]:
    begun_s = time.monotonic()
    yield
    assert time.monotonic() - begun_s < WITHIN_S


DENIED = "with following response: Permission denied."


@pytest.mark.parametrize("how", ["revoked", pytest.param("expires", marks=pytest.mark.slow)])
def test_python_nomad_raises(guarded: GuardedServer, client_python: ClientPython, how: str) -> None:
    lasts_s = PATIENCE_S * 0.4  # the client needs some of it to begin
    ends_at_s = time.time() + lasts_s if how == "expires" else None
    token_id, secret = guarded.new_token("right", "client", ends_at_s)
    command: Command = [
        client_python("python-nomad"),
        PROGRAMS / "nomad_reader.py",
        *guarded.server.host_and_port,
    ]
    with running([*command, "1", "", "Job"], {"NOMAD_TOKEN": secret}) as next_line:
        assert next_line() == "started"
        assert json.loads(next_line())["Events"][0]["Key"] == "key-1"
        if how == "revoked":
            guarded.revoke(token_id)
            lasts_s = 0.0
        # its stream ends cleanly, so it comes again at once, and is told
        begun_s = time.monotonic()
        told = next_line()
        assert time.monotonic() - begun_s < lasts_s + WITHIN_S
        assert (told.partition(":")[0], told[-len(DENIED) :]) == (
            "URLNotAuthorizedNomadException",
            DENIED,
        )
        assert next_line() == "ended"


def test_python_dockercloud_raises(guarded: GuardedServer, client_python: ClientPython) -> None:
    token_id, secret = guarded.new_token("right", "client")
    environment = {
        "DOCKERCLOUD_STREAM_HOST": f"ws://{guarded.server.http}",
        "DOCKERCLOUD_AUTH": f"Basic {base64.b64encode(f'right:{secret}'.encode()).decode()}",
    }
    command: Command = [
        client_python("python-dockercloud"),
        PROGRAMS / "docker_cloud_events.py",
        "",
        "",
    ]
    with running(command, environment) as next_line:
        assert next_line() == "open"
        guarded.revoke(token_id)
        with within_promise():
            told = json.loads(next_line())
        assert told == {"type": "error", "data": {"errorMessage": "UNAUTHORIZED"}}
        assert next_line() == "AuthError Not Authorized"


@pytest.mark.clients
def test_the_watch_of_npm_tells_of_an_error(
    guarded: GuardedServer, npm_clients: NpmClients
) -> None:
    token_id, secret = guarded.new_token("right", "client")
    command: Command = [
        npm_clients.node,
        PROGRAMS / "consul_access.cjs",
        *guarded.server.host_and_port,
        secret,
    ]
    environment = {**os.environ, "NODE_PATH": str(npm_clients.modules)}
    with running([*command, "watch"], environment) as next_line:
        assert next_line() == "change 1"
        guarded.revoke(token_id)
        with within_promise():
            assert next_line() == "error 403: ACL not found"
        assert next_line() == "end"


def test_grpc_says_where_it_ended(guarded: GuardedServer) -> None:
    token_id, secret = guarded.new_token("right", "client")
    request = pb.SubscribeRequest(position=pb.START_POSITION_EARLIEST)
    request.selection.feldera.SetInParent()
    with guarded.server.stub() as stub:
        call: Any = stub.Subscribe(request, timeout=PATIENCE_S, metadata=bearer(secret))
        (record,) = next(call).batch.records
        assert next(call).HasField("heartbeat")
        guarded.revoke(token_id)
        with within_promise(), pytest.raises(grpc.RpcError):
            next(call)
        assert (call.code().name, call.details()) == (
            "UNAUTHENTICATED",
            "the credential is revoked",
        )
        trailing = dict(call.trailing_metadata())
        assert int(trailing["tidings-position"]) >= record.seq
