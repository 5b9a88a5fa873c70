"""The own options of each command, apart from its work: asking for help imports nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

SYSTEMS = ("nomad", "consul", "docker_cloud", "puppet", "feldera", "tidings")
DRAFTS = "drafts"
SPELLINGS = (DRAFTS, *SYSTEMS[:-1])


def add_tail(parser: argparse.ArgumentParser) -> None:
    """Add what is printed, from where on, and how."""
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="start there: 10m, 2h, 3d ago, a time (of this machine's zone, or with its offset),"
        " a seq, or 'start'",
    )
    parser.add_argument(
        "--system",
        action="append",
        choices=SYSTEMS,
        type=_underscored,
        help="only this system (may be repeated)",
    )
    parser.add_argument(
        "--topic",
        action="append",
        metavar="TOPIC[:KEY]",
        help="only this Nomad topic (may be repeated)",
    )
    parser.add_argument("--namespace", metavar="NAME", help="only this Nomad namespace")
    parser.add_argument(
        "--name", action="append", metavar="NAME", help="only this Consul event (may be repeated)"
    )
    parser.add_argument(
        "--job", action="append", metavar="ID", help="only this Puppet job (may be repeated)"
    )
    parser.add_argument(
        "-n",
        "--count",
        type=_count,
        metavar="N",
        help="print the last N records that there are and end; 0 = all of them",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on after those of -n")
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="form of a line"
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours"
    )


def add_publish(parser: argparse.ArgumentParser) -> None:
    """Add what is published, and whose it is."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="JSON objects, one a line, over several lines or in an array: drafts"
        ' ({"key": …, "events": […]}), what tail -o json prints, or what a system\'s own API'
        " gives; - = stdin",
    )
    parser.add_argument(
        "--system",
        choices=SPELLINGS,
        type=_underscored,
        help="whose spelling it is (default: what the first object shows)",
    )
    parser.add_argument(
        "--source",
        default="",
        metavar="NAME",
        help="where the events come from; a line of Nomad that is published again with the same"
        " source is stored once",
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("expected a whole number from 0 up")
    return int(text)


def _underscored(text: str) -> str:
    """Return a system as the contract writes it: docker-cloud stands in paths."""
    return text.replace("-", "_")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the actions, each with its own options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a token and print its secret, once")
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="what it may do (may be repeated)",
    )
    create.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="NAME",
        help="the set of policies that it has (may be repeated)",
    )
    create.add_argument("--management", action="store_true", help="it may do everything")
    create.add_argument("--expires", metavar="DURATION", help="it ends after 12h, 30d, …")
    actions.add_parser("list", help="print every token, without secrets")
    revoke = actions.add_parser("revoke", help="revoke a token and end its streams")
    revoke.add_argument("id", metavar="ID")


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Add where the demo goes."""
    parser.add_argument(
        "--into", metavar="ADDRESS", help="gRPC address of the service (default: as --upstream)"
    )


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Add where the copy goes."""
    parser.add_argument("copy", metavar="COPY", type=Path, help="directory to make the copy in")


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Add where the copy is."""
    parser.add_argument("copy", metavar="COPY", type=Path, help="directory that holds the copy")
