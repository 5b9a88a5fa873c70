"""A bare table that answers questions over gRPC, in the messages of the service, from its index.

`python -m benchmarks.lab.bare_answers TABLE INDEX BEFORE_SEQ` prints "HOST:PORT" and ends with its
stdin. Nothing is checked, limited or looked up by time: what the index names is believed, and a
state is that before the given position. What changed is told as the service does, at any depth and
with numbers as they were written.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import grpc
import uvloop

from benchmarks.lab.bare_table import Row, rows_at
from tidings.core.conditions import Conditions
from tidings.core.object_question import StateQuestion, name_number
from tidings.core.record import Record
from tidings.dialects import load
from tidings.dialects.changes import changes
from tidings.dialects.rules import holds_one_event
from tidings.index import object_table, term_table
from tidings.index.terms import question
from tidings.rpc.framing import encoded_record, varint
from tidings.v1 import event_pb2, objects_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD
from tidings.v1.json_runtime.canonical import loads_exactly

_DIALECTS = load()
_END = 2**62
_RECORDS_TAG = b"\x0a"  # ReadRecordsResponse.records, field 1, length-delimited


class Answers:
    """The three questions that are compared."""

    def __init__(
        self, table: sqlite3.Connection, index: sqlite3.Connection, before_seq: int
    ) -> None:
        self._table = table
        self._index = index
        self._before_seq = before_seq
        object_table.prepare(index)

    def records(self, request: pb.ReadRecordsRequest) -> bytes:
        """Return the newest records with an identifier, their bodies as they are stored."""
        parts: list[bytes] = []
        conditions = Conditions.parse((), request.identifiers, (), "")
        seqs = term_table.find(
            self._index,
            question(None, conditions, ()),
            0,
            _END,
            request.page_size,
            newest_first=True,
        )
        ((kind, values),) = conditions.identifiers
        for seq, at_us, system, body in rows_at(self._table, seqs):
            chosen = body
            if not holds_one_event(body):  # the index says of all together what they have
                chosen = _some_events(system, body, kind, values)
            record = encoded_record(Record(seq, at_us, system, system, chosen), chosen)
            parts += (_RECORDS_TAG, varint(len(record)), record)
        return b"".join(parts)

    def objects(self, request: objects_pb2.ListObjectsRequest) -> bytes:
        """Return the allocations with a status."""
        answer = objects_pb2.ListObjectsResponse()
        asked = StateQuestion(
            lambda group: group.kind == "allocation",
            frozenset(request.statuses),
            self._before_seq,
        )
        seqs = [each.seq for each in object_table.states(self._index, asked, 0)]
        for row, event, value in _objects(rows_at(self._table, seqs), "Allocation"):
            state = _state(row, event, value, "allocation", value["ClientStatus"])
            state.parents.extend(_parents(value))
            answer.objects.append(state)
        return answer.SerializeToString()

    def versions(self, request: objects_pb2.GetObjectHistoryRequest) -> bytes:
        """Return the newest versions of a job, and the members that differ."""
        answer = objects_pb2.GetObjectHistoryResponse()
        name = name_number("nomad", request.kind, request.id)
        seqs = object_table.versions(self._index, name, 0, _END, request.page_size + 1)
        found = list(_objects(rows_at(self._table, seqs), "Job"))
        for row, event, value in found:
            answer.versions.add(object=_state(row, event, value, "job", value["Status"]))
        for version, (_, _, new), (_, _, old) in zip(
            answer.versions, found, found[1:], strict=False
        ):
            for pointer, before, after in changes(old, new):
                version.changes.add(pointer=pointer, old_json=before, new_json=after)
        answer.versions[-1].first_known = len(found) <= request.page_size
        del answer.versions[request.page_size :]
        return answer.SerializeToString()


def _some_events(system: str, body: bytes, kind: str, values: frozenset[str]) -> bytes:
    record = event_pb2.EventRecord.FromString(body)
    places = [
        place
        for place, event in enumerate(record.events)
        if any((kind, each) in _DIALECTS[system].identifiers(event, kind) for each in values)
    ]
    if len(places) == len(record.events):
        return body
    some = event_pb2.EventRecord(events=[record.events[each] for each in places], places=places)
    return some.SerializeToString()


def _objects(rows: Sequence[Row], member: str) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    for row in rows:
        (event,) = event_pb2.EventRecord.FromString(row[3]).events
        yield row, event, loads_exactly(event.nomad.payload_json)[member]


def _state(
    row: Row, event: event_pb2.Event, value: dict[str, Any], kind: str, status: str
) -> objects_pb2.ObjectState:
    state = objects_pb2.ObjectState(
        system=EVENT_SYSTEM_NOMAD,
        kind=kind,
        id=value["ID"],
        name=value["Name"],
        namespace=value.get("Namespace", ""),
        status=status,
        source=event.source,
        type=event.nomad.type,
        seq=row[0],
    )
    recorded_at = state.recorded_at
    recorded_at.seconds, micros = divmod(row[1], 1_000_000)
    recorded_at.nanos = micros * 1000
    return state


def _parents(value: dict[str, Any]) -> Iterator[str]:
    for kind, name in _PARENTS:
        if value.get(name):
            yield f"{kind}/{value[name]}"


_PARENTS = (
    ("job", "JobID"),
    ("node", "NodeID"),
    ("evaluation", "EvalID"),
    ("deployment", "DeploymentID"),
)


def _answering(answer: Callable[[Any], bytes], request: Any) -> grpc.RpcMethodHandler[Any, Any]:  # noqa: ANN401 - a class of messages
    async def method(request: object, context: object) -> bytes:
        del context
        return answer(request)

    return grpc.unary_unary_rpc_method_handler(method, request_deserializer=request.FromString)


async def _serve(path: str, index_path: str, before_seq: int) -> None:
    with closing(sqlite3.connect(path)) as table, closing(sqlite3.connect(index_path)) as index:
        answers = Answers(table, index, before_seq)
        methods = {
            "ReadRecords": _answering(answers.records, pb.ReadRecordsRequest),
            "ListObjects": _answering(answers.objects, objects_pb2.ListObjectsRequest),
            "GetObjectHistory": _answering(answers.versions, objects_pb2.GetObjectHistoryRequest),
        }
        server = grpc.aio.server()
        handler = grpc.method_handlers_generic_handler("tidings.v1.EventService", methods)
        server.add_generic_rpc_handlers((handler,))
        print(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
        await server.start()
        await asyncio.to_thread(sys.stdin.read)
        await server.stop(None)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
