"""Rights as a part of selection: what a reader wants, and may read."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from tidings.access.rights import Rights
from tidings.core.selection import Matcher, Selection

_FINE = frozenset({"nomad", "consul", "docker_cloud"})
"""Systems whose rights depend on the event."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """Wants what its matcher wants and its rights allow."""

    system: str
    matcher: Matcher
    rights: Rights

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The matcher's terms; rights only take away."""
        return self.matcher.terms

    def selects(self, facts: Any) -> bool:  # noqa: ANN401 - the facts' type is the dialect's own
        """Say whether one event is wanted and may be read."""
        return self.matcher.selects(facts) and _may_read(self.system, self.rights, facts)


def guarded(selection: Selection, rights: Rights) -> Selection:
    """Return what of a selection may be read: systems that may not be read at all are left out."""
    if rights.management:
        return selection  # the same group as without access control
    return Selection.of(
        {
            system: Guarded(system, matcher, rights) if system in _FINE else matcher
            for system, matcher in selection.matchers
            if rights.may_read(system)
        }
    )


def _may_read(system: str, rights: Rights, facts: Any) -> bool:  # noqa: ANN401 - as above
    if system == "nomad":
        return rights.may_see(facts.topic, facts.namespace)
    if system == "consul":
        return rights.may_read_event(facts)
    return rights.may_see_namespace(facts.namespace)
