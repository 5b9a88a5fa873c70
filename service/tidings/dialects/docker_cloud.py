"""Docker Cloud's audit events: the hierarchy of objects, and whose objects an event concerns."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from google.protobuf.message import Message

from tidings.core.errors import BadRequest
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.core.tables import only, words_of
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.facet_paths import NAMED, FacetPaths, ObjectPaths
from tidings.dialects.rights import ANY, Refused, SystemRights
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
"""Kinds of parents of each kind of object. A hint: what Docker Cloud sent does not keep to it.

Source: Docker Cloud Events, table of types.
"""

# /api/<app|infra|audit>/v1/<namespace>/<type>/<uuid>/, or without a namespace
_URI = re.compile(r"/api/[^/]+/v1/(?:(?P<namespace>[^/]+)/)?(?P<type>[^/]+)/(?P<uuid>[^/]+)/?")
# The two spellings of an action's URI: of the stream, and of the REST API and the Python SDK.
_ACTION_URI = re.compile(r"/api/(?:app/v1/[^/]+|audit/v1)/action/(?P<uuid>[^/]+)")

OWN = "~"
"""In the namespaces of a rule: the one that has the token's name."""

_SUBJECT_DIGITS = 16  # of a hash; what has the same by chance is compared like any other


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


@dataclass(frozen=True, slots=True)
class DockerCloudRights(SystemRights):
    """Namespaces whose events may be read: their names, `ANY` and `OWN`."""

    system = "docker_cloud"

    namespaces: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what `namespaces` gives."""
        only(table, {"namespaces"}, path, "rule")
        return cls(frozenset(words_of(table, "namespaces", path)))

    @classmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return all namespaces."""
        return cls(frozenset[str]().union(*(part.namespaces for part in parts)))

    def of_owner(self, name: str) -> Self:
        """Return these rights with the owner's name in the place of `OWN`; "" = it is none."""
        if OWN not in self.namespaces:
            return self
        return replace(self, namespaces=self.namespaces - {OWN} | ({name} if name else set()))

    def may_read(self) -> bool:
        """Say whether there is any namespace."""
        return bool(self.namespaces)

    def may_see(self, facts: DockerCloudFacts) -> bool:
        """Say whether events of the event's namespace may be read."""
        return self.may_see_namespace(facts.namespace)

    def may_see_namespace(self, namespace: str) -> bool:
        """Say whether events of a namespace may be read."""
        return not self.namespaces.isdisjoint({namespace, ANY})

    def refusal(self, selector: Message) -> Refused | None:
        """Return the namespace, if it may not be read."""
        assert isinstance(selector, docker_cloud_pb2.DockerCloudSelector)
        if not self.may_read():
            return Refused("read", self.system)
        asked = selector.namespace
        if asked and not self.may_see_namespace(asked):
            return Refused("read namespace", asked)
        return None


class DockerCloudDialect(Dialect):
    """Docker Cloud's rules."""

    system = "docker_cloud"
    rights = DockerCloudRights
    color = 34
    ignored_fields = ("namespace",)
    id_field = "uuid"
    time_field = "datetime"
    time_step_ns = NANOS_PER_SECOND
    facet_paths = FacetPaths(
        type="action",
        topic="type",
        namespace="namespace",
        text=("type", "state", "resource_uri"),
        objects=(
            ObjectPaths(
                NAMED,
                "object",
                id="id",
                namespace="namespace",
                status="value.state",
                parents=((NAMED, "parents"),),
                value="value",
                gone_types=frozenset({"delete"}),
            ),
        ),
    )

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without type, action or object, and what is none."""
        assert isinstance(body, docker_cloud_pb2.DockerCloudEvent)
        for field in ("type", "action", "resource_uri"):
            if not getattr(body, field):
                raise BadRequest(path + field, "must not be empty")
        kind = body.type.lower()
        if kind == "error":
            raise BadRequest(
                path + "type", "error is a failure of a stream, and is never published"
            )

    def remarks(self, events: Sequence[event_pb2.Event]) -> Sequence[str]:
        """Report parents that the documentation's table does not have.

        Docker Cloud itself sent such: an action with two parents, a service below a service.
        """
        return [remark for event in events for remark in _remarks(event.docker_cloud)]

    def mint_id(self, body: Message, context: CheckContext) -> str:
        """Return a random UUID (version 4, as in Docker Cloud's samples)."""
        return str(UUID(bytes=context.token(16), version=4))

    def subject(self, event: event_pb2.Event) -> str:
        """Return the subject of the event's id, so that it is found by that."""
        return self.subject_of_id(event) or self.system

    def subject_of_id(self, event: event_pb2.Event) -> str:
        """Return a subject made of a hash of the id, which may be any text."""
        given_id = event.docker_cloud.uuid or event.id
        name = sha256(given_id.encode("utf-8", "surrogatepass")).hexdigest()[:_SUBJECT_DIGITS]
        return f"{self.system}.{name}" if given_id else ""

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set the namespace: the object's, else that of the first parent that has one."""
        assert isinstance(body, docker_cloud_pb2.DockerCloudEvent)
        for uri in (body.resource_uri, *body.parents):
            parsed = _URI.fullmatch(uri)
            if parsed and parsed["namespace"]:
                body.namespace = parsed["namespace"]
                return

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return the event, and its object under its type; an object's id ends its URI."""
        body = event.docker_cloud
        value = {
            "type": body.type,
            "resource_uri": body.resource_uri,
            "state": body.state,
            "parents": list(body.parents),
        }
        parents: dict[str, list[str]] = {}
        for uri in body.parents:
            kind, uuid = _named(uri)
            parents.setdefault(kind, []).append(uuid)
        _, uuid = _named(body.resource_uri)
        item = {"id": uuid, "namespace": body.namespace, "parents": parents, "value": value}
        return value | {
            "action": body.action,
            "namespace": body.namespace,
            "object": {body.type.lower(): item},
        }

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return what was done to which object."""
        cloud = event.docker_cloud
        return cloud.type, cloud.action, cloud.state, cloud.resource_uri

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


def _remarks(event: docker_cloud_pb2.DockerCloudEvent) -> Iterator[str]:
    kind = event.type.lower()
    if kind == "action" and len(event.parents) != 1:
        yield "parents_of_an_action"
    allowed = ALLOWED_PARENTS.get(kind)
    for uri in event.parents if allowed is not None else ():
        parsed = _URI.fullmatch(uri)
        parent_kind = parsed["type"].lower() if parsed else ""
        if allowed is not None and parent_kind in ALLOWED_PARENTS and parent_kind not in allowed:
            yield "type_of_a_parent"


def _facts(event: docker_cloud_pb2.DockerCloudEvent) -> DockerCloudFacts:
    return DockerCloudFacts(
        namespace=event.namespace,
        type=event.type.lower(),
        object=_comparable(event.resource_uri),
        parents=frozenset(map(_comparable, event.parents)),
    )


def _named(uri: str) -> tuple[str, str]:
    """Return the type and the id that a URI tells; it is its own id if it tells none."""
    parsed = _URI.fullmatch(uri)
    return (parsed["type"].lower(), parsed["uuid"]) if parsed else ("uri", uri)


def _comparable(uri: str) -> str:
    """Return a URI without its final slash, and an action's always in its shorter spelling."""
    bare = uri.removesuffix("/")
    action = _ACTION_URI.fullmatch(bare)
    return f"/api/audit/v1/action/{action['uuid']}" if action else bare


def make() -> DockerCloudDialect:
    """Return Docker Cloud's dialect."""
    return DockerCloudDialect()
