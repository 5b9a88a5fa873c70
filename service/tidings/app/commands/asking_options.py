"""The options of commands that query a log: which events, between which bounds, in which form."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from tidings.app.commands.options import underscored
from tidings.v1.systems import SYSTEMS

_WHEN = "2h or 3d ago, 'yesterday 14:00', '14:03 Europe/Berlin', a date and time"
_FORMS = ("text", "json", "ndjson", "table")


def add_tail(parser: argparse.ArgumentParser) -> None:
    """Add the start, the selection and the output format."""
    parser.add_argument("--since", metavar="WHEN", help=f"start there: {_WHEN}, a seq, or 'start'")
    _add_selection(parser)
    parser.add_argument(
        "-n",
        "--count",
        type=_count,
        metavar="N",
        help="print the last N records and end; 0 = all of them",
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="then continue with new records"
    )
    _add_form(parser, ("text", "json", "ndjson"))


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add the bounds, the selection and the output format."""
    _add_bounds(parser)
    _add_selection(parser)
    parser.add_argument(
        "-n",
        "--count",
        type=_count,
        default=0,
        metavar="N",
        help="only the last N records; 0 = all of them (default: 0)",
    )
    parser.add_argument("-r", "--reverse", action="store_true", help="the newest first")
    _add_form(parser, (*_FORMS, "cloudevents"))


def add_show(parser: argparse.ArgumentParser) -> None:
    """Add the record, the number of records around it, and the output format."""
    parser.add_argument("seq", metavar="SEQ", type=_seq, help="position of the record")
    parser.add_argument(
        "-C",
        "--context",
        type=_count,
        default=0,
        metavar="N",
        help="print N records before and after it too (default: 0)",
    )
    _add_form(parser, _FORMS)


def add_top(parser: argparse.ArgumentParser) -> None:
    """Add what is counted, and how it is grouped."""
    _add_bounds(parser)
    _add_selection(parser)
    parser.add_argument(
        "--by",
        action="append",
        choices=("system", "type", "source"),
        help="group by this (may be repeated; default: all three)",
    )
    parser.add_argument(
        "-n", "--count", type=_count, default=0, metavar="N", help="print N rows (default: all)"
    )
    parser.add_argument(
        "--every", metavar="DURATION", help="count each interval separately, for instance 1h"
    )
    parser.add_argument(
        "--totals-by",
        action="append",
        choices=("system", "type", "source"),
        help="count a second time, over all intervals, grouped by this (may be repeated)",
    )
    parser.add_argument(
        "--once", action="store_true", help="count once and end, as without a terminal"
    )
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="form (default: text)"
    )


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add the object, the bounds of its versions, and the output format."""
    parser.add_argument(
        "object", metavar="KIND/ID", help="the object, by id or name: job/web, node/6f1c…"
    )
    _add_system(parser)
    parser.add_argument("--namespace", default="", metavar="NAME", help="the one of this namespace")
    parser.add_argument("--source", metavar="NAME", help="the one of this source")
    parser.add_argument("--since", metavar="WHEN", help=f"only versions from then on: {_WHEN}")
    parser.add_argument("--until", metavar="WHEN", help="only versions before then: as --since")
    parser.add_argument(
        "-n",
        "--count",
        type=_count,
        default=0,
        metavar="N",
        help="only the newest N (default: all)",
    )
    parser.add_argument(
        "-p", "--diff", action="store_true", help="print what changed since the version before"
    )
    parser.add_argument(
        "--all", action="store_true", help="also print versions that changed nothing"
    )
    _add_form(parser, ("text", "json", "ndjson"))


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add the objects, the time, and the output format."""
    parser.add_argument(
        "kinds",
        nargs="*",
        metavar="KIND",
        help="only objects of this kind: nodes, jobs, allocs, deployments … (default: all)",
    )
    parser.add_argument("--at", metavar="WHEN", help=f"as of then: {_WHEN} (default: now)")
    _add_system(parser)
    for option, about in (
        ("--id", "only the object of this id or name (may be repeated)"),
        ("--parent", "only children of this object: job/web (may be repeated)"),
        ("--status", "only objects with this status (may be repeated)"),
        ("--source", "only objects of this source (may be repeated)"),
    ):
        metavar = "KIND/ID" if option == "--parent" else option[2:].upper()
        parser.add_argument(option, action="append", metavar=metavar, help=about)
    parser.add_argument("--namespace", default="", metavar="NAME", help="only of this namespace")
    _add_form(parser, ("text", "json", "ndjson"))


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", metavar="WHEN", help=f"from there on: {_WHEN}, a seq (after it), or 'start'"
    )
    parser.add_argument("--until", metavar="WHEN", help="up to there: as --since")


def _add_system(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--system",
        action="append",
        choices=SYSTEMS,
        type=underscored,
        help="only this system (may be repeated)",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    _add_system(parser)
    for option, metavar, about in (
        ("--type", "TYPE", "only events of this type, whatever the system"),
        ("--id", "KIND/VALUE", "only events about this object: job/web, node/6f1c…, or web alone"),
        ("--source", "NAME", "only events from this source"),
        ("--grep", "WORDS", 'only events whose texts hold these words; "in quotes" a phrase'),
        ("--where", "CEL", "only events for which this is true: 'event.nomad.topic == \"Job\"'"),
        ("--topic", "TOPIC[:KEY]", "only this Nomad topic"),
    ):
        parser.add_argument(
            option, action="append", metavar=metavar, help=f"{about} (may be repeated)"
        )
    parser.add_argument("--namespace", metavar="NAME", help="only this Nomad namespace")
    parser.add_argument(
        "--name", action="append", metavar="NAME", help="only this Consul event (may be repeated)"
    )
    parser.add_argument(
        "--job", action="append", metavar="ID", help="only this Puppet job (may be repeated)"
    )


def _add_form(parser: argparse.ArgumentParser, forms: Sequence[str]) -> None:
    parser.add_argument(
        "-o", "--output", choices=forms, default="text", help="output format (default: text)"
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours"
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("expected a whole number from 0 up")
    return int(text)


def _seq(text: str) -> int:
    if not re.fullmatch("[0-9]{1,20}", text) or not 1 <= int(text) < 2**64:
        raise argparse.ArgumentTypeError("expected a position, a whole number from 1 up")
    return int(text)
