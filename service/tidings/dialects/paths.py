"""Values that paths lead to, in JSON values and in messages alike; pure.

A path is names with dots between, as the system's own JSON spells them: `Payload.Job.ID`. `*`
stands for every element of a list, and every value of an object. What is not there leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import compress
from typing import Any, NamedTuple

from google.protobuf.message import Message

EACH = "*"

Steps = tuple[str, ...]
"""A path, divided."""


def value_at(value: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what a path without `*` leads to, from an object or a message; None = nothing."""
    return one(value, steps_of(path))


def text_at(value: Any, path: str) -> str:  # noqa: ANN401 - any JSON
    """Return the text that a path without `*` leads to; "" without a path, or if it is none."""
    found = one(value, steps_of(path)) if path else None
    return found if type(found) is str else ""


def is_set(value: Any, path: str) -> bool:  # noqa: ANN401 - any JSON
    """Say whether a path without `*` leads to `true`."""
    return bool(path) and one(value, steps_of(path)) is True


@cache
def steps_of(path: str) -> Steps:
    """Return a path, divided."""
    return tuple(path.split("."))


def one(value: Any, steps: Steps) -> Any:  # noqa: ANN401 - any JSON
    """Return what steps without `*` lead to; None = nothing."""
    for step in steps:
        value = member_of(value, step)
        if value is None:
            return None
    return value


def every(value: Any, steps: Steps) -> Iterable[Any]:  # noqa: ANN401 - any JSON
    """Return what steps lead to."""
    if EACH not in steps:
        found = one(value, steps)
        return () if found is None else (found,)
    place = steps.index(EACH)
    return [
        found
        for item in _inside(one(value, steps[:place]))
        for found in every(item, steps[place + 1 :])
    ]


def members(value: Any, names: Sequence[str | None]) -> list[Any]:  # noqa: ANN401 - any JSON
    """Return the members of these names, of an object or a message; None = it has none."""
    if type(value) is dict:
        return [*map(value.get, names)]
    return [None if name is None else member_of(value, name) for name in names]


class Tree(NamedTuple):
    """Paths as one way through a value: the steps from it, and what follows each; None = a text.

    Or the one step `*`, and what follows it.
    """

    is_of_each: bool
    names: Steps
    inner: tuple[Tree | None, ...]


@cache
def tree_of(paths: tuple[Steps, ...]) -> Tree:
    """Return the tree of some paths. Next to `*` there can be no other step."""
    names = tuple(dict.fromkeys(path[0] for path in paths))
    assert names == (EACH,) or EACH not in names, names
    rests = [tuple(path[1:] for path in paths if path[0] == name) for name in names]
    return Tree(
        names == (EACH,), names, tuple(tree_of(rest) if rest[0] else None for rest in rests)
    )


def gather(value: Any, tree: Tree, found: list[str]) -> None:  # noqa: ANN401 - any JSON
    """Add the texts in a value that paths lead to; the empty ones are left out."""
    is_of_each, names, inner = tree
    if not is_of_each:
        gather_each(members(value, names), inner, found)
    elif inner[0] is not None:
        for each in _inside(value):
            gather(each, inner[0], found)
    else:
        found += [each for each in _inside(value) if type(each) is str and each]


def gather_each(values: list[Any], trees: Sequence[Tree | None], found: list[str]) -> None:
    """Add the texts of several values, each with a tree of its own; None = it is a text itself."""
    for value, tree in compress(zip(values, trees), values):  # noqa: B905 - as many; most are not there
        if tree is not None:
            gather(value, tree, found)
        elif type(value) is str:
            found.append(value)


def items_of(value: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    """Return the members of an object, or the fields that are set in a message, by their names."""
    if type(value) is dict:
        return value.items()
    if isinstance(value, Message):
        return [(field.json_name, found) for field, found in value.ListFields()]
    return value.items() if isinstance(value, Mapping) else ()


def _inside(value: Any) -> Sequence[Any]:  # noqa: ANN401 - any JSON
    """Return the elements of a list, or the values of an object in the order of their names.

    A message's map has an order of its own; both forms of an event shall give the same.
    """
    if type(value) is list:
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return [value[name] for name in sorted(value)]
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def member_of(value: Any, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a member of an object, or the field of a message that stands for it; None = none."""
    kind = type(value)
    if kind is dict:
        return value.get(name)
    fields = _FIELDS.get(kind)
    if fields is None:
        if not isinstance(value, Message):
            return value.get(name) if isinstance(value, Mapping) else None
        fields = _FIELDS[kind] = _fields(value)
    field, has_presence = fields[name]
    return None if has_presence and not value.HasField(field) else getattr(value, field)


_FIELDS: dict[type, Mapping[str, tuple[str, bool]]] = {}
"""Of each class of messages that was met, as `_fields` says."""


def _fields(message: Message) -> Mapping[str, tuple[str, bool]]:
    """Return the name of each field by its name in JSON, and whether it can be unset."""
    return {each.json_name: (each.name, each.has_presence) for each in message.DESCRIPTOR.fields}
