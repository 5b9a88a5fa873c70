"""With `--log-format json` every line on stderr is JSON, whichever process wrote it and why."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import AS_A_USER, Server, nomad_line, serving
from tests.patience import PATIENCE_S, until

pytestmark = pytest.mark.own_store

JSON = "--log-format=json"
SOURCE = """
[sources.prod]
system = "nomad"
url = "http://127.0.0.1:1"
"""


def as_json(text: str) -> list[dict[str, Any]]:
    """Return the lines, each of which must be an object that says what, when and how serious."""
    found = []
    for line in text.splitlines():
        found.append(json.loads(line))
        assert not str(found[-1].get("text")).startswith("{"), "a line within a line"
        assert {"event", "level", "timestamp"} <= found[-1].keys(), line
    return found


def test_all_processes_of_a_server_write_json_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_HTPP", "x")
    monkeypatch.setenv("GRPC_VERBOSITY", "INFO")
    monkeypatch.delenv("PYTHONASYNCIODEBUG", raising=False)
    config = tmp_path / "tidings.toml"
    config.write_text(SOURCE)
    server = Server(tmp_path / "data", [JSON, f"--config={config}"], store=(), index=True)

    def events() -> set[str]:
        return {line["event"] for line in as_json(server.log_path.read_text())}

    wanted = {"request", "refused by the listener", "child ended", "the system is not read now"}
    try:
        server.start()
        server.publish_nomad([nomad_line(1), b"{bad"])
        server.request("GET", "/nowhere")
        with socket.create_connection(server.host_and_port, PATIENCE_S) as rude:
            rude.sendall(b"nonsense\r\n\r\n")
            rude.recv(1)
        server.process.send_signal(signal.SIGHUP)
        server.children()["gateway"].kill()
        until(lambda: wanted <= events(), "lines of each")
        until(lambda: server.request("GET", "/readyz")[0] == 200, "the gateway is back")
        assert server.stop() == 0
        assert any("TIDINGS_HTPP is no setting" in event for event in events())
    finally:
        server.end()


def refused(*arguments: str) -> list[dict[str, Any]]:
    """Return the lines of a start that is refused."""
    done = subprocess.run(
        [sys.executable, "-m", "tidings.app", "serve", JSON, *arguments],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=AS_A_USER,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout == ""
    return as_json(done.stderr)


def test_a_start_that_is_refused_says_so_in_json(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        ports = ["--http=127.0.0.1:0", "--grpc=127.0.0.1:0"]
        for wrong, words in (
            ((f"--data={tmp_path / 'other'}", f"--http={server.http}"), "cannot listen on"),
            ((f"--data={tmp_path / 'other'}", ports[0], f"--grpc={server.grpc}"), "cannot listen"),
            ((f"--data={server.data}", *ports), "in use by another Tidings"),
            (("--http=0.0.0.0:0",), "there is no access control"),
            (("--http=nonsense",), "http"),
        ):
            lines = refused(*wrong)
            assert any(words in str(line) for line in lines), (wrong, lines)
