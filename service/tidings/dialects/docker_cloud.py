"""Docker Cloud's audit events: the hierarchy of objects, and whose objects an event concerns."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from google.protobuf.message import Message

from tidings.core.errors import BadRequest
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.rules import NANOS_PER_SECOND
from tidings.v1 import docker_cloud_pb2, event_pb2

ALLOWED_PARENTS = MappingProxyType(
    {
        "stack": frozenset[str](),
        "service": frozenset({"stack"}),
        "container": frozenset({"service", "stack", "node", "nodecluster"}),
        "nodecluster": frozenset[str](),
        "node": frozenset({"nodecluster"}),
        "action": frozenset({"stack", "service", "container", "nodecluster", "node"}),
    }
)
"""Kinds of parents of each kind of object. Source: Docker Cloud Events, table of types."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# /api/<app|infra|audit>/v1/<namespace>/<type>/<uuid>/, or without a namespace
_URI = re.compile(r"/api/[^/]+/v1/(?:(?P<namespace>[^/]+)/)?(?P<type>[^/]+)/[^/]+/?")
# The two spellings of an action's URI: of the stream, and of the REST API and the Python SDK.
_ACTION_URI = re.compile(r"/api/(?:app/v1/[^/]+|audit/v1)/action/(?P<uuid>[^/]+)")


@dataclass(frozen=True, slots=True)
class DockerCloudFacts:
    """What selection may see of one event; URIs as they are compared, the type in lower case."""

    namespace: str
    type: str
    object: str
    parents: frozenset[str]


@dataclass(frozen=True, slots=True)
class DockerCloudMatcher:
    """Wants events that pass every filter; an empty one passes everything."""

    namespace: str
    types: frozenset[str]
    objects: frozenset[str]
    parents: frozenset[str]

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The entries of the filter that lets the fewest events pass."""
        for name in ("objects", "parents", "types"):
            if wanted := getattr(self, name):
                return frozenset((name, value) for value in wanted)
        return frozenset({("namespace", self.namespace)}) if self.namespace else None

    def selects(self, facts: DockerCloudFacts) -> bool:
        """Say whether the event passes every filter."""
        return (
            (not self.namespace or facts.namespace == self.namespace)
            and (not self.types or facts.type in self.types)
            and (not self.objects or facts.object in self.objects)
            and (not self.parents or not self.parents.isdisjoint(facts.parents))
        )


class DockerCloudDialect(Dialect):
    """Docker Cloud's rules."""

    system = "docker_cloud"
    body_field = "docker_cloud"
    ignored_fields = ("namespace",)
    id_field = "uuid"
    time_field = "datetime"
    time_step_ns = NANOS_PER_SECOND

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without type, action or object, and parents that may not be."""
        assert isinstance(body, docker_cloud_pb2.DockerCloudEvent)
        for field in ("type", "action", "resource_uri"):
            if not getattr(body, field):
                raise BadRequest(path + field, "must not be empty")
        kind = body.type.lower()
        if kind == "error":
            raise BadRequest(
                path + "type", "error is a failure of a stream, and is never published"
            )
        if kind == "action" and len(body.parents) != 1:
            raise BadRequest(
                path + "parents", "an action has exactly one parent, the object acted on"
            )
        allowed = ALLOWED_PARENTS.get(kind)
        if allowed is None:
            return
        for place, uri in enumerate(body.parents):
            parsed = _URI.fullmatch(uri)
            parent_kind = parsed["type"].lower() if parsed else ""
            if parent_kind in ALLOWED_PARENTS and parent_kind not in allowed:
                raise BadRequest(
                    f"{path}parents[{place}]", f"a {kind} has no parent of type {parent_kind}"
                )

    def check_id(self, text: str, path: str) -> None:
        """Refuse what is not a lower-case UUID."""
        if not _UUID.fullmatch(text):
            raise BadRequest(path, "must be a lower-case UUID")

    def mint_id(self, body: Message, context: CheckContext) -> str:
        """Return a random UUID (version 4, as in Docker Cloud's samples)."""
        return str(UUID(bytes=context.token(16), version=4))

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set the namespace: the object's, else that of the first parent that has one."""
        assert isinstance(body, docker_cloud_pb2.DockerCloudEvent)
        for uri in (body.resource_uri, *body.parents):
            parsed = _URI.fullmatch(uri)
            if parsed and parsed["namespace"]:
                body.namespace = parsed["namespace"]
                return

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return namespace, type, object and parents of each event."""
        facts = [_facts(event.docker_cloud) for event in events]
        terms: set[Hashable] = set()
        for fact in facts:
            terms |= {("objects", fact.object), ("types", fact.type), ("namespace", fact.namespace)}
            terms |= {("parents", parent) for parent in fact.parents}
        return Envelope(frozenset(terms), facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of namespace, types, objects and parents."""
        assert isinstance(selector, docker_cloud_pb2.DockerCloudSelector)
        if selector == docker_cloud_pb2.DockerCloudSelector():
            return Everything()
        return DockerCloudMatcher(
            selector.namespace,
            frozenset(kind.lower() for kind in selector.types),
            frozenset(map(_comparable, selector.objects)),
            frozenset(map(_comparable, selector.parents)),
        )


def _facts(event: docker_cloud_pb2.DockerCloudEvent) -> DockerCloudFacts:
    return DockerCloudFacts(
        namespace=event.namespace,
        type=event.type.lower(),
        object=_comparable(event.resource_uri),
        parents=frozenset(map(_comparable, event.parents)),
    )


def _comparable(uri: str) -> str:
    """Return a URI without its final slash, and an action's always in its shorter spelling."""
    bare = uri.removesuffix("/")
    action = _ACTION_URI.fullmatch(bare)
    return f"/api/audit/v1/action/{action['uuid']}" if action else bare


def make() -> DockerCloudDialect:
    """Return Docker Cloud's dialect."""
    return DockerCloudDialect()
