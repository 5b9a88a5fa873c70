"""curl's ways to speak HTTP, against a server of its own."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S

# It needs curl.
pytestmark = pytest.mark.clients


def curl(server: Server, path: str, *options: str) -> bytes:
    program = shutil.which("curl")
    assert program, "curl is missing: apt-get install curl"
    command = [
        program,
        "-sS",
        "--max-time",
        str(PATIENCE_S),
        *options,
        f"http://{server.http}{path}",
    ]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("version", ["--http2", "--http1.1", "--http1.0"])
def test_what_curl_sends_is_stored_in_every_version(
    server: Server, tmp_path: Path, version: str
) -> None:
    fired = json.loads(curl(server, "/v1/event/fire/x", version, "-X", "PUT", "-d", "hi"))
    assert fired["Payload"] == "aGk="
    lines = tmp_path / "lines"
    lines.write_bytes(b"".join(nomad_line(number) for number in range(1, 200)))
    answer = curl(server, "/v1/publish/nomad", version, "--data-binary", f"@{lines}")
    assert len([line for line in answer.splitlines() if "seq" in json.loads(line)]) == 199
    sent = curl(server, "/v1/publish/nomad", version, "-T", str(lines))
    assert len(sent.splitlines()) == 199
    assert len(json.loads(curl(server, "/v1/event/list", version))) == 1


def test_compressed_uploads_and_raw_targets(server: Server, tmp_path: Path) -> None:
    lines = tmp_path / "lines.gz"
    lines.write_bytes(gzip.compress(b"".join(nomad_line(number) for number in range(1, 200))))
    said = ("-H", "Content-Encoding: gzip")
    answer = curl(server, "/v1/publish/nomad", *said, "--data-binary", f"@{lines}")
    assert len([line for line in answer.splitlines() if "seq" in json.loads(line)]) == 199
    fired = json.loads(curl(server, "/v1/event/fire/d\u00e9ploy", "-X", "PUT", "-d", "hi"))
    assert fired["Name"] == "d\u00e9ploy"
