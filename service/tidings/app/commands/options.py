"""The options of each command, apart from its code, so that help imports nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from tidings.v1.systems import SYSTEMS

DRAFTS = "drafts"
OUR_OWN = "tidings"
"""The system of a log's own events, which nobody can publish."""

_SPELLINGS = (DRAFTS, *(system for system in SYSTEMS if system != OUR_OWN))


def add_info(parser: argparse.ArgumentParser) -> None:
    """Add the output format."""
    _add_output(parser, "for people, or GetLogStatusResponse as JSON (default: text)")


def _add_output(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help=about)


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Add the shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads it")


def add_man(parser: argparse.ArgumentParser) -> None:
    """Add which page is printed, or where all pages are written."""
    parser.add_argument(
        "page", nargs="?", metavar="NAME", default="", help="the command (default: the program)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="directory to write all pages in")


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Add what is examined, and the output format."""
    parser.add_argument(
        "part",
        nargs="?",
        choices=("serve", "service", "gateway"),
        default="serve",
        help="the command to examine, with its settings (default: serve)",
    )
    _add_output(parser, "for people, or one finding a line as JSON (default: text)")


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add which system is recorded, and as which source."""
    parser.add_argument(
        "system",
        metavar="SYSTEM",
        help="kind: nomad, consul, puppet, feldera, feldera-health, tidings, cloudevents-sse",
    )
    parser.add_argument("url", metavar="URL", help="address: http://HOST:PORT or https://…")
    parser.add_argument(
        "--source", required=True, metavar="NAME", help="name of the source, kept in every event"
    )
    for option, about in (
        ("--source-token-file", "file with the credential for the system"),
        ("--ca", "file with the CAs of the system, PEM (default: the public ones)"),
        ("--cert", "file with the certificate chain shown to the system, PEM"),
        ("--key", "file with the private key of that certificate, PEM"),
    ):
        parser.add_argument(option, default="", metavar="FILE", help=about)
    parser.add_argument(
        "--topic",
        action="append",
        metavar="TOPIC[:KEY]",
        help="only this Nomad topic (may be repeated)",
    )
    parser.add_argument(
        "--namespace", default="", metavar="NAME", help="only this Nomad namespace (default: all)"
    )
    parser.add_argument(
        "--snapshot",
        action="store_true",
        help="begin a first run with the objects that a Nomad holds then, not only with changes",
    )
    parser.add_argument(
        "--datacenter",
        action="append",
        metavar="NAME",
        help="this Consul datacenter (may be repeated; default: the agent's own)",
    )
    parser.add_argument(
        "--job",
        action="append",
        metavar="ID",
        help="only this Puppet job (may be repeated; default: all jobs, as they are found)",
    )
    parser.add_argument(
        "--resumes",
        action="store_true",
        help="this server of CloudEvents is known to resume after Last-Event-ID",
    )
    for option, about in (
        ("--compiler", "health URL of Feldera's compiler server (feldera-health)"),
        ("--runner", "health URL of Feldera's runner (feldera-health)"),
    ):
        parser.add_argument(option, default="", metavar="URL", help=about)
    parser.add_argument(
        "--interval",
        default="",
        metavar="DURATION",
        help="time between two checks of a cluster's health (default: 10s)",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="SYSTEM",
        help="only this system of another Tidings (may be repeated)",
    )
    parser.add_argument(
        "--stale-after",
        default="5m",
        metavar="DURATION",
        help="a source counts as stale after this time without a connection (default: 5m)",
    )
    parser.add_argument(
        "--required",
        action="store_true",
        help="the service is not ready while this source is not connected",
    )


def add_publish(parser: argparse.ArgumentParser) -> None:
    """Add what is published, and of which system."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="JSON objects, one a line, over several lines or in an array: drafts"
        ' ({"key": …, "events": […]}), what tail -o json prints, or what a system\'s own API'
        " gives; - = stdin",
    )
    parser.add_argument(
        "--system",
        choices=_SPELLINGS,
        type=underscored,
        help="whose format it is (default: that of the first object)",
    )
    parser.add_argument(
        "--source",
        default="",
        metavar="NAME",
        help="name of the events' source; a line of Nomad that is published again with the same"
        " source is stored once",
    )


def underscored(text: str) -> str:
    """Return a system as the contract writes it: docker-cloud stands in paths."""
    return text.replace("-", "_")


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="print every source and its state")
    _add_output(listing, "form of the list")
    forget = actions.add_parser(
        "forget", help="delete a source that does not run, and its position"
    )
    forget.add_argument("name", metavar="NAME")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the actions, each with its own options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="create a token and print its secret, once")
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME",
        help="policy of the token (may be repeated)",
    )
    create.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="NAME",
        help="role of the token: a set of policies (may be repeated)",
    )
    create.add_argument("--management", action="store_true", help="give it all rights")
    create.add_argument("--expires", metavar="DURATION", help="it expires after 12h, 30d, …")
    actions.add_parser("list", help="print every token, without secrets")
    revoke = actions.add_parser("revoke", help="revoke a token and end its streams")
    revoke.add_argument("id", metavar="ID")


def add_demo(parser: argparse.ArgumentParser) -> None:
    """Add where the demo is published or written."""
    parser.add_argument(
        "--into", metavar="ADDRESS", help="gRPC address of the service (default: as --upstream)"
    )
    parser.add_argument(
        "--day",
        metavar="DIR",
        type=Path,
        help="make a log in a new data directory instead: a simulated day of a cluster, yesterday "
        "in UTC, recorded at its own times",
    )


def add_protos(parser: argparse.ArgumentParser) -> None:
    """Add where the files are written."""
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="directory to write them in"
    )


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Add where the backup is, and whether it is to be verified."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("verify",),
        metavar="verify",
        help="restore the backup in COPY into a temporary directory, check that, and delete it",
    )
    parser.add_argument("copy", metavar="COPY", type=Path, help="directory of the backup")


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Add where the backup is, and how much of it is restored."""
    parser.add_argument("copy", metavar="COPY", type=Path, help="directory that holds the backup")
    parser.add_argument(
        "--until-seq", type=_seq, metavar="SEQ", help="leave out records after this position"
    )
    parser.add_argument(
        "--until",
        type=_time_us,
        metavar="TIME",
        help="leave out records stored at this time or later: 2026-11-29T14:00:00Z",
    )


def _seq(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError("expected a position")
    return int(text)


def _time_us(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415 - hardly ever needed

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected a time such as 2026-11-29T14:00:00Z") from None
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError("expected an offset after the time: Z, or +01:00")
    return round(time.timestamp() * 1_000_000)
