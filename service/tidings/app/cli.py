"""The `tidings` command: what people type, and what exit statuses mean.

0 = done; 1 = failed, and stderr says why; 2 = wrong usage or a bad setting.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from tidings.app import (
    check_command,
    child,
    copy_commands,
    demo_command,
    export_command,
    publish_command,
    renew_command,
    serve,
    tail_command,
    token_command,
)
from tidings.app.certificates import BadCertificate
from tidings.app.client import BadTokenFile
from tidings.app.kinds import SWITCH
from tidings.app.libraries import UnfitLibrary
from tidings.app.settings import BadSetting, Settings, fields, flag_of, load, to_toml, warnings

Command = Callable[[Settings, argparse.Namespace], int]


def _named(prefix: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields() if field.name.startswith(prefix))


_OURS_ALONE = 0o077
"""What no file, directory or socket that a command makes is open to: anybody but its user.

The log holds what others may not read, and who reaches the socket inside the data directory is
taken for the gateway, whatever the shell that a command was started from would have allowed.
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
_CLIENT = ("token_file", *_UPSTREAM)
_ALL = tuple(field.name for field in fields())


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its status."""
    os.umask(_OURS_ALONE)
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status; usage errors exit with 2 by themselves."""
    arguments = build_parser().parse_args(argv)
    flags = {
        field.name: text
        for field in fields()
        if isinstance(text := getattr(arguments, f"setting_{field.name}", None), str)
    }
    config_file = arguments.config or os.environ.get("TIDINGS_CONFIG")
    try:
        settings = load(flags, os.environ, Path(config_file) if config_file else None)
    except BadSetting as error:
        sys.stderr.write(f"tidings: {error}\n")
        return 2
    for warning in warnings(os.environ):
        sys.stderr.write(f"tidings: warning: {warning}\n")
    if arguments.print_config:
        sys.stdout.write(to_toml(settings))
        return 0
    command: Command = arguments.command
    try:
        return command(settings, arguments)
    except (BadTokenFile, BadCertificate, UnfitLibrary) as error:
        sys.stderr.write(f"tidings: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells say it


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; tests and docs read it too."""
    parser = argparse.ArgumentParser(
        prog="tidings",
        description="A flight recorder for your cluster: one durable log behind five event APIs.",
        epilog="Settings are also read from TIDINGS_* variables and from a TOML file (--config).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tidings {version('tidings')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(
        commands,
        "serve",
        "serve gRPC and HTTP on the embedded store",
        serve.run,
        _without(*_UPSTREAM),
    )
    service = _add(
        commands,
        "service",
        "serve gRPC alone",
        child.run_service,
        (*_SERVICE, *_GRPC_TLS, *_SERVICE_DIALECTS),
    )
    gateway = _add(
        commands,
        "gateway",
        "serve HTTP for a service that runs elsewhere",
        child.run_gateway,
        (*_UPSTREAM, *_GATEWAY, *_GATEWAY_REST),
    )
    for each in (service, gateway):  # how a supervisor starts them; not for people
        _hide_other_settings(each)
        for hidden in ("--unix", "--listen-fd", "--lifeline-fd", "--ready-fd"):
            each.add_argument(hidden, help=argparse.SUPPRESS)
    tail = _add(commands, "tail", "print events as they come", tail_command.run, _CLIENT)
    tail_command.add_arguments(tail)
    publish = _add(commands, "publish", "publish events from a file", publish_command.run, _CLIENT)
    publish_command.add_arguments(publish)
    token = _add(commands, "token", "make, list and revoke tokens", token_command.run, _CLIENT)
    token_command.add_arguments(token)
    demo = _add(commands, "demo", "publish an hour of all systems", demo_command.run, _CLIENT)
    demo_command.add_arguments(demo)
    check = _add(
        commands,
        "check",
        "check the integrity of a log that is at rest",
        check_command.run,
        ("data",),
    )
    check_command.add_arguments(check)
    export = _add(
        commands, "export", "print a log as drafts to publish", export_command.run, ("data",)
    )
    export_command.add_arguments(export)
    backup = _add(
        commands, "backup", "copy a log, also one in use", copy_commands.backup, ("data",)
    )
    copy_commands.add_backup_arguments(backup)
    restore = _add(commands, "restore", "make a log of a backup", copy_commands.restore, ("data",))
    copy_commands.add_restore_arguments(restore)
    renew = _add(
        commands,
        "renew",
        "give a log that was restored on NATS an identity of its own",
        renew_command.run,
        ("store", "durability", *_named("nats_")),
    )
    renew_command.add_arguments(renew)
    return parser


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in _ALL if name not in names)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    command: Command,
    settings: Sequence[str],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False
    )
    parser.set_defaults(command=command)
    parser.add_argument("--config", metavar="FILE", help="TOML file with settings")
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings as TOML and exit"
    )
    group = parser.add_argument_group("settings")
    for field in fields():
        if field.name in settings:
            _add_setting(group, field, _help_of(field))
    return parser


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
            flag_of(field), dest=dest, nargs="?", const="true", metavar="BOOL", help=about
        )
    else:
        parser.add_argument(flag_of(field), dest=dest, metavar=kind.placeholder, help=about)


def _help_of(field: dataclasses.Field[object]) -> str:
    kind = field.metadata["kind"]
    shown = kind.show(field.default)
    return f"{field.metadata['about']} (default: {shown})".replace("%", "%%")
