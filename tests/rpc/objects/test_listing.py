"""ListObjects: what there was at a time, by which filters, in pages, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from random import Random
from threading import get_ident
from typing import Any

import grpc
import pytest

from tests.kit.clock import DayClock
from tests.patience import PATIENCE_S
from tests.rpc.objects.told import allocation, at, container, fill, job, look, node, run
from tests.rpc.serving import Served, refusal
from tidings.core.record import StateEntry
from tidings.dialects.systems import system_name, system_number
from tidings.log.time_slices import TimeSlice
from tidings.rpc import scanning
from tidings.rpc.objects import listing
from tidings.rpc.objects.versions import Version
from tidings.v1 import event_pb2
from tidings.v1 import objects_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

TOLD = [
    (0, [node("n1", "ready"), node("n2", "ready")]),
    (10, [job(1), job(1, namespace="else")]),
    (20, [allocation(1, "web", "n1", "running"), allocation(2, "web", "n2", "running")]),
    (30, [node("n2", "down")]),
    (31, [allocation(2, "web", "n2", "lost")]),
    (40, [job(7, name="old", Deleted=True)]),
    (50, [container("c1", "create", "Running")]),
    (51, [container("c2", "delete", "Terminated")]),
    (60, [run("node_running", "db-1")]),
    (61, [run("node_running", "db-2")]),
    (62, [run("node_failed", "db-1")]),
    (70, [look("Unhealthy")]),
    (80, [node("n1", "ready", "NodeDeregistration")]),
]


def list_objects(stub: EventServiceStub, **fields: Any) -> pb.ListObjectsResponse:
    return stub.ListObjects(pb.ListObjectsRequest(**fields), timeout=PATIENCE_S)


def pages(stub: EventServiceStub, **fields: Any) -> Iterator[pb.ListObjectsResponse]:
    answer = list_objects(stub, **fields)
    yield answer
    while answer.next_page_token:
        answer = list_objects(stub, **{**fields, "page_token": answer.next_page_token})
        yield answer


def objects(stub: EventServiceStub, **fields: Any) -> list[pb.ObjectState]:
    return [each for answer in pages(stub, **fields) for each in answer.objects]


def named(found: list[pb.ObjectState]) -> list[str]:
    return [f"{each.kind}/{each.name or each.id} {each.status}" for each in found]


@pytest.fixture
def filled(served: Served) -> tuple[Served, list[int]]:
    return served, fill(served, TOLD)


NOMAD = {"systems": ["EVENT_SYSTEM_NOMAD"]}

TABLE: list[tuple[dict[str, Any], list[str]]] = [
    (
        {},
        [
            *("part/runner Healthy", "part/compiler Unhealthy", "part/api Healthy"),
            *("cluster/feldera Unhealthy", "run/352/db-1 failed", "job/352 running"),
            *("run/352/db-2 running", "container/c1 Running", "allocation/web[2] lost"),
            *("node/n2 down", "allocation/web[1] running", "job/web running", "job/web running"),
        ],
    ),
    ({**NOMAD, "kinds": ["node"]}, ["node/n2 down"]),
    ({**NOMAD, "kinds": ["node"], "at": at(79)}, ["node/n2 down", "node/n1 ready"]),
    ({**NOMAD, "kinds": ["node"], "at": at(30)}, ["node/n2 down", "node/n1 ready"]),
    ({**NOMAD, "kinds": ["node"], "at": at(29.999999)}, ["node/n2 ready", "node/n1 ready"]),
    ({**NOMAD, "kinds": ["node"], "at": at(29), "ids": ["n1"]}, ["node/n1 ready"]),
    ({**NOMAD, "kinds": ["node"], "at": at(29), "ids": ["id-n2"]}, ["node/n2 ready"]),
    ({"at": at(-1)}, []),
    ({"kinds": ["allocation"], "statuses": ["running"]}, ["allocation/web[1] running"]),
    ({"kinds": ["allocation"], "parents": ["node/id-n2"]}, ["allocation/web[2] lost"]),
    ({"parents": ["job/web", "node/id-n1"]}, ["allocation/web[1] running"]),
    ({"parents": ["job/352"], "statuses": ["failed"]}, ["run/352/db-1 failed"]),
    ({"kinds": ["job"], "namespace": "else"}, ["job/web running"]),
    ({"sources": ["prod"]}, []),
    ({"sources": [""], "kinds": ["container"]}, ["container/c1 Running"]),
    ({"systems": ["EVENT_SYSTEM_CONSUL", "EVENT_SYSTEM_CLOUD_EVENT"]}, []),
    ({"systems": ["EVENT_SYSTEM_FELDERA"], "kinds": ["cluster"]}, ["cluster/feldera Unhealthy"]),
]


@pytest.mark.parametrize(("asked", "expected"), TABLE)
def test_the_objects_of_a_time(
    filled: tuple[Served, list[int]], asked: dict[str, Any], expected: list[str]
) -> None:
    served, _ = filled
    assert named(objects(served.stub, **asked)) == expected


def test_what_is_told_of_an_object(filled: tuple[Served, list[int]]) -> None:
    served, given = filled
    answer = list_objects(served.stub, kinds=["allocation"], statuses=["running"])
    (found,) = answer.objects
    assert (system_name(found.system), found.id, found.namespace) == ("nomad", "a1", "default")
    assert (found.seq, found.recorded_at, found.type) == (given[2], at(20), "AllocationUpdated")
    assert found.parents == ["job/web", "node/id-n1"]
    assert found.value_json == ""
    assert answer.known_since == at(0)
    (found,) = objects(served.stub, kinds=["node"], ids=["n2"], view=pb.OBJECT_VIEW_FULL)
    assert found.value_json == '{"ID":"id-n2","Name":"n2","Status":"down"}'


def test_from_when_on_the_log_knows_of_what_was_trimmed(
    filled: tuple[Served, list[int]],
) -> None:
    served, given = filled

    def known_since(*systems: str) -> object:
        return list_objects(served.stub, systems=map(system_number, systems)).known_since

    assert known_since("docker_cloud", "feldera") == at(50)
    served.run(served.store.trim("nomad", given[0]))
    assert known_since() == known_since("nomad") == at(10)
    served.run(served.store.trim("puppet", given[8]))
    assert known_since() == at(61)
    assert known_since("nomad") == at(10)
    served.run(served.store.trim("puppet", given[10]))
    assert known_since() == at(10)  # of a system that has no record there is nothing to be known


def test_what_a_smaller_trim_takes_is_no_longer_known(served: Served) -> None:
    """The mark of the whole system stays where it was."""

    def known_since() -> object:
        return list_objects(served.stub, systems=[system_number("puppet")]).known_since

    told = [(at_s, [run("job", job=job)]) for at_s, job in enumerate("1213")]
    given = fill(served, told)
    served.run(served.store.trim("puppet.2", given[1]))
    assert known_since() == known_since() == at(0)
    served.run(served.store.trim("puppet.1", given[0]))
    assert known_since() == at(2)


def test_what_is_about_to_be_deleted_is_not_remembered_as_the_oldest(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store marks a trim before it deletes, and may be asked in between."""

    def known_since() -> object:
        return list_objects(served.stub, systems=[system_number("puppet")]).known_since

    real, between = served.store.state.put, list[object]()

    async def asked_after(name: str, value: bytes, **expected: Any) -> StateEntry:
        entry: StateEntry = await real(name, value, **expected)
        between.append(await asyncio.to_thread(known_since))
        return entry

    given = fill(served, [(at_s, [run("job", job="1")]) for at_s in range(3)])
    monkeypatch.setattr(served.store.state, "put", asked_after)
    served.run(served.store.trim("puppet", given[1]))
    assert between == [at(0)]
    assert known_since() == at(2)


def test_others_may_have_their_turn_after_each_object(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One record may carry thousands, and each may take a millisecond to be told with its value."""
    taken: list[str] = []

    class Turns(TimeSlice):
        is_over = True  # at all times

        async def step(self) -> None:
            taken.append("a turn")

    def state(version: Version) -> pb.ObjectState:
        taken.append(version.object.name)
        return real(version)

    real = Version.state
    monkeypatch.setattr(listing, "TimeSlice", Turns)
    monkeypatch.setattr(Version, "state", state)
    fill(served, [(0, [job(1, name=f"job-{number}") for number in range(5)])])
    assert len(objects(served.stub, view=pb.OBJECT_VIEW_FULL)) == 5
    told = [place for place, what in enumerate(taken) if what != "a turn"]
    assert len(told) == 5
    assert all(taken[place - 1] == "a turn" for place in told)


@pytest.mark.parametrize(
    ("records", "objects_of_each", "is_apart"), [(1, 5, False), (1, 1000, True), (100, 1, True)]
)
def test_many_objects_are_taken_beside_the_loop(
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    *,
    records: int,
    objects_of_each: int,
    is_apart: bool,
) -> None:
    threads: set[int] = set()

    def state(version: Version) -> pb.ObjectState:
        threads.add(get_ident())
        return real(version)

    real = Version.state
    monkeypatch.setattr(Version, "state", state)
    names = iter(range(records * objects_of_each))
    told = [
        (at_s, [job(1, name=f"job-{number}") for number in islice(names, objects_of_each)])
        for at_s in range(records)
    ]
    fill(served, told)
    assert len(objects(served.stub)) == records * objects_of_each
    loop_thread: set[int] = set()
    served.server.call(lambda: loop_thread.add(get_ident()))
    assert (threads != loop_thread) is is_apart


def test_a_puppet_job_counts_its_runs_by_status(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    (job_now,) = objects(served.stub, systems=["EVENT_SYSTEM_PUPPET"], kinds=["job"])
    assert dict(job_now.parts) == {"failed": 1, "running": 1}
    (job_then,) = objects(served.stub, systems=["EVENT_SYSTEM_PUPPET"], kinds=["job"], at=at(61))
    assert dict(job_then.parts) == {"running": 2}


def test_a_token_of_another_request_is_refused(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    token = list_objects(served.stub, page_size=1).next_page_token
    assert token
    with pytest.raises(grpc.RpcError) as refused:
        list_objects(served.stub, **NOMAD, page_token=token)
    text = "page_token: is of another request, or of another log"
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_together_are_the_whole(filled: tuple[Served, list[int]], size: int) -> None:
    served, _ = filled
    whole = objects(served.stub)
    parts = list(pages(served.stub, page_size=size))
    assert all(len(each.objects) <= size for each in parts)
    assert [found for each in parts for found in each.objects] == whole
    fill(served, [(90, [node("n3", "ready")])])
    assert parts[0].next_page_token
    later = list_objects(served.stub, page_size=size, page_token=parts[0].next_page_token)
    assert later == parts[1]


def test_pages_are_the_same_when_the_walk_was_forgotten(
    filled: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    whole = objects(served.stub)
    monkeypatch.setattr(listing, "_WALKS", 0)
    assert objects(served.stub, page_size=2) == whole
    monkeypatch.setattr(scanning, "AT_ONCE_APART", scanning.AT_ONCE_APART._replace(records=1))
    monkeypatch.setattr(listing, "_WALKS", 4)
    monkeypatch.setattr(scanning, "MAX_SCANNED", 1)
    parts = list(pages(served.stub, page_size=3))
    assert [found for each in parts for found in each.objects] == whole
    assert len(parts) >= len(TOLD)


@pytest.mark.parametrize("is_one_abandoned", [False, True])
def test_more_callers_in_turn_than_walks_are_kept_come_to_the_end(
    served: Served, monkeypatch: pytest.MonkeyPatch, *, is_one_abandoned: bool
) -> None:
    """Each needs several calls to the next object; walks that forget each other begin anew."""
    fill(served, [(0, [node("n", "ready")]), *((at_s, [job(1)]) for at_s in range(1, 40))])
    at_once = scanning.AT_ONCE._replace(records=4)
    monkeypatch.setattr(scanning, "AT_ONCE", at_once)
    monkeypatch.setattr(scanning, "AT_ONCE_APART", at_once)
    monkeypatch.setattr(scanning, "MAX_SCANNED", 4)
    kept_count = 3
    monkeypatch.setattr(listing, "_WALKS", kept_count)
    callers = dict.fromkeys(range(2 * kept_count), "")
    if is_one_abandoned:
        for number in range(kept_count):
            list_objects(served.stub, ids=["n", f"abandoned {number}"])
        clock, passed_s = served.deployment.clock, DayClock().monotonic_s
        monkeypatch.setattr(clock, "monotonic_s", lambda: passed_s() + 60.0)
    found: dict[int, list[str]] = {number: [] for number in callers}
    for _ in range(200):
        for number, token in tuple(callers.items()):
            answer = list_objects(served.stub, ids=["n", str(number)], page_token=token)
            found[number] += [each.name for each in answer.objects]
            callers[number] = answer.next_page_token
            if not answer.next_page_token:
                del callers[number]
        if not callers:
            break
    assert not callers
    assert found == {number: ["n"] for number in found}


def test_a_bound_keeps_memory_small(
    filled: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    monkeypatch.setattr(listing, "MAX_OBJECTS", 3)
    assert len(objects(served.stub, kinds=["container"])) == 1
    with pytest.raises(grpc.RpcError) as refused:
        list_objects(served.stub)
    assert refusal(refused.value) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "kinds: there are more than 3 objects of these",
    )


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"systems": [1, 99]}, "systems[1]: not a value of tidings.v1.EventSystem"),
        ({"systems": [1, 0]}, "systems[1]: must not be EVENT_SYSTEM_UNSPECIFIED"),
        ({"parents": ["web"]}, "parents[0]: must be KIND/ID"),
        ({"parents": ["job/"]}, "parents[0]: must be KIND/ID"),
        ({"kinds": ["x"] * 1001}, "kinds: at most 1000 are allowed"),
        ({"page_size": -1}, "page_size: must not be negative"),
        ({"page_token": "x"}, "page_token: is not one that an answer gave"),
        ({"view": 9}, "view: not a value of tidings.v1.ObjectView"),
    ],
)
def test_bad_requests_name_the_field(
    stub: EventServiceStub, bad: dict[str, Any], text: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        list_objects(stub, **bad)
    code, said = refusal(refused.value)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert said.startswith(text)


@pytest.mark.parametrize("seed", range(5))
def test_any_log_gives_what_a_plain_dictionary_does(served: Served, seed: int) -> None:
    rng = Random(seed)
    told: list[tuple[float, list[event_pb2.Event]]] = []
    model: list[tuple[float, str, str, bool]] = []
    for second in range(60):
        record = []
        for _ in range(rng.randint(1, 3)):
            name, status = f"n{rng.randint(1, 5)}", rng.choice(("ready", "down"))
            is_gone = rng.random() < 0.2
            record.append(node(name, status, "NodeDeregistration" if is_gone else "NodeEvent"))
            model.append((second, name, status, is_gone))
        told.append((second, record))
    fill(served, told)
    for second in (0, 7, 31, 59, 70):
        newest = {name: (status, gone) for at_s, name, status, gone in model if at_s <= second}
        expected = {name: status for name, (status, gone) in newest.items() if not gone}
        found = objects(served.stub, kinds=["node"], at=at(second), page_size=rng.randint(1, 4))
        assert {each.name: each.status for each in found} == expected
        assert len(found) == len(expected)
