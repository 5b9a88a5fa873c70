"""`tidings completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import shtab

from tidings.app.parser import build_parser, parsers_in
from tidings.app.settings import Settings
from tidings.app.terminal import say

_FILES = {"FILE": shtab.FILE, "PATH": shtab.FILE, "DIR": shtab.DIRECTORY, "COPY": shtab.DIRECTORY}
"""What is completed where such a thing is expected."""


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the script of one shell."""
    del settings
    say(script_of(arguments.shell).removesuffix("\n"))
    return 0


def script_of(shell: str) -> str:
    """Return the script for bash, zsh or fish."""
    parser = build_parser()
    for action in _actions_of(parser):
        if isinstance(action.metavar, str) and action.metavar in _FILES:
            action.complete = _FILES[action.metavar]  # type: ignore[attr-defined]  # shtab's own
    return shtab.complete(parser, shell=shell)


def _actions_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for each in parsers_in(parser):
        yield from each._actions  # noqa: SLF001 - argparse has no public list
