"""Docker Cloud: the hierarchy of objects, the namespace, the filters."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.dialects.drafts import check, stored
from tidings.core.errors import BadRequest
from tidings.core.selection import Selection
from tidings.dialects.docker_cloud import ALLOWED_PARENTS, make
from tidings.v1 import docker_cloud_pb2, event_pb2

DOCKER = make()
UUID = "2a0b1c1d-0a1b-4c1d-8a1b-0a1b0c1d0a1b"
KINDS = sorted(ALLOWED_PARENTS)


def uri(kind: str, namespace: str = "me", room: str = "app") -> str:
    return f"/api/{room}/v1/{namespace + '/' if namespace else ''}{kind}/{UUID}/"


def event(kind: str = "stack", parents: Sequence[str] = (), **fields: str) -> event_pb2.Event:
    values = {"action": "update", "resource_uri": uri(kind.lower()), "state": "Running"} | fields
    body = docker_cloud_pb2.DockerCloudEvent(type=kind, parents=parents, **values)  # type: ignore[arg-type]  # by name
    return event_pb2.Event(docker_cloud=body)


@pytest.mark.parametrize("field", ["type", "action", "resource_uri"])
def test_an_event_says_what_was_done_to_what(field: str) -> None:
    bad = event()
    bad.docker_cloud.ClearField(field)  # type: ignore[arg-type]  # by name
    with pytest.raises(BadRequest) as refused:
        check(DOCKER, bad)
    assert str(refused.value) == f"events[0].docker_cloud.{field}: must not be empty"


@pytest.mark.parametrize("kind", ["error", "Error"])
def test_error_is_never_published(kind: str) -> None:
    with pytest.raises(BadRequest, match="never published"):
        check(DOCKER, event(kind))


@pytest.mark.parametrize("parent", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_hierarchy_of_the_documentation_is_a_hint(kind: str, parent: str) -> None:
    kept = stored(check(DOCKER, event(kind, [uri(parent)])))
    assert kept[0].docker_cloud.parents == [uri(parent)]
    fits = parent in ALLOWED_PARENTS[kind]
    assert DOCKER.remarks(kept) == ([] if fits else ["type_of_a_parent"])


# What Docker Cloud really sent, by the kinds of the objects.
SENT = [
    ("action", ["service", "stack"], ["parents_of_an_action"]),
    ("service", ["service", "stack"], ["type_of_a_parent"]),
    ("action", [], ["parents_of_an_action"]),
    ("stack", ["stack", "node"], ["type_of_a_parent", "type_of_a_parent"]),
]


@pytest.mark.parametrize(("kind", "parents", "remarks"), SENT)
def test_what_docker_cloud_sent_is_kept(kind: str, parents: list[str], remarks: list[str]) -> None:
    uris = [uri(parent) for parent in parents]
    kept = stored(check(DOCKER, event(kind, uris)))
    assert list(kept[0].docker_cloud.parents) == uris
    assert DOCKER.remarks(kept) == remarks


@pytest.mark.parametrize("uuid", ["7", UUID.upper(), "not a UUID"])
def test_any_text_names_an_event(uuid: str) -> None:
    kept = stored(check(DOCKER, event(uuid=uuid)))[0]
    assert (kept.id, kept.docker_cloud.uuid) == (uuid, uuid)


def test_a_container_has_up_to_four_parents_in_any_order() -> None:
    parents = [uri("service"), uri("stack"), uri("node", room="infra"), uri("nodecluster")]
    kept = stored(check(DOCKER, event("container", parents)))[0].docker_cloud
    assert list(kept.parents) == parents


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        ("registry", [uri("stack"), uri("service")]),  # unknown kind
        ("stack", [uri("registry")]),  # unknown kind of parent
        ("stack", ["not a URI"]),
        ("Service", [uri("Stack").upper().replace("/API", "/api").replace("/V1", "/v1")]),
    ],
)
def test_unknown_kinds_pass(kind: str, parents: list[str]) -> None:
    assert stored(check(DOCKER, event(kind, parents)))[0].docker_cloud.type == kind


@pytest.mark.parametrize(
    ("resource_uri", "parents", "namespace"),
    [
        (uri("container", "acme"), [uri("service", "other")], "acme"),
        (uri("container", "acme").rstrip("/"), [], "acme"),
        (uri("container", ""), [uri("node", ""), uri("service", "other")], "other"),
        (uri("container", ""), [], ""),
        ("not a URI", [], ""),
    ],
)
def test_the_namespace_is_the_objects_else_a_parents(
    resource_uri: str, parents: list[str], namespace: str
) -> None:
    made = event("container", parents, resource_uri=resource_uri, namespace="ignored")
    assert stored(check(DOCKER, made))[0].docker_cloud.namespace == namespace


SERVICE = uri("service")
STACK = uri("stack", "acme")


@pytest.mark.parametrize(
    ("selector", "places"),
    [
        ({}, (0, 1)),
        ({"types": ["SERVICE"]}, (0,)),
        ({"types": ["service", "stack"]}, (0, 1)),
        ({"types": ["unknown"]}, ()),
        ({"objects": [SERVICE]}, (0,)),
        ({"objects": [SERVICE.rstrip("/")]}, (0,)),
        ({"objects": [SERVICE[:20]]}, ()),
        ({"parents": [uri("stack").rstrip("/")]}, (0,)),
        ({"parents": [STACK]}, ()),
        ({"namespace": "acme"}, (1,)),
        ({"namespace": "ac"}, ()),
        ({"namespace": "acme", "types": ["service"]}, ()),
        ({"namespace": "acme", "types": ["stack"], "objects": [STACK]}, (1,)),
        ({"types": ["stack"], "objects": [SERVICE]}, ()),
    ],
)
def test_filters_are_anded_and_their_values_ored(
    selector: dict[str, object], places: tuple[int, ...]
) -> None:
    events = [
        stored(check(DOCKER, event("Service", [uri("stack")], resource_uri=SERVICE)))[0],
        stored(check(DOCKER, event("stack", resource_uri=STACK)))[0],
    ]
    matcher = DOCKER.matcher(docker_cloud_pb2.DockerCloudSelector(**selector))  # type: ignore[arg-type]  # by name
    picked = Selection.of({"docker_cloud": matcher}).pick("docker_cloud", DOCKER.envelope(events))
    assert ((0, 1) if picked is None else picked) == places
    for place in (0, 1) if picked is None else picked:
        terms = DOCKER.envelope([events[place]]).terms
        assert matcher.terms is None or matcher.terms & terms


@pytest.mark.parametrize("shown", [uri("action"), uri("action", "", "audit")])
@pytest.mark.parametrize("asked", [uri("action"), uri("action", "", "audit").rstrip("/")])
def test_both_spellings_of_an_actions_uri_are_one(shown: str, asked: str) -> None:
    made = stored(check(DOCKER, event("action", [uri("stack")], resource_uri=shown)))
    assert made[0].docker_cloud.resource_uri == shown
    for other, places in [(asked, None), (asked.replace("action", "stack"), ())]:
        matcher = DOCKER.matcher(docker_cloud_pb2.DockerCloudSelector(objects=[other]))
        selection = Selection.of({"docker_cloud": matcher})
        assert selection.pick("docker_cloud", DOCKER.envelope(made)) == places
