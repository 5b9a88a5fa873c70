"""What each command loads before it begins: nobody waits for what only others need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

NOWHERE = "--upstream=127.0.0.1:1"
SERVERS = {
    "uvicorn",
    "websockets",
    "prometheus_client",
    "opentelemetry",
    "grpc_reflection.v1alpha.reflection",
    "tidings.rpc.server",
}
STORES = {"nats", "tidings.store.sqlite.store", "tidings.log.event_log"}
CALLS = {"grpc", "google.protobuf", "structlog", "asyncio"}
LOOKING_UP = {"importlib.metadata", "email.message", "zipfile", "socket"}
"""What finds out of which release an installed library is."""

VERSION_COUNT = 130
"""Modules for the version, of which Python itself loads some 60."""

COUNT = 520
"""Modules that a command may load; a half of a server loads 700 and more."""


def loaded_by(*arguments: str) -> set[str]:
    """Return the modules that a command has loaded by its end."""
    command = [sys.executable, "-X", "importtime", "-m", "tidings", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd="/"
    )
    assert "Traceback" not in done.stderr
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {row.rpartition("|")[2].strip() for row in rows}


@pytest.mark.parametrize(
    "command", ["serve", "service", "gateway", "tail", "log", "publish", "token", "check", "export"]
)
@pytest.mark.parametrize("wrong", ["--help", "--nonsense"])
def test_help_and_usage_need_nothing(command: str, wrong: str) -> None:
    loaded = loaded_by(command, wrong)
    assert "tidings.app.cli" in loaded
    assert loaded & (SERVERS | STORES | CALLS) == set()


def test_nor_does_the_version() -> None:
    loaded = loaded_by("--version")
    assert loaded & (SERVERS | STORES | CALLS | LOOKING_UP) == set()
    assert len(loaded) < VERSION_COUNT


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", NOWHERE),
        ("log", "--since=2h", "--until=2026-01-09T10:00Z", NOWHERE),
        ("show", "2", NOWHERE),
        ("top", NOWHERE),
        ("history", "job/web", NOWHERE),
        ("state", "nodes", NOWHERE),
        ("publish", "/dev/null", NOWHERE),
        ("token", "list", NOWHERE),
        ("token", "revoke", "x", NOWHERE),
    ],
)
def test_a_client_needs_no_server_and_no_store(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(*arguments)
    assert "grpc" in loaded
    assert loaded & (SERVERS | STORES | {"dateparser"}) == set()
    assert len(loaded) < COUNT


@pytest.mark.parametrize("command", ["check", "export", "backup", "restore"])
def test_who_reads_a_file_needs_no_network(command: str, tmp_path: Path) -> None:
    copy = [str(tmp_path / "copy")] if command in {"backup", "restore"} else []
    loaded = loaded_by(command, *copy, f"--data={tmp_path / 'none'}")
    assert "sqlite3" in loaded
    assert loaded & (SERVERS | {"grpc", "nats", "asyncio"}) == set()


def test_a_health_check_loads_nothing_that_calls() -> None:
    loaded = loaded_by("health", "--http=127.0.0.1:1")
    assert "http.client" in loaded
    assert loaded & (SERVERS | STORES | CALLS) == set()


def test_a_supervisor_loads_nothing_that_serves() -> None:
    loaded = loaded_by("serve", "--http-tls-cert=x")  # refused after all that it imports
    assert {"asyncio", "tidings.app.supervisor"} <= loaded
    assert (
        loaded & (SERVERS | STORES | {"sqlite3", "grpc", "google.protobuf", "structlog"}) == set()
    )


def test_without_the_variables_that_ask_for_traces_nothing_of_opentelemetry_is_loaded() -> None:
    program = "from tidings.app.tracing import tracing\nwith tracing('x') as t: print(t)"
    command = [sys.executable, "-X", "importtime", "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=PATIENCE_S, cwd="/"
    )
    assert done.stdout == "None\n"
    assert "opentelemetry" not in done.stderr


def test_what_reads_jwts_is_loaded_with_the_first_of_them() -> None:
    program = "import tidings.app.run_index, tidings.app.run_service, sys; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert {"jwt", "cryptography"} & {*modules} == set()


def test_a_service_needs_no_http_and_a_gateway_no_store() -> None:
    assert loaded_by("service", "--grpc=0.0.0.0:0") & {"uvicorn", "tidings.gateway.app"} == set()
    loaded = loaded_by("gateway", "--http-tls-cert=x")
    assert "uvicorn" in loaded
    assert loaded & {*STORES, "tidings.rpc.server"} == set()
