"""Where events of a system have what can be asked for: a table of field paths for each; pure."""

from __future__ import annotations

from dataclasses import dataclass

NAMED = "*"
"""As a kind: each member of what the path leads to has its kind as its name."""

KEY = "key"
"""The kind of an identifier of which the system does not say what it identifies."""

KindPaths = tuple[tuple[str, str], ...]
"""Pairs of a kind, or `NAMED`, and the path to values of it."""


@dataclass(frozen=True, slots=True, eq=False)  # looked up by, as the one object that it is
class ObjectPaths:
    """Where events of a system carry objects of one kind; `at` and `gone` lead from the event.

    The other paths lead from the object. Its id and its name are identifiers of its kind, and its
    parents of theirs; the name is text. A flag that `gone` leads to says that it is deleted, and so
    does an event of one of `gone_types`. `value` leads to what is shown as the object; "" = all.
    """

    kind: str
    at: str
    id: str = "ID"
    name: str = ""
    namespace: str = ""
    status: str = ""
    parents: KindPaths = ()
    identifiers: KindPaths = ()
    text: tuple[str, ...] = ()
    value: str = ""
    gone: str = ""
    gone_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class FacetPaths:
    """Where a system's events have what can be asked for; paths lead from the event.

    What `keys` lead to is an identifier of kind `KEY`, unless one of another kind has that value.
    """

    type: str
    topic: str = ""
    namespace: str = ""
    identifiers: KindPaths = ()
    keys: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    objects: tuple[ObjectPaths, ...] = ()
