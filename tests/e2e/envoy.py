"""The real Envoy in front of a service, by docs/envoy.yaml."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.patience import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTOR_SET = ROOT / "generated/tidings/v1/tidings.binpb"
_ADMIN = "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}"


@dataclass(frozen=True)
class Reply:
    """What came back. Of a stream: the lines up to the first heartbeat."""

    status: int
    kind: str
    body: bytes


@contextlib.contextmanager
def envoy_before(program: Path, grpc_address: str, folder: Path) -> Iterator[str]:
    """Run Envoy before a service and lend its address, host and port."""
    text = (ROOT / "docs" / "envoy.yaml").read_text()
    for written, real in [
        ("/etc/envoy/tidings.binpb", str(DESCRIPTOR_SET)),
        ("port_value: 8080", "port_value: 0"),
        ("port_value: 4651", f"port_value: {grpc_address.rpartition(':')[2]}"),
    ]:
        assert text.count(written) == 1
        text = text.replace(written, real)
    config, admin = folder / "envoy.yaml", folder / "admin"
    config.write_text(text)
    command = [
        *(str(program), "-c", str(config), "--config-yaml", _ADMIN, "--concurrency", "1"),
        *("--disable-hot-restart", "--admin-address-path", str(admin)),
    ]
    log = folder / "envoy.log"
    with log.open("w") as written_to, subprocess.Popen(command, stderr=written_to) as envoy:
        try:
            until(lambda: _is_ready(log, envoy), "Envoy is ready")
            yield _address_of_listener(admin.read_text())
        finally:
            envoy.kill()


def _is_ready(log: Path, envoy: subprocess.Popen[bytes]) -> bool:
    assert envoy.poll() is None, log.read_text()
    return "starting main dispatch loop" in log.read_text()


def _address_of_listener(admin: str) -> str:
    with urlopen(f"http://{admin}/listeners?format=json", timeout=PATIENCE_S) as answer:
        listener = json.load(answer)["listener_statuses"][0]["local_address"]["socket_address"]
    return f"{listener['address']}:{listener['port_value']}"


def ask(address: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    """Make a request; a stream is read up to its first heartbeat."""
    with contextlib.closing(HTTPConnection(address, timeout=PATIENCE_S)) as connection:
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        kind = (answer.getheader("content-type") or "").partition(";")[0]
        return Reply(answer.status, kind, _body_of(answer))


def _body_of(answer: HTTPResponse) -> bytes:
    lines = []
    while line := answer.readline():
        lines.append(line)
        if b"heartbeat" in line:
            break
    return b"".join(lines)


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """Return the records in an answer, however they are packed."""
    if isinstance(value, dict):
        if "recordedAt" in value and "seq" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from records_in(each)
