"""Each rule of json_options.proto in a table: what a field prints as, and what is read as it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.generated import vendors
from tidings.v1 import feldera_json, nomad_json, puppet_json
from tidings.v1 import json_runtime as rt
from tidings.v1.feldera_pb2 import FelderaClusterEvent
from tidings.v1.nomad_pb2 import NomadEvent
from tidings.v1.puppet_pb2 import PuppetEventDetails, PuppetJobEvent

CODECS = {str(codec): codec for codec in vendors.CODECS}
ABSENT = "(absent)"
EMPTY_DRAIN = {
    "Deadline": 0,
    "IgnoreSystemJobs": False,
    "ForceDeadline": rt.ZERO_TIME,
    "StartedAt": rt.ZERO_TIME,
}

# message, member, fields of the message, what the member prints as
PRINTED: list[tuple[str, str, dict[str, Any], Any]] = [
    # without options: zero is written out
    ("Node", "Name", {}, ""),
    ("Node", "Name", {"name": "n"}, "n"),
    ("Node", "Drain", {}, False),
    ("Node", "CreateIndex", {}, 0),
    ("Node", "CreateIndex", {"create_index": 2**64 - 1}, 2**64 - 1),
    ("Node", "StatusUpdatedAt", {"status_updated_at": -(2**63)}, -(2**63)),
    ("Node", "DrainStrategy", {}, None),
    ("Node", "DrainStrategy", {"drain_strategy": {}}, EMPTY_DRAIN),
    ("DockerCloudEvent", "parents", {}, []),
    ("DockerCloudEvent", "parents", {"parents": ["a", ""]}, ["a", ""]),
    ("NodeScoreMeta", "NormScore", {}, 0.0),
    ("NodeScoreMeta", "NormScore", {"norm_score": 1}, 1.0),
    # times
    ("NodeEvent", "Timestamp", {}, "0001-01-01T00:00:00Z"),
    ("NodeEvent", "Timestamp", {"timestamp": Timestamp()}, "1970-01-01T00:00:00Z"),
    ("NodeEvent", "Timestamp", {"timestamp": Timestamp(nanos=5)}, "1970-01-01T00:00:00.000000005Z"),
    ("NodeEvent", "Timestamp", {"timestamp": Timestamp(nanos=10**8)}, "1970-01-01T00:00:00.1Z"),
    ("NodeEvent", "Timestamp", {"timestamp": Timestamp(seconds=-1)}, "1969-12-31T23:59:59Z"),
    (
        "NodeEvent",
        "Timestamp",
        {"timestamp": Timestamp(seconds=253402300799, nanos=999999999)},
        "9999-12-31T23:59:59.999999999Z",
    ),
    (
        "NodeEvent",
        "Timestamp",
        {"timestamp": Timestamp(seconds=-62135596800, nanos=1)},
        "0001-01-01T00:00:00.000000001Z",
    ),
    ("ACLToken", "ExpirationTime", {}, None),
    (
        "ACLToken",
        "ExpirationTime",
        {"expiration_time": Timestamp(seconds=-62135596800)},
        "0001-01-01T00:00:00Z",
    ),
    # whole_seconds, micros
    (
        "PuppetJobEvent",
        "timestamp",
        {"timestamp": Timestamp(seconds=1462477808)},
        "2016-05-05T19:50:08Z",
    ),
    (
        "DockerCloudEvent",
        "datetime",
        {"datetime": Timestamp(seconds=1454345248)},
        "2016-02-01T16:47:28Z",
    ),
    *(
        (
            "FelderaClusterEvent",
            "recorded_at",
            {"recorded_at": Timestamp(seconds=1765202586, nanos=micros * 1000)},
            f"2025-12-08T14:03:06{fraction}Z",
        )
        for micros, fraction in [
            (655736, ".655736"),
            (655000, ".655"),
            (100000, ".100"),
            (10, ".000010"),
            (0, ""),
        ]
    ),
    # durations
    ("AuthMethod", "MaxTokenTTL", {}, 0),
    ("AuthMethod", "MaxTokenTTL", {"max_token_ttl": Duration(seconds=3600)}, 3_600_000_000_000),
    (
        "AuthMethod",
        "MaxTokenTTL",
        {"max_token_ttl": Duration(seconds=-1, nanos=-5)},
        -1_000_000_005,
    ),
    ("TaskGroup", "ShutdownDelay", {}, None),
    ("TaskGroup", "ShutdownDelay", {"shutdown_delay": Duration()}, 0),
    # bytes
    ("ConsulEvent", "Payload", {}, None),
    ("ConsulEvent", "Payload", {"payload": b"\x00\xff\xfe"}, "AP/+"),
    ("ConsulEvent", "Payload", {"payload": b"a"}, "YQ=="),
    # null_when_empty
    ("NomadEvent", "FilterKeys", {}, None),
    ("NomadEvent", "FilterKeys", {"filter_keys": [""]}, [""]),
    ("Node", "Links", {}, None),
    ("Node", "Links", {"links": {"a": ""}}, {"a": ""}),
    ("Node", "Drivers", {}, None),
    # omit_empty
    ("Node", "NodePool", {}, ""),
    ("Node", "NodePool", {"node_pool": "default"}, "default"),
    ("Resources", "Cores", {}, ABSENT),
    ("Resources", "NUMA", {}, ABSENT),
    ("NodePool", "NodeIdentityTTL", {}, ABSENT),
    ("NodePool", "NodeIdentityTTL", {"node_identity_ttl": Duration(nanos=1)}, 1),
    ("NomadPayload", "Deleted", {}, ABSENT),
    ("NomadPayload", "Deleted", {"deleted": False}, False),
    ("NomadPayload", "Job", {}, ABSENT),
    ("PuppetRunDetail", "noop", {}, ABSENT),
    ("PuppetRunDetail", "noop", {"noop": False}, False),
    ("PuppetRunDetail", "status", {"status": ""}, ABSENT),
    # omit_empty_fields
    ("PuppetEventDetails", "node", {}, ABSENT),
    ("PuppetEventDetails", "detail", {}, ABSENT),
    ("PuppetEventDetails", "detail", {"detail": {}}, {}),
    # maps are sorted
    (
        "Node",
        "Meta",
        {"meta": {"b": "", "ä": "", "a": "", "B": ""}},
        {"B": "", "a": "", "b": "", "ä": ""},
    ),
    # null_values
    (
        "AllocatedResources",
        "TaskLifecycles",
        {"task_lifecycles": {"web": {}, "log": {"hook": "poststop"}}},
        {"log": {"Hook": "poststop", "Sidecar": False}, "web": None},
    ),
    # raw_json
    ("NumaTopology", "Distances", {}, None),
    ("NumaTopology", "Distances", {"distances_json": b"[[10,21],[21,10]]"}, [[10, 21], [21, 10]]),
    # an optional scalar that is not said is null
    ("DesiredTransition", "Migrate", {}, None),
    ("DesiredTransition", "Migrate", {"migrate": False}, False),
    ("DesiredTransition", "MigrateDisablePlacement", {}, ABSENT),
    ("AllocDeploymentStatus", "Healthy", {"healthy": True}, True),
    # exact_json_of
    ("PuppetJobEvent", "details", {}, None),
    ("PuppetJobEvent", "details", {"details": PuppetEventDetails(node="n")}, {"node": "n"}),
    ("PuppetJobEvent", "details", {"details_json": b'{"new": 1.5}'}, {"new": 1.5}),
    # absent
    ("NomadEvent", "UpstreamIndex", {"upstream_index": 7}, ABSENT),
    ("NomadEvent", "upstreamIndex", {"upstream_index": 7}, ABSENT),
    ("PuppetJobEvent", "job", {"job": "352"}, ABSENT),
    ("DockerCloudEvent", "namespace", {"namespace": "ns"}, ABSENT),
]


def name_of(row: tuple[Any, ...]) -> str:
    return f"{row[0]}.{row[1]}={row[-1]}"


# always_in: what a member prints as beside others that tell of which kind the object is
OF_ONE_KIND: list[tuple[str, str, dict[str, Any], Any]] = [
    ("Node", "NodePool", {"resources": {}}, ABSENT),
    ("Node", "NodePool", {"resources": {}, "node_pool": "gpu"}, "gpu"),
    ("Node", "SecretID", {}, ""),
    ("Node", "HostNetworks", {}, None),
    ("Node", "Resources", {}, ABSENT),
    ("Node", "Reserved", {"resources": {}}, None),
    ("NomadVolume", "Secrets", {}, {}),
    ("NomadVolume", "ResourceExhausted", {"external_id": "e"}, "0001-01-01T00:00:00Z"),
    ("NomadVolume", "Secrets", {"host_path": "/x"}, ABSENT),
    ("NomadVolume", "Parameters", {"host_path": "/x"}, ABSENT),
    ("NomadVolume", "Parameters", {"host_path": "/x", "parameters": {"a": "b"}}, {"a": "b"}),
    ("NomadVolume", "CapacityBytes", {"node_id": "n"}, 0),
    ("NomadVolume", "CapacityBytes", {}, ABSENT),
    ("NomadVolume", "RequestedCapabilities", {"node_id": "n"}, None),
]


@pytest.mark.parametrize("row", [*PRINTED, *OF_ONE_KIND], ids=name_of)
def test_what_a_field_prints_as(row: tuple[str, str, dict[str, Any], Any]) -> None:
    kind, member, fields, printed = row
    codec = CODECS[kind]
    shown = rt.loads(rt.dumps(codec.to_json(codec.message(**fields))))
    assert shown.get(member, ABSENT) == printed
    assert type(shown.get(member, ABSENT)) is type(printed)
    if isinstance(printed, dict):
        assert list(shown[member]) == list(printed)


BOTH_WAYS = [row for row in PRINTED if row[3] is not ABSENT and "details_json" not in row[2]]


@pytest.mark.parametrize("row", BOTH_WAYS, ids=name_of)
def test_what_is_printed_is_read_as_the_same_field(
    row: tuple[str, str, dict[str, Any], Any],
) -> None:
    kind, member, fields, printed = row
    codec = CODECS[kind]
    lost: list[str] = []
    assert codec.from_json({member: printed}, lost) == codec.message(**fields)
    assert lost == []


# message, member, value, fields of the message that it is read as
READ: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("NodeEvent", "Timestamp", "0001-01-01T00:00:00Z", {}),
    ("NodeEvent", "Timestamp", "0001-01-01T01:00:00+01:00", {}),
    ("NodeEvent", "Timestamp", "1970-01-01T00:00:00.000Z", {"timestamp": Timestamp()}),
    ("NodeEvent", "Timestamp", "1970-01-01t01:30:00.5+01:30", {"timestamp": {"nanos": 5 * 10**8}}),
    ("NodeEvent", "Timestamp", "1969-12-31T20:00:00-04:00", {"timestamp": Timestamp()}),
    ("NodeEvent", "Timestamp", "1970-01-01T00:00:00-00:00", {"timestamp": Timestamp()}),
    ("AuthMethod", "MaxTokenTTL", 0, {}),
    ("Node", "Links", {}, {}),
    ("Node", "Events", [], {}),
    ("Node", "Name", None, {}),
    ("ConsulEvent", "Payload", "", {}),
    ("DockerCloudEvent", "parents", None, {}),
    ("NodeScoreMeta", "NormScore", 2, {"norm_score": 2.0}),
    ("NodeScoreMeta", "NormScore", -0.0, {"norm_score": -0.0}),
    (
        "AllocatedResources",
        "TaskLifecycles",
        {"a": None, "b": {}},
        {"task_lifecycles": {"a": {}, "b": {}}},
    ),
]


@pytest.mark.parametrize("row", READ, ids=lambda row: f"{row[0]}.{row[1]}={row[2]}")
def test_what_else_is_read_as_a_field(row: tuple[str, str, Any, dict[str, Any]]) -> None:
    kind, member, value, fields = row
    codec = CODECS[kind]
    lost: list[str] = []
    assert codec.from_json({member: value}, lost) == codec.message(**fields)
    assert lost == []


@pytest.mark.parametrize(
    "member", ["UpstreamIndex", "upstreamIndex", "upstream_index", "payload_json"]
)
def test_what_has_no_member_is_not_read_either(member: str) -> None:
    lost: list[str] = []
    assert nomad_json.nomad_event_from_json({member: 7}, lost) == NomadEvent()
    assert lost == [member]


def test_the_exact_text_comes_before_the_typed_form() -> None:
    both = PuppetJobEvent(details=PuppetEventDetails(node="typed"), details_json=b'{"node":"text"}')
    assert rt.loads(rt.dumps(puppet_json.puppet_job_event_to_json(both)))["details"] == {
        "node": "text"
    }


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b"{}", b"{}"),
        (b' { "a" : [ 1.50 ] } ', b'{ "a" : [ 1.50 ] }'),
        (b'{"a":1,"a":2}', b'{"a":1,"a":2}'),
        (b"null", b""),
        (b'{"b":1},"Payload":{"c":2}', b'{"c":2}'),
        (b'{"b":1},"payload":{"c":2}', b'{"b":1}'),
    ],
)
def test_the_exact_text_of_a_payload_is_kept(payload: bytes, kept: bytes) -> None:
    lost: list[str] = []
    text = b'{"Topic":"Job","Payload":' + payload + b',"Type":"T"}'
    message = nomad_json.nomad_event_from_text(text, lost)
    assert message == NomadEvent(topic="Job", type="T", payload_json=kept)
    assert lost == (["payload"] if b'"payload"' in payload else [])


@pytest.mark.parametrize("payload", [b"[]", b'"{}"', b"1", b"true"])
def test_a_payload_is_an_object(payload: bytes) -> None:
    with pytest.raises(rt.JsonError, match=r"^Payload: expected an object$"):
        nomad_json.nomad_event_from_text(b'{"Payload":' + payload + b"}", [])


def test_the_brief_form_goes_without_what_only_the_full_form_has() -> None:
    event = FelderaClusterEvent(id="i", api_status="Healthy", api_self_info="well")
    full = feldera_json.feldera_cluster_event_to_json(event)
    brief = feldera_json.feldera_cluster_event_to_brief_json(event)
    assert len(full) == 12
    assert list(brief) == [name for name in full if not name.endswith("_info")]
    assert all(full[name] == value for name, value in brief.items())
