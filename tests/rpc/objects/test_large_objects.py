"""Objects as large as a record may be: every answer reaches a client, and nobody waits for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.rpc.objects.told import fill, job, nomad
from tests.rpc.serving import Served
from tidings.core.limits import KIB, MAX_RECORD_BYTES, MIB
from tidings.dialects.nomad import NomadDialect
from tidings.log.work_thread import LARGE_BYTES
from tidings.rpc.objects import history_page, listing
from tidings.v1 import event_pb2
from tidings.v1 import objects_pb2 as pb
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD


def listed(
    served: Served, kind: str, view: pb.ObjectView.ValueType = pb.OBJECT_VIEW_FULL
) -> pb.ObjectState:
    request = pb.ListObjectsRequest(kinds=[kind], view=view)
    (found,) = served.stub.ListObjects(request, timeout=PATIENCE_S).objects
    return found


def newest(served: Served, kind: str, object_id: str) -> pb.ObjectVersion:
    request = pb.GetObjectHistoryRequest(
        system=EVENT_SYSTEM_NOMAD, kind=kind, id=object_id, view=pb.OBJECT_VIEW_FULL
    )
    return served.stub.GetObjectHistory(request, timeout=PATIENCE_S).versions[0]


def test_a_value_is_left_out_where_ids_take_its_room(served: Served) -> None:
    ids = {"ID": "a", "JobID": "j", "NodeID": "n"}
    value = {name: letter * 1_200_000 for name, letter in ids.items()} | {"Name": "web[0]"}
    fill(served, [(0, [nomad("AllocationUpdated", "Allocation", value)])])
    for found in (listed(served, "allocation"), newest(served, "allocation", "web[0]").object):
        assert found.id == value["ID"]
        assert found.parents == [f"job/{value['JobID']}", f"node/{value['NodeID']}"]
        assert not found.value_json
    small = listed(served, "allocation", pb.OBJECT_VIEW_BASIC)
    assert small.id == value["ID"]


def test_a_name_that_is_the_id_is_told_once_where_it_is_too_long_for_twice(served: Served) -> None:
    name = "p" * (2 * MIB + KIB)
    fill(served, [(0, [nomad("NodePoolUpserted", "NodePool", {"Name": name})])])
    for view in (pb.OBJECT_VIEW_BASIC, pb.OBJECT_VIEW_FULL):
        found = listed(served, "node_pool", view)
        assert (found.id, found.name) == (name, "")


def test_what_has_changed_goes_before_the_value(served: Served) -> None:
    """ASCII has a quarter of the room that changes may take."""
    rest = "x" * (MAX_RECORD_BYTES - 132 * KIB)
    for version, letter in enumerate("ab"):
        fill(served, [(version, [_noted(version, letter * 100 * KIB, rest)])])
    told = newest(served, "job", "web")
    assert [change.pointer for change in told.changes] == ["/Meta/note", "/Version"]
    assert len(told.changes[0].old_json) == 100 * KIB + 2
    assert not told.object.value_json
    for version, letter in enumerate("cd"):
        fill(served, [(version, [_noted(version, letter, rest)])])
    assert rest in newest(served, "job", "web").object.value_json


def _noted(version: int, note: str, rest: str) -> event_pb2.Event:
    value = {"ID": "web", "Version": version, "Meta": {"note": note, "rest": rest}}
    return nomad("JobRegistered", "Job", value)


def test_no_more_is_looked_for_than_may_be_held(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_HELD_BYTES", MIB)
    names = [f"job-{number}" for number in range(4)]
    told = [[job(1, name=name, Note="x" * MIB)] for name in names]
    fill(served, enumerate(told))
    short = served.stub.ListObjects(pb.ListObjectsRequest(kinds=["job"]), timeout=PATIENCE_S)
    assert [each.name for each in short.objects] == names[::-1]  # without values little is held
    request = pb.ListObjectsRequest(kinds=["job"], view=pb.OBJECT_VIEW_FULL)
    pages = [served.stub.ListObjects(request, timeout=PATIENCE_S)]
    while pages[-1].next_page_token:
        request.page_token = pages[-1].next_page_token
        pages.append(served.stub.ListObjects(request, timeout=PATIENCE_S))
    found = [[each.name for each in page.objects] for page in pages]
    assert [page for page in found if page] == [[name] for name in reversed(names)]


@pytest.fixture
def worked_on(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The names of the threads that look into objects, make their JSON and compare it."""
    threads: dict[str, set[str]] = {}

    def watch(place: Any, name: str) -> None:
        real = getattr(place, name)

        def seen(*arguments: Any) -> Any:
            threads.setdefault(name, set()).add(threading.current_thread().name)
            return real(*arguments)

        monkeypatch.setattr(place, name, seen)

    watch(NomadDialect, "objects")
    watch(NomadDialect, "object_json")
    watch(history_page, "changes")
    return threads


@pytest.mark.parametrize("size_bytes", [10, LARGE_BYTES])
def test_large_objects_are_worked_on_beside_the_loop_and_small_ones_on_it(
    served: Served, worked_on: dict[str, set[str]], size_bytes: int
) -> None:
    text = "n" * size_bytes
    seqs = fill(served, [(version, [job(version, status=text)]) for version in range(3)])
    worked_on.clear()  # what others did with it
    assert listed(served, "job").status == text
    request = pb.GetObjectHistoryRequest(
        system=EVENT_SYSTEM_NOMAD, kind="job", id="web", page_size=1
    )
    answers = [served.stub.GetObjectHistory(request, timeout=PATIENCE_S)]
    while answers[-1].next_page_token:
        request.page_token = answers[-1].next_page_token
        answers.append(served.stub.GetObjectHistory(request, timeout=PATIENCE_S))
    assert [each.object.seq for answer in answers for each in answer.versions] == seqs[::-1]
    assert worked_on.keys() == {"objects", "object_json", "changes"}
    for threads in worked_on.values():
        assert ("served" in threads) == (size_bytes < LARGE_BYTES)
