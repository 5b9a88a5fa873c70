"""The contract's Selection and conditions: checked, and compiled for the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from google.protobuf.message import Message

from tidings.core.conditions import NO_CONDITIONS, Conditions
from tidings.core.errors import BadRequest
from tidings.core.selection import Everything, Selection
from tidings.dialects.dialect import Dialect
from tidings.v1 import selection_pb2

MAX_WANTED = 1000
"""Topics, names or jobs of one selector."""


class Asking(Protocol):
    """A request that selects events."""

    @property
    def selection(self) -> selection_pb2.Selection:
        """By system."""
        ...

    @property
    def types(self) -> Sequence[str]:
        """Of any of these types; empty = of any."""
        ...

    @property
    def identifiers(self) -> Sequence[str]:
        """With one of these; empty = any."""
        ...

    @property
    def sources(self) -> Sequence[str]:
        """From any of these sources; empty = from any."""
        ...

    @property
    def text(self) -> str:
        """With these words."""
        ...


def wanted_by(request: Asking, dialects: Mapping[str, Dialect]) -> Selection:
    """Return the selection of a request's selectors and conditions; without any, everything.

    Raises:
        BadRequest: one of them is bad.
    """
    conditions = Conditions.parse(request.types, request.identifiers, request.sources, request.text)
    return selection_of(request.selection, dialects, conditions)


def selection_of(
    asked: selection_pb2.Selection,
    dialects: Mapping[str, Dialect],
    conditions: Conditions = NO_CONDITIONS,
) -> Selection:
    """Return the selection of the selectors; without any, everything.

    Raises:
        BadRequest: a selector is bad; the path of its field begins with `selection`.
    """
    try:
        matchers = {
            system: dialect.matcher(_checked(asked, system))
            for system, dialect in dialects.items()
            if asked.HasField(system)  # type: ignore[arg-type]  # selectors are named so
        }
    except BadRequest as error:
        error.holder = "selection"
        raise
    return Selection.of(matchers or {system: Everything() for system in dialects}, conditions)


def _checked(asked: selection_pb2.Selection, name: str) -> Message:
    """Return a selector, unless it names more than records may be compared with, or nothing."""
    selector: Message = getattr(asked, name)
    for field, value in selector.ListFields():
        if field.is_repeated and len(value) > MAX_WANTED:
            raise BadRequest(f"{name}.{field.name}", f"at most {MAX_WANTED} are allowed")
        if field.is_repeated and "" in value:
            raise BadRequest(f"{name}.{field.name}[{list(value).index('')}]", "must not be empty")
    return selector
