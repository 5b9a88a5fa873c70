"""Which objects a list selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidings.core.errors import BadRequest
from tidings.core.object_question import ObjectGroup
from tidings.dialects.dialect import Dialect
from tidings.dialects.facets import ObjectVersion
from tidings.dialects.systems import system_name
from tidings.rpc.objects.versions import Version
from tidings.v1 import objects_pb2 as pb

MAX_VALUES = 1000
"""Of one field."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Fields are AND-ed, values of one field OR-ed; an empty field is no filter."""

    systems: frozenset[str]
    kinds: frozenset[str]
    ids: frozenset[str]
    namespace: str
    sources: frozenset[str]
    parents: Mapping[str, frozenset[str]]
    statuses: frozenset[str]

    @classmethod
    def parse(cls, request: pb.ListObjectsRequest, dialects: Mapping[str, Dialect]) -> Wanted:
        """Return the selection of a request; without systems, all that have objects.

        Raises:
            BadRequest: there is no such system, a parent is none, or there are too many values.
        """
        for name in ("systems", "kinds", "ids", "sources", "parents", "statuses"):
            if len(getattr(request, name)) > MAX_VALUES:
                raise BadRequest(name, f"at most {MAX_VALUES} are allowed")
        for place, system in enumerate(request.systems):
            if not system:
                raise BadRequest(f"systems[{place}]", "must not be EVENT_SYSTEM_UNSPECIFIED")
        systems = {system_name(system) for system in request.systems}
        have_objects = frozenset(
            name for name, each in dialects.items() if each.facet_paths.objects
        )
        return cls(
            have_objects & systems if systems else have_objects,
            frozenset(request.kinds),
            frozenset(request.ids),
            request.namespace,
            frozenset(request.sources),
            _by_kind(request.parents),
            frozenset(request.statuses),
        )

    def may_be(self, group: ObjectGroup) -> bool:
        """Return whether objects that have these in common may be selected."""
        return (
            group.system in self.systems
            and (not self.kinds or group.kind in self.kinds)
            and self.namespace in {"", group.namespace}
            and (not self.sources or group.source in self.sources)
        )

    def is_met_by(self, version: Version) -> bool:
        """Return whether the newest version of an object is selected."""
        told = version.object
        return (
            not told.deleted
            and (not self.ids or not self.ids.isdisjoint({told.id, told.name}))
            and (not self.statuses or told.status in self.statuses)
            and (not self.parents or self._has_parents(told))
        )

    def _has_parents(self, told: ObjectVersion) -> bool:
        return all(
            any(parent == kind and of in ids for parent, of in told.parents)
            for kind, ids in self.parents.items()
        )


def _by_kind(parents: Sequence[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for place, spelled in enumerate(parents):
        kind, slash, parent = spelled.partition("/")
        if not (slash and kind and parent):
            raise BadRequest(f"parents[{place}]", "must be KIND/ID")
        found.setdefault(kind, set()).add(parent)
    return {kind: frozenset(ids) for kind, ids in found.items()}
