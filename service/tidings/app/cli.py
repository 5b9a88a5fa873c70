"""The `tidings` command: what people type, and what exit statuses mean.

0 = done; 1 = failed, and stderr says why; 2 = wrong usage or a bad setting.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from tidings.app.commands import options
from tidings.app.kinds import SWITCH
from tidings.app.settings import BadSetting, fields, flag_of, load, to_toml, warnings
from tidings.app.spelling import did_you_mean
from tidings.app.terminal import CommandFailed, complain, flush, say, silence_stdout, told, visible

_INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def _named(prefix: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields() if field.name.startswith(prefix))


_OURS_ALONE = 0o077
"""What no file, directory or socket that a command makes is open to: anybody but its user.

The log holds what others may not read, and who reaches the socket inside the data directory is
taken for the gateway, whatever the shell that a command was started from would have allowed.
"""

_GRPC_VERBOSITY = "GRPC_VERBOSITY"
"""What gRPC's library writes to stderr by itself: unless set, nothing.

It has a line for every call that it refuses for its metadata, so strangers could fill the disk with
them, and what ends a call is in its status anyway. Read when gRPC is imported.
"""

# Which settings a command shows in its help and accepts as flags.
_STORE = (
    "data",
    "store",
    "durability",
    *_named("nats_"),
    "retention_age",
    "retention_records",
    "retention_keys",
)
_SERVICE = (
    *_STORE,
    "grpc",
    "insecure",
    "access_policy",
    "access_events",
    "token_file",
    "metrics",
    "grace",
    "log_level",
    "log_format",
    "tail_size",
    "tail_records",
)
_GRPC_TLS = _named("grpc_tls_")
_UPSTREAM = _named("upstream")
_SERVICE_DIALECTS = ("nomad_event_buffer_size", "consul_size_rule")
_GATEWAY = (
    "http",
    "insecure",
    "grace",
    "log_level",
    "log_format",
    "nomad_heartbeat",
    "nomad_region",
)
_GATEWAY_REST = (
    "consul_node_name",
    "consul_datacenter",
    *_named("http_"),
)
_KEPT = ("data", "store", "nats_credentials", "nats_ca")
_CLIENT = ("token_file", *_UPSTREAM)
_ALL = tuple(field.name for field in fields())


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in _ALL if name not in names)


@dataclass(frozen=True, slots=True)
class Command:
    """What people type: `settings` are those that it shows in its help and takes as flags.

    `room` is the module below `tidings.app` that holds it, which is imported when the command is
    run, so that none waits for what only others need, and help for nothing at all. `run` is its
    function there; `options` is the one in `tidings.app.commands.options` that adds
    its own, if it has any.
    """

    name: str
    about: str
    room: str
    settings: Sequence[str]
    run: str = "run"
    options: str = ""
    is_half: bool = False


_COMMANDS = (
    Command("serve", "serve gRPC and HTTP on the embedded store", "serve", _without(*_UPSTREAM)),
    Command(
        "service",
        "serve gRPC alone",
        "commands.service",
        (*_SERVICE, *_GRPC_TLS, *_SERVICE_DIALECTS),
        is_half=True,
    ),
    Command(
        "gateway",
        "serve HTTP for a service that runs elsewhere",
        "commands.gateway",
        (*_UPSTREAM, *_GATEWAY, *_GATEWAY_REST),
        is_half=True,
    ),
    Command(
        "tail",
        "print events as they come",
        "commands.tail",
        _CLIENT,
        options="add_tail",
    ),
    Command(
        "publish",
        "publish events from a file",
        "commands.publish",
        _CLIENT,
        options="add_publish",
    ),
    Command(
        "token",
        "make, list and revoke tokens",
        "commands.token",
        _CLIENT,
        options="add_token",
    ),
    Command(
        "demo",
        "publish a recorded hour of all systems, to have something to see",
        "commands.demo",
        _CLIENT,
        options="add_demo",
    ),
    Command("check", "check the integrity of a log, also one in use", "commands.check", _KEPT),
    Command("export", "print a log as drafts to publish", "commands.export", _KEPT),
    Command(
        "backup",
        "copy a log, also one in use",
        "commands.copy",
        ("data", "store"),
        run="backup",
        options="add_backup",
    ),
    Command(
        "restore",
        "make a log of a backup",
        "commands.copy",
        ("data", "store"),
        run="restore",
        options="add_restore",
    ),
    Command(
        "renew",
        "give a log that was restored on NATS an identity of its own",
        "commands.renew",
        ("store", "durability", *_named("nats_")),
    ),
)


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
        pass  # who reads has enough
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
        BrokenPipeError: nobody reads any more what it prints.
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
    config_file = getattr(arguments, "config", None) or os.environ.get("TIDINGS_CONFIG")
    try:
        settings = load(flags, os.environ, Path(config_file) if config_file else None)
    except BadSetting as error:
        complain("", str(error))
        return 2
    for warning in warnings(os.environ):
        complain("", f"warning: {warning}")
    if getattr(arguments, "print_config", False):
        say(to_toml(settings).removesuffix("\n"))
        return 0
    command: Command = arguments.command
    try:
        room = import_module(f"tidings.app.{command.room}")
        status: int = getattr(room, command.run)(settings, arguments)
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


def _what_is_unknown(words: Sequence[str], command: Command) -> str:
    """Return what is said of arguments that a command does not take: no value, it may be secret."""
    names = [visible(word.partition("=")[0]) for word in words if word.startswith("-")]
    if not names:
        return "too many arguments"
    known = [flag_of(field) for field in fields() if field.name in command.settings]
    return f"unrecognized arguments: {' '.join(names)}{did_you_mean(names[0], known)}"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; tests and docs read it too."""
    parser = argparse.ArgumentParser(
        prog="tidings",
        description="A flight recorder for your cluster: one durable log behind five event APIs.",
        epilog="Settings are also read from TIDINGS_* variables and from a TOML file (--config).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for command in _COMMANDS:
        about = command.about
        each = commands.add_parser(
            command.name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            fill=_filling(command),
        )
        each.set_defaults(command=command)
    return parser


class CommandParser(argparse.ArgumentParser):
    """Learns its options when it is asked to parse; so do the parsers of its actions.

    None takes abbreviations, which would mean something else once there is another option.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - argparse's own
        fill: Callable[[argparse.ArgumentParser], None] | None = None,
        **named: Any,  # noqa: ANN401 - as above
    ) -> None:
        super().__init__(*args, **{**named, "allow_abbrev": False})
        self._fill = fill

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as above
        """Fill in the options, once, and parse."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)
        return super().parse_known_args(args, namespace)


class _Version(argparse.Action):
    """Prints the version and exits; looking it up takes longer than all the rest."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        about = "show the version and exit"
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=about)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        say(f"tidings {import_module('importlib.metadata').version('tidings')}")
        parser.exit()


def _filling(command: Command) -> Callable[[argparse.ArgumentParser], None]:
    def fill(parser: argparse.ArgumentParser) -> None:
        _add_settings(parser, command.settings)
        if command.is_half:  # how a supervisor starts them; not for people
            _hide_other_settings(parser)
            for hidden in ("--unix", "--listen-fd", "--lifeline-fd", "--ready-fd"):
                parser.add_argument(hidden, help=argparse.SUPPRESS)
        if command.options:
            getattr(options, command.options)(parser)
            _share_settings(parser, command)

    return fill


def _share_settings(parser: argparse.ArgumentParser, command: Command) -> None:
    """Let the actions of a command take its settings as well, so that either place will do."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for each in action.choices.values():
                _add_settings(each, command.settings)


def _add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    # Without a default: what an action does not find must not hide what its command found.
    absent = argparse.SUPPRESS
    parser.add_argument("--config", default=absent, metavar="FILE", help="TOML file with settings")
    parser.add_argument(
        "--print-config",
        default=absent,
        action="store_true",
        help="print the settings as TOML and exit",
    )
    group = parser.add_argument_group("settings")
    for field in fields():
        if field.name in names:
            _add_setting(group, field, _help_of(field))


def _hide_other_settings(parser: argparse.ArgumentParser) -> None:
    """Let a child take every setting of its supervisor, also those that it has no use for."""
    known = {action.dest for action in parser._actions}  # noqa: SLF001 - argparse has no public list
    for field in fields():
        if f"setting_{field.name}" not in known:
            _add_setting(parser, field, argparse.SUPPRESS)


def _add_setting(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    field: dataclasses.Field[object],
    about: str,
) -> None:
    kind = field.metadata["kind"]
    dest = f"setting_{field.name}"
    if kind is SWITCH:
        parser.add_argument(
            flag_of(field),
            dest=dest,
            default=argparse.SUPPRESS,
            nargs="?",
            const="true",
            metavar="BOOL",
            help=about,
        )
    else:
        parser.add_argument(
            flag_of(field),
            dest=dest,
            default=argparse.SUPPRESS,
            metavar=kind.placeholder,
            help=about,
        )


def _help_of(field: dataclasses.Field[object]) -> str:
    kind = field.metadata["kind"]
    shown = kind.show(field.default)
    return f"{field.metadata['about']} (default: {shown})".replace("%", "%%")
