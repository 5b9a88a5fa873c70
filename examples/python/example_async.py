"""As example.py, with asyncio. Usage: example_async.py ADDRESS."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import grpc
from example import PAUSE_S, events, text

from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as api
from tidings.v1.event_service_pb2_grpc import EventServiceStub

if TYPE_CHECKING:  # what the stub is over a channel of grpc.aio; types only
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub

HEARTBEAT_S = 5
DEAD_S = 3 * HEARTBEAT_S  # without a sound for so long, a stream is dead

T = TypeVar("T")


async def retried(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call until the service can be reached."""
    while True:
        try:
            return await call()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(PAUSE_S)


async def follow(stub: EventServiceAsyncStub) -> AsyncIterator[event_pb2.EventRecord]:
    """Yield every record from the beginning on, each once, for ever."""
    after_seq, log_id = 0, ""
    while True:
        request = api.SubscribeRequest(after_seq=after_seq, log_id=log_id)
        request.heartbeat_interval.FromSeconds(HEARTBEAT_S)
        call = stub.Subscribe(request)
        try:
            log_id = str(dict(await call.initial_metadata()).get("tidings-log-id", log_id))
            while isinstance(
                response := await asyncio.wait_for(call.read(), DEAD_S), api.SubscribeResponse
            ):
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
        except TimeoutError:
            call.cancel()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(PAUSE_S)


async def main(address: str) -> None:
    """Print one line for each thing that was done or seen; end with the Consul event `end`."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = EventServiceStub(channel)
        for system, event in events().items():
            # With a key a repeated call stores nothing twice.
            draft = event_pb2.Draft(key=f"example-{system}", events=[event])
            request = api.PublishRequest(draft=draft)
            answer = await retried(lambda: stub.Publish(request))  # noqa: B023
            print("published", system, answer.seq)
        fired = (await stub.Fire(api.FireRequest(name="deploy"))).event
        listed = (await retried(lambda: stub.List(api.ListRequest(name="deploy")))).events
        print("fired", fired.name, "listed", text(any(event.id == fired.id for event in listed)))
        job = await retried(lambda: stub.GetJobEvents(api.GetJobEventsRequest(job_id="352")))
        print("job", *(event.type for event in job.items))
        latest = api.GetClusterEventRequest(event_id="latest")
        cluster = await retried(lambda: stub.GetClusterEvent(latest))
        print("healthy", text(cluster.event.all_healthy))
        async for record in follow(stub):
            print("record", record.seq, record.events[0].WhichOneof("body"), flush=True)
            if record.events[0].consul.name == "end":
                return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
