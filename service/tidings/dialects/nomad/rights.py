"""What a policy's rules give of Nomad: capabilities in namespaces, and nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from google.protobuf.message import Message

from tidings.core.tables import only, table_of, word_of, words_of
from tidings.dialects.nomad.facts import NomadFacts
from tidings.dialects.rights import ANY, Refused, SystemRights
from tidings.v1 import nomad_pb2

READ_JOB = "read-job"
NODE_READ = "node:read"
DENY = "deny"

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "Job": READ_JOB,
        "Allocation": READ_JOB,
        "Deployment": READ_JOB,
        "Evaluation": READ_JOB,
        "Service": READ_JOB,
        "CSIPlugin": READ_JOB,
        "HostVolume": "host-volume-read",
        "CSIVolume": "csi-read-volume",
        "Node": NODE_READ,
    }
)
"""What a topic needs: a capability in the namespace, or node:read. Any other topic: management.

Source: Nomad, HTTP API, Event Stream, ACL table; the volumes' rows: nomad/event_endpoint.go, 1.10.
"""

_CAPABILITIES = frozenset({*NEEDS.values(), DENY} - {NODE_READ})


@dataclass(frozen=True, slots=True)
class NomadRights(SystemRights):
    """Capabilities by namespace or glob, in order, and whether nodes may be read."""

    system = "nomad"

    namespaces: tuple[tuple[str, frozenset[str]], ...] = ()
    node: bool = False

    @classmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what `namespaces` and `node` give."""
        only(table, {"node", "namespaces"}, path, "rule")
        inside, below = table_of(table, "namespaces", path), f"{path}.namespaces"
        return cls(
            tuple(
                (name, frozenset(words_of(inside, name, below, _CAPABILITIES)))
                for name in sorted(inside)
            ),
            word_of(table, "node", path, ("read", "write")) is not None,
        )

    @classmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return what several policies give together: capabilities of one namespace add up."""
        added: dict[str, frozenset[str]] = {}
        for part in parts:
            for namespace, capabilities in part.namespaces:
                added[namespace] = added.get(namespace, frozenset()) | capabilities
        return cls(tuple(sorted(added.items())), any(part.node for part in parts))

    def may_read(self) -> bool:
        """Say whether there is a namespace with capabilities, or nodes may be read."""
        return self.node or any(caps and DENY not in caps for _, caps in self.namespaces)

    def may_stream(self, topic: str, namespace: str) -> bool:
        """Say whether a topic of a namespace may be asked for.

        Namespace "*" (or "", the same) means all: only a rule for "*" passes it.
        """
        need = NEEDS.get(topic)
        if need is None:
            return False
        if need == NODE_READ:
            return self.node
        if namespace in {"", ANY}:
            every = dict(self.namespaces).get(ANY, frozenset())
            return need in every and DENY not in every
        return need in self.capabilities(namespace)

    def may_see(self, facts: NomadFacts) -> bool:
        """Say whether an event may be read; one without a namespace is outside of them."""
        need = NEEDS.get(facts.topic, "")
        if facts.namespace or need in {"", NODE_READ}:
            return self.may_stream(facts.topic, facts.namespace or ANY)
        return any(need in caps and DENY not in caps for _, caps in self.namespaces)

    def refusal(self, selector: Message) -> Refused | None:
        """Return the first topic that may not be asked for.

        Source: Nomad, HTTP API, Event Stream: all topics need management, as do unknown ones; a key
        does not weaken what its topic needs.
        """
        assert isinstance(selector, nomad_pb2.NomadSelector)
        for topic in [wanted.topic for wanted in selector.topics] or [ANY]:
            if not self.may_stream(topic, selector.namespace):
                return Refused("read topic", topic)
        return None

    def capabilities(self, namespace: str) -> frozenset[str]:
        """Return the capabilities in a namespace: by its own rule, else by the closest glob's.

        Source: Nomad acl/acl.go, findClosestMatchingGlob: fewest characters matched by "*".
        """
        rules = dict(self.namespaces)
        found = rules.get(namespace)
        if found is None:
            globs = [name for name in rules if ANY in name and _fits(name, namespace)]
            closest = max(globs, key=lambda name: (len(name.replace(ANY, "")), name), default="")
            found = rules.get(closest, frozenset())
        return frozenset() if DENY in found else found


def _fits(pattern: str, text: str) -> bool:
    """Say whether a text fits a pattern with "*"; takes no longer than the text is long.

    A regular expression would try every way to divide a text, which a caller may choose.
    """
    first, *middle, last = pattern.split(ANY)
    end = len(text) - len(last)
    if not (text.startswith(first) and text.endswith(last)):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
