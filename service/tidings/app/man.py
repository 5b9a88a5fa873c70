"""`tidings man`: manual pages, made from the parser as help texts are."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from tidings.app.commands.table import COMMANDS
from tidings.app.parser import build_parser, parsers_in
from tidings.app.settings import BadSetting, Settings
from tidings.app.spelling import did_you_mean
from tidings.app.terminal import say

_PROGRAM = "tidings"
_ABOUT = "a flight recorder for your cluster"
_STATUSES = (
    ("0", "It is done."),
    ("1", "It failed, and standard error says why."),
    ("2", "The usage is wrong, or a setting is."),
    ("130", "It was interrupted."),
)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print a page, or write all of them.

    Raises:
        BadSetting: there is no such page.
    """
    del settings
    made = pages()
    if arguments.out is None:
        name = f"{_PROGRAM}-{arguments.page}" if arguments.page else _PROGRAM
        if name not in made:
            hint = did_you_mean(arguments.page, [command.name for command in COMMANDS])
            raise BadSetting(f"NAME: no such command{hint}")
        say(made[name].removesuffix("\n"))
        return 0
    directory: Path = arguments.out
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (directory / f"{name}.1").write_text(text, "ascii")
    say(f"{len(made)} pages in {directory}")
    return 0


def pages() -> dict[str, str]:
    """Return every page in the roff of man(7), by name: the program's, and each command's."""
    parser = build_parser()
    parsers_in(parser)  # fills in what each takes
    found = {_PROGRAM: _text(_page(_PROGRAM, _ABOUT, parser))}
    choices = _choices(parser)
    for command in COMMANDS:
        name = f"{_PROGRAM}-{command.name}"
        found[name] = _text(_page(name, command.about, choices[command.name]))
    return found


def _page(name: str, about: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.TH {name.upper()} 1 "" "{_PROGRAM}" "Tidings"'
    yield ".SH NAME"
    yield f"{name} \\- {_escaped(about)}"
    yield ".SH SYNOPSIS"
    yield f".B {_escaped(parser.prog)}"
    yield _escaped(_usage_of(parser))
    yield ".SH DESCRIPTION"
    yield _escaped(parser.description or "")
    yield from _options(parser)
    for action, each in _choices(parser).items():
        if parser.prog == _PROGRAM:
            break
        yield f".SH {action.upper()}"
        yield _escaped(each.description or _help_of_choice(parser, action))
        yield from _options(each, inside=True)
    if parser.prog == _PROGRAM:
        yield ".SH COMMANDS"
        for command in COMMANDS:
            yield from _term(f"\\fB{_escaped(command.name)}\\fR", command.about)
    yield ".SH EXIT STATUS"
    for status, meaning in _STATUSES:
        yield from _term(status, meaning)
    yield ".SH SEE ALSO"
    others = [_PROGRAM] if parser.prog != _PROGRAM else [f"{_PROGRAM}-{c.name}" for c in COMMANDS]
    yield ",\n".join(f".BR {_escaped(other)} (1)" for other in others).replace(",\n.BR", "\n.BR")


def _usage_of(parser: argparse.ArgumentParser) -> str:
    """Return the arguments of a command without its options, which have a section of their own."""
    words = ["[OPTION...]"]
    for action in _shown(parser):
        if not action.option_strings:
            word = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
            ends = {"*": ("[", "...]"), "?": ("[", "]"), "+": ("", "...")}
            before, after = ends.get(str(action.nargs), ("", ""))
            words.append(f"{before}{word}{after}")
    return " ".join(words)


def _options(parser: argparse.ArgumentParser, *, inside: bool = False) -> Iterator[str]:
    """Yield the arguments by their groups; `inside` a section, where none has a heading."""
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public list
        actions = [
            action
            for action in group._group_actions  # noqa: SLF001 - as above
            if action.help != argparse.SUPPRESS and not _is_of_choices(action)
        ]
        if not actions:
            continue
        if not inside:
            yield f".SH {(group.title or 'options').upper()}"
        for action in actions:
            yield from _term(_spelled(action), (action.help or "").replace("%%", "%"))


def _spelled(action: argparse.Action) -> str:
    """Return an argument as it is typed."""
    value = action.metavar
    if value is None and action.choices is not None:
        value = "|".join(map(str, action.choices))
    if value is None and action.nargs != 0:
        value = action.dest.upper()
    shown = f"\\fI{_escaped(str(value))}\\fR" if value else ""
    if not action.option_strings:
        return shown
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
    return f"{names} {shown}".rstrip()


def _term(term: str, about: str) -> Iterator[str]:
    yield ".TP"
    yield term
    yield _escaped(about) or "\\&"


def _shown(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    every = parser._actions  # noqa: SLF001 - as above
    return [action for action in every if action.help != argparse.SUPPRESS]


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of a parser's commands or actions, by name."""
    for action in parser._actions:  # noqa: SLF001 - as above
        if _is_of_choices(action):
            return dict(action.choices)  # type: ignore[arg-type]  # a mapping of parsers
    return {}


def _help_of_choice(parser: argparse.ArgumentParser, name: str) -> str:
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for choice in action._choices_actions:  # noqa: SLF001 - as above
                if choice.dest == name:
                    return choice.help or ""
    return ""


def _is_of_choices(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - as above


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Return a text that roff takes for itself: of ASCII, no escapes, no requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)
    return "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text)
