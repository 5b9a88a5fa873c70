"""Environments that hold one of our wheels and what it asks for, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a project in this folder and return it."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*build, str(project)], capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def plain_environment(wheel: Path, folder: Path, extra: str = "") -> Path:
    """Install a wheel in this folder with what it asks for, and an extra's; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    for each in _closure(_requirements_of(wheel), extra).values():
        for file in each.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                place = site.joinpath(*file.parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(Path(str(file.locate())))
    python = folder / "venv/bin/python"
    install = ["-m", "pip", f"--python={python}", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *install, str(wheel)], capture_output=True, check=True)
    return python


def names_of(python: Path) -> set[str]:
    """Return the names of what is installed there; fails unless that is complete."""
    check = [sys.executable, "-m", "pip", f"--python={python}", "check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n")
    listing = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    return set(subprocess.check_output([python, "-c", listing], text=True).split())


def _requirements_of(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode()).get_all("Requires-Dist", [])


def _closure(requirements: list[str], extra: str) -> dict[str, Distribution]:
    """Return what an installer would bring for these, out of what is installed here."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(line), extra) for line in requirements]
    while waiting:
        requirement, wanted = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": wanted}):
            continue
        name = requirement.name.lower().replace("_", "-")
        found[name] = distribution(name)
        assert requirement.specifier.contains(found[name].version), requirement
        lines = found[name].requires or ()
        waiting += [
            (Requirement(line), more)
            for line in lines
            for more in ("", *requirement.extras)
            if (Requirement(line).name not in found)
        ]
    return found
