"""Rights: which rule counts, and what several give together."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidings.access.guards import guarded
from tidings.access.rights import MANAGEMENT, Rights, united
from tidings.access.rules import parse_rules
from tidings.core.selection import Envelope, Everything, Selection
from tidings.dialects.consul.rights import ConsulRights
from tidings.dialects.docker_cloud import DockerCloudRights
from tidings.dialects.feldera import FelderaRights
from tidings.dialects.nomad.facts import NomadFacts
from tidings.dialects.nomad.rights import NomadRights
from tidings.dialects.puppet import PuppetRights
from tidings.v1.systems import SYSTEMS


def facts(topic: str, namespace: str) -> NomadFacts:
    return NomadFacts(topic, (), namespace)


def nomad(text: str) -> NomadRights:
    return parse_rules(text).of(NomadRights)


def consul(rights: Rights) -> ConsulRights:
    return rights.of(ConsulRights)


NOMAD = """
[nomad.namespaces]
"*" = ["read-job"]
"prod-*" = []
"prod-eu-*" = ["read-job", "csi-read-volume"]
secret = ["read-job", "deny"]
"""


@pytest.mark.parametrize(
    ("topic", "namespace", "allowed"),
    [
        ("Job", "default", True),
        ("Job", "prod-us", False),
        ("Job", "prod-eu-1", True),
        ("CSIVolume", "prod-eu-1", True),
        ("CSIVolume", "default", False),
        ("Job", "secret", False),
        ("Job", "*", True),
        ("Job", "", True),
        ("CSIVolume", "*", False),
        ("Node", "default", False),
        ("", "default", False),
    ],
)
def test_the_closest_rule_of_a_namespace_counts(topic: str, namespace: str, allowed: bool) -> None:  # noqa: FBT001
    assert nomad(NOMAD).may_stream(topic, namespace) is allowed


def test_a_glob_does_not_pass_every_namespace() -> None:
    rights = nomad('[nomad.namespaces]\n"p*" = ["read-job"]\n"**" = ["read-job"]')
    assert rights.may_stream("Job", "anything")
    assert not rights.may_stream("Job", "*")


def _allows(glob: str, namespace: str) -> bool:
    rights = NomadRights(((glob, frozenset({"read-job"})),))
    return rights.may_see(facts("Job", namespace))


@given(st.text("ab*", max_size=6).map(lambda text: f"{text}*"), st.text("ab", min_size=1))
@example("a*a", "a")
@example("a*b*b", "ab")
@example("**", "a")
def test_a_glob_fits_what_its_regular_expression_does(glob: str, namespace: str) -> None:
    expression = ".*".join(map(re.escape, glob.split("*")))
    assert _allows(glob, namespace) == bool(re.fullmatch(expression, namespace))


def test_a_long_namespace_costs_no_more_than_its_length() -> None:
    for fits in (False, True):
        namespace = "p" + "-x-" * 300_000 + ("z" if fits else "")
        assert _allows("p*-x-*-x-*-x-*z", namespace) is fits


def test_a_denied_star_passes_nothing() -> None:
    rights = nomad('[nomad.namespaces]\n"*" = ["read-job", "deny"]')
    assert not rights.may_stream("Job", "*")
    assert not rights.may_read()


@pytest.mark.parametrize(
    ("topic", "namespace", "visible"),
    [
        ("Job", "secret", False),
        ("Job", "default", True),
        ("CSIPlugin", "", True),
        ("HostVolume", "", False),
        ("Node", "", False),
        ("ACLToken", "", False),
    ],
)
def test_events_are_seen_by_topic_and_namespace(topic: str, namespace: str, visible: bool) -> None:  # noqa: FBT001
    assert nomad(NOMAD).may_see(facts(topic, namespace)) is visible


@pytest.mark.parametrize(
    ("name", "read", "fire"),
    [
        ("web", True, True),
        ("web-1", True, False),
        ("web-1-secret", False, False),
        ("we", False, False),
        ("", False, False),
    ],
)
def test_the_exact_name_counts_then_the_longest_prefix(name: str, read: bool, fire: bool) -> None:  # noqa: FBT001
    rights = consul(
        parse_rules(
            '[consul.event]\nweb = "write"\n'
            '[consul.event_prefix]\nweb = "read"\nweb-1- = "deny"\nw = "deny"\n'
        )
    )
    assert (rights.may_see(name), rights.may_fire(name)) == (read, fire)


def test_of_two_rules_for_one_name_the_stronger_counts() -> None:
    read = parse_rules('consul.event_prefix.a = "read"\nconsul.event.b = "deny"')
    write = parse_rules('consul.event_prefix.a = "write"\nconsul.event.b = "write"')
    for both in (united([read, write]), united([write, read])):
        assert consul(both).may_fire("a")
        assert not consul(both).may_see("b")


def test_capabilities_of_one_namespace_add_up_and_deny_takes_all() -> None:
    one = parse_rules('nomad.namespaces.a = ["read-job"]\nnomad.namespaces.b = ["read-job"]')
    other = parse_rules(
        'nomad.node = "write"\nnomad.namespaces.a = ["csi-read-volume"]\n'
        'nomad.namespaces.b = ["deny"]'
    )
    both = united([one, other]).of(NomadRights)
    assert both.capabilities("a") == {"read-job", "csi-read-volume"}
    assert both.capabilities("b") == frozenset()
    assert both.may_stream("Node", "anything")


def test_what_one_has_of_a_system_decides_whether_it_is_read_at_all() -> None:
    none = Rights()
    assert not any(none.may_read(system) for system in SYSTEMS)
    assert all(MANAGEMENT.may_read(system) for system in SYSTEMS)
    assert not none.may_publish_anything()
    assert parse_rules('publish = ["puppet"]').may_publish_anything()
    assert parse_rules('nomad.node = "read"').may_read("nomad")
    assert parse_rules('consul.event.a = "write"').may_read("consul")
    assert not parse_rules('consul.event.a = "deny"').may_read("consul")
    assert parse_rules('tidings.events = "read"').may_read("tidings")


def test_the_tilde_is_the_owners_name() -> None:
    rights = parse_rules('docker_cloud.namespaces = ["~", "acme"]').of_owner("me")
    cloud = rights.of(DockerCloudRights)
    assert [cloud.may_see_namespace(name) for name in ("me", "acme", "~", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert rights.of_owner("you") is rights
    nobody = parse_rules('docker_cloud.namespaces = ["~"]').of_owner("")
    assert not nobody.of(DockerCloudRights).may_see_namespace("")


def test_a_selection_is_cut_down_to_what_may_be_read() -> None:
    systems = ("nomad", "consul", "docker_cloud", "puppet", "feldera")
    every = Selection.of({system: Everything() for system in systems})
    rights = united(
        [
            parse_rules('nomad.namespaces.a = ["read-job"]\nconsul.event.a = "read"'),
            parse_rules('docker_cloud.namespaces = ["a"]\npuppet.jobs = "read"'),
        ]
    )
    cut = guarded(every, rights)
    assert cut.systems == {"nomad", "consul", "docker_cloud", "puppet"}
    assert cut == guarded(every, rights)
    jobs = [facts("Job", "a"), facts("Job", "b"), facts("Node", "")]
    assert cut.pick("nomad", Envelope(frozenset(), jobs)) == (0,)
    assert cut.pick("consul", Envelope(frozenset(), ["b", "a"])) == (1,)
    assert cut.pick("docker_cloud", Envelope(frozenset(), jobs)) == (0,)
    assert cut.pick("puppet", Envelope(frozenset(), [("1", "x")])) is None
    assert cut.pick("feldera", Envelope(frozenset(), [True])) == ()
    assert dict(cut.matchers)["nomad"].terms is None
    assert guarded(every, MANAGEMENT) is every


def test_a_digest_names_rights_the_same_in_every_process() -> None:
    capabilities = (("prod-*", frozenset({"read-job", "csi-read-volume", "deny"})),)
    nomad, puppet, feldera = NomadRights(capabilities), PuppetRights(True), FelderaRights(True)  # noqa: FBT003 - their one right
    some = Rights(systems=(feldera, nomad, puppet))
    assert some.digest == "c2bdb2f9ed6e1d3508103300214d1e5a"
    others = [
        MANAGEMENT,
        Rights(),
        Rights(systems=(feldera, puppet)),
        Rights(systems=(puppet,)),
        Rights(systems=(feldera,)),
        Rights(publish=frozenset({"feldera"})),
        Rights(systems=(nomad,)),
    ]
    assert len({some.digest, *(each.digest for each in others)}) == 1 + len(others)
