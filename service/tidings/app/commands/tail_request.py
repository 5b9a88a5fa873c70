"""What the options of `tidings tail` ask for, and what is said of those that cannot match."""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import re
from collections.abc import Iterator

from tidings.v1 import event_service_pb2 as pb

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_SEQ = 2**64 - 1
_SYSTEM_OF = {
    "topic": "nomad",
    "namespace": "nomad",
    "name": "consul",
    "job": "puppet",
}
"""Options that are for one system's events."""

NOMAD_TOPICS = (
    "ACLAuthMethod",
    "ACLBindingRule",
    "ACLPolicy",
    "ACLRole",
    "ACLToken",
    "Allocation",
    "CSIPlugin",
    "CSIVolume",
    "Deployment",
    "Evaluation",
    "HostVolume",
    "Job",
    "Node",
    "NodePool",
    "Operator",
    "Service",
    "Variable",
)
"""Those that are known; Nomad adds some. The contract lists them at NomadEvent."""
_EVERY_TOPIC = "*"


def build_request(arguments: argparse.Namespace, now: dt.datetime) -> pb.SubscribeRequest:
    """Return the subscription that the options ask for.

    Raises:
        ValueError: they contradict each other, or `--since` is none of the forms it may have.
    """
    _check_systems(arguments)
    request = pb.SubscribeRequest(
        payload_format=pb.PAYLOAD_FORMAT_JSON
        if arguments.output == "json"
        else pb.PAYLOAD_FORMAT_TYPED
    )
    _set_start(request, arguments, now)
    for system in arguments.system or ():
        getattr(request, system).SetInParent()
    for topic in arguments.topic or ():
        name, colon, key = topic.partition(":")
        added = request.nomad.topics.add(topic=name)
        if colon:
            added.key = key
    if arguments.namespace is not None:
        request.nomad.namespace = arguments.namespace
    if arguments.name:
        request.consul.names.extend(arguments.name)
    if arguments.job:
        request.puppet.jobs.extend(arguments.job)
    return request


def warnings(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield what to say of topics that Nomad is not known to have."""
    known = {topic.lower(): topic for topic in NOMAD_TOPICS}
    for text in arguments.topic or ():
        name = text.partition(":")[0]
        if name in NOMAD_TOPICS or name == _EVERY_TOPIC:
            continue
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
        hint = f"; did you mean {known[near[0]]}?" if near else f" ({', '.join(NOMAD_TOPICS)})"
        yield f"--topic {name}: no topic that Nomad is known to have{hint}"


def _check_systems(arguments: argparse.Namespace) -> None:
    for option, system in _SYSTEM_OF.items():
        if getattr(arguments, option) and arguments.system and system not in arguments.system:
            raise ValueError(
                f"--{option} is about events of {system}, which --system leaves out:"
                f" add --system {system}, or drop one of them"
            )


def _set_start(
    request: pb.SubscribeRequest, arguments: argparse.Namespace, now: dt.datetime
) -> None:
    since: str | None = arguments.since
    if since is None and arguments.count is None:
        request.latest = True
    elif since is None or since == "start":
        request.earliest = True
    elif since.isascii() and since.isdigit():
        request.after_seq = min(int(since[:20]), _MAX_SEQ)
    else:
        try:
            request.from_time.FromDatetime(_time(since, now))
        except (ValueError, OverflowError):
            raise ValueError(f"--since {since!r} is no duration, time, seq or 'start'") from None


def _time(since: str, now: dt.datetime) -> dt.datetime:
    if found := re.fullmatch(r"([0-9]{1,12})([smhd])", since):
        return now - dt.timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    # Without an offset it is the machine's own time, as what is printed.
    return dt.datetime.fromisoformat(since).astimezone(dt.UTC)
