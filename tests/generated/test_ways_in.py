"""What fits is read fast, what is new is taken out, the slow way says what is wrong: all agree."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated.vendors import CODECS, Codec, some
from tidings.v1 import json_runtime as rt
from tidings.v1 import nomad_json, puppet_json
from tidings.v1.json_runtime.fit import fit

EVERY_MESSAGE = pytest.mark.parametrize("codec", CODECS, ids=str)
SEEDS = st.integers(0, 2**32 - 1)


@EVERY_MESSAGE
@settings(max_examples=5)
@given(seed=SEEDS)
def test_the_slow_way_keeps_what_the_fast_way_takes(codec: Codec, seed: int) -> None:
    message = some(codec.message, random.Random(seed))
    lost: list[str] = []
    kept = fit(rt.dumps(codec.to_json(message)), codec.message.DESCRIPTOR, lost)
    assert codec.from_json(kept, lost) == message
    assert lost == []


# "-0" is what the middle way cannot keep as it is written, so it leaves the text to the slow one
@pytest.mark.parametrize("news", [b'{"a":1.10}', b"-0"], ids=["middle way", "slow way"])
@settings(max_examples=200)
@given(codec=st.sampled_from(CODECS), seed=SEEDS)
def test_a_member_that_is_new_is_lost_and_nothing_else(
    codec: Codec, seed: int, news: bytes
) -> None:
    message = some(codec.message, random.Random(seed))
    value = {**codec.to_json(message), "Brand-new": rt.raw(news)}
    lost: list[str] = []
    assert codec.from_json(value, lost) == message
    assert lost == ["Brand-new"]


@pytest.mark.parametrize("news", [b"2", b"-0"], ids=["middle way", "slow way"])
def test_new_members_are_found_wherever_they_are(news: bytes) -> None:
    text = (
        b'{"Node":{"NodeResources":{"Cpu":{"CpuShares":7,"New":%(n)s},"Networks":[{"New":%(n)s}]},'
        b'"Drivers":{"docker":{"New":%(n)s,"Healthy":true}},"Links":{"New":"no"},"New":%(n)s},'
        b'"New":%(n)s,"Nothing":null}'
    ) % {b"n": news}
    lost: list[str] = []
    value = {name: rt.raw(inside) for name, inside in rt.members(text).items()}
    typed = nomad_json.nomad_payload_from_json(value, lost)
    assert sorted(lost) == [
        "New",
        "Node.Drivers.docker.New",
        "Node.New",
        "Node.NodeResources.Cpu.New",
        "Node.NodeResources.Networks[0].New",
    ]
    assert typed.node.node_resources.cpu.cpu_shares == 7
    assert typed.node.drivers["docker"].healthy
    assert typed.node.links["New"] == "no"
    assert nomad_json.nomad_payload_from_text(text) == (typed, False)


def test_text_beside_new_members_stays_as_it_is_written() -> None:
    text = (
        b'{"Volume":{"Topologies":[1.10,-0, 1E5 ,{"b":"\\u0041","a":123456789012345678901}]},"n":0}'
    )
    typed, is_complete = nomad_json.nomad_payload_from_text(text)
    assert not is_complete
    assert typed.volume.topologies_json == (
        b'[1.10,-0, 1E5 ,{"b":"\\u0041","a":123456789012345678901}]'
    )


WRONG = [
    ('{"Node":[]}', "Node: expected an object"),
    ('{"Node":{"ID":1}}', "Node.ID: expected a string"),
    ('{"Node":{"Drain":1}}', "Node.Drain: expected true or false"),
    ('{"Node":{"Drain":"true"}}', "Node.Drain: expected true or false"),
    (
        '{"Node":{"NodeResources":{"Cpu":{"CpuShares":"7"}}}}',
        "Node.NodeResources.Cpu.CpuShares: expected an integer",
    ),
    ('{"Node":{"StatusUpdatedAt":1.0}}', "Node.StatusUpdatedAt: expected an integer"),
    ('{"Node":{"StatusUpdatedAt":true}}', "Node.StatusUpdatedAt: expected an integer"),
    (
        '{"Node":{"StatusUpdatedAt":9223372036854775808}}',
        "Node.StatusUpdatedAt: integer out of range -9223372036854775808 to 9223372036854775807",
    ),
    (
        '{"Node":{"CreateIndex":18446744073709551616}}',
        "Node.CreateIndex: integer out of range 0 to 18446744073709551615",
    ),
    (
        '{"Node":{"CreateIndex":-1}}',
        "Node.CreateIndex: integer out of range 0 to 18446744073709551615",
    ),
    ('{"Node":{"Attributes":[]}}', "Node.Attributes: expected an object"),
    ('{"Node":{"Attributes":{"a":1}}}', "Node.Attributes.a: expected a string"),
    ('{"Node":{"Events":{}}}', "Node.Events: expected a list"),
    ('{"Node":{"Events":[{},{"Message":2}]}}', "Node.Events[1].Message: expected a string"),
    ('{"Node":{"Events":[null]}}', "Node.Events[0]: expected an object"),
    ('{"Node":{"Drivers":{"docker":{"Healthy":0}}}}', "Node.Drivers.docker.Healthy: "),
    ('{"Service":{"Tags":["a",1]}}', "Service.Tags[1]: expected a string"),
    ('{"Job":{"Payload":"a?b="}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":[1]}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":"YQ"}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":"YWJj="}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":"YQ==\\n"}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":"_-__"}}', "Job.Payload: expected base64"),
    ('{"Job":{"Payload":"éA=="}}', "Job.Payload: expected base64"),
    ('{"ACLToken":{"CreateTime":"today"}}', "ACLToken.CreateTime: expected an RFC 3339 time"),
    ('{"ACLToken":{"CreateTime":7}}', "ACLToken.CreateTime: expected an RFC 3339 time"),
    ('{"ACLToken":{"CreateTime":"2020-02-30T00:00:00Z"}}', "ACLToken.CreateTime: no such time"),
    ('{"ACLToken":{"CreateTime":"0001-01-01T00:00:00+01:00"}}', "ACLToken.CreateTime: time out"),
    ('{"AuthMethod":{"MaxTokenTTL":1.5}}', "AuthMethod.MaxTokenTTL: expected an integer of nano"),
    ('{"AuthMethod":{"MaxTokenTTL":"' + 5000 * "9" + 's"}}', "AuthMethod.MaxTokenTTL: expected an"),
    ('{"AuthMethod":{"MaxTokenTTL":"1.' + 5000 * "9" + 's"}}', "AuthMethod.MaxTokenTTL: expected"),
    ('{"AuthMethod":{"MaxTokenTTL":"8 h"}}', "AuthMethod.MaxTokenTTL: expected an integer of na"),
    ('{"AuthMethod":{"MaxTokenTTL":9223372036854775808}}', "AuthMethod.MaxTokenTTL: integer out"),
    (
        '{"Allocation":{"Metrics":{"Scores":{"a":"1"}}}}',
        "Allocation.Metrics.Scores.a: expected a number",
    ),
    (
        '{"Allocation":{"Metrics":{"Scores":{"a":1' + 400 * "0" + "}}}}",
        "Allocation.Metrics.Scores.a: number out of range",
    ),
]


@pytest.mark.parametrize(("text", "error"), WRONG, ids=[error for _, error in WRONG])
def test_what_is_wrong_is_said_with_its_place(text: str, error: str) -> None:
    with pytest.raises(rt.JsonError) as caught:
        nomad_json.nomad_payload_from_text(text.encode())
    assert str(caught.value).startswith(error)
    assert error.startswith(f"{caught.value.path}: ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON: it ends too early"),
        (b'{"Node":{}', "not JSON: it ends too early"),
        (b'{"Node":{}} {}', "JSON is malformed: trailing characters (byte 13)"),
        (b'{"Node":NaN}', "JSON is malformed: invalid character (byte 8)"),
        (b'{"Node":{"ID":"\xff"}}', "not UTF-8"),
        (b'{"Volume":{"Topologies":["\xff"]}}', "not UTF-8"),
        (b"[]", "expected an object"),
        (b"null", "expected an object"),
    ],
    ids=repr,
)
def test_what_is_no_json_object_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(rt.JsonError) as caught:
        nomad_json.nomad_payload_from_text(text)
    assert (caught.value.path, caught.value.reason) == ("", reason)


LOSSY: list[tuple[str, str, object]] = [
    ('{"Node":{"Drivers":{"a":null,"b":{}}}}', "node.drivers", ["b"]),
    ('{"Node":{"Meta":{"a":null}}}', "node.meta", []),
    ('{"Node":{"Meta":{"a":"1","a":"2"}}}', "node.meta", ["a"]),
    ('{"Job":{"ID":"a","ID":"b"}}', "job.id", "b"),
    ('{"Job":{"ID":"a"},"Job":{"Name":"b"}}', "job.name", "b"),
    ('{"Job":{"ID":"\\u0061", "ID":"\\u0061"}}', "job.id", "a"),
    ('{"Node":{"CreateIndex":-0}}', "node.create_index", 0),
    ('{"Allocation":{"Metrics":{"Scores":{"a":-0}}}}', "allocation.metrics.scores", ["a"]),
    (
        '{"Allocation":{"Metrics":{"Scores":{"a":0.1000000000000000055}}}}',
        "allocation.metrics.scores",
        ["a"],
    ),
    ('{"Allocation":{"Metrics":{"Scores":{"a":1e-400}}}}', "allocation.metrics.scores", ["a"]),
    (
        '{"Allocation":{"Metrics":{"Scores":{"a":1e-9999999999999999999}}}}',
        "allocation.metrics.scores",
        ["a"],
    ),
    ('{"Node":{"id":"lower"},"Job":null}', "node.id", ""),
    ('{"Job":{"Payload":"YR=="}}', "job.payload", [97]),
    ('{"Node":{"ID":"n"},"Job":{"ID":"j"}}', "node.id", "n"),
    ('{"Job":{"ID":"j"},"Node":{"ID":"n"}}', "job.id", "j"),
    (
        '{"ACLToken":{"CreateTime":"2020-01-01T00:00:00.0000000019Z"}}',
        "acl_token.create_time.nanos",
        1,
    ),
    ('{"AuthMethod":{"MaxTokenTTL":"8h0m1.5s"}}', "auth_method.max_token_ttl.seconds", 28801),
    ('{"AuthMethod":{"MaxTokenTTL":"-1.5us"}}', "auth_method.max_token_ttl.nanos", -1500),
    ('{"AuthMethod":{"MaxTokenTTL":"2\u00b5s"}}', "auth_method.max_token_ttl.nanos", 2000),
    (
        '{"Allocation":{"Metrics":{"Scores":{"a":9007199254740993}}}}',
        "allocation.metrics.scores",
        ["a"],
    ),
]


@pytest.mark.parametrize(("text", "place", "value"), LOSSY, ids=[row[0] for row in LOSSY])
def test_what_loses_something_is_taken_and_said(text: str, place: str, value: object) -> None:
    typed, is_complete = nomad_json.nomad_payload_from_text(text.encode())
    assert not is_complete
    found: Any = typed
    for name in place.split("."):
        found = getattr(found, name)
    assert (found if isinstance(found, str | int) else list(found)) == value


WHOLE = [
    '{"Allocation":{"AllocatedResources":{"TaskLifecycles":{"web":null,"log":{"Hook":"poststop"}}}}}',
    '{"Node":null,"Job":{"ID":"j"}}',
    '{"Node":{"Anything":null}}',
    '{"ACLToken":{"CreateTime":"2020-01-01T00:00:00.1000000000+00:00"}}',
    '{"Allocation":{"Metrics":{"Scores":{"a":1,"b":1.0,"c":1e3,"d":9007199254740992}}}}',
]


@pytest.mark.parametrize("text", WHOLE)
def test_what_loses_nothing_is_complete(text: str) -> None:
    typed, is_complete = nomad_json.nomad_payload_from_text(text.encode())
    assert is_complete
    assert typed.WhichOneof("object") is not None


def test_puppet_refuses_parts_of_a_second() -> None:
    for time in ("2016-05-05T19:50:08.5Z", "2016-05-05T19:50:08.0000000001Z"):
        with pytest.raises(rt.JsonError, match=r"^timestamp: expected whole seconds$"):
            puppet_json.puppet_job_event_from_json({"timestamp": time}, [])
