"""What `tidings serve` prints when it is ready: a line for scripts, the rest for a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from tests.kit.server import serving, store_flags
from tests.patience import PATIENCE_S


def _read_until(fd: int, end: bytes) -> str:
    """Read a terminal until some text has come."""
    found = b""
    while end not in found:
        ready, _, _ = select.select([fd], [], [], PATIENCE_S)
        assert ready, f"nothing more came after {found!r}"
        found += os.read(fd, 4096)
    return found.decode().replace("\r\n", "\n")


def test_a_terminal_is_told_what_to_try_and_stdout_is_not(tmp_path: Path) -> None:
    terminal, slave = pty.openpty()
    command = [sys.executable, "-m", "tidings.app", "serve", f"--data={tmp_path / 'data'}"]
    command += ["--http=127.0.0.1:0", "--grpc=127.0.0.1:0", *store_flags()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True) as running:
        os.close(slave)
        assert running.stdout is not None
        ready = running.stdout.readline().split()
        http, grpc = (word.partition("=")[2] for word in ready[1:])
        told = _read_until(terminal, b"Ctrl-C ends it")
        running.terminate()
        assert running.stdout.read() == ""
    os.close(terminal)
    assert ready[0] == "ready"
    assert f"\n  HTTP  http://{http}\n  gRPC  {grpc}\n" in told
    assert f"curl -s http://{http}/" in told
    assert f"demo --into {grpc}" in told


def test_no_file_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        assert server.stop() == 0
        assert "Try, in another terminal" not in server.log_path.read_text()
