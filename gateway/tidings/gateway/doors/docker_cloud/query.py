"""What a request for the stream asks for: pure; nothing in it can be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from tidings.gateway.doors.docker_cloud.paths import PATHS
from tidings.v1 import docker_cloud_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

_OF_ALL = PATHS.template("docker_cloud_events")
_OF_NAMESPACE = PATHS.template("docker_cloud_namespace_events")
# The seed's name and the Go SDK's are one filter.
_FILTERS = {"type": "types", "object": "objects", "parent": "parents", "parents": "parents"}


@dataclass(frozen=True, slots=True)
class EventsQuery:
    """A parsed request. An empty namespace is all of them; an empty filter is none."""

    namespace: str
    types: frozenset[str]
    objects: frozenset[str]
    parents: frozenset[str]

    def request(self) -> pb.SubscribeRequest:
        """Return the request to the service without its start; equal ones for equal queries."""
        selector = docker_cloud_pb2.DockerCloudSelector(
            namespace=self.namespace,
            types=sorted(self.types),
            objects=sorted(self.objects),
            parents=sorted(self.parents),
        )
        return pb.SubscribeRequest(selection=selection_pb2.Selection(docker_cloud=selector))


def parse_namespace(raw_path: bytes) -> str | None:
    """Return the namespace in the path of a stream, "" without one, None for any other path.

    It is percent-decoded once. Each path may have a final slash or none.
    """
    path = raw_path.removesuffix(b"/")
    if _OF_ALL.match(path) is not None:
        return ""
    found = _OF_NAMESPACE.match(path)
    return unquote(found[0]) if found else None


def parse_events_query(namespace: str, raw_query: bytes) -> EventsQuery:
    """Parse the raw query of a request for the stream; unknown parameters are ignored.

    A value is a list joined with commas, decoded before it is split; a repeated parameter adds to
    its list. Types are compared in lower case, URIs without a final slash.

    Source: Docker Cloud Events, and the Go SDK 1.2.1, which sends `parents` and lists.
    """
    wanted: dict[str, set[str]] = {"types": set(), "objects": set(), "parents": set()}
    for name, value in parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True):
        if name in _FILTERS:
            wanted[_FILTERS[name]].update(entry for entry in value.split(",") if entry)
    return EventsQuery(
        namespace,
        frozenset(kind.lower() for kind in wanted["types"]),
        frozenset(uri.removesuffix("/") or uri for uri in wanted["objects"]),
        frozenset(uri.removesuffix("/") or uri for uri in wanted["parents"]),
    )
