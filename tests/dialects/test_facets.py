"""What can be asked for of each system's events: tables of events, and both forms of a payload."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.odd_messages import bend, odd
from tests.rpc.test_seed_types import NOMAD_TYPES, PUPPET_TYPES, fill
from tidings.dialects import load
from tidings.dialects.changes import changes
from tidings.dialects.facet_paths import FacetPaths, ObjectPaths
from tidings.dialects.facets import Facets, ObjectVersion
from tidings.v1 import (
    cloud_event_pb2,
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    feldera_pb2,
    json_options_pb2,
    json_runtime,
    nomad_pb2,
    puppet_pb2,
    tidings_event_pb2,
)
from tidings.v1.json_runtime.canonical import loads_exactly
from tidings.v1.systems import SYSTEMS

DIALECTS = load()


def facets(event: event_pb2.Event) -> Facets:
    return DIALECTS[str(event.WhichOneof("body"))].facets(event)


def nomad(topic: str, kind: str, payload: dict[str, Any], **fields: Any) -> event_pb2.Event:
    text = json.dumps(payload).encode()
    body = nomad_pb2.NomadEvent(topic=topic, type=kind, payload_json=text, **fields)
    return event_pb2.Event(nomad=body)


def docker(kind: str, uri: str, *parents: str, action: str = "update") -> event_pb2.Event:
    body = docker_cloud_pb2.DockerCloudEvent(
        type=kind,
        action=action,
        resource_uri=uri,
        parents=parents,
        state="Running",
        namespace="me",
    )
    return event_pb2.Event(docker_cloud=body)


def puppet(kind: str, details: dict[str, Any], message: str = "") -> event_pb2.Event:
    text = json.dumps(details).encode()
    body = puppet_pb2.PuppetJobEvent(type=kind, job="352", details_json=text, message=message)
    return event_pb2.Event(puppet=body)


def feldera(compiler: str = "Healthy", said: str = "") -> event_pb2.Event:
    body = feldera_pb2.FelderaClusterEvent(
        api_status="Healthy",
        compiler_status=compiler,
        compiler_self_info=said,
        runner_status="Healthy",
    )
    return event_pb2.Event(feldera=body)


def told(**fields: Any) -> event_pb2.Event:
    return event_pb2.Event(tidings=tidings_event_pb2.TidingsEvent(**fields))


def version(kind: str, id: str, *parents: tuple[str, str], **fields: Any) -> ObjectVersion:  # noqa: A002
    nothing = ObjectVersion(kind, id, "", "", "", deleted=False, parents=parents)
    return nothing._replace(**fields)


ALLOCATION = {
    "ID": "a1",
    "Namespace": "default",
    "EvalID": "e1",
    "Name": "web.front[0]",
    "NodeID": "n1",
    "NodeName": "worker-1",
    "JobID": "web",
    "TaskGroup": "front",
    "DeploymentID": "d1",
    "ClientStatus": "failed",
    "TaskStates": {
        "b": {"Events": [{"Type": "Terminated", "DisplayMessage": "OOM Killed"}]},
        "a": {"Events": [{"Type": "Started", "Details": {"why": "asked"}}]},
    },
}
WEB_PARENTS = (("job", "web"), ("node", "n1"), ("evaluation", "e1"), ("deployment", "d1"))

TABLE = [
    pytest.param(
        nomad(
            "Allocation",
            "AllocationUpdated",
            {"Allocation": ALLOCATION},
            key="a1",
            namespace="default",
            filter_keys=["web", "", "other"],
        ),
        Facets(
            "AllocationUpdated",
            "Allocation",
            "default",
            (
                ("allocation", "a1"),
                ("allocation", "web.front[0]"),
                *WEB_PARENTS,
                ("node", "worker-1"),
                ("key", "other"),
            ),
            (
                *("web.front[0]", "web", "worker-1", "front", "failed"),
                *("Started", "asked", "Terminated", "OOM Killed"),
            ),
            (
                version(
                    *("allocation", "a1", *WEB_PARENTS),
                    name="web.front[0]",
                    namespace="default",
                    status="failed",
                ),
            ),
        ),
        id="an allocation of Nomad's",
    ),
    pytest.param(
        nomad("Job", "JobDeregistered", {"Job": {"ID": "web", "Status": "dead"}, "Deleted": True}),
        Facets(
            *("JobDeregistered", "Job", ""),
            (("job", "web"),),
            (),
            (version("job", "web", status="dead", deleted=True),),
        ),
        id="a job of Nomad's that was purged",
    ),
    pytest.param(
        nomad("Job", "JobDeregistered", {"Job": {"ID": "web", "Stop": True, "Status": "dead"}}),
        Facets(
            *("JobDeregistered", "Job", ""),
            (("job", "web"),),
            (),
            (version("job", "web", status="dead"),),
        ),
        id="a job of Nomad's that was stopped",
    ),
    pytest.param(
        nomad("Node", "NodeDeregistration", {"Node": {"ID": "n1", "Name": "worker-1"}}),
        Facets(
            *("NodeDeregistration", "Node", ""),
            (("node", "n1"), ("node", "worker-1")),
            ("worker-1",),
            (version("node", "n1", name="worker-1", deleted=True),),
        ),
        id="a node of Nomad's that is gone",
    ),
    pytest.param(
        nomad("Later", "LaterUpserted", {"Later": {"ID": "x"}}, key="x"),
        Facets("LaterUpserted", "Later", "", (("key", "x"),), (), ()),
        id="what a newer Nomad says",
    ),
    pytest.param(
        event_pb2.Event(
            nomad=nomad_pb2.NomadEvent(topic="Node", type="NodeEvent", payload_json=b'{"x":1e999}')
        ),
        Facets("NodeEvent", "Node", "", (), (), ()),
        id="a payload of Nomad's that is no JSON",
    ),
    pytest.param(
        event_pb2.Event(
            consul=consul_pb2.ConsulEvent(
                name="deploy-web", payload=b"v42 by Ann", service_filter="web.*"
            )
        ),
        Facets(
            *("deploy-web", "", ""),
            (("name", "deploy-web"),),
            ("deploy-web", "v42 by Ann", "web.*"),
            (),
        ),
        id="a user event of Consul's",
    ),
    pytest.param(
        event_pb2.Event(consul=consul_pb2.ConsulEvent(name="x", payload=b"\xff")),
        Facets("x", "", "", (("name", "x"),), ("x",), ()),
        id="a user event with a payload that is no text",
    ),
    pytest.param(
        docker(
            *("container", "/api/app/v1/me/container/c1/"),
            *("/api/app/v1/me/service/s1/", "/api/app/v1/me/stack/k1/"),
        ),
        Facets(
            *("update", "container", "me"),
            (("container", "c1"), ("service", "s1"), ("stack", "k1")),
            ("container", "Running", "/api/app/v1/me/container/c1/"),
            (
                version(
                    *("container", "c1", ("service", "s1"), ("stack", "k1")),
                    namespace="me",
                    status="Running",
                ),
            ),
        ),
        id="a container of Docker Cloud's",
    ),
    pytest.param(
        docker("Volume", "elsewhere", action="delete"),
        Facets(
            *("delete", "Volume", "me"),
            (("volume", "elsewhere"),),
            ("Volume", "Running", "elsewhere"),
            (version(*("volume", "elsewhere"), namespace="me", status="Running", deleted=True),),
        ),
        id="what Docker Cloud's documentation does not have",
    ),
    pytest.param(
        puppet(
            "node_failed",
            {"node": "db-2", "detail": {"status": "failed", "environment": "production"}},
            "Failure!",
        ),
        Facets(
            *("node_failed", "", ""),
            (("job", "352"), ("run", "352/db-2"), ("node", "db-2")),
            ("Failure!", "failed", "production"),
            (
                version("job", "352", status="running"),
                version("run", "352/db-2", ("job", "352"), ("node", "db-2"), status="failed"),
            ),
        ),
        id="a node that failed in a job of Puppet's",
    ),
    pytest.param(
        puppet("job_finished", {"state": "failed"}),
        Facets(
            *("job_finished", "", ""),
            (("job", "352"),),
            (),
            (version("job", "352", status="failed"),),
        ),
        id="the end of a job of Puppet's",
    ),
    pytest.param(
        puppet("job_aborted", {}),
        Facets(
            *("job_aborted", "", ""),
            (("job", "352"),),
            (),
            (version("job", "352", status="aborted"),),
        ),
        id="a job of Puppet's that was aborted",
    ),
    pytest.param(
        event_pb2.Event(
            puppet=puppet_pb2.PuppetJobEvent(type="node_running", job="352", details_json=b"{")
        ),
        Facets(
            *("node_running", "", ""),
            (("job", "352"),),
            (),
            (version("job", "352", status="running"),),
        ),
        id="details of Puppet's that are no JSON",
    ),
    pytest.param(
        feldera("Unhealthy", "no answer"),
        Facets(
            *("Unhealthy", "", ""),
            (("cluster", "feldera"), ("part", "api"), ("part", "compiler"), ("part", "runner")),
            ("no answer",),
            (
                version("cluster", "feldera", status="Unhealthy"),
                version("part", "api", ("cluster", "feldera"), status="Healthy"),
                version("part", "compiler", ("cluster", "feldera"), status="Unhealthy"),
                version("part", "runner", ("cluster", "feldera"), status="Healthy"),
            ),
        ),
        id="a Feldera whose compiler is away",
    ),
    pytest.param(
        event_pb2.Event(
            cloud_event=cloud_event_pb2.CloudEvent(
                id="1",
                source="/billing",
                spec_version="1.0",
                type="invoice.paid",
                attributes={
                    "subject": cloud_event_pb2.CloudEventAttributeValue(ce_string="invoice/7"),
                    "datacontenttype": cloud_event_pb2.CloudEventAttributeValue(ce_string="a/b"),
                    "retries": cloud_event_pb2.CloudEventAttributeValue(ce_integer=3),
                },
                binary_data=b'{"by":"Ann"}',
            )
        ),
        Facets(
            *("invoice.paid", "/billing", ""),
            (("source", "/billing"), ("subject", "invoice/7")),
            ("invoice.paid", "/billing", "invoice/7", '{"by":"Ann"}'),
            (),
        ),
        id="a CloudEvent",
    ),
    pytest.param(
        told(source_gap=tidings_event_pb2.SourceGap(source="prod", reason="too late")),
        Facets("source_gap", "", "", (("source", "prod"),), ("prod", "too late"), ()),
        id="a gap of a source",
    ),
    pytest.param(
        told(source_state=tidings_event_pb2.SourceState(source="prod", connected=True)),
        Facets(
            *("source_state", "", ""),
            (("source", "prod"),),
            ("prod",),
            (version("source", "prod", status="connected"),),
        ),
        id="the state of a source",
    ),
    pytest.param(told(), Facets("", "", "", (), (), ()), id="what a newer Tidings says"),
]


@pytest.mark.parametrize(("event", "expected"), TABLE)
def test_an_event_has_these_facets(event: event_pb2.Event, expected: Facets) -> None:
    assert facets(event) == expected


def test_the_table_has_every_system() -> None:
    events = [row.values[0] for row in TABLE]
    assert {e.WhichOneof("body") for e in events if isinstance(e, event_pb2.Event)} == set(SYSTEMS)


def test_the_node_of_nomads_documentation(root: Path) -> None:
    line = json.loads((root / "tests/data/nomad_node_event.json").read_text())
    told = line["Events"][0]
    event = nomad(told["Topic"], told["Type"], told["Payload"], key=told["Key"])
    found = facets(event)
    assert (found.type, found.topic) == (told["Type"], "Node")
    assert found.identifiers[0] == ("node", told["Payload"]["Node"]["ID"])
    (node,) = found.objects
    assert (node.id, node.status) == (told["Key"], "initializing")
    assert "Node registered" in found.text


# --- both forms --------------------------------------------------------------------------------


def in_both_forms(event: event_pb2.Event) -> list[event_pb2.Event]:
    """Return an event with a typed payload, and the same with its text."""
    dialect = DIALECTS[str(event.WhichOneof("body"))]
    as_text, typed = event_pb2.Event(), event_pb2.Event()
    as_text.CopyFrom(event)
    dialect.present([as_text], as_json=True)
    typed.CopyFrom(as_text)
    dialect.present([typed], as_json=False)
    return [typed, as_text]


def seed_events() -> Iterator[event_pb2.Event]:
    for kind, topic, member in NOMAD_TYPES:
        event = event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic=topic, type=kind, key="k"))
        fill(getattr(event.nomad.payload, member))
        yield event
    for kind in PUPPET_TYPES:
        event = event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(type=kind, job="352"))
        fill(event.puppet.details)
        yield event


def test_each_type_of_the_seeds_has_equal_facets_in_both_forms() -> None:
    for event in seed_events():
        typed, as_text = map(facets, in_both_forms(event))
        assert typed == as_text
        assert typed.objects


@pytest.mark.parametrize("seed", range(10))
def test_any_payload_has_equal_facets_in_both_forms(seed: int) -> None:
    rng = Random(seed)
    compared = set()
    for event in seed_events():
        bend(event, rng, 3)
        payload = event.nomad.payload
        try:
            json_runtime.check_printable(payload)
        except json_runtime.JsonError:
            continue  # such a one is refused
        event.nomad.ClearField("payload_json")
        typed, as_text = in_both_forms(event)
        assert facets(typed) == facets(as_text) == facets(event)
        compared.add(payload.WhichOneof("object"))
    assert compared - {None}  # of whichever kinds are not refused


def test_type_and_identifiers_alone_are_those_of_the_facets() -> None:
    rng = Random("identifiers")
    held = [each for row in TABLE for each in row.values if isinstance(each, event_pb2.Event)]
    held += [form for event in seed_events() for form in in_both_forms(event)]
    for _ in range(200):
        system = rng.choice(SYSTEMS)
        event = event_pb2.Event()
        body = getattr(event, system)
        body.CopyFrom(odd(body.DESCRIPTOR, rng))
        held.append(event)
    for event in held:
        dialect = DIALECTS[str(event.WhichOneof("body"))]
        found = facets(event)
        assert dialect.identifiers(event) == found.identifiers
        assert dialect.type_of(event) == found.type
        for kind in {"key", "nobody's", *(of for of, _ in found.identifiers)}:
            some = dialect.identifiers(event, kind)
            assert [each for each in found.identifiers if each[0] == kind] == [
                each for each in some if each[0] == kind
            ]
            assert set(some) <= set(found.identifiers)


@pytest.mark.parametrize("system", SYSTEMS)
def test_any_message_has_facets_that_repeat_nothing(system: str) -> None:
    rng = Random(system)
    for _ in range(200):
        event = event_pb2.Event()
        body = getattr(event, system)
        body.CopyFrom(odd(body.DESCRIPTOR, rng))
        found = facets(event)
        for values in (found.identifiers, found.text):
            assert len(set(values)) == len(values)
        assert all(value for _, value in found.identifiers)
        assert all(found.text)
        assert all(each.id for each in found.objects)


# --- the tables of paths -----------------------------------------------------------------------


def paths_of(table: FacetPaths | ObjectPaths) -> Iterator[str]:
    for pairs in (table.identifiers, getattr(table, "parents", ())):
        yield from (path for _, path in pairs)
    yield from table.text
    if isinstance(table, ObjectPaths):
        yield from filter(None, (table.id, table.name, table.namespace, table.status))


def leads_to_text(message: Descriptor | None, path: str) -> bool:
    for step in path.split("."):
        if message is not None and step != "*":
            field = {each.json_name: each for each in message.fields}[step]
            assert not field.GetOptions().Extensions[json_options_pb2.secret], path
        elif message is not None and message.GetOptions().map_entry:
            field = message.fields_by_name["value"]
        message = field.message_type
    return field.type == FieldDescriptor.TYPE_STRING


def test_every_path_of_nomads_leads_to_a_text_that_is_no_secret() -> None:
    payload = nomad_pb2.NomadPayload.DESCRIPTOR
    members = {
        field.json_name: field.message_type for field in payload.oneofs_by_name["object"].fields
    }
    tables = {each.at.rpartition(".")[2]: each for each in DIALECTS["nomad"].facet_paths.objects}
    assert set(tables) == set(members)
    for name, table in tables.items():
        assert all(leads_to_text(members[name], path) for path in paths_of(table))


# --- objects as JSON ---------------------------------------------------------------------------

OBJECTS = [
    (
        nomad("Job", "JobRegistered", {"Job": {"Name": "Web", "ID": "web", "X": 1.50}}),
        ("job", "web"),
        {"ID": "web", "Name": "Web", "X": 1.5},
    ),
    (
        docker("service", "/api/app/v1/me/service/s1/", "/api/app/v1/me/stack/k1/"),
        ("service", "s1"),
        {
            "parents": ["/api/app/v1/me/stack/k1/"],
            "resource_uri": "/api/app/v1/me/service/s1/",
            "state": "Running",
            "type": "service",
        },
    ),
    (
        puppet("job_finished", {"state": "failed"}),
        ("job", "352"),
        {"job": "352", "state": "failed"},
    ),
    (
        puppet("node_failed", {"node": "db-2", "detail": {"noop": False}}, "Failure!"),
        ("run", "352/db-2"),
        {
            "detail": {"noop": False},
            "job": "352",
            "message": "Failure!",
            "node": "db-2",
            "status": "failed",
        },
    ),
    (
        feldera("Unhealthy", "no answer"),
        ("part", "compiler"),
        {"resources_info": "", "self_info": "no answer", "status": "Unhealthy"},
    ),
    (
        told(source_state=tidings_event_pb2.SourceState(source="prod", reason="refused")),
        ("source", "prod"),
        {"reason": "refused", "status": "disconnected"},
    ),
]


@pytest.mark.parametrize(("event", "name", "expected"), OBJECTS)
def test_an_object_is_shown_as_json(
    event: event_pb2.Event, name: tuple[str, str], expected: dict[str, Any]
) -> None:
    dialect = DIALECTS[str(event.WhichOneof("body"))]
    assert json.loads(dialect.object_json(event, *name)) == expected
    with pytest.raises(KeyError):
        dialect.object_json(event, name[0], "another")


def test_a_typed_object_is_shown_as_its_text_is() -> None:
    for event in seed_events():
        typed, as_text = in_both_forms(event)
        dialect = DIALECTS[str(event.WhichOneof("body"))]
        for each in facets(event).objects:
            shown = dialect.object_json(typed, each.kind, each.id)
            told = dialect.object_json(as_text, each.kind, each.id)
            assert json_runtime.canonical(shown) == json_runtime.canonical(told)
            for form, text in ((typed, shown), (as_text, told)):
                value = dialect.object_value(form, each.kind, each.id)
                assert [*changes(loads_exactly(text), value)] == []


def test_numbers_of_an_object_are_as_they_were_published() -> None:
    text = b'{"Job":{"ID":"web","Priority":5e1,"Version":18446744073709551615}}'
    body = nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", payload_json=text)
    event = event_pb2.Event(nomad=body)
    shown = DIALECTS["nomad"].object_json(event, "job", "web")
    assert shown == b'{"ID":"web","Priority":5e1,"Version":18446744073709551615}'
    assert DIALECTS["nomad"].object_value(event, "job", "web") == loads_exactly(shown)
    with pytest.raises(KeyError):
        DIALECTS["nomad"].object_value(event, "job", "another")
