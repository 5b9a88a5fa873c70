"""The `tidings` command: its arguments, and its exit statuses.

0 = done; 1 = failed, and stderr says why; 2 = wrong usage or a bad setting.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from tidings.app.commands.table import Command
from tidings.app.load_settings import config_file_of, load, to_toml, warnings
from tidings.app.parser import build_parser
from tidings.app.settings import BadSetting, fields, flag_of
from tidings.app.spelling import did_you_mean
from tidings.app.terminal import (
    CommandFailed,
    complain,
    complain_in_json,
    flush,
    say,
    silence_stdout,
    told,
    visible,
)

_INTERRUPTED = 130  # 128 + SIGINT, as shells say it


_OURS_ALONE = 0o077
"""The umask: files, directories and sockets that a command makes are open to its user alone.

The log holds what others may not read, and a client of the socket inside the data directory is
trusted as the gateway; so the umask of the shell does not count.
"""

_JSON = "json"  # of --log-format

_GRPC_VERBOSITY = "GRPC_VERBOSITY"
"""What gRPC's library writes to stderr by itself: unless set, nothing.

It has a line for every call that it refuses for its metadata, so anybody could fill the disk with
them, and the reason is in the call's status anyway. Read when gRPC is imported.
"""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its status."""
    os.umask(_OURS_ALONE)
    os.environ.setdefault(_GRPC_VERBOSITY, "NONE")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the terminal lacks a letter
    status: int | str | None = 1
    try:
        status = run(sys.argv[1:] if argv is None else argv)
    except SystemExit as ended:  # of argparse: help and usage errors
        status = ended.code
    except BrokenPipeError:
        pass  # the reader of the output has closed it
    try:
        flush()
    except (BrokenPipeError, CommandFailed) as error:
        if status == 0 and isinstance(error, CommandFailed):
            complain("", str(error))
            status = 1
        silence_stdout()
    sys.exit(status)


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; usage errors exit with 2 by themselves.

    Raises:
        BrokenPipeError: the reader of its output has closed it.
    """
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_what_is_unknown(unknown, arguments.command))
    flags = {
        field.name: text
        for field in fields()
        if isinstance(text := getattr(arguments, f"setting_{field.name}", None), str)
    }
    command: Command = arguments.command
    logs = "log_format" in command.settings and not command.on_bad_settings
    form = flags.get("log_format", os.environ.get("TIDINGS_LOG_FORMAT"))
    complain_in_json(is_on=logs and form == _JSON)
    try:
        settings = load(flags, os.environ, config_file_of(arguments))
    except BadSetting as error:
        return _refused(command, str(error), arguments)
    complain_in_json(is_on=logs and settings.log_format == _JSON)
    for warning in warnings(os.environ):
        complain("", f"warning: {warning}")
    if getattr(arguments, "print_config", False):
        say(to_toml(settings).removesuffix("\n"))
        return 0
    try:
        status: int = getattr(_room_of(command), command.run)(settings, arguments)
    except BadSetting as error:
        complain(command.name, str(error))
        return 2
    except CommandFailed as error:
        complain("", str(error))
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        complain("", told(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _refused(command: Command, reason: str, arguments: argparse.Namespace) -> int:
    """Say why the settings cannot be read, in the command's own way if it has one."""
    if not command.on_bad_settings:
        complain("", reason)
        return 2
    status: int = getattr(_room_of(command), command.on_bad_settings)(reason, arguments)
    return status


def _room_of(command: Command) -> ModuleType:
    return import_module(f"tidings.app.{command.room}")


def _what_is_unknown(words: Sequence[str], command: Command) -> str:
    """Return the error for unknown arguments: without values, which may be secret."""
    names = [visible(word.partition("=")[0]) for word in words if word.startswith("-")]
    if not names:
        return "too many arguments"
    known = [flag_of(field) for field in fields() if field.name in command.settings]
    return f"unrecognized arguments: {' '.join(names)}{did_you_mean(names[0], known)}"
