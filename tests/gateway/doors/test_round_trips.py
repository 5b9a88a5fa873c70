"""What is read is published again as it was printed, and is a duplicate: for every system."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.gateway.doors.docker_cloud.stream import message, opened
from tests.kit.http import Http

DRAFTS = "/v1/events"
UUID = "2a0b1c1d-0a1b-4c1d-8a1b-0a1b0c1d0a1b"
STACK = "/api/app/v1/me/stack/7/"
CLOUD = {"type": "service", "action": "create", "resource_uri": STACK, "parents": [STACK]}
HEALTH = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")


def text(value: Any) -> str:
    """Return JSON as a field of bytes has it."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def nomad(**fields: Any) -> dict[str, Any]:
    body = {"Topic": "Job", "Type": "JobRegistered", "Key": "web", "Namespace": "default"}
    return {"id": "n-7", "source": "prod", "nomad": body | fields}


def puppet(**fields: Any) -> dict[str, Any]:
    return {"puppet": {"type": "node_running", "job": "352", "message": "x"} | fields}


def feldera(**fields: Any) -> dict[str, Any]:
    return {"feldera": HEALTH | {"api_self_info": "fine"} | fields}


GIVEN: dict[str, dict[str, Any]] = {
    "docker-cloud": {"dockerCloud": CLOUD},
    "docker-cloud-uuid": {"source": "prod", "dockerCloud": CLOUD | {"uuid": UUID}},
    "docker-cloud-id": {"id": "7", "dockerCloud": CLOUD},
    "docker-cloud-time": {
        "id": UUID,
        "occurredAt": "2016-02-01T16:47:28.25Z",
        "dockerCloud": CLOUD | {"datetime": "2016-02-01T16:47:28Z"},
    },
    "consul": {"consul": {"Name": "deploy", "Payload": "aGk=", "NodeFilter": "a.*"}},
    "consul-id": {"id": "e-1", "source": "prod", "consul": {"Name": "deploy"}},
    "puppet": puppet(),
    "puppet-id": {"id": "352/9", "source": "pe", **puppet(details={"node": "a"})},
    "puppet-text": puppet(detailsJson=text({"node": "a"})),
    "puppet-text-of-a-newer-one": puppet(detailsJson=text({"node": "a", "newer": [1.50]})),
    "feldera": feldera(),
    "feldera-id": feldera(id=UUID),
    "feldera-time": feldera(recorded_at="2023-11-14T22:13:20.000001Z"),
    "nomad": nomad(),
    "nomad-typed": nomad(Payload={"Job": {"ID": "web", "Name": "w"}}),
    "nomad-no-time": nomad(Payload={"AuthMethod": {"MaxTokenTTL": "0s"}}),
    "nomad-secret": nomad(Payload={"Job": {"ID": "web", "VaultToken": "s.canary"}}),
    "nomad-text": nomad(payloadJson=text({"Job": {"ID": "web", "Priority": 50}})),
    "nomad-text-of-a-newer-one": nomad(payloadJson=text({"Job": {"ID": "web"}, "Newer": 1})),
    "nomad-text-of-another": nomad(payloadJson=text({"Job": {"ID": 7}})),
}


def publish(http: Http, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"events": [event]}).encode()
    answer = http.ask("POST", DRAFTS, body=body)
    return answer.status, without_log(answer.body)


def without_log(body: bytes) -> dict[str, Any]:
    """Return an answer to one draft without the log's id, which a refusal has not."""
    members: dict[str, Any] = json.loads(body)
    members.pop("logId", None)
    return members


def stored(http: Http, event: dict[str, Any]) -> int:
    status, answer = publish(http, event)
    assert status == 200, answer
    assert "duplicate" not in answer
    return int(answer["seq"])


def printed(http: Http, seq: int, form: str) -> dict[str, Any]:
    target = f"{DRAFTS}?after_seq={seq - 1}&payload_format=PAYLOAD_FORMAT_{form}"
    with http.open(target) as connection:
        assert connection.head().status == 200
        (record,) = json.loads(connection.lines(1)[0])["batch"]["records"]
    assert record["seq"] == str(seq)
    event: dict[str, Any] = record["events"][0]
    return event


@pytest.mark.parametrize("form", ["TYPED", "JSON"])
@pytest.mark.parametrize("name", GIVEN)
def test_what_the_native_door_printed_is_a_duplicate(http: Http, name: str, form: str) -> None:
    given = GIVEN[name]
    seq = stored(http, given)
    event = printed(http, seq, form)
    assert publish(http, event) == (200, {"seq": str(seq), "duplicate": True})
    if "id" in given or "source" in given:  # and so is what was published first
        assert publish(http, given) == (200, {"seq": str(seq), "duplicate": True})
    lines = json.dumps({"events": [event]}).encode() + b"\n"
    streamed = http.ask("POST", DRAFTS, "Content-Type: application/x-ndjson", body=2 * lines)
    answers = [json.loads(line) for line in streamed.body.splitlines()]
    assert answers == [{"line": n, "seq": seq, "duplicate": True} for n in (1, 2)]


@pytest.mark.parametrize("key", ["", "K1", "K2"])
@pytest.mark.parametrize("source", ["", "s1"])
@pytest.mark.parametrize("name", ["docker-cloud", "docker-cloud-id", "feldera", "consul", "puppet"])
def test_a_known_id_is_a_known_event_whatever_its_key(
    http: Http, name: str, source: str, key: str
) -> None:
    given = GIVEN[name] | ({"source": source} if source else {})
    draft = json.dumps({"key": "K1", "events": [given]}).encode()
    seq = int(json.loads(http.ask("POST", DRAFTS, body=draft).body)["seq"])
    for _ in range(2):  # so that it is not the newest
        stored(http, {"consul": {"Name": "deploy"}})
    stored(http, feldera())
    event = printed(http, seq, "TYPED")
    for sent in (event, {name: value for name, value in event.items() if name != "source"}):
        draft = json.dumps({"key": key, "events": [sent]}).encode()
        answer = http.ask("POST", DRAFTS, body=draft)
        assert without_log(answer.body) == {"seq": str(seq), "duplicate": True}


def test_a_known_id_of_another_source_is_another_event(http: Http) -> None:
    given = GIVEN["docker-cloud-uuid"]
    seqs = [stored(http, given | {"source": source}) for source in ("a", "b")]
    for source, seq in zip(("a", "b", ""), (*seqs, seqs[0]), strict=True):
        answer = publish(http, given | {"source": source})
        assert answer == (200, {"seq": str(seq), "duplicate": True})


def test_an_event_that_stands_nowhere_in_the_order_is_refused_as_before(http: Http) -> None:
    event = printed(http, stored(http, feldera()), "TYPED")
    stored(http, feldera())
    event["feldera"]["id"] = event["id"] = UUID
    status, answer = publish(http, event)
    assert (status, answer["code"]) == (400, 9)


CHANGED: dict[str, tuple[str, str, Any]] = {
    "docker-cloud": ("dockerCloud", "state", "Stopped"),
    "docker-cloud-time": ("dockerCloud", "datetime", "2016-02-01T16:47:29Z"),
    "consul-id": ("consul", "Name", "other"),
    "puppet-id": ("puppet", "message", "y"),
    "feldera-id": ("feldera", "api_status", "Unhealthy"),
    "nomad-typed": ("nomad", "Payload", {"Job": {"ID": "db"}}),
    "nomad-text": ("nomad", "payloadJson", text({"Job": {"ID": "db"}})),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_has_changed_since_it_was_printed_is_other_content(http: Http, name: str) -> None:
    event = printed(http, stored(http, GIVEN[name]), "JSON" if name == "nomad-text" else "TYPED")
    system, member, value = CHANGED[name]
    event[system][member] = value
    event.pop("occurredAt", None)
    status, answer = publish(http, event)
    assert (status, answer["code"]) == (409, 6)
    assert "other content" in answer["message"]


@pytest.mark.parametrize(("name", "member"), [("consul", "Name"), ("puppet", "message")])
def test_an_id_of_ours_with_other_content_names_nothing(http: Http, name: str, member: str) -> None:
    event = printed(http, seq := stored(http, GIVEN[name]), "TYPED")
    event[name][member] = "changed"
    assert stored(http, event) > seq


def again(http: Http, path: str, value: Any) -> list[dict[str, Any]]:
    answer = http.ask("POST", path, body=json.dumps(value).encode())
    return [json.loads(line) for line in answer.body.splitlines()]


def test_consuls_list_is_a_list_of_duplicates(http: Http) -> None:
    for name in ("a", "b"):
        http.ask("PUT", f"/v1/event/fire/{name}", body=b"hi")
    listed = json.loads(http.ask("GET", "/v1/event/list").body)
    answers = again(http, "/v1/publish/consul", listed)
    assert [(each["seq"], each["duplicate"]) for each in answers] == [(2, True), (3, True)]


def test_puppets_items_are_duplicates_once_they_name_their_job(http: Http) -> None:
    for kind in ("node_running", "job_finished"):
        stored(http, puppet(type=kind, details={"node": "a"}))
    items = json.loads(http.ask("GET", "/orchestrator/v1/jobs/352/events").body)["items"]
    answers = again(http, "/v1/publish/puppet", [{**item, "job": "352"} for item in items])
    assert [(each["seq"], each["duplicate"]) for each in answers] == [(2, True), (3, True)]


def test_felderas_whole_list_is_a_list_of_duplicates(http: Http) -> None:
    seqs = [stored(http, feldera(api_status=status)) for status in ("Healthy", "Unhealthy")]
    latest = json.loads(http.ask("GET", "/v0/cluster/events/latest?selector=all").body)
    answers = again(http, "/v1/publish/feldera", latest)
    assert answers == [{"line": 1, "seq": seqs[-1], "duplicate": True}]


def test_docker_clouds_frames_are_duplicates(http: Http) -> None:
    with opened(http) as socket:
        seq = stored(http, {"dockerCloud": CLOUD})
        frame = message(socket)
    answers = again(http, "/v1/publish/docker-cloud", frame)
    assert answers == [{"line": 1, "seq": seq, "duplicate": True}]


@pytest.mark.parametrize("name", ["consul", "docker-cloud", "feldera"])
def test_what_a_system_shows_of_an_event_with_a_source_is_a_duplicate(
    http: Http, name: str
) -> None:
    with opened(http) as socket:
        seq = stored(http, GIVEN[name] | {"source": "s1"})
        if name == "consul":
            shown = json.loads(http.ask("GET", "/v1/event/list").body)
        elif name == "feldera":
            shown = json.loads(http.ask("GET", "/v0/cluster/events/latest?selector=all").body)
        else:
            shown = message(socket)
    answers = again(http, f"/v1/publish/{name}", shown)
    assert answers == [{"line": 1, "seq": seq, "duplicate": True}]


def test_parents_that_no_page_documents_are_stored_and_counted(http: Http) -> None:
    action = {"type": "action", "action": "create", "parents": [STACK, STACK]}
    (answer,) = again(http, "/v1/publish/docker-cloud", action | {"resource_uri": STACK})
    assert answer.keys() == {"line", "seq"}


@pytest.mark.parametrize("query", ["", "?source=pe"])
def test_equal_events_of_an_orchestrator_are_not_taken_for_one_another(
    http: Http, query: str
) -> None:
    """The second one's id is the position of the first, which is of another log."""
    item = {"job": "352", "type": "node_running", "timestamp": "2016-05-05T19:50:08Z"}
    items = [item | {"id": number} for number in ("1", "2", "3", "2")]
    answers = again(http, f"/v1/publish/puppet{query}", items)
    first, second, third, repeated = (each["seq"] for each in answers)
    assert first < second < third
    assert repeated == second


def read(http: Http, target: str) -> dict[str, Any]:
    """Return the one record of an answer."""
    answer = json.loads(http.ask("GET", target).body)
    (record,) = answer["records"] if "records" in answer else [answer["record"]]
    return dict(record)


NAMELESS = nomad(Payload={"Job": {"ID": "web"}})["nomad"]
WITHOUT_A_NAME: dict[str, dict[str, Any]] = {
    "nomad": {"events": [{"nomad": NAMELESS}]},
    "nomad-key": {"key": "k-1", "events": [{"nomad": NAMELESS}]},
    "nomad-two": {"events": [{"nomad": NAMELESS}, {"nomad": NAMELESS | {"Topic": "Node"}}]},
    "docker-cloud-two": {"events": [{"dockerCloud": CLOUD}, {"dockerCloud": CLOUD}]},
    "puppet-id": {"events": [GIVEN["puppet-id"]]},
}


@pytest.mark.parametrize("form", ["TYPED", "JSON"])
@pytest.mark.parametrize("name", [*GIVEN, *WITHOUT_A_NAME])
def test_a_whole_record_is_a_duplicate_whatever_names_it(http: Http, name: str, form: str) -> None:
    draft = WITHOUT_A_NAME.get(name) or {"events": [GIVEN[name]]}
    (seq,) = [each["seq"] for each in again(http, DRAFTS, draft)]
    record = read(http, f"/v1/records/{seq}?payload_format=PAYLOAD_FORMAT_{form}")
    assert record.keys() >= {"seq", "recordedAt", "events", "publisher"}
    for sent in (record, record | {"key": "another"}):
        (answer,) = again(http, DRAFTS, sent)
        assert (answer["seq"], answer["duplicate"]) == (seq, True)
    lines = json.dumps(record).encode() + b"\n"
    streamed = http.ask("POST", DRAFTS, "Content-Type: application/x-ndjson", body=2 * lines)
    answers = [json.loads(line) for line in streamed.body.splitlines()]
    assert answers == [{"line": n, "seq": int(seq), "duplicate": True} for n in (1, 2)]


@pytest.mark.parametrize("topic", ["Job", "Node"])
def test_a_part_of_a_record_is_a_duplicate(http: Http, topic: str) -> None:
    (whole,) = again(http, DRAFTS, WITHOUT_A_NAME["nomad-two"])
    part = read(http, f"/v1/records?topic={topic}:*")
    assert part["places"] == [["Job", "Node"].index(topic)]
    (answer,) = again(http, DRAFTS, part)
    assert (answer["seq"], answer["duplicate"]) == (whole["seq"], True)


NOT_AS_IT_WAS_READ: dict[str, dict[str, Any]] = {
    "the log's first position": {"seq": "1"},
    "a position to come": {"seq": "18446744073709551615"},
    "another time": {"recordedAt": "2026-01-01T00:00:00.000001Z"},
    "no time": {"recordedAt": None},
    "other content": {"events": [{"nomad": NAMELESS | {"Key": "db"}}]},
    "more events": {"events": 2 * [{"nomad": NAMELESS}]},
    "another place": {"places": [1]},
    "a place that is not there": {"places": [4294967295]},
    "another system": {"events": [{"consul": {"Name": "deploy"}}]},
}


@pytest.mark.parametrize("change", [*NOT_AS_IT_WAS_READ, "the position of another"])
def test_a_record_that_this_log_does_not_have_is_stored(http: Http, change: str) -> None:
    seq = stored(http, {"nomad": NAMELESS})
    newest = stored(http, {"consul": {"Name": "deploy"}})
    of_another = {"seq": str(newest)}
    record = read(http, f"/v1/records/{seq}") | NOT_AS_IT_WAS_READ.get(change, of_another)
    (answer,) = again(http, DRAFTS, record)
    assert int(answer["seq"]) > newest
    assert "duplicate" not in answer
