"""What a Nomad holds before a first run: which lists are read, and how the stream goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from tests.kit.loop import run_async
from tests.rpc.serving import Served, read_to_head
from tests.sources.test_nomad import line
from tests.sources.test_recorder import record
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.failure import UpstreamFailed
from tidings.sources.nomad import PATH, NomadSource
from tidings.sources.target import Target
from tidings.v1 import nomad_pb2

INDEX = 40
"""Of the first answer of a list; that of each later one is higher."""

Objects = Sequence[Mapping[str, object]]

LISTS: Mapping[str, Objects] = {
    "/v1/node/pools": [{"Name": "default", "ModifyIndex": 1}],
    "/v1/nodes": [{"ID": "n1", "Status": "ready", "ModifyIndex": 9}],
    "/v1/jobs": [
        {"ID": "web/a", "Namespace": "prod", "Periodic": False, "ModifyIndex": 20},
        {"ID": "gone", "Namespace": "prod", "Periodic": False, "ModifyIndex": 21},
    ],
    "/v1/evaluations": [{"ID": "e1", "Namespace": "prod", "JobID": "web/a", "ModifyIndex": 22}],
    "/v1/deployments": [{"ID": "d1", "Namespace": "prod", "JobID": "web/a", "ModifyIndex": 23}],
    "/v1/allocations": [
        {"ID": "a1", "Namespace": "prod", "JobID": "web/a", "NodeID": "n1", "ModifyIndex": 24},
        {"ID": "a2", "Namespace": "prod", "JobID": "db", "NodeID": "n1", "ModifyIndex": 25},
    ],
    "/v1/services": [{"Namespace": "prod", "Services": [{"ServiceName": "web", "Tags": []}]}],
    "/v1/service/web": [
        {"ID": "s1", "Namespace": "prod", "JobID": "web/a", "ServiceName": "web", "ModifyIndex": 26}
    ],
}
WHOLE: Mapping[str, Mapping[str, object]] = {
    "/v1/node/n1": {"ID": "n1", "SecretID": "s3cret", "Attributes": {}, "ModifyIndex": 10},
    "/v1/job/web%2Fa": {
        "ID": "web/a", "Namespace": "prod", "Type": "service", "TaskGroups": [], "ModifyIndex": 20
    },
}  # fmt: skip

ALL = [
    ("NodePool", "default", "", [], 1),
    ("Node", "n1", "", [], 10),
    ("Job", "web/a", "prod", [], 20),
    ("Evaluation", "e1", "prod", ["web/a", ""], 22),
    ("Deployment", "d1", "prod", ["web/a"], 23),
    ("Allocation", "a1", "prod", ["web/a", ""], 24),
    ("Allocation", "a2", "prod", ["db", ""], 25),
    ("Service", "s1", "prod", ["web/a", "web"], 26),
]


class FakeNomad:
    """A server with the lists of `LISTS`, a page of one object each, and a short stream."""

    def __init__(
        self,
        stream: Sequence[int] = (),
        *,
        without: str = "",
        breaks: str = "",
        lists: Mapping[str, Objects] = LISTS,
    ) -> None:
        self._stream = stream
        self._without = without
        self._breaks = breaks
        self._lists = lists
        self._index = INDEX
        self.asked: list[Asked] = []

    async def serve(self, asked: Asked, answer: Answer) -> None:
        self.asked.append(asked)
        if asked.path == PATH:
            await answer.begin()
            await answer.chunk(b"{}\n" + b"".join(map(line, self._stream)))
            await answer.end()
        elif asked.path == self._breaks:
            await answer.whole(500)
        elif asked.path in WHOLE:
            await answer.whole(200, json.dumps(WHOLE[asked.path]).encode())
        elif asked.path in self._lists and asked.path != self._without:
            place = int(asked.query.get("next_token", ["0"])[0])
            found = self._lists[asked.path]
            more = {"x_nomad_nexttoken": str(place + 1)} if place + 1 < len(found) else {}
            body = json.dumps(found[place : place + 1]).encode()
            await answer.whole(200, body, x_nomad_index=str(self._index), **more)
            self._index += 1
        else:
            await answer.whole(404, b"not found")


def follow(
    system: FakeNomad, position: str = "", *, topics: Sequence[str] = (), reason: str = "ended",
    namespace: str = "*",
) -> Noted:  # fmt: skip
    noted = Noted()

    async def main() -> None:
        async with upstream(system.serve) as url:
            source = NomadSource(
                "prod", Target(url), topics=topics, namespace=namespace, snapshot=True
            )
            with pytest.raises(UpstreamFailed, match=reason):
                await source.follow(position, noted)

    run_async(main())
    return noted


def found(noted: Noted) -> list[tuple[str, str, str, list[str], int]]:
    return [
        (body.topic, body.key, body.namespace, list(body.filter_keys), body.upstream_index)
        for draft in noted.drafts
        for event in draft.events
        for body in [event.nomad]
        if body.type == "Snapshot"
    ]


@pytest.mark.parametrize(
    ("topics", "wanted"),
    [
        ((), ALL),
        (["*"], ALL),
        (["Job", "Node:*"], [each for each in ALL if each[0] in {"Job", "Node"}]),
        (["Allocation:db"], [ALL[6]]),
        (["*:web/a"], [each for each in ALL if "web/a" in (each[1], *each[3])]),
        (["Service:s1", "Evaluation:x"], [ALL[7]]),
    ],
)
def test_a_first_run_begins_with_what_there_is_of_the_topics(
    topics: Sequence[str], wanted: Sequence[object]
) -> None:
    system = FakeNomad()
    assert found(follow(system, topics=topics)) == wanted
    stream = system.asked[-1]
    assert (stream.path, stream.query["index"]) == (PATH, ["0"])


@pytest.mark.parametrize("namespace", ["*", "prod"])
def test_lists_and_stream_are_of_one_namespace_and_each_object_is_read_in_its_own(
    namespace: str,
) -> None:
    system = FakeNomad()
    follow(system, namespace=namespace)
    namespaces = {each.path: each.query["namespace"] for each in system.asked}
    own = {"/v1/job/web%2Fa": ["prod"], "/v1/job/gone": ["prod"], "/v1/service/web": ["prod"]}
    of_no_namespace = {"/v1/node/n1": ["default"]}
    asked_for = {path: [namespace] for path in (PATH, *LISTS)}
    assert namespaces == asked_for | own | of_no_namespace
    whole = [each.query["resources"] for each in system.asked if each.path in LISTS]
    assert whole == [["true"]] * len(whole)


def test_an_object_that_is_not_understood_is_a_gap_and_the_next_is_recorded() -> None:
    odd = {"ID": "odd", "Namespace": "prod", "ModifyIndex": -1}
    path = "/v1/evaluations"
    noted = follow(FakeNomad(lists={path: [odd, *LISTS[path]]}), topics=["Evaluation"])
    assert [(said.partition(": Index")[0]) for said in noted.said] == [
        "connected", "begin snapshot:", "lost ..: an object is not understood",
        "put snapshot:", f"reach snapshot:{INDEX}",
    ]  # fmt: skip
    assert found(noted) == [ALL[3]]
    assert noted.failures == [""]


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        pytest.param([38, 41], [], id="the buffer goes back before it"),
        pytest.param([INDEX + 1], [], id="the buffer begins right behind it"),
        pytest.param(
            [INDEX + 2],
            [f"lost {INDEX}..{INDEX + 2}: its buffer begins after the snapshot"],
            id="the buffer begins later",
        ),
    ],
)
def test_what_the_buffer_lost_meanwhile_is_told(stream: Sequence[int], said: list[str]) -> None:
    expected = ["connected", *said, *(f"put {index}" for index in stream)]
    taking = ["connected", "begin snapshot:", "put snapshot:", f"reach snapshot:{INDEX}"]
    first = follow(FakeNomad(stream), topics=["Job"])
    assert first.said == [*taking, *expected[1:]]
    later = follow(FakeNomad(stream), f"snapshot:{INDEX}", topics=["Job"])
    assert later.said == expected


def test_only_a_first_run_has_one() -> None:
    system = FakeNomad([41])
    assert follow(system, "41").said == ["connected", "put 41"]
    assert [each.path for each in system.asked] == [PATH]


def test_topics_without_a_list_have_none() -> None:
    system = FakeNomad([41])
    assert follow(system, topics=["ACLToken"]).said == ["connected", "begin 0", "put 41"]
    assert [each.path for each in system.asked] == [PATH]


def test_a_nomad_without_one_of_the_lists_has_the_others() -> None:
    assert found(follow(FakeNomad(without="/v1/node/pools"))) == ALL[1:]


def test_a_snapshot_that_breaks_is_taken_again_and_its_keys_stay() -> None:
    first = follow(FakeNomad(breaks="/v1/allocations"), reason="answered 500")
    assert found(first) == ALL[:5]
    assert not [each for each in first.said if each.startswith("reach")]
    again = follow(FakeNomad([41]), "snapshot:")
    # what the first one stored may have gone before the second one was taken
    assert again.said[-3:] == [
        f"lost ..{INDEX}: its snapshot was interrupted", f"reach snapshot:{INDEX}", "put 41"
    ]  # fmt: skip
    keys = [draft.key for draft in again.drafts]
    assert keys[:5] == [draft.key for draft in first.drafts]
    assert len(set(keys)) == len(keys)


def test_it_is_stored_like_what_the_stream_tells_and_without_secrets(served: Served) -> None:
    async def main() -> None:
        async with upstream(FakeNomad([41]).serve) as url:
            source = NomadSource("prod", Target(url), snapshot=True)
            await record(served, source, lambda: len(stored(served)) == len(ALL) + 1)

    run_async(main())
    bodies = stored(served)
    assert [(body.topic, body.key) for body in bodies] == [
        *(each[:2] for each in ALL),
        ("Job", "web"),
    ]
    assert b"s3cret" not in bodies[1].payload_json
    assert bodies[1].payload.node.id == "n1"
    assert bodies[2].payload.job.type == "service"
    assert bodies[7].payload.service.service_name == "web"


def stored(served: Served) -> list[nomad_pb2.NomadEvent]:
    return [
        event.nomad
        for each in read_to_head(served.stub, after_seq=0)
        for event in each.events
        if event.HasField("nomad")
    ]
