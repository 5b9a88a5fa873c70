"""`pipx install` and `uv tool install` of the wheel: a command that serves, publishes and reads.

Both install from a folder of wheels, which holds what the lock names and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S
from tests.plain_environment import build_wheel

pytestmark = [pytest.mark.clients, pytest.mark.own_store, pytest.mark.timeout(300)]

INSTALLERS = Path(".clients/installers/bin")
WHEELS = Path(".clients/wheels")


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(root, tmp_path_factory.mktemp("wheel"))


def environment(wheels: Path, top: Path) -> dict[str, str]:
    """Return an environment in which everything that is installed lands below one folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    folders = "HOME PIPX_HOME PIPX_BIN_DIR PIPX_MAN_DIR UV_TOOL_DIR UV_TOOL_BIN_DIR UV_CACHE_DIR"
    return {
        **kept,
        **{name: str(top / name.lower()) for name in folders.split()},
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_PYTHON_DOWNLOADS": "never",
    }


@pytest.mark.parametrize(
    ("command", "extra", "commands_in", "environments_in"),
    [
        (("pipx", "install", "--backend=pip"), "[nats]", "pipx_bin_dir", "pipx_home/venvs"),
        (
            ("uv", "tool", "install", "--no-index", f"--python={sys.executable}"),
            "",
            "uv_tool_bin_dir",
            "uv_tool_dir",
        ),
    ],
    ids=["pipx", "uv"],
)
def test_what_it_installs_works(
    root: Path,
    wheel: Path,
    tmp_path: Path,
    command: tuple[str, ...],
    extra: str,
    commands_in: str,
    environments_in: str,
) -> None:
    program = root / INSTALLERS / command[0]
    if not (root / WHEELS / ".made").exists():
        pytest.fail("there is nothing to install from: make .clients/wheels/.made")
    variables = environment(root / WHEELS, tmp_path)

    def run(*words: str | Path) -> str:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            env=variables,
            timeout=PATIENCE_S * 5,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(program, *command[1:], f"{wheel}{extra}")
    tidings = tmp_path / commands_in / "tidings"
    assert run(tidings, "--version") == f"tidings {wheel.name.split('-')[1]}\n"
    python = tmp_path / environments_in / "tidings/bin/python"
    names = run(python, "-c", "import importlib.util as u; print(u.find_spec('nats') is not None)")
    assert names == f"{bool(extra)}\n"
    server = Server(tmp_path / "data", store=(), python=python)
    try:
        server.start()
        assert server.publish_nomad([nomad_line(1)]) == [{"line": 1, "seq": 2}]
        line = tmp_path / "line.json"
        line.write_bytes(nomad_line(2))
        run(tidings, "publish", f"--upstream={server.grpc}", line)
        tailed = run(tidings, "tail", f"--upstream={server.grpc}", "--since=start", "-n2")
        assert ["key-1" in tailed, "key-2" in tailed] == [True, True]
        assert server.stop() == 0
    finally:
        server.end()
