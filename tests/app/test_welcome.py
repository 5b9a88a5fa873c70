"""What people are told when a server is ready."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tidings.app.settings import Settings
from tidings.app.welcome import how_to_type, welcome
from tidings.core.setting_kinds import Address

HTTP, GRPC = Address("127.0.0.1", 4650), Address("127.0.0.1", 4651)

FRESH = """
Tidings is ready.
  HTTP  http://127.0.0.1:4650
  gRPC  127.0.0.1:4651
  log   /data
Try, in another terminal:
  bin/tidings demo                                 store a recorded hour of all five systems
  curl -s http://127.0.0.1:4650/v0/cluster/events  what a client of Feldera sees of it
  bin/tidings tail --since 1h                      everything in one order; Ctrl-C ends it

"""


def test_addresses_and_three_commands_are_named() -> None:
    told = welcome(Settings(data=Path("/data")), HTTP, GRPC, "bin/tidings")
    assert told == FRESH


def test_other_ports_are_named_in_the_commands() -> None:
    told = welcome(Settings(), Address("::1", 7), Address("::1", 8), "tidings")
    assert "  tidings demo --into [::1]:8  " in told
    assert "  curl -s http://[::1]:7/v0/cluster/events  " in told
    assert "  tidings tail --since 1h --upstream [::1]:8  " in told


@pytest.mark.parametrize(
    "settings",
    [
        Settings(access_policy="policy.toml"),
        Settings(http_tls_cert="cert.pem", http_tls_key="key.pem"),
        Settings(grpc_tls_cert="cert.pem", grpc_tls_key="key.pem"),
    ],
)
def test_what_cannot_work_without_credentials_is_not_offered(settings: Settings) -> None:
    told = welcome(settings, HTTP, GRPC, "tidings")
    assert "curl" not in told
    assert "clients need credentials" in told
    assert ("https://127.0.0.1:4650" in told) == bool(settings.http_tls_cert)


def test_a_log_on_nats_is_named() -> None:
    assert "  log   nats://a,b/prod\n" in welcome(
        Settings(store="nats://a,b/prod"), HTTP, GRPC, "tidings"
    )


def test_the_command_is_named_as_it_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "my venv/bin/python"
    python.parent.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", "/nowhere")
    assert how_to_type() == f"'{python}' -m tidings"
    command = python.with_name("tidings")
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    assert how_to_type() == f"'{command}'"
    monkeypatch.setenv("PATH", f"/nowhere:{python.parent}")
    assert how_to_type() == "tidings"
