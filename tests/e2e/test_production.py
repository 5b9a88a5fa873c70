"""docs/production.md does what it says, command by command, in a directory with nothing in it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.replacing import replaced
from tests.nats.servers import free_port
from tests.patience import PATIENCE_S

# needs openssl and curl, and installs what the wheel needs, which takes a while
pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MARK = "-- block"
PORTS = ("4650", "4651", "4652", "4660", "4661")

# What each block must print, in order; the first words of each tell which it is.
WANTED = {
    "python3 -m venv": (r"^tidings \d",),
    "openssl req": (),
    "(umask 077": (),
    "cat > tidings.toml": (r"^ok +settings", r"^ok +http certificate", r"^ok +http port"),
    "tidings serve --config": (r"^\[\+\]write ok$", r"^readyz check passed$"),
    "export TIDINGS_UPSTREAM": (r"web", r"^nomad +1 "),
    "tidings token create": (r'"Key":"web"',),
    "tidings serve --data stand-in": (r'"line":1', r"^prod .*connected"),
    "curl -s http": (
        r'^tidings_up\{process="gateway"\} 1.0$',
        r'^tidings_source_connected\{.*source="prod".*\} 1.0$',
    ),
    'grep \'"event"': (r'"door": "',),
    "tidings backup": (r"^ok .*records=\d", r"^ok .*records=\d", r"^ok .*records=\d"),
    "tidings doctor --config": (r"^ok +lock: the running Tidings",),
}


def blocks(root: Path) -> list[str]:
    text = (root / "docs/production.md").read_text()
    assert "```" not in re.sub(r"^```sh\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return _BLOCK.findall(text)


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*build, str(root)], capture_output=True, check=True)
    (made,) = folder.glob("tidings-*.whl")
    return made


def test_every_command_does_what_the_page_says(root: Path, wheel: Path, tmp_path: Path) -> None:
    script = "set -euo pipefail\n"
    for number, block in enumerate(blocks(root)):
        script += f"echo '{_MARK} {number}'\n{block}"
    script = replaced(script, {port: str(free_port()) for port in PORTS})
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TIDINGS_", "PYTHON", "VIRTUAL_ENV"))
    }
    environment |= {"TIDINGS": str(wheel), "HOME": str(tmp_path)}
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, complained = shell.communicate(timeout=PATIENCE_S * 30)
    finally:
        with contextlib.suppress(ProcessLookupError):  # whatever it left running
            os.killpg(shell.pid, signal.SIGKILL)
    logs = "".join(each.read_text()[-2000:] for each in tmp_path.glob("*.log"))
    assert shell.returncode == 0, f"{said}\n{complained}\n{logs}"
    printed = said.split(_MARK)[1:]
    assert len(printed) == len(WANTED)
    for block, told, (begins, wanted) in zip(blocks(root), printed, WANTED.items(), strict=True):
        assert block.startswith(begins), "a block was added, moved or taken away"
        for pattern in wanted:
            assert re.search(pattern, told, re.MULTILINE), f"{pattern} is not in:\n{told}"
        assert "PROBLEM" not in told
