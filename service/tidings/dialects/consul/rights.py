"""What a policy's rules give of Consul: read, write or deny by the event's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from google.protobuf.message import Message

from tidings.core.tables import only, table_of, word_of
from tidings.dialects.rights import Refused, SystemRights
from tidings.v1 import consul_pb2

READ, WRITE, DENY = "read", "write", "deny"
_LEVELS = (READ, WRITE, DENY)
"""From the weakest to the strongest of two rules for one name; Consul acl/policy_merger.go."""

Rules = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ConsulRights(SystemRights):
    """Levels by exact name, and by prefix, in order of the names."""

    system = "consul"

    exact: Rules = ()
    prefix: Rules = ()

    @classmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what `event` and `event_prefix` give."""
        only(table, {"event", "event_prefix"}, path, "rule")
        return cls(_levels(table, "event", path), _levels(table, "event_prefix", path))

    @classmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return what several policies give together; of two rules for one name the stronger."""
        exact, prefix = (part.exact for part in parts), (part.prefix for part in parts)
        return cls(_strongest(exact), _strongest(prefix))

    def may_read(self) -> bool:
        """Say whether there is a rule that is no denial."""
        return any(level != DENY for _, level in (*self.exact, *self.prefix))

    def may_see(self, facts: str) -> bool:
        """Say whether events of this name may be read: event:read."""
        return self._level(facts) in {READ, WRITE}

    def may_fire(self, name: str) -> bool:
        """Say whether events of this name may be fired: event:write."""
        return self._level(name) == WRITE

    def refusal(self, selector: Message) -> Refused | None:
        """Return the first name that may not be read."""
        assert isinstance(selector, consul_pb2.ConsulSelector)
        if not self.may_read():
            return Refused("read", self.system)
        refused = (name for name in selector.names if not self.may_see(name))
        return next((Refused("event:read", name) for name in refused), None)

    def _level(self, name: str) -> str:
        exact = dict(self.exact).get(name)
        if exact is not None:
            return exact
        fitting = [rule for rule in self.prefix if name.startswith(rule[0])]
        return max(fitting, key=lambda rule: len(rule[0]), default=("", DENY))[1]


def _levels(table: Mapping[str, Any], key: str, path: str) -> Rules:
    inside = table_of(table, key, path)
    found = [(name, word_of(inside, name, f"{path}.{key}", _LEVELS)) for name in sorted(inside)]
    return tuple((name, level) for name, level in found if level is not None)


def _strongest(rules: Iterable[Rules]) -> Rules:
    strongest: dict[str, str] = {}
    for part in rules:
        for name, level in part:
            strongest[name] = max(level, strongest.get(name, level), key=_LEVELS.index)
    return tuple(sorted(strongest.items()))
