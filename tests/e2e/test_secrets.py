"""A secret in any field that is known to hold one is nowhere afterwards (G7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, events_after
from tidings.v1 import event_pb2, event_service_pb2, nomad_objects_pb2, nomad_pb2
from tidings.v1.nomad_alloc_pb2 import Allocation, Evaluation
from tidings.v1.nomad_job_pb2 import Job
from tidings.v1.nomad_node_pb2 import Node

CANARY = "canary-5f1c9a"

TEXTS: list[tuple[str, dict[str, Any]]] = [
    ("ACLToken", {"ACLToken": {"AccessorID": "a", "SecretID": CANARY}}),
    ("Node", {"Node": {"ID": "n", "SecretID": CANARY}}),
    ("Evaluation", {"Evaluation": {"ID": "e", "LeaderACL": CANARY}}),
    ("Job", {"Job": {"ID": "j", "ConsulToken": CANARY}}),
    ("Job", {"Job": {"ID": "j", "VaultToken": CANARY}}),
    ("ACLAuthMethod", {"AuthMethod": {"Name": "m", "Config": {"OIDCClientSecret": CANARY}}}),
    ("CSIVolume", {"Volume": {"ID": "v", "Secrets": {"password": CANARY}}}),
    ("Allocation", {"Allocation": {"ID": "a", "SignedIdentities": {"web": CANARY}}}),
]

TYPED: list[tuple[str, nomad_pb2.NomadPayload]] = [
    ("ACLToken", nomad_pb2.NomadPayload(acl_token=nomad_objects_pb2.ACLToken(secret_id=CANARY))),
    ("Node", nomad_pb2.NomadPayload(node=Node(secret_id=CANARY))),
    ("Evaluation", nomad_pb2.NomadPayload(evaluation=Evaluation(leader_acl=CANARY))),
    ("Job", nomad_pb2.NomadPayload(job=Job(consul_token=CANARY, vault_token=CANARY))),
    (
        "ACLAuthMethod",
        nomad_pb2.NomadPayload(
            auth_method=nomad_objects_pb2.AuthMethod(
                config=nomad_objects_pb2.AuthMethodConfig(oidc_client_secret=CANARY)
            )
        ),
    ),
    (
        "CSIVolume",
        nomad_pb2.NomadPayload(volume=nomad_objects_pb2.NomadVolume(secrets={"password": CANARY})),
    ),
    (
        "Allocation",
        nomad_pb2.NomadPayload(allocation=Allocation(signed_identities={"web": CANARY})),
    ),
]


def publish_everything(server: Server) -> int:
    """Publish every secret in both forms and return how many records that made."""
    lines = []
    for number, (topic, payload) in enumerate(TEXTS, 1):
        event: dict[str, Any] = {"Topic": topic, "Type": "X", "Key": "k", "Namespace": ""}
        event |= {"FilterKeys": None, "Index": number, "Payload": payload}
        lines.append(json.dumps({"Index": number, "Events": [event]}).encode())
    assert all("seq" in answer for answer in server.publish_nomad(lines, "?source=s"))
    with server.stub() as stub:
        for topic, typed in TYPED:
            body = nomad_pb2.NomadEvent(topic=topic, type="X", payload=typed)
            draft = event_pb2.Draft(events=[event_pb2.Event(nomad=body)])
            stub.Publish(event_service_pb2.PublishRequest(draft=draft))
    return len(TEXTS) + len(TYPED)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("payload_format", ["TYPED", "JSON"])
def test_no_secret_reaches_a_grpc_reader(server: Server, payload_format: str) -> None:
    count = publish_everything(server)
    form = event_service_pb2.PayloadFormat.Value(f"PAYLOAD_FORMAT_{payload_format}")
    seen: list[event_pb2.EventRecord] = []
    with server.stub() as stub:
        call = stub.Subscribe(
            event_service_pb2.SubscribeRequest(
                position=event_service_pb2.START_POSITION_EARLIEST, payload_format=form
            )
        )
        while len(seen) < count:
            seen.extend(next(call).batch.records)
        call.cancel()
    assert CANARY.encode() not in b"".join(record.SerializeToString() for record in seen)


def test_no_secret_reaches_a_door_a_log_line_or_the_disk(tmp_path: Path, server: Server) -> None:
    server.end()
    server.flags = ["--log-level=debug"]
    server.start()
    count = publish_everything(server)
    for path in ("/v1/event/stream?index=1&namespace=*", "/v1/events?after_seq=0"):
        with server.lines(path) as lines:
            assert CANARY.encode() not in b"".join(events_after(lines, count))
    _, _, metrics = server.request("GET", "/metrics")
    assert CANARY.encode() not in metrics
    server.stop()
    for file in files_below(tmp_path):
        assert CANARY.encode() not in file.read_bytes(), file.name
