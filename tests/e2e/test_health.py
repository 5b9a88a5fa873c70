"""The health check of the container file, by its own command, against servers of all settings."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.kit.server import AS_A_USER, Server, serving
from tests.patience import PATIENCE_S, until

pytestmark = pytest.mark.own_store  # the same before every log

READY = """\
[+]gateway ok
[+]service ok
[+]write ok
[+]clock ok
[+]sources ok
readyz check passed
"""


def healthcheck(root: Path) -> Sequence[str]:
    """Return the command of the container file's HEALTHCHECK."""
    text = (root / "deploy/container/Containerfile").read_text()
    (command,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", text, re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


def asked(
    root: Path, server: Server, settings: Sequence[str] = (), http: str = ""
) -> tuple[int, str, str]:
    """Run it in an environment with the settings of a server; return status, stdout and stderr."""
    program, *arguments = healthcheck(root)
    flags = (flag[2:].partition("=") for flag in [f"--http={http or server.http}", *settings])
    values = {f"TIDINGS_{name.replace('-', '_').upper()}": value for name, _, value in flags}
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        env={**AS_A_USER, **values},
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def settings_of(how: str, ours: Authority) -> list[str]:
    if how == "plain":
        return []
    pair = ours.issue("server", for_servers_alone="for servers" in how)
    trusted = [f"--http-tls-client-ca={ours.file}"] if "clients" in how else []
    return [*pair.flags("http"), *trusted]


@pytest.mark.parametrize(
    "how",
    ["plain", "tls", "tls of clients too", "tls of clients too, with one that is for servers"],
)
def test_it_says_whether_the_server_is_ready(how: str, ours: Authority, root: Path) -> None:
    settings = settings_of(how, ours)
    if "for servers" in how:
        settings.append(f"--data={ours.folder / 'data'}")
    with serving(ours.folder / "data", *settings) as server:
        assert asked(root, server, settings) == (0, READY, "")
        everywhere = server.http.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - as the image has it
        assert asked(root, server, settings, http=everywhere) == (0, READY, "")
        service = server.children()["service"]
        os.kill(service.pid, signal.SIGSTOP)
        try:
            status, said, _ = asked(root, server, settings)
        finally:
            os.kill(service.pid, signal.SIGCONT)
        assert status == 1
        assert "[-]service failed\n" in said
        until(lambda: asked(root, server, settings)[0] == 0, "ready again")
        assert server.stop() == 0
        status, said, why = asked(root, server, settings)
        assert (status, said) == (1, "")
        assert why == f"tidings: {server.http} does not answer: Connection refused\n"


def test_it_knows_the_file_that_a_variable_names(ours: Authority, root: Path) -> None:
    with serving(ours.folder / "data") as server:
        file = ours.folder / "tidings.toml"
        file.write_text(f'http = "{server.http}"\n')
        program, *arguments = healthcheck(root)
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *arguments],
            env={**AS_A_USER, "TIDINGS_CONFIG": str(file)},
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, READY)


def test_a_certificate_that_is_away_is_named(ours: Authority, root: Path) -> None:
    away = ours.folder / "away.pem"
    nowhere = Server(ours.folder / "data", http="127.0.0.1:1")
    tls = [f"--http-tls-cert={away}", f"--http-tls-key={away}"]
    assert asked(root, nowhere, tls) == (
        2,
        "",
        f"tidings health: {away}: No such file or directory\n",
    )
