"""/openapi.json is valid, names the contract's paths, and says what every path really answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.gateway.doors.docker_cloud.stream import HANDSHAKE
from tests.gateway.doors.fake import FakeService, faking
from tests.gateway.doors.guard import Guard, guarding
from tests.kit.http import Answer, Http, gateway
from tests.rpc.serving import serving
from tidings.gateway.contract import ROUTES

Document = dict[str, Any]

UUID = "2a0b1c1d-0a1b-4c1d-8a1b-0a1b0c1d0a1b"
CLOUD = {"type": "service", "action": "create", "resource_uri": "/a/b/", "parents": ["/a/"]}
STATUSES = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
NOMAD = {"Topic": "Job", "Type": "JobRegistered", "Key": "web", "Namespace": "default"}
EVENTS: tuple[Mapping[str, Any], ...] = (
    {"nomad": NOMAD | {"Payload": {"Job": {"ID": "web"}}}},
    {"nomad": NOMAD},
    {"dockerCloud": CLOUD},
    {"puppet": {"type": "node_running", "job": "352", "message": "x"}},
    {"feldera": STATUSES | {"id": UUID}},
    {"consul": {"Name": "deploy", "Payload": "aGk="}},
)
DRAFT = json.dumps({"events": [EVENTS[-1]]}).encode()

# Name, method, target, headers, body: at least one for each operation of the document.
Ask = tuple[str, str, str, tuple[str, ...], bytes]
BINARY_MODE = ("ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", "ce-type: t")
_LINES = ("Content-Type: application/x-ndjson",)
_JSON = ("Content-Type: application/json",)
_BAD = b'{"Nonsense": 1}'
_JOB = "/orchestrator/v1/jobs"
_AUDIT = "/api/audit/v1"
ASKS: tuple[Ask, ...] = (
    ("healthz", "GET", "/healthz", (), b""),
    ("readyz", "GET", "/readyz", (), b""),
    ("readyz", "GET", "/readyz?verbose", (), b""),
    ("readyz", "GET", "/readyz?exclude=clock", (), b""),
    ("readyz_check", "GET", "/readyz/write", (), b""),
    ("version", "GET", "/version", (), b""),
    ("metrics", "GET", "/metrics", (), b""),
    ("openapi", "GET", "/openapi.json", (), b""),
    ("console", "GET", "/", ("Accept: text/html",), b""),
    ("console", "GET", "/", (), b""),
    ("console_file", "GET", "/console/lib/api.js", (), b""),
    ("console_file", "GET", "/console/none.js", (), b""),
    ("publish", "POST", "/v1/events", _JSON, DRAFT),
    ("publish", "POST", "/v1/events", _JSON, b"[" + DRAFT + b"]"),
    ("publish", "POST", "/v1/events", _LINES, DRAFT + b"\n" + DRAFT),
    ("publish", "POST", "/v1/events", _LINES, DRAFT + b"\n" + _BAD),
    ("publish", "POST", "/v1/events", _JSON, _BAD),
    ("publish", "POST", "/v1/events", ("Content-Encoding: odd",), DRAFT),
    ("subscribe", "GET", "/v1/events?position=START_POSITION_EARLIEST", (), b""),
    (
        "subscribe",
        "GET",
        "/v1/events?position=START_POSITION_EARLIEST&system=nomad&topic=Job:web",
        (),
        b"",
    ),
    (
        "subscribe",
        "GET",
        "/v1/events?position=START_POSITION_EARLIEST",
        ("Accept: text/event-stream",),
        b"",
    ),
    ("subscribe", "GET", "/v1/events?after_seq=x", (), b""),
    ("subscribe", "GET", "/v1/events?after_seq=999", (), b""),
    ("subscribe", "GET", "/v1/events?follow=false&limit=2", (), b""),
    ("subscribe", "GET", "/v1/events?follow=maybe", (), b""),
    ("read_records", "GET", "/v1/records?page_size=2&order=READ_ORDER_NEWEST_FIRST", (), b""),
    ("read_records", "GET", "/v1/records?page_token=x", (), b""),
    ("read_records", "GET", "/v1/records?after_seq=999", (), b""),
    ("count_records", "GET", "/v1/records:count?bucket=3600s&group_by=COUNT_KEY_TYPE", (), b""),
    ("count_records", "GET", "/v1/records:count?bucket=0.5s", (), b""),
    ("list_objects", "GET", "/v1/objects?systems=nomad&view=OBJECT_VIEW_FULL", (), b""),
    ("list_objects", "GET", "/v1/objects?page_size=x", (), b""),
    ("object_history", "GET", "/v1/objects/nomad/job/web/history?page_size=2", (), b""),
    ("object_history", "GET", "/v1/objects/nomad/job/a/b/history?page_size=x", (), b""),
    ("log_status", "GET", "/v1/log/status", (), b""),
    ("log_status", "GET", "/v1/log/status?x=1", (), b""),
    ("get_record", "GET", "/v1/records/2", (), b""),
    ("get_record", "GET", "/v1/records/999", (), b""),
    ("get_record", "GET", "/v1/records/x", (), b""),
    ("nomad_stream", "GET", "/v1/event/stream?index=1&namespace=*", (), b""),
    ("nomad_stream", "GET", "/v1/event/stream?index=x", (), b""),
    ("nomad_stream", "GET", "/v1/event/stream?region=mars", (), b""),
    ("nomad_regions", "GET", "/v1/regions", (), b""),
    ("nomad_leader", "GET", "/v1/status/leader", (), b""),
    ("consul_fire", "PUT", "/v1/event/fire/deploy", (), b"\xff"),
    ("consul_fire", "PUT", "/v1/event/fire/a%00b", (), b""),
    ("consul_fire", "PUT", "/v1/event/fire/a//b", (), b""),
    ("consul_fire", "PUT", "/v1/event/fire/a?tag=x", (), b""),
    ("consul_list", "GET", "/v1/event/list?pretty", (), b""),
    ("consul_list", "GET", "/v1/event/list?index=x", (), b""),
    ("consul_list", "GET", "/v1/event/list?a=%zz", (), b""),
    ("consul_self", "GET", "/v1/agent/self", (), b""),
    ("docker_cloud_events", "GET", f"{_AUDIT}/events", (), b""),
    ("docker_cloud_namespace_events", "GET", f"{_AUDIT}/acme/events", HANDSHAKE, b""),
    ("docker_cloud_namespace_events", "GET", f"{_AUDIT}/acme/events", (), b""),
    ("puppet_job_events", "GET", f"{_JOB}/352/events", (), b""),
    ("puppet_job_events", "GET", f"{_JOB}/1/events", (), b""),
    ("puppet_job_events", "GET", f"{_JOB}/352/events?start=x", (), b""),
    ("feldera_events", "GET", "/v0/cluster/events", (), b""),
    ("feldera_event", "GET", "/v0/cluster/events/latest", (), b""),
    ("feldera_event", "GET", "/v0/cluster/events/latest?selector=all", (), b""),
    ("feldera_event", "GET", "/v0/cluster/events/latest?selector=x", (), b""),
    ("feldera_event", "GET", "/v0/cluster/events/x", (), b""),
    ("feldera_event", "GET", f"/v0/cluster/events/{UUID[::-1]}", (), b""),
    ("feldera_health", "GET", "/v0/cluster_healthz", (), b""),
    ("feldera_config", "GET", "/v0/config", (), b""),
    *(
        (f"publish_{system}_{method.lower()}", method, path, headers, body)
        for system in ("nomad", "consul", "docker_cloud", "puppet", "feldera")
        for path in (f"/v1/publish/{system.replace('_', '-')}",)
        for method in ("POST", "PUT")
        for headers, body in ((_LINES, b"{}\n{}"), (_JSON, _BAD))
    ),
    *(
        (f"{name}_{method.lower()}", method, path, headers, body)
        for name, path in (
            ("publish_cloudevents", "/v1/publish/cloudevents"),
            ("cloudevents", "/v1/cloudevents"),
        )
        for method in ("POST", "PUT")
        for headers, body in ((_LINES, b"{}\n{}"), (_JSON, _BAD), (BINARY_MODE, b"{}"))
    ),
    # of the gate before all doors
    *(
        (name, "GET", path, header, b"")
        for name, path in (
            ("healthz", "/healthz"),
            ("subscribe", "/v1/events"),
            ("nomad_stream", "/v1/event/stream"),
            ("consul_list", "/v1/event/list"),
            ("docker_cloud_events", f"{_AUDIT}/events"),
            ("puppet_job_events", f"{_JOB}/352/events"),
            ("feldera_events", "/v0/cluster/events"),
        )
        for header in (("Origin: http://elsewhere",), ("Grpc-Timeout: soon",))
    ),
)

# Operations whose RPCs the fake service has.
CALLS = (
    "subscribe",
    "read_records",
    "count_records",
    "nomad_stream",
    "consul_fire",
    "consul_list",
    "publish_puppet_post",
)
_Code = grpc.StatusCode
CODES = (
    _Code.INVALID_ARGUMENT,
    _Code.OUT_OF_RANGE,
    _Code.FAILED_PRECONDITION,
    _Code.NOT_FOUND,
    _Code.RESOURCE_EXHAUSTED,
    _Code.UNAUTHENTICATED,
    _Code.PERMISSION_DENIED,
    _Code.UNAVAILABLE,
    _Code.DEADLINE_EXCEEDED,
    _Code.INTERNAL,
    _Code.DATA_LOSS,
    _Code.UNKNOWN,
    _Code.UNIMPLEMENTED,
    _Code.ABORTED,
)


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    address = f"unix:{tmp_path_factory.mktemp('openapi') / 'socket'}"
    with (
        serving(address) as served,
        gateway(served.server, address, docker_cloud_pause_s=0.01) as running,
    ):
        fill(running)
        yield running


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    with guarding(f"unix:{tmp_path_factory.mktemp('guard') / 'socket'}") as running:
        fill(running.http, f"Authorization: Bearer {running.secrets['root']}")
        yield running


@pytest.fixture
def fake(address: str) -> Iterator[FakeService]:
    with faking(address, patience_s=0.1) as service:
        yield service


@pytest.fixture(scope="module")
def document(http: Http) -> Document:
    answer = http.ask("GET", "/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found: Document = json.loads(answer.body)
    return found


def fill(http: Http, *headers: str) -> None:
    for event in EVENTS:
        draft = json.dumps({"events": [event]}).encode()
        assert http.ask("POST", "/v1/events", *headers, body=draft).status == 200


def operations(document: Document) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return method, path and operation by name."""
    found = [
        (operation["operationId"], (method.upper(), path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def answer_to(http: Http, ask: Ask, *more: str) -> Answer:
    """Return an answer; of an endless one its first line that has something, or its message."""
    _, method, target, headers, body = ask
    with http.open(target, *headers, *more, method=method, body=body) as connection:
        answer = connection.head()
        if answer.status == 101 or int(answer.headers.get("content-length", "1")) == 0:
            return answer
        if "content-length" in answer.headers:
            answer.body = connection.read(int(answer.headers["content-length"]))
        elif method == "GET":
            while answer.body in (b"", b"{}\n"):
                answer.body = connection.chunk()
        else:
            while chunk := connection.chunk():
                answer.body += chunk
        return answer


def check(document: Document, name: str, answer: Answer) -> None:
    """Fail unless an answer is one that the document names."""
    said = operations(document)[name][2]["responses"].get(str(answer.status))
    assert said is not None, f"{name}: {answer}"
    for header in said.get("headers", {}):
        if header != "X-Consul-Results-Filtered-By-ACLs":
            assert header.lower() in answer.headers, f"{name}: {answer}"
    content = said.get("content")
    if not answer.body or content is None:
        return
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in content, f"{name}: {answer}"
    of_line = content[kind].get("x-itemSchema")
    if of_line is not None:
        for line in answer.body.splitlines():
            validate(document, of_line, line)
    elif kind == "application/json":
        validate(document, content[kind]["schema"], answer.body)


def validate(document: Document, schema: Mapping[str, Any], text: bytes) -> None:
    whole = {**schema, "components": document["components"]}
    problems = [error.message for error in OAS31Validator(whole).iter_errors(json.loads(text))]
    assert problems == [], text


def test_document_is_valid_openapi_3_1(document: Document) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_schemas_are_those_that_are_referred_to(document: Document) -> None:
    text = json.dumps(document)
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert referred <= set(document["components"]["schemas"])
    assert set(document["components"]["schemas"]) - referred == {"DockerCloudEvent"}


def test_paths_of_the_contract_are_described_by_the_doors_of_their_rpcs(
    document: Document,
) -> None:
    wanted = [
        (route.http_method, re.sub(r"\{[^}]*\}", "{}", str(route.template)), route.rpc.name)
        for route in ROUTES
    ]
    described = [
        (method, re.sub(r"\{[^}]*\}", "{}", path), operation["x-rpc"])
        for method, path, operation in operations(document).values()
        if "x-rpc" in operation
    ]
    assert sorted(described) == sorted(wanted)


def test_table_has_every_operation_at_its_path(document: Document) -> None:
    described = operations(document)
    assert {name for name, *_ in ASKS} == set(described)
    for name, method, target, *_ in ASKS:
        shape = re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(described[name][1]))
        assert method == described[name][0]
        assert re.fullmatch(shape, target.partition("?")[0]), (name, target)


@pytest.mark.parametrize("name", sorted({name for name, *_ in ASKS}))
def test_answers_are_those_of_the_document(http: Http, document: Document, name: str) -> None:
    asks = [ask for ask in ASKS if ask[0] == name]
    for ask in asks:
        check(document, name, answer_to(http, ask))


@pytest.mark.parametrize("sort", ["none", "unknown", "expired", "publisher", "root"])
def test_answers_under_access_control_are_those_of_the_document(
    guard: Guard, document: Document, sort: str
) -> None:
    more = () if sort == "none" else (f"Authorization: Bearer {guard.secrets[sort]}",)
    for ask in ASKS:
        check(document, ask[0], answer_to(guard.http, ask, *more))


def test_every_operation_can_succeed(http: Http, document: Document) -> None:
    found = {(ask[0], answer_to(http, ask).status) for ask in ASKS}
    wanted = {(name, 200) for name in operations(document)} - {
        ("docker_cloud_events", 200),
        ("docker_cloud_namespace_events", 200),
    }
    assert wanted | {("docker_cloud_namespace_events", 101)} <= found


@pytest.mark.parametrize(
    ("method", "status", "allow"), [("HEAD", 200, None), ("POST", 405, "GET, HEAD")]
)
def test_document_is_only_read(http: Http, method: str, status: int, allow: str | None) -> None:
    answer = http.ask(method, "/openapi.json")
    assert (answer.status, answer.headers.get("allow")) == (status, allow)


def test_page_of_the_native_door_names_every_parameter(document: Document, root: Path) -> None:
    page = (root / "docs/doors/native.md").read_text()
    names = [
        parameter["name"]
        for parameter in operations(document)["subscribe"][2]["parameters"]
        if "." not in parameter["name"]
    ]
    assert len(names) > 8
    assert [name for name in names if name not in page] == []


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_answers_over_a_service_that_refuses_are_those_of_the_document(
    fake: FakeService, document: Document, code: grpc.StatusCode
) -> None:
    fake.failure = (code, "it refuses")
    # Uploads begin anew for 10 s where the service is away.
    calls = [name for name in CALLS if code is not _Code.UNAVAILABLE or "publish" not in name]
    answers = {
        name: answer_to(fake.http, next(ask for ask in ASKS if ask[0] == name)) for name in calls
    }
    for name, answer in answers.items():
        check(document, name, answer)
    assert all(answer.status >= 400 for answer in answers.values())


TAKEN = {
    "nomad": {"Index": 7, "Events": [NOMAD | {"Payload": {}, "Newer": 1}]},
    "consul": EVENTS[-1]["consul"],
    "docker_cloud": CLOUD,
    "puppet": {"type": "node_running", "job": 352, "message": "x"},
    "feldera": STATUSES,
}
NOT_TAKEN = {
    "nomad": {"Index": 7, "Events": []},
    "consul": {"Payload": "aGk="},
    "docker_cloud": CLOUD | {"newer": 1},
    "puppet": {"type": "node_running", "job": "0"},
    "feldera": STATUSES | {"newer": 1},
}


@pytest.mark.parametrize("system", TAKEN)
def test_bodies_are_taken_as_the_document_says(http: Http, document: Document, system: str) -> None:
    _, path, operation = operations(document)[f"publish_{system}_post"]
    content = operation["requestBody"]["content"]
    for given, status in ((TAKEN[system], 200), (NOT_TAKEN[system], 400)):
        for kind, schema, value in (
            ("application/x-ndjson", content["application/x-ndjson"]["x-itemSchema"], given),
            ("application/json", content["application/json"]["schema"], [given]),
        ):
            whole = {**schema, "components": document["components"]}
            text = json.dumps(value).encode()
            answer = http.ask("POST", path, f"Content-Type: {kind}", body=text)
            assert answer.status == status, answer
            assert OAS31Validator(whole).is_valid(value) == (status == 200)
