"""Nomad: what may be published, what is blanked, who gets what, where a stream starts."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from functools import partial

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls import c_calls
from tests.dialects.drafts import NOW_US, check, stored
from tests.generated.vendors import some
from tidings.core.errors import BadRequest
from tidings.core.record import Record
from tidings.core.selection import Selection
from tidings.dialects.nomad import NomadDialect, make
from tidings.v1 import (
    event_pb2,
    json_runtime,
    nomad_json,
    nomad_node_pb2,
    nomad_objects_pb2,
    nomad_pb2,
)

NOMAD = make()


def event(topic: str = "Job", key: str = "web", **fields: object) -> event_pb2.Event:
    body = nomad_pb2.NomadEvent(topic=topic, type="JobRegistered", key=key, **fields)  # type: ignore[arg-type]  # by name
    return event_pb2.Event(nomad=body)


def as_json(payload: object) -> event_pb2.Event:
    return event(payload_json=json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event(topic=""), "topic: must not be empty"),
        (event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job")), "type: must not be empty"),
        (
            event(payload=nomad_pb2.NomadPayload(), payload_json=b"{}"),
            "payload_json: either payload or payload_json, not both",
        ),
        (event(payload_json=b"[]"), "payload_json: must be a JSON object"),
        (event(payload_json=b'{"Job":NaN}'), "payload_json: "),
        (event(payload_json=b'{"Job":{}'), "payload_json: "),
        (
            event(payload=nomad_pb2.NomadPayload(job={"task_groups": [{"tasks_json": b"]"}]})),  # type: ignore[arg-type]  # a message, or its fields by name
            "payload.job.task_groups[0].tasks_json: ",
        ),
        (
            event(payload=nomad_pb2.NomadPayload(acl_token={"create_time": {"nanos": -1}})),  # type: ignore[arg-type]  # as above
            "payload.acl_token.create_time: nanos must be 0 to 999999999",
        ),
    ],
)
def test_bad_events_are_refused(bad: event_pb2.Event, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check(NOMAD, bad)
    assert str(refused.value).startswith(f"events[0].nomad.{reason}")


@pytest.mark.parametrize(
    "good",
    [
        event(),
        event(topic="Never", key="", namespace="prod", filter_keys=["a", ""]),
        event(topic="NodeDrain", upstream_index=7),
        event(payload_json=b'{ "New": {"A": 1.50} }'),
        event(payload=nomad_pb2.NomadPayload(node=nomad_node_pb2.Node(id="n"))),
    ],
)
def test_any_topic_passes_unchanged(good: event_pb2.Event) -> None:
    draft = check(NOMAD, good)
    assert list(stored(draft)) == [good]
    assert (draft.system, draft.subject, draft.expect_last_seq) == ("nomad", "nomad", None)


def test_json_in_another_order_is_the_same_content_and_another_number_is_not() -> None:
    first = check(NOMAD, event(payload_json=b'{"A":{"x":1,"y":2.0}}'), key="k")
    assert (
        check(NOMAD, event(payload_json=b'{ "A": {"y": 2.0, "x":1} }'), key="k").digest
        == first.digest
    )
    assert (
        check(NOMAD, event(payload_json=b'{"A":{"x":1,"y":2.00}}'), key="k").digest != first.digest
    )


SECRET = "canary-7f3a"


@pytest.mark.parametrize(
    "payload",
    [
        {"ACLToken": {"AccessorID": "a", "SecretID": SECRET}},
        {"Node": {"ID": "n", "SecretID": SECRET}},
        {"Evaluation": {"ID": "e", "LeaderACL": SECRET}},
        {"Job": {"ID": "j", "ConsulToken": SECRET, "VaultToken": SECRET}},
        {"AuthMethod": {"Name": "m", "Config": {"OIDCClientSecret": SECRET}}},
        {"Volume": {"ID": "v", "Secrets": {"password": SECRET}}},
        {"Allocation": {"ID": "a", "SignedIdentities": {"web": SECRET}}},
        {"Allocation": {"ID": "a", "Job": {"ID": "j", "VaultToken": SECRET}}},
        {"AuthMethod": {"Name": "m", "Config": {"OIDCClientAssertion": {"ClientSecret": SECRET}}}},
        {"Volume": {"ID": "v", "MountOptions": {"FSType": "ext4", "MountFlags": [SECRET]}}},
        {"Volume": {"ID": "v", "ReadAllocs": {"a": {"SignedIdentities": {"web": SECRET}}}}},
        {"Volume": {"ID": "v", "WriteAllocs": {"a": {"Job": {"ConsulToken": SECRET}}}}},
        {
            "Job": {
                "ID": "j",
                "TaskGroups": [{"Volumes": {"d": {"MountOptions": {"MountFlags": [SECRET]}}}}],
            }
        },
        {"Plugin": {"ID": "p", "Allocations": [{"Job": {"VaultToken": SECRET}}]}},
        {"Deployment": {"ID": "d", "Job": {"ID": "j", "ConsulToken": SECRET}}},
        {"Whatever": {"ID": "w", "New": [[{"Job": {"VaultToken": SECRET}}]]}},
        {"Whatever": {"ID": "w", "Volumes": {"v": {"MountOptions": {"MountFlags": [SECRET]}}}}},
    ],
)
def test_secrets_in_json_are_blanked_and_the_rest_stays(
    payload: dict[str, dict[str, object]],
) -> None:
    draft = check(NOMAD, as_json(payload))
    assert SECRET.encode() not in draft.body
    kept = json.loads(stored(draft)[0].nomad.payload_json)
    (name, inside) = next(iter(payload.items()))
    first = next(iter(inside))
    assert list(kept) == [name]
    assert kept[name][first] == inside[first]


def test_secrets_in_typed_payloads_are_blanked() -> None:
    token = nomad_objects_pb2.ACLToken(accessor_id="a", secret_id=SECRET)
    draft = check(NOMAD, event(payload=nomad_pb2.NomadPayload(acl_token=token)))
    assert SECRET.encode() not in draft.body
    assert stored(draft)[0].nomad.payload.acl_token.accessor_id == "a"


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_secret_is_stored_of_whatever_is_published(seed: int) -> None:
    payloads = [some(nomad_pb2.NomadPayload, random.Random(seed + place)) for place in range(3)]
    kept = stored(check(NOMAD, *(event(payload=payload) for payload in payloads)))
    for one, payload in zip(kept, payloads, strict=True):
        nomad_json.blank_nomad_payload(payload)
        assert one.nomad.payload == payload


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_has_no_json_is_refused_wherever_it_is(seed: int) -> None:
    chance = random.Random(seed)
    payload = some(nomad_pb2.NomadPayload, chance)
    payload.acl_token.create_time.seconds = 1  # one place at least
    chance.choice(_spoils(payload))()
    plain = event(payload=nomad_pb2.NomadPayload(job={"id": "web"}))  # type: ignore[arg-type]  # a message, or its fields by name
    with pytest.raises(BadRequest, match=r"^events\[1\]\.nomad\.payload\."):
        check(NOMAD, plain, event(payload=payload), plain)


def _spoils(message: Message) -> list[Callable[[], object]]:
    """Return what puts something without JSON in the place of each value that might have none."""
    found: list[Callable[[], object]] = []
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            inside = field.message_type.fields_by_name["value"]
            items = list(value.values()) if inside.message_type is not None else []
        elif field.is_repeated:
            items = list(value) if field.message_type is not None else []
        else:
            items = [value] if field.message_type is not None else []
            if json_runtime.may_lack_json(field) and field.type == field.TYPE_DOUBLE:
                found.append(partial(setattr, message, field.name, math.nan))
            elif json_runtime.may_lack_json(field) and field.type == field.TYPE_BYTES:
                found.append(partial(setattr, message, field.name, b"{"))
        for item in items:
            if isinstance(item, Timestamp):
                found.append(partial(setattr, item, "nanos", -1))
            elif isinstance(item, Duration):
                found.append(partial(setattr, item, "seconds", 2**60))
            else:
                found += _spoils(item)
    return found


def test_events_are_looked_into_together_when_none_holds_anything_delicate() -> None:
    def looks(*events: event_pb2.Event) -> int:
        with c_calls() as calls:
            check(NOMAD, *events)
        return calls.count("ListFields")

    plain = event(payload=nomad_pb2.NomadPayload(job={"id": "web"}))  # type: ignore[arg-type]  # a message, or its fields by name
    delicate = event(payload=nomad_pb2.NomadPayload(job={"vault_token": "x"}))  # type: ignore[arg-type]  # as above
    check(NOMAD, plain)  # what is made once
    assert looks(*[plain] * 100) == looks(plain)
    assert looks(*[plain] * 99, delicate) > 100


def test_json_without_secrets_keeps_every_byte() -> None:
    text = b'{ "Node" : {"SecretID":"", "Big": 12345678901234567890.10} }'
    assert stored(check(NOMAD, event(payload_json=text)))[0].nomad.payload_json == text


class TestPresent:
    def test_json_becomes_typed_when_the_types_hold_it(self) -> None:
        events = [as_json({"Node": {"ID": "n", "Name": "x"}}), event()]
        assert NOMAD.present(events, as_json=False)
        assert events[0].nomad.payload.node.id == "n"
        assert not events[0].nomad.payload_json

    def test_json_stays_beside_types_that_cannot_hold_all_of_it(self) -> None:
        events = [as_json({"Node": {"ID": "n", "Newer": 1}})]
        text = events[0].nomad.payload_json
        assert NOMAD.present(events, as_json=False)
        assert events[0].nomad.payload.node.id == "n"
        assert events[0].nomad.payload_json == text

    def test_json_that_no_type_holds_stays_alone(self) -> None:
        events = [as_json({"Node": {"ID": 7}})]
        assert not NOMAD.present(events, as_json=False)
        assert not events[0].nomad.HasField("payload")

    def test_typed_becomes_json(self) -> None:
        events = [event(payload=nomad_pb2.NomadPayload(node=nomad_node_pb2.Node(id="n")))]
        assert NOMAD.present(events, as_json=True)
        assert json.loads(events[0].nomad.payload_json)["Node"]["ID"] == "n"
        assert not events[0].nomad.HasField("payload")

    def test_what_is_in_the_asked_form_is_left_alone(self) -> None:
        typed, text = event(payload=nomad_pb2.NomadPayload()), as_json({"Node": {}})
        assert not NOMAD.present([typed, event()], as_json=False)
        assert not NOMAD.present([text, event()], as_json=True)


def selector(*topics: str, namespace: str = "") -> nomad_pb2.NomadSelector:
    """Return a selector of texts like Nomad's: "Topic" or "Topic:key"."""
    filters = []
    for text in topics:
        topic, colon, key = text.partition(":")
        filters.append(nomad_pb2.NomadTopicFilter(topic=topic, key=key if colon else None))
    return nomad_pb2.NomadSelector(topics=filters, namespace=namespace)


JOB = event("Job", "web", namespace="default")
ALLOCATION = event("Allocation", "a1", namespace="default", filter_keys=["web", ""])
NODE = event("Node", "n1")
PROD = event("Job", "web", namespace="prod")
EVENTS = [JOB, ALLOCATION, NODE, PROD]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (selector(), None),
        (selector("*"), None),
        (selector("*:*"), None),
        (selector("Job"), (0, 3)),
        (selector("Job:*"), (0, 3)),
        (selector("Job:web"), (0, 3)),
        (selector("Job:we"), ()),
        (selector("job"), ()),
        (selector("*:web"), (0, 1, 3)),
        (selector("Allocation:web"), (1,)),
        (selector("Allocation:a1"), (1,)),
        (selector("Allocation:"), (1,)),
        (selector("Job:"), ()),
        (selector("*:"), (1,)),
        (selector(""), ()),
        (selector("Job:web", "Node"), (0, 2, 3)),
        (selector("Job:*", "Job:web"), (0, 3)),
        (selector("*", "Job:web"), None),
        (selector("Job", "Job"), (0, 3)),
        (selector("*:web", "Node"), (0, 1, 2, 3)),
        (selector(namespace="*"), None),
        (selector(namespace="default"), (0, 1, 2)),
        (selector(namespace="prod"), (2, 3)),
        (selector(namespace="pro*"), (2,)),
        (selector("Job", namespace="default"), (0,)),
        (selector("Job:web", "Node:n1", namespace="prod"), (2, 3)),
    ],
)
def test_topics_keys_and_namespaces_select(
    wanted: nomad_pb2.NomadSelector, places: tuple[int, ...] | None
) -> None:
    envelope = NOMAD.envelope(EVENTS)
    matcher = NOMAD.matcher(wanted)
    everything = tuple(range(len(EVENTS)))
    picked = Selection.of({"nomad": matcher}).pick("nomad", envelope)
    assert (everything if picked is None else picked) == (everything if places is None else places)
    # the index must not hide what would have matched
    for place in everything if picked is None else picked:
        one = NOMAD.envelope([EVENTS[place]])
        assert matcher.terms is None or matcher.terms & one.terms


def test_equal_selectors_give_equal_matchers() -> None:
    one, other = NOMAD.matcher(selector("Job", "Node:a")), NOMAD.matcher(selector("Node:a", "Job"))
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("seqs", "index", "after_seq"),
    [
        ([], 0, None),
        ([], 5, None),
        ([4, 7, 9, 12], 0, 6),  # a buffer of three: 7, 9, 12
        ([4, 7, 9, 12], 1, 0),
        ([4, 7, 9, 12], 9, 8),
        ([4, 7, 9, 12], 10, 9),
        ([4, 7, 9, 12], 12, 11),
        ([4, 7, 9, 12], 13, 11),
        ([4, 7, 9, 12], 2**64 - 1, 11),
        ([4], 0, 3),
    ],
)
def test_a_stream_starts_at_the_closest_record(
    seqs: list[int], index: int, after_seq: int | None
) -> None:
    newest = NomadDialect(3).projection()
    for seq in seqs:
        newest.apply(Record(seq, NOW_US, "nomad", "nomad", b""))
    assert newest.start_after(index) == after_seq


@pytest.mark.parametrize(("size", "depth"), [(100, 100), (7, 7), (0, 100)])
def test_a_buffer_size_of_0_is_100_as_in_nomad(size: int, depth: int) -> None:
    assert make(size).projection().depth == depth
