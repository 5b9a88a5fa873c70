"""BackupLog: everything once, in parts that are each whole, and on from any of them."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import grpc
import pytest
from google.protobuf import json_format

from tests.nats.shared import ON_NATS
from tests.patience import PATIENCE_S, until
from tests.rpc import events
from tests.rpc.raw_http2 import raw_client, window_of
from tests.rpc.serving import Served, publish, read_to_head, refusal
from tidings.core.damage import DAMAGED
from tidings.core.limits import MAX_RECORD_BYTES, MAX_RESPONSE_BYTES
from tidings.core.record import SYSTEMS, KeyEntry, Record, Stretch
from tidings.dialects.systems import system_name
from tidings.rpc import backing_up
from tidings.v1 import backup_pb2 as pb
from tidings.v1 import event_pb2

LARGE = b'{"Job":"%s"}' % (b"x" * 150_000)
"""More than gRPC takes for a client whose window is closed, 64 KiB."""


def backup(served: Served, **fields: Any) -> list[pb.BackupLogResponse]:
    call = served.stub.BackupLog(pb.BackupLogRequest(**fields), timeout=PATIENCE_S)
    return list(call)


def pages(parts: list[pb.BackupLogResponse]) -> list[pb.BackupPage]:
    return [part.page for part in parts if part.HasField("page")]


def records(parts: list[pb.BackupLogResponse]) -> list[pb.BackupRecord]:
    return [record for page in pages(parts) for record in page.records]


def keys(parts: list[pb.BackupLogResponse]) -> list[tuple[str, str, int]]:
    return [
        (system_name(key.system), key.key, key.seq) for page in pages(parts) for key in page.keys
    ]


@pytest.fixture
def given(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of five records, of which two have keys; a page has at most two."""
    monkeypatch.setattr(backing_up, "_AT_ONCE", 2)
    made = [
        publish(served.stub, events.nomad(), key="one"),
        publish(served.stub, events.consul()),
        publish(served.stub, events.puppet(), key="two"),
        publish(served.stub, events.consul()),
        publish(served.stub, events.nomad()),
    ]
    read_to_head(served.stub)
    return [answer.seq for answer in made]


def test_a_copy_has_every_record_and_key_in_order(served: Served, given: list[int]) -> None:
    parts = backup(served)
    kinds = [part.WhichOneof("part") for part in parts]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert [kind for kind in kinds if kind == "page"] == kinds[kinds.index("page") : -1]
    start = parts[0].start
    assert start.log_id == served.deployment.log.log_id
    assert start.sparse == ON_NATS
    size_bytes = served.run(served.deployment.log.size_bytes())
    assert (start.size_bytes if start.HasField("size_bytes") else None) == size_bytes
    through = [page.through_seq for page in pages(parts)]
    assert through == sorted(set(through))
    assert through[-1] >= start.end_seq == given[-1]
    assert len(through) > 2
    sent = records(parts)
    assert [record.seq for record in sent] == given
    assert [record.subject for record in sent][:2] == ["nomad", "consul"]
    assert keys(parts) == [("nomad", "one", given[0]), ("puppet", "two", given[2])]
    for record in sent:
        assert record.crc32 == crc32(record.body)
        assert len(event_pb2.EventRecord.FromString(record.body).events) == 1
    floors = {system_name(floor.system): floor for floor in parts[-1].end.floors}
    assert set(floors) == set(SYSTEMS)
    assert (floors["nomad"].first_seq, floors["consul"].first_seq) == (given[0], given[1])
    assert not floors["feldera"].HasField("first_seq"), "it has no records"


def test_a_copy_goes_on_behind_each_of_its_pages(served: Served, given: list[int]) -> None:
    parts = backup(served)
    log_id = parts[0].start.log_id
    for place, page in enumerate(pages(parts)):
        rest = backup(served, after_seq=page.through_seq, log_id=log_id)
        assert pages(rest) == pages(parts)[place + 1 :]
    later = publish(served.stub, events.feldera())
    rest = backup(served, after_seq=pages(parts)[-1].through_seq, log_id=log_id)
    assert [record.seq for record in records(rest)] == [later.seq]


def test_what_retention_took_is_told_by_marks_and_floors(served: Served, given: list[int]) -> None:
    served.run(served.store.inner.trim("consul", given[1]))
    parts = backup(served)
    assert [record.seq for record in records(parts)] == [given[0], *given[2:]]
    marks = [mark for page in pages(parts) for mark in page.marks]
    assert [(mark.subject, mark.through_seq) for mark in marks][-1] == ("consul", given[1])
    assert all(mark.through_seq <= page.through_seq for page in pages(parts) for mark in page.marks)
    floors = {system_name(floor.system): floor.first_seq for floor in parts[-1].end.floors}
    assert floors["consul"] == given[3]
    assert not parts[-1].end.marks, "they were told with the pages"


def test_small_values_come_before_records_and_without_the_logs_own(served: Served) -> None:
    state = served.store.inner.state
    for name in ("token/a", "retention/nomad", "origin"):
        served.run(state.put(name, name.encode()))
    big = [f"policy/{n:02}" for n in range(40)]
    for name in big:
        served.run(state.put(name, b"x" * 60_000))
    publish(served.stub, events.nomad())
    parts = backup(served)
    told = [part.values for part in parts if part.HasField("values")]
    assert len(told) > 1
    assert all(values.ByteSize() < 2 * 1024 * 1024 for values in told)
    names = [value.name for values in told for value in values.values]
    assert names == sorted(names)
    assert {"token/a", *big} <= set(names)
    assert not {"retention/nomad", "origin"} & set(names)
    kinds = [part.WhichOneof("part") for part in parts]
    assert kinds.index("page") > max(n for n, kind in enumerate(kinds) if kind == "values")


def test_a_damaged_record_keeps_its_place(served: Served, given: list[int]) -> None:
    good = served.store.inner.stretch

    async def spoiled(*arguments: Any) -> Any:
        found = await good(*arguments)
        spoil = (one._replace(body=DAMAGED) if one.seq == given[2] else one for one in found[0])
        return found._replace(records=list(spoil))

    served.store.stretch = spoiled  # type: ignore[attr-defined]  # it hands on what it lacks
    sent = {record.seq: record for record in records(backup(served))}
    assert list(sent) == given
    damaged = sent[given[2]]
    assert (damaged.damaged, damaged.body, damaged.HasField("crc32")) == (True, b"", False)


def test_publishers_and_readers_do_not_hear_of_a_backup_that_is_read_slowly(
    served: Served, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "_AT_ONCE", 1)
    for _ in range(5):
        publish(served.stub, events.nomad(payload_json=LARGE))
    good, read = served.store.inner.stretch, []

    async def counted(after_seq: int, *arguments: Any) -> Any:
        read.append(after_seq)
        return await good(after_seq, *arguments)

    served.store.stretch = counted  # type: ignore[attr-defined]  # it hands on what it lacks
    with raw_client(address) as slow:
        slow.greet(window_of(len(LARGE) // 2))
        stream = slow.call("BackupLog", b"")
        until(lambda: read, "the first page is read, which is more than the client takes")
        seqs = [publish(served.stub, events.consul()).seq for _ in range(20)]
        assert seqs == sorted(set(seqs))
        assert [r.seq for r in read_to_head(served.stub, after_seq=seqs[0])] == seqs[1:]
        assert len(read) == 1, "no page is read for a client that has not taken the one before"
        slow.let_come(stream, 10 * len(LARGE))
        slow.until_ended()
    assert len(read) == 5


def test_a_service_that_goes_down_ends_a_copy_at_once(served: Served, given: list[int]) -> None:
    good = served.store.inner.stretch

    async def last(*arguments: Any) -> Any:
        found = await good(*arguments)
        await served.deployment.log.close()
        return found

    served.store.stretch = last  # type: ignore[attr-defined]  # it hands on what it lacks
    call = served.stub.BackupLog(pb.BackupLogRequest(), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as ended:
        list(call)
    assert refusal(ended.value)[0] is grpc.StatusCode.UNAVAILABLE


def test_a_record_of_nearly_a_message_has_its_keys_in_front() -> None:
    keys = [KeyEntry(seq, "nomad", "k" * 512, b"d" * 32, 1) for seq in range(2, 1002)]
    record = Record(1001, 1, "nomad", "nomad", b"x" * MAX_RECORD_BYTES)
    first, second = backing_up.pages_of(Stretch([record], keys, 1001), 1, [])
    assert (len(first.keys), len(first.records), first.through_seq) == (1000, 0, 1)
    assert (len(second.keys), len(second.records), second.through_seq) == (0, 1, 1001)
    assert max(first.ByteSize(), second.ByteSize()) < MAX_RESPONSE_BYTES


def test_a_key_whose_text_is_not_known_has_none() -> None:
    keys = [KeyEntry(2, "nomad", "k", b"d" * 32, 1), KeyEntry(3, "nomad", "", b"d" * 32, 1)]
    (page,) = backing_up.pages_of(Stretch([], keys, 3), 1, [])
    assert [key.HasField("key") for key in page.keys] == [True, False]


@pytest.mark.parametrize(
    ("request_json", "code", "reason"),
    [
        ({"after_seq": 2}, "INVALID_ARGUMENT", "log_id: must be given with after_seq"),
        ({"log_id": "x"}, "FAILED_PRECONDITION", "not the one that was asked for"),
        ({"after_seq": 10**6, "log_id": "$"}, "OUT_OF_RANGE", "past the end of the log"),
    ],
)
def test_positions_of_other_logs_are_refused(
    served: Served, request_json: dict[str, Any], code: str, reason: str
) -> None:
    if request_json.get("log_id") == "$":
        request_json = {**request_json, "log_id": served.deployment.log.log_id}
    request = json_format.ParseDict(request_json, pb.BackupLogRequest())
    with pytest.raises(grpc.RpcError) as error:
        list(served.stub.BackupLog(request, timeout=PATIENCE_S))
    status, told = refusal(error.value)
    assert (status.name, reason in told) == (code, True)
