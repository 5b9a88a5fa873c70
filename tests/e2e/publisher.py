"""A publisher that does not give up: drafts with keys, published again until each is answered.

Run as `publisher.py MODE ADDRESS NAME COUNT`; prints "n seq" for every answer. MODE is publish,
stream or http.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Iterator

import grpc

from tidings.v1 import consul_pb2, event_pb2, event_service_pb2, event_service_pb2_grpc

PAUSE_S = 0.02  # between tries while nobody listens
WINDOW = 20


def draft_of(name: str, number: int) -> event_pb2.Draft:
    body = consul_pb2.ConsulEvent(name=name, payload=str(number).encode())
    return event_pb2.Draft(key=f"{name}-{number}", events=[event_pb2.Event(consul=body)])


def say(number: int, seq: int) -> None:
    print(number, seq, flush=True)  # noqa: T201 - how it reports


def publish(address: str, name: str, count: int) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        for number in range(count):
            request = event_service_pb2.PublishRequest(draft=draft_of(name, number))
            while True:
                try:
                    answer = stub.Publish(request, timeout=5, wait_for_ready=True)
                except grpc.RpcError:
                    threading.Event().wait(PAUSE_S)
                else:
                    break
            say(number, answer.seq)


def stream(address: str, name: str, count: int) -> None:
    done = 0
    with grpc.insecure_channel(address) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        while done < count:
            numbers = range(done, min(done + WINDOW, count))

            def requests(
                numbers: range = numbers,
            ) -> Iterator[event_service_pb2.PublishStreamRequest]:
                for number in numbers:
                    yield event_service_pb2.PublishStreamRequest(drafts=[draft_of(name, number)])

            try:
                for response in stub.PublishStream(requests(), timeout=5, wait_for_ready=True):
                    for result in response.results:
                        assert result.HasField("stored"), result
                        say(done, result.stored.seq)
                        done += 1
            except grpc.RpcError:
                threading.Event().wait(PAUSE_S)


def over_http(address: str, name: str, count: int) -> None:
    for number in range(count):
        event = {
            "Topic": "Job",
            "Type": name,
            "Key": str(number),
            "Namespace": "",
            "FilterKeys": None,
        }
        line = {
            "Index": number + 1,
            "Events": [{**event, "Index": number + 1, "Payload": {"n": number}}],
        }
        while True:
            try:
                connection = http.client.HTTPConnection(address, timeout=5)
                connection.request("POST", f"/v1/publish/nomad?source={name}", json.dumps(line))
                answer = json.loads(connection.getresponse().read())
                seq = answer["seq"]
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                threading.Event().wait(PAUSE_S)
            else:
                break
            finally:
                connection.close()
        say(number, seq)


if __name__ == "__main__":
    mode, where, who, how_many = sys.argv[1:]
    {"publish": publish, "stream": stream, "http": over_http}[mode](where, who, int(how_many))
