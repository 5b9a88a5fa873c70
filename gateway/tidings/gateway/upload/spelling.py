"""How one system spells its events: an object's text becomes a draft, and an event an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tidings.v1 import event_pb2, json_runtime


class BadLine(Exception):
    """An object that cannot be published; the text is for the publisher."""


# Text of an object and source to its draft; None = nothing to store (a heartbeat). Raises BadLine.
Parse = Callable[[bytes, str], event_pb2.Draft | None]


@dataclass(frozen=True, slots=True)
class Description:
    """What an event is, for readers of all systems.

    `kind` is what happened, below the system's name (`Job.JobRegistered`); `subject` is the object
    that it happened to, "" = none; `data` is the event in the system's own JSON, as its door prints
    it.
    """

    kind: str
    subject: str
    data: json_runtime.Json


# Event and position to its description; or to all members of its object, where the system's own
# form is the one that readers of all systems are given. Raises Unprintable.
Describe = Callable[[event_pb2.Event, int], Description | Mapping[str, json_runtime.Json]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One system's spelling. The package of its door offers it as `SPELLING`.

    `describe` is None where the objects are not those of one system.
    `marks` are members that only its objects have, for whoever is given objects and not told whose
    they are. `newest_first` says that the system's lists begin with the newest: an array is stored
    from its end.
    """

    name: str
    parse: Parse
    describe: Describe | None = None
    marks: tuple[str, ...] = ()
    newest_first: bool = False
