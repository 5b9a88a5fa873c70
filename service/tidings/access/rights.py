"""What a caller may do: the union of its policies' rules, and every decision that follows from it.

Deny is the default: a right that no rule gives is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from types import MappingProxyType

ANY = "*"
OWN = "~"
"""In Docker Cloud's namespaces: the one that has the token's name."""

READ_JOB = "read-job"
NODE_READ = "node:read"
DENY = "deny"

NOMAD_NEEDS: Mapping[str, str] = MappingProxyType(
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

NOMAD_CAPABILITIES = frozenset({*NOMAD_NEEDS.values(), DENY} - {NODE_READ})

_STRENGTH = {
    "read": 0,
    "write": 1,
    DENY: 2,
}  # of two rules for one name; Consul acl/policy_merger.go

Rules = tuple[tuple[str, str], ...]
Capabilities = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Rights:
    """What one policy, or one caller, may do. Hashable; equal rights decide equally.

    `nomad_namespaces` holds capabilities by namespace or glob; `consul_exact` and `consul_prefix`
    hold read, write or deny by name; `reads` holds those of puppet, feldera and tidings that may
    be read, which have no finer rules; `publish` holds systems.
    """

    management: bool = False
    nomad_namespaces: Capabilities = ()
    nomad_node: bool = False
    consul_exact: Rules = ()
    consul_prefix: Rules = ()
    docker_cloud_namespaces: frozenset[str] = field(default_factory=frozenset)
    reads: frozenset[str] = field(default_factory=frozenset)
    publish: frozenset[str] = field(default_factory=frozenset)

    @property
    def digest(self) -> str:
        """A short name of these rights, in every process: that of equal ones, and of no others."""
        return hashlib.sha256(repr(_sorted(astuple(self))).encode()).hexdigest()[:32]

    def may_publish(self, system: str) -> bool:
        """Say whether events of the system may be published."""
        return self.management or system in self.publish

    def may_publish_anything(self) -> bool:
        """Say whether events of any system may be published."""
        return self.management or bool(self.publish)

    def may_read(self, system: str) -> bool:
        """Say whether anything of the system may be read at all."""
        if self.management:
            return True
        match system:
            case "nomad":
                return self.nomad_node or any(
                    caps and DENY not in caps for _, caps in self.nomad_namespaces
                )
            case "consul":
                return any(level != DENY for _, level in (*self.consul_exact, *self.consul_prefix))
            case "docker_cloud":
                return bool(self.docker_cloud_namespaces)
            case _:
                return system in self.reads

    def may_stream(self, topic: str, namespace: str) -> bool:
        """Say whether a Nomad topic of a namespace may be asked for.

        Namespace "*" (or "", the same) means all: only management or a rule for "*" passes it.
        """
        if self.management:
            return True
        need = NOMAD_NEEDS.get(topic)
        if need is None:
            return False
        if need == NODE_READ:
            return self.nomad_node
        if namespace in {"", ANY}:
            every = dict(self.nomad_namespaces).get(ANY, frozenset())
            return need in every and DENY not in every
        return need in self.nomad_capabilities(namespace)

    def may_see(self, topic: str, namespace: str) -> bool:
        """Say whether one Nomad event may be delivered; "" = it is outside of namespaces."""
        need = NOMAD_NEEDS.get(topic, "")
        if self.management or namespace or need in {"", NODE_READ}:
            return self.may_stream(topic, namespace or ANY)
        return any(need in caps and DENY not in caps for _, caps in self.nomad_namespaces)

    def nomad_capabilities(self, namespace: str) -> frozenset[str]:
        """Return the capabilities in a namespace: by its own rule, else by the closest glob's.

        Source: Nomad acl/acl.go, findClosestMatchingGlob: fewest characters matched by "*".
        """
        rules = dict(self.nomad_namespaces)
        found = rules.get(namespace)
        if found is None:
            globs = [name for name in rules if ANY in name and _fits(name, namespace)]
            closest = max(globs, key=lambda name: (len(name.replace(ANY, "")), name), default="")
            found = rules.get(closest, frozenset())
        return frozenset() if DENY in found else found

    def may_read_event(self, name: str) -> bool:
        """Say whether Consul's events of this name may be read: event:read."""
        return self.management or self._consul_level(name) in {"read", "write"}

    def may_fire(self, name: str) -> bool:
        """Say whether Consul's events of this name may be fired: event:write."""
        return self.management or self._consul_level(name) == "write"

    def _consul_level(self, name: str) -> str:
        exact = dict(self.consul_exact).get(name)
        if exact is not None:
            return exact
        fitting = [rule for rule in self.consul_prefix if name.startswith(rule[0])]
        return max(fitting, key=lambda rule: len(rule[0]), default=("", DENY))[1]

    def may_see_namespace(self, namespace: str) -> bool:
        """Say whether Docker Cloud's events of a namespace may be read."""
        return self.management or not self.docker_cloud_namespaces.isdisjoint({namespace, ANY})

    def of_owner(self, name: str) -> Rights:
        """Return these rights with the owner's name in the place of "~"; "" = it is none."""
        if OWN not in self.docker_cloud_namespaces:
            return self
        named = self.docker_cloud_namespaces - {OWN} | ({name} if name else set())
        return replace(self, docker_cloud_namespaces=named)


MANAGEMENT = Rights(management=True)


def united(parts: Iterable[Rights]) -> Rights:
    """Return what several policies give together; of two Consul rules for one name the stronger.

    Deny is stronger than write, write than read; capabilities of one namespace add up.
    """
    all_parts = list(parts)
    return Rights(
        nomad_namespaces=_added(part.nomad_namespaces for part in all_parts),
        nomad_node=any(part.nomad_node for part in all_parts),
        consul_exact=_strongest(part.consul_exact for part in all_parts),
        consul_prefix=_strongest(part.consul_prefix for part in all_parts),
        docker_cloud_namespaces=_union(part.docker_cloud_namespaces for part in all_parts),
        reads=_union(part.reads for part in all_parts),
        publish=_union(part.publish for part in all_parts),
    )


def _union(sets: Iterable[Collection[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)


def _added(rules: Iterable[Capabilities]) -> Capabilities:
    added: dict[str, frozenset[str]] = {}
    for part in rules:
        for namespace, capabilities in part:
            added[namespace] = added.get(namespace, frozenset()) | capabilities
    return tuple(sorted(added.items()))


def _strongest(rules: Iterable[Rules]) -> Rules:
    strongest: dict[str, str] = {}
    for part in rules:
        for name, level in part:
            strongest[name] = max(level, strongest.get(name, level), key=_STRENGTH.__getitem__)
    return tuple(sorted(strongest.items()))


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


def _sorted(value: object) -> object:
    """Return the same with sets in an order."""
    if isinstance(value, frozenset):
        return sorted(value)
    return [_sorted(one) for one in value] if isinstance(value, tuple) else value
