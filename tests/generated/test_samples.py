"""What four systems document, read and printed again, byte for byte; Nomad's is in test_seed.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tidings.v1 import (
    consul_json,
    docker_cloud_json,
    feldera_json,
    nomad_json,
    nomad_node_pb2,
    nomad_objects_pb2,
    puppet_json,
)
from tidings.v1 import json_runtime as rt
from tidings.v1.consul_pb2 import ConsulEvent
from tidings.v1.docker_cloud_pb2 import DockerCloudEvent
from tidings.v1.feldera_pb2 import FelderaClusterEvent
from tidings.v1.puppet_pb2 import PuppetJobEvent

Read = Callable[[bytes, rt.Lost], Any]
Print = Callable[[Any], dict[str, Any]]

CONSUL = (consul_json.consul_event_from_text, consul_json.consul_event_to_json)
DOCKER_CLOUD = (
    docker_cloud_json.docker_cloud_event_from_text,
    docker_cloud_json.docker_cloud_event_to_json,
)
PUPPET = (puppet_json.puppet_job_event_from_text, puppet_json.puppet_job_event_to_json)
FELDERA_READ = feldera_json.feldera_cluster_event_from_text
FELDERA_FULL = (FELDERA_READ, feldera_json.feldera_cluster_event_to_json)
FELDERA_BRIEF = (FELDERA_READ, feldera_json.feldera_cluster_event_to_brief_json)

# Source: the samples of the systems' own documentation, on one line; Feldera's is made of its API
# document, which has none.
SAMPLES: list[tuple[str, tuple[Read, Print], str]] = [
    (
        "Consul, the answer to fire",
        CONSUL,
        (
            '{"ID":"b54fe110-7af5-cafc-d1fb-afc8ba432b1c","Name":"deploy","Payload":null,'
            '"NodeFilter":"","ServiceFilter":"","TagFilter":"","Version":1,"LTime":0}'
        ),
    ),
    (
        "Consul, an item of the list",
        CONSUL,
        (
            '{"ID":"b54fe110-7af5-cafc-d1fb-afc8ba432b1c","Name":"deploy","Payload":"MTYwOTAzMA==",'
            '"NodeFilter":"","ServiceFilter":"","TagFilter":"","Version":1,"LTime":19}'
        ),
    ),
    (
        "Docker Cloud, an action",
        DOCKER_CLOUD,
        (
            '{"type":"action","action":"update",'
            '"parents":["/api/app/v1/user_namespace/container/0b0e3538-88df-4f07-9aed-3a3cc4175076/"],'
            '"resource_uri":'
            '"/api/app/v1/user_namespace/action/49f0efe8-a704-4a10-b02f-f96344fabadd/",'
            '"state":"Success","uuid":"093ba3bb-08dd-48f0-8f12-4d3b85ef85b3",'
            '"datetime":"2016-02-01T16:47:28Z"}'
        ),
    ),
    (
        "Docker Cloud, no parents",
        DOCKER_CLOUD,
        (
            '{"type":"stack","action":"create","parents":[],"resource_uri":"/api/app/v1/n/stack/s/",'
            '"state":"Not running","uuid":"u","datetime":"2016-02-01T16:47:28Z"}'
        ),
    ),
    (
        "Puppet, an item",
        PUPPET,
        (
            '{"id":"1272","type":"node_running","timestamp":"2016-05-05T19:50:08Z",'
            '"details":{"node":"puppet-agent.example.com","detail":{"noop":false}},'
            '"message":"Started puppet run on puppet-agent.example.com ..."}'
        ),
    ),
    (
        "Puppet, details that nobody documents",
        PUPPET,
        (
            '{"id":"1273","type":"job_finished","timestamp":"2016-05-05T19:50:08Z",'
            '"details":{ "z":1.50,"a":[-0] },"message":""}'
        ),
    ),
    (
        "Feldera, selector=all",
        FELDERA_FULL,
        (
            '{"id":"019afe45-ec1f-7de0-9cd1-3a6a4350b5e9","recorded_at":"2025-12-08T14:03:06.655736Z",'
            '"all_healthy":false,"api_status":"Healthy","api_self_info":"Healthy: 1",'
            '"api_resources_info":"","compiler_status":"InitialUnhealthy",'
            '"compiler_self_info":"Unreachable: \\"x\\"","compiler_resources_info":"2",'
            '"runner_status":"Unhealthy","runner_self_info":"","runner_resources_info":"3"}'
        ),
    ),
    (
        "Feldera, selector=status",
        FELDERA_BRIEF,
        (
            '{"id":"019afe45-ec1f-7de0-9cd1-3a6a4350b5e9","recorded_at":"2025-12-08T14:03:06Z",'
            '"all_healthy":true,"api_status":"Healthy","compiler_status":"Healthy",'
            '"runner_status":"Healthy"}'
        ),
    ),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=[name for name, _, _ in SAMPLES])
def test_a_sample_is_printed_as_it_was_read(sample: tuple[str, tuple[Read, Print], str]) -> None:
    _, (read, show), text = sample
    lost: list[str] = []
    assert rt.dumps(show(read(text.encode(), lost))).decode() == text
    assert lost == []


def test_typed_details_of_puppet_print_like_their_text() -> None:
    names = ["corrective_change", "out_of_sync", "restarted", "skipped", "total", "changed"]
    names += ["scheduled", "failed_to_restart", "failed"]
    metrics = {name: place for place, name in enumerate(names)}
    said = {"node": "n", "detail": {"noop": False, "report-url": "u", "metrics": metrics}}
    details, is_complete = puppet_json.puppet_event_details_from_text(rt.dumps(said))
    assert is_complete
    assert (details.node, details.detail.report_url, details.detail.metrics.total) == ("n", "u", 4)
    event = PuppetJobEvent(details=details)
    assert puppet_json.puppet_job_event_to_json(event)["details"] == said


EMPTY: list[tuple[str, dict[str, Any], str]] = [
    (
        "Consul",
        consul_json.consul_event_to_json(ConsulEvent()),
        (
            '{"ID":"","Name":"","Payload":null,"NodeFilter":"","ServiceFilter":"","TagFilter":"",'
            '"Version":0,"LTime":0}'
        ),
    ),
    (
        "Docker Cloud",
        docker_cloud_json.docker_cloud_event_to_json(DockerCloudEvent(namespace="n")),
        (
            '{"type":"","action":"","parents":[],"resource_uri":"","state":"","uuid":"",'
            '"datetime":"0001-01-01T00:00:00Z"}'
        ),
    ),
    (
        "Puppet",
        puppet_json.puppet_job_event_to_json(PuppetJobEvent(job="352")),
        '{"id":"","type":"","timestamp":"0001-01-01T00:00:00Z","details":null,"message":""}',
    ),
    (
        "Feldera",
        feldera_json.feldera_cluster_event_to_brief_json(FelderaClusterEvent()),
        (
            '{"id":"","recorded_at":"0001-01-01T00:00:00Z","all_healthy":false,"api_status":"",'
            '"compiler_status":"","runner_status":""}'
        ),
    ),
]


@pytest.mark.parametrize(("system", "value", "text"), EMPTY, ids=[name for name, _, _ in EMPTY])
def test_an_empty_event_has_every_member(system: str, value: dict[str, Any], text: str) -> None:
    assert rt.dumps(value).decode() == text


# What Nomad's own structs write whatever is in them. Source: Nomad 2.0 nomad/structs.
HOST_VOLUME = (
    "Namespace ID Name PluginID NodePool NodeID RequestedCapacityMinBytes RequestedCapacityMaxBytes"
    " CapacityBytes RequestedCapabilities HostPath State CreateIndex CreateTime ModifyIndex"
    " ModifyTime"
)
CSI_VOLUME = (
    "ID Name ExternalID Namespace Topologies RequestedTopologies AccessMode AttachmentMode"
    " MountOptions Secrets Parameters Context Capacity RequestedCapacityMin RequestedCapacityMax"
    " RequestedCapabilities CloneID SnapshotID ReadAllocs WriteAllocs ReadClaims WriteClaims"
    " PastClaims Schedulable PluginID Provider ProviderVersion ControllerRequired"
    " ControllersHealthy ControllersExpected NodesHealthy NodesExpected ResourceExhausted"
    " CreateIndex CreateTime ModifyIndex ModifyTime"
)
NODE_SINCE_THE_SAMPLE = (
    "SecretID NodePool CgroupParent HostNetworks LastDrain LastMissedHeartbeatIndex"
    " LastAllocUpdateIndex GCVolumesOnNodeGC NodeMaxAllocs IdentitySigningKeyID"
)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"id": "v", "state": "ready"}, HOST_VOLUME),
        ({"id": "v", "node_id": "n"}, HOST_VOLUME),
        ({"id": "v", "provider": "ebs"}, CSI_VOLUME),
        ({}, CSI_VOLUME),
    ],
)
def test_a_volume_is_printed_with_all_that_its_kind_always_has(
    fields: dict[str, Any], names: str
) -> None:
    shown = nomad_json.nomad_volume_to_json(nomad_objects_pb2.NomadVolume(**fields))
    assert sorted(shown) == sorted(names.split())
    assert nomad_json.nomad_volume_from_json(rt.loads(rt.dumps(shown)), []) == (
        nomad_objects_pb2.NomadVolume(**fields)
    )


def test_a_node_is_printed_with_all_that_the_newest_always_have() -> None:
    shown = nomad_json.node_to_json(nomad_node_pb2.Node(id="n"))
    assert set(NODE_SINCE_THE_SAMPLE.split()) <= shown.keys()
    assert not {"Resources", "Reserved"} & shown.keys()
    older = nomad_json.node_to_json(nomad_node_pb2.Node(id="n", resources={}))  # type: ignore[arg-type]  # by its fields
    assert {"Resources", "Reserved"} <= older.keys()
    assert not set(NODE_SINCE_THE_SAMPLE.split()) & older.keys()
