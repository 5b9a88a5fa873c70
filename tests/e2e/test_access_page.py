"""The commands of docs/access.md run against a server with the page's own policy file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.access.jwts import jwks, signed
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S

HTTP, GRPC = "127.0.0.1:4650", "127.0.0.1:4651"
PRINTED = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def run(block: str, place: Path, server: Server | None = None) -> str:
    """Run a block of the page in a directory, and return what it prints; every line must work."""
    script = f"set -euo pipefail\n{block}"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if server is not None:
        script = script.replace(HTTP, server.http).replace("curl -s ", "curl -sSf ")
        environment["TIDINGS_UPSTREAM"] = server.grpc
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.clients  # needs bash, curl and openssl
def test_every_command_of_the_page_works(root: Path, tmp_path: Path) -> None:
    page = (root / "docs/access.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    hashing, tokens, bearers = blocks
    (policy_file,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    hashed = run(hashing, tmp_path).split()[0]
    assert PRINTED in policy_file
    (tmp_path / "policy.toml").write_text(policy_file.replace(PRINTED, hashed))
    (tmp_path / "login-keys.json").write_bytes(jwks("ec"))
    credential = signed(
        iss="https://login.example.com/",
        groups=["platform"],
        preferred_username="alice",
        exp=int(time.time()) + 600,
    )
    (tmp_path / "alice.jwt").write_text(credential)

    with serving(tmp_path / "data", f"--access-policy={tmp_path / 'policy.toml'}") as server:
        printed = run(tokens, tmp_path, server)
        assert "secret, shown only now: " in printed
        assert re.search(r"^[0-9a-f-]{36}\tci\treader,role:operator\tuntil ", printed, re.MULTILINE)
        assert "\nrevoked " in printed
        assert run(bearers, tmp_path, server) == "[][]"
        log = server.log_path.read_text()
    for secret in (credential, "alice", (tmp_path / "ops.secret").read_text()):
        assert secret not in log
