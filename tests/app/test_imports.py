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
    "grpc_reflection.v1alpha.reflection",
    "tidings.rpc.server",
}
STORES = {"nats", "tidings.store.sqlite.store", "tidings.log.event_log"}
CALLS = {"grpc", "google.protobuf", "structlog", "asyncio"}
COUNT = 500
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
    "command", ["serve", "service", "gateway", "tail", "publish", "token", "check", "export"]
)
@pytest.mark.parametrize("wrong", ["--help", "--nonsense"])
def test_help_and_usage_need_nothing(command: str, wrong: str) -> None:
    loaded = loaded_by(command, wrong)
    assert "tidings.app.cli" in loaded
    assert loaded & (SERVERS | STORES | CALLS) == set()


def test_nor_does_the_version() -> None:
    assert loaded_by("--version") & (SERVERS | STORES | CALLS) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", NOWHERE),
        ("publish", "/dev/null", NOWHERE),
        ("token", "list", NOWHERE),
        ("token", "revoke", "x", NOWHERE),
    ],
)
def test_a_client_needs_no_server_and_no_store(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(*arguments)
    assert "grpc" in loaded
    assert loaded & (SERVERS | STORES) == set()
    assert len(loaded) < COUNT


@pytest.mark.parametrize("command", ["check", "export", "backup", "restore"])
def test_who_reads_a_file_needs_no_network(command: str, tmp_path: Path) -> None:
    copy = [str(tmp_path / "copy")] if command in {"backup", "restore"} else []
    loaded = loaded_by(command, *copy, f"--data={tmp_path / 'none'}")
    assert "sqlite3" in loaded
    assert loaded & (SERVERS | {"grpc", "nats", "asyncio"}) == set()


def test_a_service_needs_no_http_and_a_gateway_no_store() -> None:
    assert loaded_by("service", "--grpc=0.0.0.0:0") & {"uvicorn", "tidings.gateway.app"} == set()
    loaded = loaded_by("gateway", "--http-tls-cert=x")
    assert "uvicorn" in loaded
    assert loaded & {*STORES, "tidings.rpc.server"} == set()
