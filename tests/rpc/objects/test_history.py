"""GetObjectHistory: versions of one object, what changed in each, pages, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.objects.told import allocation, at, container, fill, job, look, node, nomad, run
from tests.rpc.serving import Served, refusal
from tidings.dialects.systems import system_name, system_number
from tidings.rpc import scanning
from tidings.v1 import event_pb2
from tidings.v1 import objects_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

WEB = {"system": "EVENT_SYSTEM_NOMAD", "kind": "job", "id": "web"}


def history(stub: EventServiceStub, **fields: Any) -> pb.GetObjectHistoryResponse:
    return stub.GetObjectHistory(pb.GetObjectHistoryRequest(**fields), timeout=PATIENCE_S)


def pages(stub: EventServiceStub, **fields: Any) -> Iterator[pb.GetObjectHistoryResponse]:
    answer = history(stub, **fields)
    yield answer
    while answer.next_page_token:
        answer = history(stub, **{**fields, "page_token": answer.next_page_token})
        yield answer


def versions(stub: EventServiceStub, **fields: Any) -> list[pb.ObjectVersion]:
    return [version for answer in pages(stub, **fields) for version in answer.versions]


def changed(version: pb.ObjectVersion) -> list[tuple[str, str, str]]:
    return [(each.pointer, each.old_json, each.new_json) for each in version.changes]


@pytest.fixture
def filled(served: Served) -> tuple[Served, list[int]]:
    """A job in five versions among other things; two of them in one record."""
    told = [
        (0, [job(1)]),
        (10, [job(2), allocation(1, "web", "n1", "pending")]),
        (20, [allocation(1, "web", "n1", "running")]),
        (30, [job(2)]),
        (40, [job(3, "pending"), job(4)]),
        (50, [job(9, name="other"), job(9, namespace="else")]),
        (60, [node("web", "ready")]),
    ]
    return served, fill(served, told)


def test_each_version_says_what_changed(filled: tuple[Served, list[int]]) -> None:
    served, given = filled
    (answer,) = pages(served.stub, **WEB, namespace="default")
    found = answer.versions
    assert [each.object.seq for each in found] == [given[n] for n in (4, 4, 3, 1, 0)]
    assert [changed(each) for each in found] == [
        [("/Status", '"pending"', '"running"'), ("/Version", "3", "4")],
        [("/Status", '"running"', '"pending"'), ("/Version", "2", "3")],
        [],
        [("/Version", "1", "2")],
        [],
    ]
    assert [each.first_known for each in found] == [False] * 4 + [True]
    newest = found[0].object
    assert (system_name(newest.system), newest.kind, newest.id, newest.name) == (
        "nomad",
        "job",
        "web",
        "web",
    )
    assert (newest.namespace, newest.status, newest.type) == ("default", "running", "JobRegistered")
    assert newest.recorded_at == at(40)
    assert newest.value_json == ""
    assert answer.known_since == at(0)
    assert answer.through_seq >= given[-1]


def test_the_newest_object_that_has_the_id_is_meant(filled: tuple[Served, list[int]]) -> None:
    served, given = filled
    (version,) = versions(served.stub, **WEB)
    assert (version.object.namespace, version.object.seq) == ("else", given[5])
    assert versions(served.stub, **WEB, namespace="default")[0].object.seq == given[4]


def test_an_object_is_found_by_its_name(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    found = versions(served.stub, system="EVENT_SYSTEM_NOMAD", kind="allocation", id="web[1]")
    assert [(each.object.id, each.object.status) for each in found] == [
        ("a1", "running"),
        ("a1", "pending"),
    ]
    assert found[0].object.parents == ["job/web", "node/id-n1"]


@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_no_page_has_more_versions_than_asked_for_where_a_record_has_many(
    served: Served, page_size: int
) -> None:
    fill(served, [(0, [job(n) for n in range(5)]), (1, [job(n) for n in range(5, 10)])])
    found = [page.versions for page in pages(served.stub, **WEB, page_size=page_size)]
    assert max(map(len, found)) == page_size
    told = [change.new_json for page in found for each in page for change in each.changes]
    assert told == [str(number) for number in range(9, 0, -1)]


def test_a_name_leads_to_all_versions_of_its_newest_object_whatever_they_were_called(
    served: Served,
) -> None:
    def called(name: str, status: str, node_id: str = "n1") -> event_pb2.Event:
        value = {"ID": node_id, "Name": name, "Status": status}
        return nomad("NodeEvent", "Node", value)

    told = [called("old", "initializing"), called("new", "gone", "n0"), called("old", "ready")]
    given = fill(
        served, [(at_s, [each]) for at_s, each in enumerate([*told, called("new", "down")])]
    )
    for asked, places in (("new", [3, 2, 0]), ("n1", [3, 2, 0]), ("old", [2, 0])):
        found = versions(served.stub, system="EVENT_SYSTEM_NOMAD", kind="node", id=asked)
        assert [each.object.seq for each in found] == [given[place] for place in places]


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({"changed_only": True}, [4, 4, 1, 0]),
        ({"from_time": at(10)}, [4, 4, 3, 1]),
        ({"from_time": at(10.000001)}, [4, 4, 3]),
        ({"until_time": at(40)}, [3, 1, 0]),
        ({"from_time": at(30), "until_time": at(40)}, [3]),
        ({"from_time": at(30), "until_time": at(40), "changed_only": True}, []),
        ({"from_time": at(41), "until_time": at(50)}, []),
        ({"source": ""}, [4, 4, 3, 1, 0]),
        ({"source": "prod"}, []),
    ],
)
def test_versions_between_times_and_only_those_that_changed(
    filled: tuple[Served, list[int]], asked: dict[str, Any], places: list[int]
) -> None:
    served, given = filled
    found = versions(served.stub, **WEB, namespace="default", **asked)
    assert [each.object.seq for each in found] == [given[place] for place in places]


def test_the_first_version_after_a_time_is_compared_with_the_one_before(
    filled: tuple[Served, list[int]],
) -> None:
    served, _ = filled
    found = versions(served.stub, **WEB, namespace="default", from_time=at(5), until_time=at(15))
    assert [(each.first_known, changed(each)) for each in found] == [
        (False, [("/Version", "1", "2")])
    ]


def test_a_full_view_has_the_value(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    found = versions(served.stub, **WEB, namespace="default", view=pb.OBJECT_VIEW_FULL)
    assert found[-1].object.value_json == (
        '{"ID":"web","Name":"web","Namespace":"default","Status":"running","Version":1}'
    )


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("asked", [{}, {"changed_only": True}, {"from_time": at(10)}])
def test_pages_together_are_the_whole(
    filled: tuple[Served, list[int]], size: int, asked: dict[str, Any]
) -> None:
    served, _ = filled
    fields = {**WEB, "namespace": "default", **asked}
    whole = versions(served.stub, **fields)
    parts = list(pages(served.stub, **fields, page_size=size))
    assert all(len(each.versions) <= size for each in parts)
    assert [version for each in parts for version in each.versions] == whole
    assert len({each.through_seq for each in parts}) == 1


def test_a_call_that_looks_at_a_part_says_where_to_go_on(
    filled: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    whole = versions(served.stub, **WEB, namespace="default")
    monkeypatch.setattr(scanning, "AT_ONCE_APART", scanning.AT_ONCE_APART._replace(records=1))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 1)
    parts = list(pages(served.stub, **WEB, namespace="default"))
    assert [version for each in parts for version in each.versions] == whole
    assert len(parts) > 4
    assert parts[0].versions == []


def test_the_end_of_an_object_and_its_return(served: Served) -> None:
    fill(served, [(0, [job(1)]), (10, [job(1, "dead", Deleted=True)]), (20, [job(2)])])
    found = versions(served.stub, **WEB)
    assert [each.deleted for each in found] == [False, True, False]
    assert changed(found[1]) == [("/Status", '"running"', '"dead"')]


def test_objects_of_other_systems(served: Served) -> None:
    told = [
        (0, [container("c1", "create", "Starting")]),
        (10, [run("node_running", "db-1")]),
        (20, [run("node_failed", "db-1")]),
        (30, [run("job_finished", state="failed")]),
        (40, [look()]),
        (41, [look("Unhealthy")]),
        (42, [look("Unhealthy")]),
        (43, [look()]),
        (50, [container("c1", "delete", "Terminated")]),
    ]
    fill(served, told)

    def told_of(system: str, kind: str, object_id: str) -> list[Any]:
        found = versions(
            served.stub, system=system_number(system), kind=kind, id=object_id, changed_only=True
        )
        return [(each.object.status, each.deleted, changed(each)) for each in found]

    assert told_of("docker_cloud", "container", "c1") == [
        ("Terminated", True, [("/state", '"Starting"', '"Terminated"')]),
        ("Starting", False, []),
    ]
    assert told_of("puppet", "job", "352") == [
        ("failed", False, [("/state", '"running"', '"failed"')]),
        ("running", False, []),
    ]
    assert told_of("puppet", "run", "352/db-1") == [
        ("failed", False, [("/status", '"running"', '"failed"')]),
        ("running", False, []),
    ]
    assert told_of("feldera", "cluster", "feldera") == [
        ("Healthy", False, [("/compiler/status", '"Unhealthy"', '"Healthy"')]),
        ("Unhealthy", False, [("/compiler/status", '"Healthy"', '"Unhealthy"')]),
        ("Healthy", False, []),
    ]


def test_more_changes_than_an_answer_holds(served: Served) -> None:
    many = {f"k{n}": str(n) for n in range(1500)}
    fill(served, [(0, [job(1, Meta={})]), (1, [job(2)])])
    told = [job(3), job(4)]
    for event, meta in zip(told, ({}, many), strict=True):
        text = event.nomad.payload_json.decode()
        meta_text = str(meta).replace("'", '"')
        event.nomad.payload_json = text.replace('"ID"', f'"Meta": {meta_text}, "ID"').encode()
    fill(served, [(2, told[:1]), (3, told[1:])])
    newest = versions(served.stub, **WEB)[0]
    assert (len(newest.changes), newest.more_changes) == (1000, True)


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"system": 0}, "system: is required"),
        ({"kind": ""}, "kind: is required"),
        ({"id": ""}, "id: is required"),
        ({"system": 99}, "system: not a value of tidings.v1.EventSystem"),
        ({"page_size": -1}, "page_size: must not be negative"),
        ({"page_token": "x"}, "page_token: is not one that an answer gave"),
        ({"from_time": at(1), "until_time": at(1)}, "until_time: must be after from_time"),
        ({"view": 9}, "view: not a value of tidings.v1.ObjectView"),
    ],
)
def test_bad_requests_name_the_field(
    stub: EventServiceStub, bad: dict[str, Any], text: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        history(stub, **{**WEB, **bad})
    code, said = refusal(refused.value)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert said.startswith(text)


def test_a_token_of_another_request_is_refused(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    token = history(served.stub, **WEB, namespace="default", page_size=1).next_page_token
    with pytest.raises(grpc.RpcError) as refused:
        history(served.stub, **WEB, page_token=token)
    assert refusal(refused.value)[1] == "page_token: is of another request, or of another log"


def test_an_object_that_nobody_told_of_has_no_version(served: Served) -> None:
    answer = history(served.stub, **WEB)
    assert (len(answer.versions), answer.next_page_token) == (0, "")
    assert not answer.HasField("known_since")
    assert (
        len(history(served.stub, system="EVENT_SYSTEM_CONSUL", kind="name", id="x").versions) == 0
    )
