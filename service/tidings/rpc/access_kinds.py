"""The kinds of things that access control keeps in the store, and how changes are applied."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

from tidings.access.directory import Layered
from tidings.core.record import StateEntry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of thing that is kept in the store, below a prefix of names."""

    prefix: str
    parse: Callable[[bytes], T | None]
    things: Layered[T]

    def apply(self, change: StateEntry | str) -> None:
        """Apply a change, if it is of this kind; what cannot be read is ignored."""
        name = change if isinstance(change, str) else change.name
        if not name.startswith(self.prefix):
            return
        found = None if isinstance(change, str) else self.parse(change.value)
        if found is None:
            self.things.drop(name.removeprefix(self.prefix))
        else:
            self.things.put(name.removeprefix(self.prefix), found)

    def keep_only(self, names: Collection[str]) -> None:
        """Remove everything that is not among these names of the store."""
        for name in list(self.things.of_store()):
            if self.prefix + name not in names:
                self.things.drop(name)
