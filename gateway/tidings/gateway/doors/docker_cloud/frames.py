"""Docker Cloud's messages, both directions: records to text frames, published objects to drafts."""

from __future__ import annotations

from tidings.gateway.json_text import dumps
from tidings.gateway.live.tail import FRAMES
from tidings.gateway.upload.spelling import BadLine, Description, Spelling
from tidings.v1 import docker_cloud_json, event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import json_runtime as rt


def error_message(text: str) -> str:
    """Return the message that tells of a failure after the handshake.

    Source: older Python SDKs, which look for `data.errorMessage`, and the Go SDK's type.
    """
    return dumps({"type": "error", "data": {"errorMessage": text}}).decode()


GAP = error_message("events were removed before they could be sent")


class DockerCloudFrames:
    """Prints the stream: one frame an event.

    A gap by retention is an error message that ends the stream: the client did not keep up. A gap
    of one record is left out: a client that reconnects starts at the newest event, and would lose
    more.
    """

    name = "docker_cloud"
    form = FRAMES

    def record(self, record: event_pb2.EventRecord) -> tuple[str, ...]:
        """Print every event of a record, all seven keys in the documented order."""
        return tuple(
            dumps(docker_cloud_json.docker_cloud_event_to_json(event.docker_cloud)).decode()
            for event in record.events
        )

    def heartbeat(self, heartbeat: pb.Heartbeat) -> tuple[str, ...]:
        """Print nothing: websockets have pings."""
        del heartbeat
        return ()

    def gap(self, gap: pb.Gap) -> tuple[str, ...]:
        """Print the message that says so, where it ends the stream."""
        return (GAP,) if gap.reason == pb.GAP_REASON_RETENTION else ()


def parse_event(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one event as the stream prints it.

    Its uuid, if it has one, is its key within its source.

    Raises:
        BadLine: it is no such object.
    """
    unknown: list[str] = []
    try:
        value = rt.loads(text)
        if isinstance(value, dict) and value.get("type") == "error":
            raise BadLine("type: error is a failure of a stream, and is never published")
        body = docker_cloud_json.docker_cloud_event_from_json(value, unknown)
    except rt.JsonError as error:
        raise BadLine(str(error)) from None
    if unknown:
        raise BadLine(f"{unknown[0]}: unknown member")
    event = event_pb2.Event(id=body.uuid, source=source, docker_cloud=body)
    return event_pb2.Draft(events=[event])


def describe(event: event_pb2.Event, seq: int) -> Description:
    """Describe an event by the type of its object, what was done, and the object's URI."""
    del seq
    body = event.docker_cloud
    data = docker_cloud_json.docker_cloud_event_to_json(body)
    return Description(f"{body.type}.{body.action}", body.resource_uri, data)


SPELLING = Spelling("docker_cloud", parse_event, describe, ("resource_uri",))
