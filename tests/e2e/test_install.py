"""The Makefile's own install works with any pip, however much newer the index is than the lock.

The recipes of the Makefile run in a folder of their own, on a lock that pins `plain`, `extra` and
`source`, against an index that has moved on: it offers a newer `extra`, of which `plain` needs
`extra[more]`, as pytest-cov needs `coverage[toml]`; and of `maker`, which `source` is built with
since it has no wheel, a newer one that is broken.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# What `pip install -e .` asks for, without a backend from the index.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "project-1.0-py3-none-any.whl"
    info = "project-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("project.py", "import plain, extra\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: project\\nVersion: 1.0\\n"
                                           "Requires-Dist: plain\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                                        "Tag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "project"
version = "1.0"
"""


MAKER = """
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "source-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for path, text in FILES.items():
            wheel.writestr(path, text)
    return name
"""


def _files(name: str, version: str, module: str, *metadata: str) -> dict[str, str]:
    """Return what is in a wheel of one module."""
    info = f"{name}-{version}.dist-info"
    about = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    kind = ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    return {
        f"{name}.py": module,
        f"{info}/METADATA": "\n".join(about) + "\n",
        f"{info}/WHEEL": "\n".join(kind) + "\n",
        f"{info}/RECORD": "",
    }


def _pin(path: Path, name: str, version: str) -> str:
    """Return the line of a file of the index in a locked list."""
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _wheel(index: Path, name: str, version: str, *metadata: str, module: str = "") -> str:
    """Put a wheel of one module into the index and return its line in a locked list."""
    path = index / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in _files(name, version, module, *metadata).items():
            wheel.writestr(inner, text)
    return _pin(path, name, version)


def _source(index: Path) -> str:
    """Put a package without a wheel into the index and return its line in a locked list."""
    path = index / "source-1.0.tar.gz"
    project = '[build-system]\nrequires = ["maker>=1"]\nbuild-backend = "maker"\n'
    project += '[project]\nname = "source"\nversion = "1.0"\n'
    about = "Metadata-Version: 2.1\nName: source\nVersion: 1.0\n"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"pyproject.toml": project, "PKG-INFO": about}.items():
            member = tarfile.TarInfo(f"source-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return _pin(path, "source", "1.0")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a lock, and an index beside it that has moved on since."""
    index = tmp_path / "index"
    index.mkdir()
    plain = _wheel(index, "plain", "1.0", "Requires-Dist: extra[more]>=1")
    offers = ("Provides-Extra: more", 'Requires-Dist: added>=1; extra == "more"')
    extra = _wheel(index, "extra", "1.0", *offers)
    _wheel(index, "extra", "2.0", *offers)
    added = _wheel(index, "added", "1.0")
    source = _source(index)
    module = f"{MAKER}\nFILES = {_files('source', '1.0', '')!r}\n"
    maker = _wheel(index, "maker", "1.0", module=module)
    _wheel(index, "maker", "2.0", module="raise SystemError('a release that breaks others')")
    folder = tmp_path / "a project"  # people have such folders
    (folder / "tests/clients").mkdir(parents=True)
    (folder / "build-tools.txt").write_text(maker)
    for lock in ("constraints.txt", "tests/clients/client.txt"):
        (folder / lock).write_text(added + extra + plain + source)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    return folder


def _make(makefile: Path, project: Path, target: str, pip: Path | None) -> tuple[int, str, str]:
    """Make a target of a Makefile in a project, with another pip than Python's own if one is named.

    Return its status and what it printed on stdout and stderr.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project.parent / "index")}
    path = {"PYTHONPATH": str(pip)} if pip else {}
    done = subprocess.run(
        ["make", "--no-print-directory", f"-f{makefile}", f"PYTHON={sys.executable}", target],
        cwd=project,
        env={**kept, **offline, **path, "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _place_of_pip(client_python: Callable[[str], Path], name: str | None) -> Path | None:
    """Return the folder to import another pip from; None = that of a new environment."""
    if name is None:
        return None
    script = "import pathlib, pip; print(pathlib.Path(pip.__file__).parent.parent)"
    done = subprocess.run(
        [client_python(name), "-c", script], capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


@pytest.mark.slow
@pytest.mark.parametrize("pip", [None, "old-pip", "new-pip"])
def test_a_newer_release_on_the_index_breaks_no_install(
    root: Path, project: Path, client_python: Callable[[str], Path], pip: str | None
) -> None:
    place = _place_of_pip(client_python, pip)
    client = ".clients/client/.installed"
    for target, venv in (("install", ".venv"), (client, ".clients/client")):
        status, printed, told = _make(root / "Makefile", project, target, place)
        assert (status, printed) == (0, ""), told
        check = [str(project / venv / "bin/python"), "-m", "pip", "check"]
        checked = subprocess.run(check, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout) == (0, "No broken requirements found.\n")
        version = "import importlib.metadata as m; print(m.version('extra'), m.version('source'))"
        shown = subprocess.check_output([project / venv / "bin/python", "-c", version], text=True)
        assert shown == "1.0 1.0\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (" --no-deps", "all requirements must have their versions pinned"),
        (" --no-build-isolation", "a release that breaks others"),
    ],
)
def test_the_index_of_this_test_breaks_an_install_without(
    root: Path, project: Path, client_python: Callable[[str], Path], option: str, problem: str
) -> None:
    makefile = project / "Makefile"
    text = (root / "Makefile").read_text()
    assert option in text
    makefile.write_text(text.replace(option, ""))
    old = _place_of_pip(client_python, "old-pip")
    status, _, told = _make(makefile, project, "install", old)
    assert (status, problem in told) == (2, True), told


@pytest.mark.slow
def test_each_step_of_the_first_run_is_told_and_an_interrupted_one_is_mended(
    root: Path, project: Path
) -> None:
    told = _make(root / "Makefile", project, "install", None)[2]
    steps = [
        "tidings: creating a virtual environment in .venv",
        "tidings: installing 4 pinned packages into .venv (once; a minute or two)",
        "tidings: installing Tidings itself",
    ]
    assert told.splitlines() == steps
    assert _make(root / "Makefile", project, "install", None)[2] == ""
    (project / ".venv/.installed").unlink()
    for part in (project / ".venv").rglob("pip/__main__.py"):
        part.unlink()  # as an interrupted ensurepip leaves it
    assert _make(root / "Makefile", project, "install", None)[2].splitlines() == steps


def test_every_install_of_a_list_is_by_hash_and_resolves_nothing(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    lines = [
        (name, line)
        for name in ("Makefile", ".ci/run", "tests/clients/npm/install", "benchmarks/lab/install")
        for line in (root / name).read_text().replace("\\\n", " ").splitlines()
        if re.search(r"(PIP_\w+\)|pip install)\s.*-r ", line)
    ]
    assert {name for name, _ in lines} == {"Makefile", "tests/clients/npm/install"}
    assert "PIP_LOCKED := $(PIP_INSTALL) --require-hashes --no-deps\n" in makefile
    loose = [
        line
        for _, line in lines
        if "$(PIP_LOCKED)" not in line
        and "--require-hashes --no-deps" not in " ".join(line.split())
    ]
    assert loose == []


def test_the_lock_holds_what_the_editable_build_needs(root: Path) -> None:
    needed = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["requires"]
    names = {re.split(r"[<>=]", line)[0] for line in needed} | {"editables"}
    pinned = re.findall(r"^([a-z0-9-]+)==", (root / "constraints.txt").read_text(), re.MULTILINE)
    assert names <= set(pinned)


def test_what_is_installed_here_lacks_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n"), done.stderr
