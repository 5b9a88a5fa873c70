"""`tidings protos`: the contract and what it imports, side by side, for protoc and buf.

The files are found in the packages that have them: ours in `tidings`, Google's in
googleapis-common-protos. What every protoc brings by itself, google/protobuf, is left out.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from tidings.app.settings import Settings
from tidings.app.terminal import CommandFailed

_CONTRACT = "tidings/v1/*.proto"
_BESIDE = ("tidings/buf*.yaml", "tidings/v1/tidings.binpb")
"""What else is of use, by patterns: how buf makes stubs, and all types as one descriptor set."""

_IMPORT = re.compile(r'^import\s+(?:public\s+)?"([^"]+)"\s*;', re.MULTILINE)
_BROUGHT_BY_PROTOC = "google/protobuf/"


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write the files below the directory that was asked for.

    Files of the contract that this version no longer has are deleted; everything else there stays.
    """
    del settings
    out: Path = arguments.out
    contract = {f"tidings/v1/{path.name}": path for path in _in_packages(_CONTRACT)}
    files = _with_imports(contract)
    files |= {path.name: path for pattern in _BESIDE for path in _in_packages(pattern)}
    for old in out.glob(_CONTRACT):
        if f"tidings/v1/{old.name}" not in contract:
            old.unlink()
    for name, source in files.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    return 0


def _with_imports(files: dict[str, Path]) -> dict[str, Path]:
    """Return the files and all that they import, over any number of steps."""
    found: dict[str, Path] = {}
    waiting = dict(files)
    while waiting:
        name, path = waiting.popitem()
        found[name] = path
        for wanted in _IMPORT.findall(path.read_text(encoding="utf-8")):
            if wanted not in found and not wanted.startswith(_BROUGHT_BY_PROTOC):
                waiting[wanted] = _place_of(wanted)
    return found


def _place_of(name: str) -> Path:
    for path in _in_packages(name):
        return path
    raise CommandFailed(f"protos: {name} is in no package that is installed")


def _in_packages(pattern: str) -> Iterable[Path]:
    """Yield the files of a pattern that begins with a package's name, from all of its roots."""
    package, _, rest = pattern.partition("/")
    for root in import_module(package).__path__:
        yield from sorted(Path(root).glob(rest))
