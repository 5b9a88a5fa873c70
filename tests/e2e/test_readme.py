"""Every command of the README runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.rig import Server, nomad_line
from tests.patience import PATIENCE_S

HTTP, GRPC = "127.0.0.1:4650", "127.0.0.1:4651"


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text()


def first_line(command: list[str]) -> str:
    """Run a command that may never end, and return the first line that it prints."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as made:
        assert made.stdout is not None
        try:
            return made.stdout.readline()
        finally:
            made.kill()


@pytest.mark.clients  # needs curl
def test_the_curl_commands_of_the_table_answer(server: Server, readme: str) -> None:
    server.publish_nomad([nomad_line(1, topic="Node", namespace="")])
    commands = re.findall(r"`(curl [^`]*)`", readme)
    assert len(commands) >= 3
    for command in commands:
        words = shlex.split(command.replace(HTTP, server.http))
        assert first_line(words).startswith(("{", "[")), command


def test_the_python_example_prints_records(server: Server, readme: str) -> None:
    server.publish_nomad([nomad_line(1)])
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    line = first_line([sys.executable, "-uc", example.replace(GRPC, server.grpc)])
    assert line == "records {\n"


def test_the_commands_named_exist(readme: str) -> None:
    for command in set(re.findall(r"`tidings (\w+)", readme)):
        done = subprocess.run(
            [sys.executable, "-m", "tidings.app", command, "--help"],
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, command


@pytest.mark.own_store
@pytest.mark.parametrize("target", ["demo", "run"])
def test_make_demo_and_make_run(root: Path, tmp_path: Path, target: str) -> None:
    flags = f"DATA={tmp_path / 'data'}", "ARGS=--http=127.0.0.1:0 --grpc=127.0.0.1:0"
    command = ["make", "-s", "-C", str(root), target, *(flags if target == "run" else ())]
    if target == "demo":
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nothing lost" in done.stdout
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            assert running.stdout.readline().startswith("ready http=127.0.0.1:")
        finally:
            running.terminate()
