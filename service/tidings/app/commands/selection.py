"""Which events the options of `tidings tail` and `log` select, and what cannot match."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator, Sequence

from tidings.v1 import asking_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

Asked = pb.SubscribeRequest | pb.ReadRecordsRequest | asking_pb2.CountRecordsRequest
"""Requests that select events."""

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


def narrow(request: Asked, arguments: argparse.Namespace) -> None:
    """Set the selection of the options in a request.

    Raises:
        ValueError: they contradict each other.
    """
    selection = selection_of(arguments)
    if selection.ByteSize():
        request.selection.CopyFrom(selection)
    request.types.extend(arguments.type or ())
    request.identifiers.extend(arguments.id or ())
    request.sources.extend(arguments.source or ())
    request.text = " ".join(arguments.grep or ())
    request.filter = _all_of(arguments.where or ())


def _all_of(expressions: Sequence[str]) -> str:
    """Return the expression that is true where all are; a single one as it is, for its errors."""
    return expressions[0] if len(expressions) == 1 else " && ".join(f"({e})" for e in expressions)


def selection_of(arguments: argparse.Namespace) -> selection_pb2.Selection:
    """Return the selection of the options; nothing = every event.

    Raises:
        ValueError: they contradict each other.
    """
    _check_systems(arguments)
    selection = selection_pb2.Selection()
    for system in arguments.system or ():
        getattr(selection, system).SetInParent()
    for topic in arguments.topic or ():
        name, colon, key = topic.partition(":")
        added = selection.nomad.topics.add(topic=name)
        if colon:
            added.key = key
    if arguments.namespace is not None:
        selection.nomad.namespace = arguments.namespace
    if arguments.name:
        selection.consul.names.extend(arguments.name)
    if arguments.job:
        selection.puppet.jobs.extend(arguments.job)
    return selection


def warnings(arguments: argparse.Namespace) -> Iterator[str]:
    """Yield warnings about topics that Nomad is not known to have."""
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
