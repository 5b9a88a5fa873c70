"""A bare table that answers questions over gRPC, in the messages of the service.

`python -m benchmarks.lab.bare_answers TABLE BEFORE_SEQ` prints "HOST:PORT" and ends with its stdin.
Nothing is checked, limited or looked up by time: a state is that before the given position.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import grpc
import orjson
import uvloop

from benchmarks.lab.bare_table import NEWEST_OF, STATE_BEFORE, Row
from tidings.core.record import Record
from tidings.rpc.framing import encoded_record, varint
from tidings.v1 import event_pb2, objects_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD

_RECORDS_TAG = b"\x0a"  # ReadRecordsResponse.records, field 1, length-delimited


class Answers:
    """The three questions that are compared."""

    def __init__(self, table: sqlite3.Connection, before_seq: int) -> None:
        self._table = table
        self._before_seq = before_seq

    def records(self, request: pb.ReadRecordsRequest) -> bytes:
        """Return the newest records with an identifier, their bodies as they are stored."""
        parts: list[bytes] = []
        asked = (request.identifiers[0], request.page_size)
        for seq, at_us, system, body in self._table.execute(NEWEST_OF, asked):
            record = encoded_record(Record(seq, at_us, system, system, body), body)
            parts += (_RECORDS_TAG, varint(len(record)), record)
        return b"".join(parts)

    def objects(self, request: objects_pb2.ListObjectsRequest) -> bytes:
        """Return the allocations with a status."""
        answer = objects_pb2.ListObjectsResponse()
        found = self._table.execute(STATE_BEFORE, (self._before_seq,))
        for row, event, value in _objects(found, "Allocation"):
            if value["ClientStatus"] == request.statuses[0]:
                state = _state(row, event, value, "allocation", value["ClientStatus"])
                state.parents.extend(_parents(value))
                answer.objects.append(state)
        return answer.SerializeToString()

    def versions(self, request: objects_pb2.GetObjectHistoryRequest) -> bytes:
        """Return the newest versions of a job, and the members that differ."""
        answer = objects_pb2.GetObjectHistoryResponse()
        asked = (request.id, request.page_size + 1)
        found = list(_objects(self._table.execute(NEWEST_OF, asked), "Job"))
        for row, event, value in found:
            answer.versions.add(object=_state(row, event, value, "job", value["Status"]))
        for version, (_, _, new), (_, _, old) in zip(
            answer.versions, found, found[1:], strict=False
        ):
            for name in sorted(new.keys() | old.keys()):
                if new.get(name) != old.get(name):
                    version.changes.add(
                        pointer=f"/{name}", old_json=_json(old, name), new_json=_json(new, name)
                    )
        answer.versions[-1].first_known = len(found) <= request.page_size
        del answer.versions[request.page_size :]
        return answer.SerializeToString()


def _objects(
    rows: Sequence[Row] | sqlite3.Cursor, member: str
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    for row in rows:
        (event,) = event_pb2.EventRecord.FromString(row[3]).events
        yield row, event, orjson.loads(event.nomad.payload_json)[member]


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


def _json(value: dict[str, Any], name: str) -> str:
    return orjson.dumps(value[name]).decode() if name in value else ""


def _answering(answer: Callable[[Any], bytes], request: Any) -> grpc.RpcMethodHandler[Any, Any]:  # noqa: ANN401 - a class of messages
    async def method(request: object, context: object) -> bytes:
        del context
        return answer(request)

    return grpc.unary_unary_rpc_method_handler(method, request_deserializer=request.FromString)


async def _serve(path: str, before_seq: int) -> None:
    with closing(sqlite3.connect(path)) as table:
        answers = Answers(table, before_seq)
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
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))
