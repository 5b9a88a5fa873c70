"""Every vendor message becomes JSON and comes back as itself."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated.vendors import (
    CODECS,
    Codec,
    bodies,
    has_other_json,
    is_member,
    reachable,
    some,
)
from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json
from tidings.v1.nomad_pb2 import NomadPayload

EVERY_MESSAGE = pytest.mark.parametrize("codec", CODECS, ids=str)
SEEDS = st.integers(0, 2**32 - 1)


def shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        rng.shuffle(names)
        return {name: shuffled(value[name], rng) for name in names}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


def test_every_message_of_a_system_with_generated_json_has_both_directions() -> None:
    wanted = set().union(*(reachable(body) for body in bodies() if not has_other_json(body)))
    assert {str(codec) for codec in CODECS} == wanted
    assert len(wanted) > 80


@EVERY_MESSAGE
@settings(max_examples=20)
@given(seed=SEEDS)
def test_a_message_comes_back_as_itself(codec: Codec, seed: int) -> None:
    message = some(codec.message, random.Random(seed))
    lost: list[str] = []
    value = codec.to_json(message)
    assert type(rt.loads(rt.dumps(value))) is dict
    assert codec.from_json(value, lost) == message
    assert lost == []


@EVERY_MESSAGE
@settings(max_examples=5)
@given(seed=SEEDS)
def test_the_order_of_members_changes_nothing(codec: Codec, seed: int) -> None:
    rng = random.Random(seed)
    message = some(codec.message, rng)
    lost: list[str] = []
    assert codec.from_json(shuffled(codec.to_json(message), rng), lost) == message
    assert lost == []


@EVERY_MESSAGE
def test_an_empty_object_and_one_of_nulls_are_the_empty_message(codec: Codec) -> None:
    lost: list[str] = []
    names = [field.json_name for field in codec.message.DESCRIPTOR.fields if is_member(field)]
    assert names
    assert codec.from_json({}, lost) == codec.message()
    assert codec.from_json(dict.fromkeys(names), lost) == codec.message()
    assert lost == []


@EVERY_MESSAGE
def test_members_are_named_and_ordered_as_the_protos_say(codec: Codec) -> None:
    names = [field.json_name for field in codec.message.DESCRIPTOR.fields if is_member(field)]
    printed = list(codec.to_json(codec.message()))
    assert [name for name in names if name in printed] == printed


@pytest.mark.parametrize("value", [None, 0, "", [], True, 1.5, [{}]], ids=repr)
def test_nothing_but_an_object_is_a_message(value: object) -> None:
    for codec in CODECS:
        with pytest.raises(rt.JsonError):
            codec.from_json(value, [])


PAYLOADS = [field.name for field in NomadPayload.DESCRIPTOR.oneofs_by_name["object"].fields]


@pytest.mark.parametrize("field", PAYLOADS)
@settings(max_examples=10)
@given(seed=SEEDS)
def test_every_payload_of_nomad_is_derived_whole_from_its_text(field: str, seed: int) -> None:
    message = NomadPayload()
    place = getattr(message, field)
    place.SetInParent()
    place.CopyFrom(some(type(place), random.Random(seed)))
    text = rt.dumps(nomad_json.nomad_payload_to_json(message))
    assert nomad_json.nomad_payload_from_text(text) == (message, True)


def test_nomad_has_fifteen_kinds_of_payload() -> None:
    assert len(PAYLOADS) == 15
