"""What people call objects, and how the log calls them."""

from __future__ import annotations

import pytest

from tidings.app.commands.objects import kind_of, object_of, systems_with


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("node", "node"),
        ("nodes", "node"),
        ("Nodes", "node"),
        ("allocs", "allocation"),
        ("alloc", "allocation"),
        ("allocations", "allocation"),
        ("evals", "evaluation"),
        ("deploys", "deployment"),
        ("deployments", "deployment"),
        ("node-pools", "node_pool"),
        ("pools", "node_pool"),
        ("policies", "acl_policy"),
        ("acl_policies", "acl_policy"),
        ("services", "service"),
        ("access", "access"),
        ("something", "something"),
    ],
)
def test_a_kind_is_known_by_the_words_that_people_use(word: str, kind: str) -> None:
    assert kind_of(word) == kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("job/web", ("job", "web")),
        ("jobs/web", ("job", "web")),
        ("alloc/6f", ("allocation", "6f")),
        ("job/team/web", ("job", "team/web")),
        ("run/352/db-2.example", ("run", "352/db-2.example")),
    ],
)
def test_an_object_is_a_kind_and_an_id(text: str, expected: tuple[str, str]) -> None:
    assert object_of(text) == expected


@pytest.mark.parametrize("text", ["", "web", "/web", "job/"])
def test_what_lacks_one_of_them_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected KIND/ID"):
        object_of(text)


@pytest.mark.parametrize(
    ("kind", "systems"),
    [
        ("allocation", ["nomad", "docker_cloud"]),
        ("job", ["nomad", "puppet", "docker_cloud"]),
        ("run", ["puppet", "docker_cloud"]),
        ("cluster", ["feldera", "docker_cloud"]),
        ("stack", ["docker_cloud"]),
    ],
)
def test_systems_that_name_a_kind_are_asked_first(kind: str, systems: list[str]) -> None:
    assert systems_with(kind) == systems
