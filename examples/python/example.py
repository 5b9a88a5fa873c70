"""Publishes to a Tidings, asks it, and follows its log over restarts. Usage: example.py ADDRESS."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.v1 import (
    cloud_event_pb2,
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    feldera_pb2,
    nomad_job_pb2,
    nomad_pb2,
    puppet_pb2,
)
from tidings.v1 import event_service_pb2 as api
from tidings.v1.event_service_pb2_grpc import EventServiceStub

# A connection that is dead without a sound is noticed: the server sends a heartbeat each 5 s.
OPTIONS = [("grpc.keepalive_time_ms", 15_000), ("grpc.keepalive_timeout_ms", 5_000)]
PAUSE_S = 0.5

T = TypeVar("T")


def events() -> dict[str, event_pb2.Event]:
    """Return one event of each system, by the name of the system."""
    job = nomad_pb2.NomadPayload(job=nomad_job_pb2.Job(id="web"))
    return {
        "nomad": event_pb2.Event(
            nomad=nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", key="web", payload=job)
        ),
        "consul": event_pb2.Event(consul=consul_pb2.ConsulEvent(name="hello", payload=b"hi")),
        "docker_cloud": event_pb2.Event(
            docker_cloud=docker_cloud_pb2.DockerCloudEvent(
                type="service", action="create", resource_uri="/api/app/v1/shop/service/7/"
            )
        ),
        "puppet": event_pb2.Event(
            puppet=puppet_pb2.PuppetJobEvent(
                job="352", type="node_running", timestamp=Timestamp(seconds=1462477808)
            )
        ),
        "feldera": event_pb2.Event(
            feldera=feldera_pb2.FelderaClusterEvent(
                api_status="Healthy", compiler_status="Healthy", runner_status="Healthy"
            )
        ),
        "cloud_event": event_pb2.Event(
            cloud_event=cloud_event_pb2.CloudEvent(
                id="invoice-7",
                source="/billing",
                spec_version="1.0",
                type="com.example.invoice.paid",
            )
        ),
    }


def text(value: bool) -> str:  # noqa: FBT001 - as all languages print it
    """Return true or false."""
    return str(value).lower()


def retried(call: Callable[[], T]) -> T:
    """Repeat a call until the service can be reached."""
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(PAUSE_S)


def follow(stub: EventServiceStub) -> Iterator[event_pb2.EventRecord]:
    """Yield every record from the beginning on, each once, for ever."""
    after_seq, log_id = 0, ""
    while True:
        request = api.SubscribeRequest(after_seq=after_seq, log_id=log_id)
        request.heartbeat_interval.FromSeconds(5)
        call = stub.Subscribe(request)
        try:
            log_id = str(dict(call.initial_metadata()).get("tidings-log-id", log_id))
            for response in call:
                match response.WhichOneof("part"):
                    case "batch":
                        for record in response.batch.records:
                            after_seq = record.seq
                            yield record
                    case "heartbeat":
                        after_seq = response.heartbeat.seq
                    case "gap":
                        print("gone:", response.gap, file=sys.stderr)
                        after_seq = response.gap.resume_seq
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(PAUSE_S)


def main(address: str) -> None:
    """Print one line for each thing that was done or seen; end with the Consul event `end`."""
    with grpc.insecure_channel(address, OPTIONS) as channel:
        stub = EventServiceStub(channel)
        for system, event in events().items():
            # With a key a repeated call stores nothing twice.
            draft = event_pb2.Draft(key=f"example-{system}", events=[event])
            request = api.PublishRequest(draft=draft)
            print("published", system, retried(lambda: stub.Publish(request)).seq)  # noqa: B023
        fired = stub.Fire(api.FireRequest(name="deploy")).event
        listed = retried(lambda: stub.List(api.ListRequest(name="deploy"))).events
        print("fired", fired.name, "listed", text(any(event.id == fired.id for event in listed)))
        job = retried(lambda: stub.GetJobEvents(api.GetJobEventsRequest(job_id="352")))
        print("job", *(event.type for event in job.items))
        latest = api.GetClusterEventRequest(event_id="latest")
        print("healthy", text(retried(lambda: stub.GetClusterEvent(latest)).event.all_healthy))
        for record in follow(stub):
            print("record", record.seq, record.events[0].WhichOneof("body"), flush=True)
            if record.events[0].consul.name == "end":
                return


if __name__ == "__main__":
    main(sys.argv[1])
