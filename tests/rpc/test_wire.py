"""Records as bytes: equal to what protobuf would write, made once, bounded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.kit.loop import scenario
from tests.rpc.events import consul, docker, feldera, nomad, own, puppet
from tidings.core.limits import MAX_BATCH_BYTES
from tidings.core.record import Record
from tidings.dialects import load
from tidings.dialects.rules import timestamp
from tidings.log.batch import Batch, Pick
from tidings.log.work_thread import LARGE_BYTES
from tidings.rpc.envelopes import EnvelopeReader
from tidings.rpc.framing import varint
from tidings.rpc.wire import RecordsWire
from tidings.v1 import event_pb2, event_service_pb2

DIALECTS = load()
AT_US = 1_700_000_000_123_456


def record(*events: event_pb2.Event, seq: int = 300) -> Record:
    body = event_pb2.EventRecord(events=events).SerializeToString()
    system = str(events[0].WhichOneof("body"))
    return Record(seq, AT_US, system, system, body)


def at_once(wire: RecordsWire, batch: Batch, *, as_json: bool) -> tuple[bytes, ...]:
    messages = wire.messages_at_once(batch, as_json=as_json)
    assert messages is not None
    return messages


def decoded(wire: RecordsWire, *picks: Pick, as_json: bool = False) -> event_pb2.EventRecord:
    """Return the one record, or the first of several, that goes out."""
    (message,) = at_once(wire, Batch(picks, 0), as_json=as_json)
    return event_service_pb2.SubscribeResponse.FromString(message).batch.records[0]


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**64 - 1])
def test_varints_are_protobufs(number: int) -> None:
    encoded = event_service_pb2.Heartbeat(seq=number).SerializeToString()
    assert encoded == (b"\x08" + varint(number) if number else b"")


@pytest.mark.parametrize("event", [docker(), feldera(), own(), nomad(key="k")])
@pytest.mark.parametrize("as_json", [False, True])
def test_most_records_go_out_as_they_are_stored(event: event_pb2.Event, as_json: bool) -> None:  # noqa: FBT001
    stored = record(event)
    expected = event_pb2.EventRecord(seq=300, recorded_at=timestamp(AT_US), events=[event])
    wire = RecordsWire(DIALECTS)
    (message,) = at_once(wire, Batch([Pick(stored, None)], 300), as_json=as_json)
    response = event_service_pb2.SubscribeResponse(
        batch=event_service_pb2.RecordBatch(records=[expected])
    )
    assert message == response.SerializeToString(deterministic=True)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_page_in_the_form_that_is_asked_for_is_never_decoded(
    as_json: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = nomad(key="k", payload_json=b'{"a":1}') if as_json else nomad(key="k")
    if not as_json:
        one.nomad.payload.node.id = "n"
    picks = [Pick(record(one, seq=seq), None) for seq in range(2, 502)]
    picks += [Pick(record(docker(), seq=seq), None) for seq in range(502, 1002)]
    batch = Batch(picks, 1001)
    at_once(RecordsWire(DIALECTS), Batch(picks[:1], 2), as_json=as_json)  # what is made once
    monkeypatch.delattr("tidings.rpc.wire.event_pb2.EventRecord")
    (message,) = at_once(RecordsWire(DIALECTS), batch, as_json=as_json)
    monkeypatch.undo()
    found = event_service_pb2.SubscribeResponse.FromString(message).batch.records
    assert [one.seq for one in found] == list(range(2, 1002))


def test_fields_that_depend_on_the_position_are_completed() -> None:
    fired = consul()
    fired.consul.id = "0001020304050607"
    wire = RecordsWire(DIALECTS)
    done = decoded(wire, Pick(record(fired), None)).events[0].consul
    assert (done.l_time, done.id) == (300, "00010203-0405-072b-0001-020304050607")
    assert decoded(wire, Pick(record(puppet()), None)).seq == 300


def test_only_the_picked_events_go_out() -> None:
    stored = record(nomad(key="a"), nomad(key="b", payload_json=b'{"Node":{"ID":"n"}}'), nomad())
    done = decoded(RecordsWire(DIALECTS), Pick(stored, (1,)))
    assert [event.nomad.key for event in done.events] == ["b"]
    assert done.events[0].nomad.payload.node.id == "n"


def test_a_converted_record_is_made_once_while_there_is_room() -> None:
    stored = record(nomad(payload_json=b'{"Node":{"ID":"n"}}'))
    calls = []
    dialects = dict(DIALECTS)

    class Counting(type(DIALECTS["nomad"])):  # type: ignore[misc]  # the class is only known at run time
        def present(self, events: object, *, as_json: bool) -> bool:
            calls.append(as_json)
            return bool(super().present(events, as_json=as_json))

    dialects["nomad"] = Counting(100)
    wire = RecordsWire(dialects)
    for _ in range(3):
        wire.body(Pick(stored, None), as_json=False)
    assert calls == [False]
    wire.body(Pick(stored, None), as_json=True)
    assert calls == [False, True]
    small = RecordsWire(dialects, cache_bytes=1)
    for _ in range(2):
        small.body(Pick(stored, None), as_json=False)
    assert calls == [False, True, False, False]


def test_the_cache_keeps_what_is_asked_for() -> None:
    wire = RecordsWire(DIALECTS, cache_bytes=250)
    picks = [Pick(record(nomad(key="k" * 70), seq=seq), None) for seq in range(2, 5)]
    for pick in (picks[0], picks[1], picks[0], picks[2]):
        wire.body(pick, as_json=False)
    kept = [wire._cache.get((pick.record.seq, False)) is not None for pick in picks]  # noqa: SLF001
    assert kept == [True, False, True]


def test_a_record_whose_other_form_is_too_large_goes_out_as_it_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tidings.rpc.wire.MAX_RECORD_BYTES", 10)
    stored = record(nomad(payload_json=b'{"Node":{"ID":"n"}}'))
    done = decoded(RecordsWire(DIALECTS), Pick(stored, None))
    assert done.events[0].nomad.payload_json == b'{"Node":{"ID":"n"}}'
    assert not done.events[0].nomad.HasField("payload")


def test_a_batch_becomes_as_few_messages_as_the_bounds_allow_and_only_once() -> None:
    large = "k" * (MAX_BATCH_BYTES // 2 - 100)
    sizes = [large, large, "k" * 200, "k" * (2 * MAX_BATCH_BYTES), "k"]
    picks = [Pick(record(nomad(key=key), seq=seq), None) for seq, key in enumerate(sizes, 2)]
    batch = Batch(picks, 6)
    wire = RecordsWire(DIALECTS)
    messages = at_once(wire, batch, as_json=False)
    found = [
        [one.seq for one in event_service_pb2.SubscribeResponse.FromString(message).batch.records]
        for message in messages
    ]
    assert found == [[2, 3], [4], [5], [6]]
    assert at_once(wire, batch, as_json=False) is messages
    assert at_once(wire, batch, as_json=True) is not messages
    assert at_once(wire, Batch((), 6), as_json=False) == ()


def test_envelopes_are_read_from_what_is_stored() -> None:
    envelope = EnvelopeReader(DIALECTS)(record(consul("deploy")))
    assert envelope.events == ["deploy"]


def test_a_batch_of_both_forms_goes_out_in_the_one_that_is_asked_for() -> None:
    typed = nomad(key="typed")
    typed.nomad.payload.node.id = "n"
    text = nomad(key="text", payload_json=b'{"Node":{"ID":"n"}}')
    fired = consul()
    fired.consul.id = "0001020304050607"
    events = [typed, text, fired, docker()]
    picks = [Pick(record(event, seq=seq), None) for seq, event in enumerate(events, 2)]
    for as_json in (False, True):
        (message,) = at_once(RecordsWire(DIALECTS), Batch(picks, 9), as_json=as_json)
        found = event_service_pb2.SubscribeResponse.FromString(message).batch.records
        assert [one.seq for one in found] == [2, 3, 4, 5]
        forms = [bool(one.events[0].nomad.payload_json) for one in found[:2]]
        assert forms == [as_json, as_json]
        assert found[2].events[0].consul.l_time == 4


@pytest.mark.parametrize("seq", [2, 127, 128, 129, 16383, 16384, 2**63 - 1])
def test_positions_of_any_length_are_protobufs(seq: int) -> None:
    assert decoded(RecordsWire(DIALECTS), Pick(record(docker(), seq=seq), None)).seq == seq


LARGE_TEXT = b'{"Node":{"ID":"' + b"n" * LARGE_BYTES + b'"}}'


@pytest.mark.parametrize("as_json", [False, True])
@scenario
async def test_what_takes_long_to_convert_is_made_on_a_thread(as_json: bool) -> None:  # noqa: FBT001
    large = nomad(payload_json=LARGE_TEXT)
    if as_json:
        large = nomad(payload={"node": {"id": "n" * LARGE_BYTES}})
    batch = Batch([Pick(record(large), None), Pick(record(nomad(), seq=301), None)], 301)
    threads: list[threading.Thread] = []

    class Seen(RecordsWire):
        def body(self, pick: Pick, *, as_json: bool | None) -> bytes:
            threads.append(threading.current_thread())
            return super().body(pick, as_json=as_json)

    wire = Seen(DIALECTS)
    assert wire.messages_at_once(batch, as_json=as_json) is None
    async with asyncio.TaskGroup() as tasks:
        both = [
            tasks.create_task(wire.messages(batch, as_json=as_json)),
            tasks.create_task(wire.messages(batch, as_json=as_json)),
        ]
    messages = both[0].result()
    assert messages is both[1].result() is wire.messages_at_once(batch, as_json=as_json)
    found = [event_service_pb2.SubscribeResponse.FromString(each) for each in messages]
    assert [one.seq for each in found for one in each.batch.records] == [300, 301]
    assert threading.main_thread() not in threads
    assert len(threads) == 2


def test_a_large_record_that_goes_out_as_it_is_stored_needs_no_thread() -> None:
    batch = Batch([Pick(record(nomad(payload_json=LARGE_TEXT)), None)], 2)
    assert RecordsWire(DIALECTS).messages_at_once(batch, as_json=True) is not None
    a_part = Batch([Pick(record(nomad(payload_json=LARGE_TEXT), nomad()), (0,))], 2)
    assert RecordsWire(DIALECTS).messages_at_once(a_part, as_json=True) is None
