"""The parser of the command line, made from the tables of commands and settings."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from tidings.app.commands.table import COMMANDS, Command
from tidings.app.settings import fields, flag_of
from tidings.app.terminal import say
from tidings.core.setting_kinds import SWITCH
from tidings.core.version import VERSION

_HIDDEN = (
    *("--unix", "--sources-of", "--listen-fd", "--number"),
    *("--lifeline-fd", "--ready-fd", "--beat-every"),
)


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
    for command in COMMANDS:
        about = command.about
        each = commands.add_parser(
            command.name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            fill=_filling(command),
        )
        each.set_defaults(command=command)
    return parser


def parsers_in(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return a parser and those of its commands and actions, each with all of its options."""
    if isinstance(parser, CommandParser):
        parser.fill_in()
    found = [parser]
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            found += [one for each in action.choices.values() for one in parsers_in(each)]
    return found


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
        """Fill in the options, and parse."""
        self.fill_in()
        return super().parse_known_args(args, namespace)

    def fill_in(self) -> None:
        """Fill in the options, once."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)


class _Version(argparse.Action):
    """Prints the version and exits."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        about = "show the version and exit"
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=about)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        say(f"tidings {VERSION}")
        parser.exit()


def _filling(command: Command) -> Callable[[argparse.ArgumentParser], None]:
    def fill(parser: argparse.ArgumentParser) -> None:
        _add_settings(parser, command.settings)
        if command.is_half:  # how a supervisor starts them; not for people
            _hide_other_settings(parser)
            for hidden in _HIDDEN:
                parser.add_argument(hidden, help=argparse.SUPPRESS)
        if command.options:
            room, _, name = command.options.rpartition(".")
            getattr(import_module(f"tidings.app.commands.{room or 'options'}"), name)(parser)
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
    shown = kind.show(field.default) or "none"
    return f"{field.metadata['about']} (default: {shown})".replace("%", "%%")
