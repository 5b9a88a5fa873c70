"""Every command of the README does what the README says, as it is typed there; none is left out."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.replacing import replaced
from tests.kit.server import Server, serving
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
HTTP, GRPC, NOMAD = "127.0.0.1:4650", "127.0.0.1:4651", "nomad:4646"

TYPED = re.compile(r"^(\. |curl |export |make\b|python |tidings )")
# What sets up, and is run by the tests below; the rest of `make` is what test_docs looks at.
SETTING_UP = {"make demo", "make run", ". .venv/bin/activate"}


def _python() -> str:
    (found,) = re.finditer(r"```python\n(.*?)```", README, re.DOTALL)
    return found[1]


def _commands() -> list[str]:
    """Return all that a reader may type into a shell, in the README's order."""
    found = re.findall(r"^```sh\n(.*?)^```|`([^`\n]+)`", README, re.MULTILINE | re.DOTALL)
    lines = [line for block, inline in found for line in (block or inline).splitlines()]
    assert "```\n" not in re.sub(r"```(sh|python)\n.*?```", "", README, flags=re.DOTALL)
    typed = [line for line in lines if TYPED.match(line)]
    return [line for line in typed if line in SETTING_UP or not line.startswith("make")]


@dataclass(frozen=True)
class Said:
    """What a command prints: how its first line begins, or its last; whether it ends by itself."""

    begins: str
    ends: bool = True


RECORDS = '{"batch":{"records":[{"seq":"2",'
SAYS = {
    "tidings demo": Said("stored 113 records, seq 2 to 114: 35 Nomad, "),
    f"curl -sN 'http://{HTTP}/v1/event/stream?topic=Node'": Said('{"Index":', ends=False),
    f"curl -s 'http://{HTTP}/v1/event/list?name=deploy'": Said('[{"ID":"'),
    f"python -m websockets ws://{HTTP}/api/audit/v1/events/": Said("Connected to ", ends=False),
    f"curl -s http://{HTTP}/orchestrator/v1/jobs/352/events": Said('{"next-events":{'),
    f"curl -s http://{HTTP}/v0/cluster/events": Said('[{"id":"'),
    f"curl -sN 'http://{HTTP}/v1/events?after_seq=0'": Said(RECORDS, ends=False),
    f"export DOCKERCLOUD_STREAM_HOST=ws://{HTTP}": Said(""),
    """curl -d '{"type":"node","action":"update","resource_uri":"/api/infra/v1/shop/node/7/"}' """
    f"http://{HTTP}/v1/publish/docker-cloud": Said('{"line":1,"seq":115}'),
    f"curl -X PUT -d hi http://{HTTP}/v1/event/fire/deploy": Said('{"ID":"'),
    f"tidings record nomad http://{NOMAD} --source prod": Said("ready source=prod\n", ends=False),
    "tidings protos --out DIR": Said(""),
    "tidings tail --since 1h": Said("", ends=False),
    'tidings log --since "yesterday 14:00" --until "yesterday 15:00"': Said(""),
    "tidings show 107 -C 5": Said("     102  "),
    "tidings check --data .tidings": Said("ok"),
    "tidings backup copy --data .tidings": Said("ok log_id="),
    "tidings export --data copy | tidings publish -": Said("line 1: seq 2 duplicate"),
}


def test_every_command_is_known_here() -> None:
    assert [line for line in _commands() if line not in SETTING_UP] == list(SAYS)
    assert set(_commands()) - set(SAYS) == SETTING_UP


def _typed(command: str, server: Server, folder: Path) -> subprocess.Popen[str]:
    """Type a command into a shell whose folder is the clone and whose environment is activated.

    Only the ports differ, since tests take no fixed ones; `nomad` is this Tidings, which speaks
    as Nomad does.
    """
    command = replaced(command, {HTTP: server.http, GRPC: server.grpc, NOMAD: server.http})
    return subprocess.Popen(
        ["/bin/sh", "-c", f". .venv/bin/activate; {command}"],
        cwd=folder,
        env={**os.environ, "TIDINGS_UPSTREAM": server.grpc, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _first_line(process: subprocess.Popen[str], *, ends: bool) -> str:
    """Return the first line that is printed and no heartbeat, and see the command end or end it."""
    assert process.stdout is not None
    stuck = threading.Timer(PATIENCE_S, os.killpg, (process.pid, signal.SIGKILL))
    stuck.start()
    try:
        line = process.stdout.readline()
        while line == "{}\n":
            line = process.stdout.readline()
        if not ends:
            os.killpg(process.pid, signal.SIGKILL)
        _, problems = process.communicate(timeout=PATIENCE_S)
    finally:
        stuck.cancel()
    assert not ends or process.returncode == 0, problems
    return line


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder as `make run` leaves it, but for the log."""
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    return tmp_path


@pytest.fixture
def running(clone: Path) -> Iterator[Server]:
    """What `make run` serves, on other ports."""
    with serving(clone / ".tidings") as server:
        yield server


@pytest.mark.clients  # needs curl
def test_each_command_works_as_typed_and_in_the_order_of_the_page(
    running: Server, clone: Path
) -> None:
    for command, said in SAYS.items():
        line = _first_line(_typed(command, running, clone), ends=said.ends)
        assert line.startswith(said.begins), (command, line)
        assert bool(line) == bool(said.begins) or command.startswith("tidings tail"), command


def test_the_python_example_prints_records(running: Server, clone: Path) -> None:
    assert "35 Nomad" in _first_line(_typed("tidings demo", running, clone), ends=True)
    (clone / "example.py").write_text(_python().replace(GRPC, running.grpc))
    typed = _typed("python example.py", running, clone)
    assert _first_line(typed, ends=False) == "batch {\n"


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
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as making:
        assert making.stdout is not None
        try:
            assert making.stdout.readline().startswith("ready http=127.0.0.1:")
        finally:
            making.terminate()
