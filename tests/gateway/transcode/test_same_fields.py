"""A message becomes one of another type by the names of their fields."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.gateway.transcode.same_fields import same_fields
from tidings.v1 import consul_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

CONSUL = selection_pb2.Selection(consul=consul_pb2.ConsulSelector())


def test_what_is_set_of_both_is_copied_and_the_rest_is_left_out() -> None:
    subscribe = pb.SubscribeRequest(
        selection=CONSUL,
        from_time=Timestamp(),
        types=["a", "b"],
        text="OOM",
        payload_format=pb.PAYLOAD_FORMAT_JSON,
    )
    subscribe.heartbeat_interval.FromSeconds(1)
    read = same_fields(subscribe, pb.ReadRecordsRequest)
    assert read == pb.ReadRecordsRequest(
        selection=CONSUL,
        from_time=Timestamp(),
        types=["a", "b"],
        text="OOM",
        payload_format=pb.PAYLOAD_FORMAT_JSON,
    )
    assert read.HasField("from_time"), "the beginning of 1970 is set, if all its fields are 0"


def test_it_is_a_copy() -> None:
    subscribe = pb.SubscribeRequest(selection=CONSUL, types=["a"])
    read = same_fields(subscribe, pb.ReadRecordsRequest)
    read.types.append("b")
    read.selection.ClearField("consul")
    assert subscribe == pb.SubscribeRequest(selection=CONSUL, types=["a"])
