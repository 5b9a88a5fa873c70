"""What a reader wants, as a value that can be compared, indexed and asked.

A `Selection` has one matcher for each system that is wanted. Matchers come from the dialects; this
module only says what they must be able to do, so that the log can group readers and index groups
without knowing any system. The part of a record that selection may see is its *envelope*: for each
event of the record, one value that its dialect made (never the payload). Conditions beside the
matchers see more of it; that is only looked at where there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple, Protocol

from tidings.core.conditions import NO_CONDITIONS, Conditions, Seen


class Envelope(NamedTuple):
    """What selection and rights may see of one record.

    `terms` are what groups are found by (a Nomad topic, a Consul name, a Puppet job): hashable,
    few.
    `events` holds one facts value an event, in order, of a type that the system's matcher knows.
    `contents` returns what conditions may see of each, in order; asked again it is no work.
    """

    terms: AbstractSet[Hashable]
    events: Sequence[Any]
    contents: Callable[[], Sequence[Seen]] = tuple


class Opened(Protocol):
    """What an `Envelope` has; each part may be work when it is first looked at."""

    @property
    def terms(self) -> AbstractSet[Hashable]:
        """What groups are found by."""
        ...

    @property
    def events(self) -> Sequence[Any]:
        """Facts of each event."""
        ...

    @property
    def contents(self) -> Callable[[], Sequence[Seen]]:
        """Return what conditions may see of each, by a call."""
        ...


class Matcher(Protocol):
    """Decides which events of one system a reader gets. Equal matchers decide equally; hashable."""

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The terms of which a record must have at least one; None = any record may match."""
        ...

    def selects(self, facts: Any) -> bool:  # noqa: ANN401 - the facts' type is the dialect's own
        """Say whether one event, by its facts, is wanted."""
        ...

    def __hash__(self) -> int:
        """Return a hash that equal matchers share."""
        ...


@dataclass(frozen=True, slots=True)
class Everything:
    """Wants every event of its system."""

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """Any record may match."""
        return None

    def selects(self, facts: Any) -> bool:  # noqa: ANN401 - part of the protocol
        """Every event is wanted."""
        return True


@dataclass(frozen=True)
class Selection:
    """One matcher for each wanted system, and what all events must meet beside it.

    Hashable; readers with equal selections form a group.
    """

    matchers: tuple[tuple[str, Matcher], ...]
    conditions: Conditions = NO_CONDITIONS

    @classmethod
    def of(
        cls, matchers: Mapping[str, Matcher], conditions: Conditions = NO_CONDITIONS
    ) -> Selection:
        """Return the selection with these matchers, the same for equal mappings."""
        ordered = tuple(sorted(matchers.items(), key=lambda pair: pair[0]))
        return cls(ordered, conditions)

    @cached_property
    def systems(self) -> frozenset[str]:
        """The systems that are wanted."""
        return frozenset(system for system, _ in self.matchers)

    @cached_property
    def whole_systems(self) -> frozenset[str]:
        """The systems of which every event is wanted, whatever an envelope says."""
        return frozenset() if self.has_conditions else self.unmatched_systems

    @cached_property
    def unmatched_systems(self) -> frozenset[str]:
        """The systems of which every event is wanted that meets the conditions."""
        return frozenset(system for system, matcher in self.matchers if matcher == Everything())

    @cached_property
    def has_conditions(self) -> bool:
        """Whether events must meet any condition."""
        return bool(self.conditions)

    @cached_property
    def _matcher_of(self) -> Mapping[str, Matcher]:
        return dict(self.matchers)

    def pick(self, system: str, envelope: Opened) -> tuple[int, ...] | None:
        """Return the places of the wanted events of one record: () = none, None = all."""
        matcher = self._matcher_of.get(system)
        if matcher is None:
            return ()
        if self.has_conditions and system in self.unmatched_systems:
            holds = [self.conditions.hold_for(content) for content in envelope.contents()]
            return None if all(holds) else tuple(compress(range(len(holds)), holds))
        wanted = tuple(
            place for place, facts in enumerate(envelope.events) if matcher.selects(facts)
        )
        if wanted and self.has_conditions:
            contents = envelope.contents()
            wanted = tuple(place for place in wanted if self.conditions.hold_for(contents[place]))
        return None if len(wanted) == len(envelope.events) else wanted
