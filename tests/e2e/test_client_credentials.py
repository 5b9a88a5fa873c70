"""What the real clients of all APIs make of a right, wrong, missing, expired or revoked token."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.conftest import NpmClients
from tests.e2e.guarded import Credential, GuardedServer, bearer
from tests.patience import PATIENCE_S
from tidings.v1 import event_service_pb2 as pb

PROGRAMS = Path(__file__).parent / "programs"
KINDS = ("right", "powerless", "wrong", "missing", "expired", "revoked", "jwt", "forged")
# What a client prints for each kind of credential, in the order of KINDS.
Outcomes = tuple[Any, Any, Any, Any, Any, Any, Any, Any]
ClientPython = Callable[[str], Path]
Command = list[str | Path]
pytestmark = pytest.mark.parametrize("kind", KINDS)


def expected(outcomes: Outcomes, kind: str) -> Any:
    return outcomes[KINDS.index(kind)]


def first_line(command: Command, environment: dict[str, str]) -> str:
    """Run a program and return the first line that it prints, without waiting for its end."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        try:
            return client.stdout.readline().rstrip("\n")
        finally:
            client.kill()


def printed(command: Command, environment: dict[str, str]) -> Any:
    """Run a program to its end and return the JSON that it prints."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_secret(name: str, credential: Credential, spelling: str = "{}") -> dict[str, str]:
    return {name: spelling.format(credential.secret)} if credential.secret else {}


NOMAD_403 = (
    "URLNotAuthorizedNomadException: The URLNotAuthorizedNomadException was raised with following"
    " response: Permission denied."
)
_NO = NOMAD_403
NOMAD: Outcomes = ("key-1", _NO, _NO, _NO, _NO, _NO, "key-1", _NO)


def test_python_nomad(guarded: GuardedServer, client_python: ClientPython, kind: str) -> None:
    credential = guarded.credentials[kind]
    command: Command = [client_python("python-nomad"), PROGRAMS / "nomad_reader.py"]
    with subprocess.Popen(
        [*command, *guarded.server.host_and_port, "1", "", "Job"],
        env=with_secret("NOMAD_TOKEN", credential),
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        try:
            assert client.stdout.readline() == "started\n"
            told = client.stdout.readline().rstrip("\n")
            if told.startswith("{"):
                told = json.loads(told)["Events"][0]["Key"]
            else:
                assert client.stdout.readline() == "ended\n", "it does not try again"
        finally:
            client.kill()
    assert told == expected(NOMAD, kind)


def fires(own: str, another: str, listed: Any) -> dict[str, Any]:
    return {"fire": own, "fire another": another, "list": listed}


# Neither client sends its token with a list: it is the anonymous caller's, which is empty.
NOTHING = ["1", []]
DENIED = "ACLPermissionDenied: Permission denied"
UNKNOWN = "ConsulException: 500 ACL not found"
PYTHON_CONSUL: Outcomes = (
    fires("web-1", DENIED, NOTHING),
    fires(DENIED, DENIED, NOTHING),
    fires(UNKNOWN, UNKNOWN, NOTHING),
    fires(DENIED, DENIED, NOTHING),
    fires(UNKNOWN, UNKNOWN, NOTHING),
    fires(UNKNOWN, UNKNOWN, NOTHING),
    fires("web-1", DENIED, NOTHING),
    fires(UNKNOWN, UNKNOWN, NOTHING),
)


@pytest.mark.parametrize("client", ["py-consul", "python-consul"])
def test_consul_from_python(
    guarded: GuardedServer, client_python: ClientPython, client: str, kind: str
) -> None:
    command: Command = [
        client_python(client),
        PROGRAMS / "consul_access.py",
        *guarded.server.host_and_port,
    ]
    environment = with_secret("CONSUL_HTTP_TOKEN", guarded.credentials[kind])
    assert printed(command, environment) == expected(PYTHON_CONSUL, kind)


NPM_UNKNOWN = fires("500: ACL not found", "500: ACL not found", "403: ACL not found")
NPM_CONSUL: Outcomes = (
    fires("web-1", "403: Permission denied", ["web-0"]),
    fires("403: Permission denied", "403: Permission denied", []),
    NPM_UNKNOWN,
    fires("403: Permission denied", "403: Permission denied", []),
    NPM_UNKNOWN,
    NPM_UNKNOWN,
    fires("web-1", "403: Permission denied", ["web-0"]),
    NPM_UNKNOWN,
)


@pytest.mark.clients
def test_consul_from_npm(guarded: GuardedServer, npm_clients: NpmClients, kind: str) -> None:
    command: Command = [
        npm_clients.node,
        PROGRAMS / "consul_access.cjs",
        *guarded.server.host_and_port,
    ]
    environment = {**os.environ, "NODE_PATH": str(npm_clients.modules)}
    found = printed([*command, guarded.credentials[kind].secret], environment)
    assert found == expected(NPM_CONSUL, kind)


_401 = "AuthError Not Authorized"
DOCKER_CLOUD: Outcomes = ("open", _401, _401, _401, _401, _401, "open", _401)


@pytest.mark.parametrize("namespace", ["", "right"])
def test_python_dockercloud(
    guarded: GuardedServer, client_python: ClientPython, kind: str, namespace: str
) -> None:
    credential = guarded.credentials[kind]
    pair = f"{credential.name}:{credential.secret}"
    command: Command = [client_python("python-dockercloud"), PROGRAMS / "docker_cloud_events.py"]
    environment = {"DOCKERCLOUD_STREAM_HOST": f"ws://{guarded.server.http}"}
    if credential.secret:
        basic = base64.b64encode(pair.encode()).decode()
        environment["DOCKERCLOUD_AUTH"] = f"Basic {basic}"
    told = first_line([*command, namespace, ""], environment)
    assert told == expected(DOCKER_CLOUD, kind)


AT = "Authorization error at 'http://127.0.0.1': "
KEY_401 = [
    401,
    "AuthenticationFailed",
    None,
    f"{AT}credential rejected (invalid or expired token / API key)",
]
FELDERA: Outcomes = (
    1,
    [
        403,
        "InsufficientPermissions",
        {"required": "read", "actual": "none"},
        "Response Status: 403",
    ],
    KEY_401,
    [401, None, None, f"{AT}no credential provided"],
    KEY_401,
    KEY_401,
    1,
    [401, None, None, f"{AT}credential rejected (invalid or expired token / API key)"],
)


def test_the_feldera_sdk(guarded: GuardedServer, client_python: ClientPython, kind: str) -> None:
    command: Command = [client_python("feldera"), PROGRAMS / "feldera_access.py"]
    credential = guarded.credentials[kind]
    spelling = "{}" if kind in ("jwt", "forged") else "apikey:{}"
    environment = with_secret("FELDERA_API_KEY", credential, spelling)
    found = printed([*command, f"http://{guarded.server.http}"], environment)
    assert found == expected(FELDERA, kind)


def puppet_401(kind: str, msg: str) -> list[Any]:
    return [401, f"puppetlabs.rbac/{kind}", msg]


PUPPET: Outcomes = (
    ["node_running"],
    [403, "puppetlabs.orchestrator/not-permitted", "Not permitted"],
    puppet_401("invalid-token", "The provided token is invalid."),
    puppet_401("user-unauthenticated", "Route requires authentication"),
    puppet_401("token-expired", "The provided token has expired."),
    puppet_401("token-revoked", "The provided token has been revoked."),
    ["node_running"],
    puppet_401("invalid-token", "The provided token is invalid."),
)


@pytest.mark.clients  # needs ruby
def test_puppet_from_ruby(guarded: GuardedServer, kind: str) -> None:
    command: Command = ["ruby", PROGRAMS / "puppet_access.rb"]
    environment = {**os.environ, **with_secret("PUPPET_TOKEN", guarded.credentials[kind])}
    found = printed([*command, f"http://{guarded.server.http}", "352"], environment)
    assert found == expected(PUPPET, kind)


GRPC: Outcomes = (
    1,
    ("PERMISSION_DENIED", "not allowed to read feldera"),
    ("UNAUTHENTICATED", "the credential is unknown"),
    ("UNAUTHENTICATED", "the credential is missing"),
    ("UNAUTHENTICATED", "the credential is expired"),
    ("UNAUTHENTICATED", "the credential is revoked"),
    1,
    ("UNAUTHENTICATED", "the credential is invalid: its signature"),
)


def test_grpc(guarded: GuardedServer, kind: str) -> None:
    metadata = bearer(guarded.credentials[kind].secret)
    found: Any
    with guarded.server.stub() as stub:
        try:
            request = pb.ListClusterEventsRequest()
            found = len(
                stub.ListClusterEvents(request, timeout=PATIENCE_S, metadata=metadata).events
            )
        except grpc.RpcError as error:
            call: Any = error
            found = (call.code().name, call.details())
    assert found == expected(GRPC, kind)
