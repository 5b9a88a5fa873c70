"""People's names of objects, and the log's."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.dialects import load
from tidings.dialects.facet_paths import NAMED
from tidings.v1.systems import SYSTEMS

_SHORT = {
    "alloc": "allocation",
    "deploy": "deployment",
    "eval": "evaluation",
    "policy": "acl_policy",
    "pool": "node_pool",
    "token": "acl_token",
}
"""Other names of kinds, as the systems' own command lines have them."""


def kind_of(text: str) -> str:
    """Return the kind that a word means: `nodes` = node, `allocs` = allocation, `node-pool`."""
    word = text.strip().lower().replace("-", "_")
    if word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SHORT.get(word, word)


def object_of(text: str) -> tuple[str, str]:
    """Return the kind and the id, or name, that `KIND/ID` means.

    Raises:
        ValueError: it is none.
    """
    kind, slash, identity = text.partition("/")
    if not slash or not kind or not identity:
        raise ValueError("expected KIND/ID, such as job/web")
    return kind_of(kind), identity


def systems_with(kind: str) -> Sequence[str]:
    """Return the systems that may have objects of a kind, those that name it first."""
    named, open_to_any = [], []
    for system in SYSTEMS:
        kinds = {each.kind for each in load()[system].facet_paths.objects}
        if kind in kinds or kind in load()[system].part_kinds:
            named.append(system)
        elif NAMED in kinds:
            open_to_any.append(system)
    return [*named, *open_to_any]
