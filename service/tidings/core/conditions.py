"""What events must meet beside a selection: their type, source, identifiers and words. Pure.

Conditions are judged over what an event says of itself (`Seen`), whatever its system; all that
are given must hold for one and the same event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tidings.core.errors import BadRequest
from tidings.core.words import NO_PHRASES, Phrases, phrases_of

MAX_VALUES = 1000
"""Of one condition."""

MAX_WORDS = 100
ANY_KIND = ""


class Seen(Protocol):
    """What conditions may see of one event. Each member may be work, and is looked at in order."""

    @property
    def type(self) -> str:
        """Its type; "" = it has none."""
        ...

    @property
    def source(self) -> str:
        """Where it comes from; "" = it does not say."""
        ...

    def identifiers_of(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return pairs of a kind and a value, at least all of this kind (`ANY_KIND` = all)."""
        ...

    def may_have(self, kind: str, values: frozenset[str]) -> bool:
        """Say whether an identifier of a kind may have one of these values: a quick look."""
        ...

    @property
    def text(self) -> tuple[str, ...]:
        """What is searched for words."""
        ...


class Content(NamedTuple):
    """The same, all of it known (`Seen`)."""

    type: str
    source: str
    identifiers: tuple[tuple[str, str], ...]
    text: tuple[str, ...]

    def identifiers_of(self, kind: str) -> tuple[tuple[str, str], ...]:
        """Return them all, whatever the kind."""
        del kind
        return self.identifiers

    def may_have(self, kind: str, values: frozenset[str]) -> bool:
        """Say yes: a closer look is no work."""
        del kind, values
        return True


@dataclass(frozen=True, slots=True)
class Conditions:
    """Hashable; equal ones decide equally. An empty member asks for nothing.

    `identifiers` holds for each kind (`ANY_KIND` = whatever the kind is) its values, of which one
    must be there.
    """

    types: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    identifiers: tuple[tuple[str, frozenset[str]], ...] = ()
    words: Phrases = NO_PHRASES

    @classmethod
    def parse(
        cls, types: Sequence[str], identifiers: Sequence[str], sources: Sequence[str], text: str
    ) -> Conditions:
        """Return what the fields of a request ask for.

        An identifier is spelled `KIND/VALUE`; `VALUE` without a slash, or `/VALUE`, is one of any
        kind. The source "" is that of events without one.

        Raises:
            BadRequest: a value asks for nothing, or there are too many.
        """
        for name, values in (("types", types), ("identifiers", identifiers), ("sources", sources)):
            if len(values) > MAX_VALUES:
                raise BadRequest(name, f"at most {MAX_VALUES} are allowed")
        if "" in types:
            raise BadRequest(f"types[{list(types).index('')}]", "must not be empty")
        return cls(
            frozenset(types), frozenset(sources), _by_kind(identifiers), Phrases(_phrases(text))
        )

    def __bool__(self) -> bool:
        """Say whether anything is asked for."""
        return self != NO_CONDITIONS

    @property
    def are_of_groups(self) -> bool:
        """Say whether they ask for nothing but types and sources."""
        return not self.identifiers and not self.words.phrases

    @property
    def values(self) -> tuple[frozenset[str], ...]:
        """Return for each type, source and identifier that is asked for what it may be."""
        groups = (self.types, self.sources, *(values for _, values in self.identifiers))
        return tuple(filter(None, groups))

    def hold_for(self, content: Seen) -> bool:
        """Say whether one event meets them all."""
        if self.types and content.type not in self.types:
            return False
        if self.sources and content.source not in self.sources:
            return False
        for kind, values in self.identifiers:
            if not (content.may_have(kind, values) and _names(content, kind, values)):
                return False
        return not self.words.phrases or self.words.occur_in(content.text)


NO_CONDITIONS = Conditions()


def _names(content: Seen, kind: str, values: frozenset[str]) -> bool:
    for found, value in content.identifiers_of(kind):  # loops take half as long as `any` and `all`
        if value in values and kind in (found, ANY_KIND):
            return True
    return False


def _by_kind(identifiers: Sequence[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    values: dict[str, set[str]] = {}
    for place, spelled in enumerate(identifiers):
        kind, slash, value = spelled.partition("/")
        if not slash:
            kind, value = ANY_KIND, spelled
        if not value:
            raise BadRequest(f"identifiers[{place}]", "must be KIND/VALUE, or a VALUE of any kind")
        values.setdefault(kind, set()).add(value)
    return tuple((kind, frozenset(values[kind])) for kind in sorted(values))


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    try:
        phrases = phrases_of(text)
    except ValueError as error:
        raise BadRequest("text", str(error)) from None
    if text and not phrases:
        raise BadRequest("text", "holds no letter and no digit")
    if sum(map(len, phrases)) > MAX_WORDS:
        raise BadRequest("text", f"at most {MAX_WORDS} words are allowed")
    return phrases
