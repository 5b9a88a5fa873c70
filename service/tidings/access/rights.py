"""What a caller may do: the union of its policies' rules, and every decision that follows from it.

Deny is the default: a right exists only if a rule gives it. What can be decided for a system is
defined by its dialect (`tidings.dialects.rights`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import TypeVar

from tidings.dialects import rights_by_system
from tidings.dialects.rights import SystemRights

R = TypeVar("R", bound=SystemRights)


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of one policy, or of one caller. Hashable; equal rights decide equally.

    `systems` holds the rights of each system for which they give any, by name; `publish` holds
    systems.
    """

    management: bool = False
    systems: tuple[SystemRights, ...] = ()
    publish: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """A short name of these rights, the same in every process: equal for equal rights only."""
        systems = tuple((each.system, astuple(each)) for each in self.systems)  # type: ignore[call-overload]  # each is a dataclass
        said = _sorted((self.management, systems, self.publish))
        return hashlib.sha256(repr(said).encode()).hexdigest()[:32]

    def of(self, kind: type[R]) -> R:
        """Return the rights of one system. Management is separate: check it first."""
        return next((each for each in self.systems if isinstance(each, kind)), kind())

    def may_publish(self, system: str) -> bool:
        """Return whether events of the system may be published."""
        return self.management or system in self.publish

    def may_publish_anything(self) -> bool:
        """Return whether events of any system may be published."""
        return self.management or bool(self.publish)

    def may_read(self, system: str) -> bool:
        """Return whether anything of the system may be read."""
        return self.management or any(
            each.may_read() for each in self.systems if each.system == system
        )

    def of_owner(self, name: str) -> Rights:
        """Return these rights of the token with this name; "" = it has none."""
        systems = tuple(each.of_owner(name) for each in self.systems)
        return self if systems == self.systems else replace(self, systems=systems)


MANAGEMENT = Rights(management=True)


def united(parts: Iterable[Rights]) -> Rights:
    """Return the union of several policies' rights."""
    all_parts = list(parts)
    together = (
        kind.united([part.of(kind) for part in all_parts]) for kind in rights_by_system().values()
    )
    return Rights(
        systems=tuple(each for each in together if each != type(each)()),
        publish=frozenset[str]().union(*(part.publish for part in all_parts)),
    )


def _sorted(value: object) -> object:
    """Return the same with sorted sets."""
    if isinstance(value, frozenset):
        return sorted(value)
    return [_sorted(one) for one in value] if isinstance(value, tuple) else value
