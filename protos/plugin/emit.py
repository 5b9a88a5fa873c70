"""Puts one system's module together."""

from __future__ import annotations

from emit_parse import emit_parser, emit_text_parsers
from emit_print import emit_printer
from emit_secrets import emit_secrets
from model import System

_HEAD = '''"""{title}'s JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
{imports}
'''
_TITLES = {"docker_cloud": "Docker Cloud"}


def emit_module(system: System) -> str:
    """Return the source of `<system>_json.py`."""
    by_module: dict[str, list[str]] = {}
    for each in system.objects:
        by_module.setdefault(each.module, []).append(each.name)
    imports = "\n".join(
        f"from {module}_pb2 import {', '.join(sorted(names))}" for module, names in sorted(by_module.items())
    )
    # Objects inside come first: a table refers to the parsers of what it holds.
    inside_out = _inside_out(system)
    parts = [_HEAD.format(title=_TITLES.get(system.name, system.name.capitalize()), imports=imports)]
    parts += [emit_printer(each) for each in system.objects]
    parts += [emit_parser(system.object(name)) for name in inside_out]
    parts += emit_text_parsers(system)
    parts += emit_secrets(system)
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def _inside_out(system: System) -> list[str]:
    done: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        for member in system.object(name).members:
            if member.message is not None:
                visit(member.message)
        done.append(name)

    for each in system.objects:
        visit(each.name)
    return done
