"""Puts one system's module together, and the list of all systems."""

from __future__ import annotations

from collections.abc import Iterable

from emit_parse import emit_exact_parsers, emit_parser
from emit_print import emit_printers
from emit_secrets import emit_secrets
from emit_shape import emit_shape
from model import System

_HEAD = '''"""{title}'s JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
{imports}
'''
_LIST = '''"""Every system of the contract. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

SYSTEMS = ({names})
"""The names of `Event.body`, in the order of the contract. Importing them needs no protobuf."""
'''


def emit_list(systems: Iterable[System]) -> str:
    """Return the source of `systems.py`."""
    return _LIST.format(names=", ".join(f'"{each.name}"' for each in systems))


def emit_module(system: System) -> str:
    """Return the source of `<system>_json.py`."""
    by_module: dict[str, list[str]] = {}
    for each in system.objects:
        by_module.setdefault(each.module, []).append(each.name)
    imports = "\n".join(
        f"from {module}_pb2 import (\n    {(',' + chr(10) + '    ').join(sorted(names))},\n)"
        for module, names in sorted(by_module.items())
    )
    title = system.name.replace("_", " ").title()
    parts = [_HEAD.format(title=title, imports=imports)]
    parts += [part for each in system.objects for part in emit_printers(each)]
    parts += [emit_shape(each) for each in system.objects]
    parts += [emit_parser(system, each) for each in system.objects]
    parts += emit_exact_parsers(system)
    parts += emit_secrets(system)
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)
