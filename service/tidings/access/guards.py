"""Rights as a part of selection: what a reader selects and may read."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from tidings.access.rights import Rights
from tidings.core.selection import Matcher, Selection
from tidings.dialects.rights import SystemRights


@dataclass(frozen=True, slots=True)
class Guarded:
    """Wants what its matcher wants and its rights allow."""

    matcher: Matcher
    rights: SystemRights

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The matcher's terms; rights only take away."""
        return self.matcher.terms

    def selects(self, facts: Any) -> bool:  # noqa: ANN401 - the facts' type is the dialect's own
        """Return whether one event is selected and may be read."""
        return self.matcher.selects(facts) and self.rights.may_see(facts)


def guarded(selection: Selection, rights: Rights) -> Selection:
    """Return what of a selection may be read: systems that may not be read at all are left out."""
    if rights.management:
        return selection  # the same group as without access control
    readable = {each.system: each for each in rights.systems if each.may_read()}
    return Selection.of(
        {
            system: Guarded(matcher, own) if own.depend_on_event else matcher
            for system, matcher in selection.matchers
            if (own := readable.get(system)) is not None
        },
        selection.conditions,
    )
