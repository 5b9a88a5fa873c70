"""What somebody else's message may hold and JSON cannot say is refused before it is stored."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated.vendors import CODECS, Codec, says, some, value_of
from tidings.v1 import json_options_pb2 as options
from tidings.v1 import json_runtime as rt
from tidings.v1.nomad_pb2 import NomadPayload


@pytest.mark.parametrize("codec", CODECS, ids=str)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_prints_and_comes_back_is_let_through(codec: Codec, seed: int) -> None:
    message = some(codec.message, random.Random(seed))
    before = message.SerializeToString(deterministic=True)
    rt.check_printable(message)
    assert message.SerializeToString(deterministic=True) == before


NO_JSON = [
    b"{",
    b"1,2",
    b'1,"SecretID":"x"',
    b"NaN",
    b'"\xff"',
    b"\xef\xbb\xbf1",
    b" ",
    201 * b"[" + 201 * b"]",
]
RAW_FIELDS = [
    (codec, field.name)
    for codec in CODECS
    for field in codec.message.DESCRIPTOR.fields
    if says(field, options.raw_json)
]


@pytest.mark.parametrize(("codec", "field"), RAW_FIELDS, ids=str)
def test_text_that_is_no_json_is_refused(codec: Codec, field: str) -> None:
    for text in NO_JSON:
        with pytest.raises(rt.JsonError) as caught:
            rt.check_printable(codec.message(**{field: text}))
        assert caught.value.path == field


TIMES = [
    (codec, field.name)
    for codec in CODECS
    for field in codec.message.DESCRIPTOR.fields
    if value_of(field).message_type is Timestamp.DESCRIPTOR
]
NO_TIMES = [(-62135596801, 0), (253402300800, 0), (0, -1), (0, 10**9)]


@pytest.mark.parametrize(("codec", "field"), TIMES, ids=str)
def test_a_time_that_has_no_text_is_refused(codec: Codec, field: str) -> None:
    for seconds, nanos in NO_TIMES:
        message = codec.message(**{field: Timestamp(seconds=seconds, nanos=nanos)})
        with pytest.raises(rt.JsonError) as caught:
            rt.check_printable(message)
        assert caught.value.path == field


PLACES: list[tuple[str, dict[str, Any]]] = [
    ("node.events[1].timestamp", {"node": {"events": [{}, {"timestamp": {"nanos": -1}}]}}),
    (
        "node.drivers.docker.update_time",
        {"node": {"drivers": {"docker": {"update_time": {"nanos": -1}}}}},
    ),
    (
        "node.drain_strategy.deadline",
        {"node": {"drain_strategy": {"deadline": {"seconds": 2**34}}}},
    ),
    (
        "allocation.metrics.scores.n1",
        {"allocation": {"metrics": {"scores": {"n1": float("nan")}}}},
    ),
    (
        "allocation.metrics.score_meta_data[0].norm_score",
        {"allocation": {"metrics": {"score_meta_data": [{"norm_score": float("-inf")}]}}},
    ),
    ("job.task_groups[0].tasks_json", {"job": {"task_groups": [{"tasks_json": b"]"}]}}),
]


@pytest.mark.parametrize(("place", "fields"), PLACES, ids=[place for place, _ in PLACES])
def test_the_error_leads_to_the_field(place: str, fields: dict[str, Any]) -> None:
    with pytest.raises(rt.JsonError) as caught:
        rt.check_printable(NomadPayload(**fields))
    assert caught.value.path == place


@pytest.mark.parametrize(
    ("duration", "fits"),
    [
        (Duration(seconds=9223372036, nanos=854775807), True),
        (Duration(seconds=9223372036, nanos=854775808), False),
        (Duration(seconds=-9223372036, nanos=-854775808), True),
        (Duration(seconds=-9223372036, nanos=-854775809), False),
    ],
)
def test_durations_are_those_of_go(duration: Duration, *, fits: bool) -> None:
    payload = NomadPayload()
    payload.evaluation.wait.CopyFrom(duration)
    if fits:
        rt.check_printable(payload)
        assert payload.evaluation.wait == duration
    else:
        with pytest.raises(rt.JsonError, match=r"^evaluation\.wait: duration out of range$"):
            rt.check_printable(payload)


@pytest.mark.parametrize(
    ("seconds", "nanos", "reason"),
    [
        (1, -1, "seconds and nanos must have the same sign"),
        (-1, 1, "seconds and nanos must have the same sign"),
        (0, 2 * 10**9, "nanos must be -999999999 to 999999999"),
        (1, -(10**9), "nanos must be -999999999 to 999999999"),
        (0, 10**9, "nanos must be -999999999 to 999999999"),
    ],
)
@pytest.mark.parametrize("field", ["auth_method.max_token_ttl", "job.update.stagger"])
def test_durations_that_proto3_json_refuses_are_refused(
    field: str, seconds: int, nanos: int, reason: str
) -> None:
    payload = NomadPayload()
    inner: Any = payload
    for name in field.split("."):
        inner = getattr(inner, name)
    inner.CopyFrom(Duration(seconds=seconds, nanos=nanos))
    with pytest.raises(rt.JsonError) as caught:
        rt.check_printable(payload)
    assert (caught.value.path, caught.value.reason) == (field, reason)


@pytest.mark.parametrize("print_time", [rt.time_text, rt.time_text_seconds, rt.time_text_micros])
def test_what_is_no_time_prints_as_null(print_time: Any) -> None:
    for seconds, nanos in NO_TIMES:
        assert print_time(Timestamp(seconds=seconds, nanos=nanos)) is None
    assert print_time(Timestamp(seconds=1)) == "1970-01-01T00:00:01Z"
