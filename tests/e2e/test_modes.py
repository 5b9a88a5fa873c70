"""What Tidings makes on disk is open to its user alone, whatever the shell would have allowed."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S

LAX = 0


@pytest.fixture
def lax_server(tmp_path: Path) -> Iterator[Server]:
    """A server on a directory that others may enter, from a shell that allows everything."""
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    before = os.umask(LAX)
    try:
        with serving(data) as running:
            yield running
    finally:
        os.umask(before)


def open_to_others(directory: Path) -> dict[str, str]:
    return {
        file.name: oct(mode)
        for file in directory.rglob("*")
        if (mode := stat.S_IMODE(file.lstat().st_mode)) & 0o077
    }


@pytest.mark.embedded  # its files are what is looked at
def test_nobody_else_reaches_the_socket_or_the_log(lax_server: Server, tmp_path: Path) -> None:
    lax_server.publish_nomad([nomad_line(1)])
    assert stat.S_ISSOCK((lax_server.data / "service.sock").stat().st_mode)
    assert open_to_others(lax_server.data) == {}

    copy = tmp_path / "copies" / "copy"
    command = [
        sys.executable,
        "-m",
        "tidings.app",
        "backup",
        str(copy),
        f"--data={lax_server.data}",
    ]
    # nobody but a shell has a umask of its own from its first moment on
    shell = ["sh", "-c", f"umask {LAX:04o}; exec {shlex.join(command)}"]
    subprocess.run(shell, check=True, capture_output=True, timeout=PATIENCE_S)
    assert open_to_others(tmp_path / "copies") == {}
