"""One publish over HTTP, seen by a collector: through the gateway and the service to its commit."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.kit.collector import Collector, Span, collecting_grpc
from tests.kit.server import Server, nomad_line
from tests.kit.tracer import TRACE_ID, traceparent
from tests.patience import PATIENCE_S, until
from tidings.v1 import event_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

# over NATS a record may be delivered long before its commit is known, and is not linked then
pytestmark = pytest.mark.embedded

SECRET = "canary-7f3a"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting_grpc() as found:
        yield found


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("traces") / "data"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        environment.setenv("OTEL_SERVICE_NAME", "recorder")
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        server = Server(data, store=(), index=True)
        try:
            yield server.start()
        finally:
            server.end()


def publish(server: Server, number: int, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    query = f"?source={SECRET}"
    line = nomad_line(number, text=SECRET)
    status, found, body = server.request("POST", f"/v1/publish/nomad{query}", line, headers)
    assert status == 200, body
    return int(json.loads(body)["seq"]), found


def of_trace(collector: Collector, trace_id: str, names: set[str]) -> dict[str, Span]:
    """Return the spans of a trace by name, once there are these."""

    def look() -> dict[str, Span] | None:
        found = {span.name: span for span in collector.spans if span.trace_id == trace_id}
        return found if names <= found.keys() else None

    return until(look, f"{names} of {trace_id}")


PUBLISHED = {"POST nomad", "PublishStream", "publish", "commit"}


def test_a_publish_over_http_is_one_trace_to_its_commit_and_its_deliveries_link_to_it(
    server: Server, collector: Collector
) -> None:
    with server.stub() as stub:
        reading = stub.Subscribe(pb.SubscribeRequest(position=pb.START_POSITION_LATEST))
        next(reading)  # the heartbeat at the head: from here on it is live
        headers = {"traceparent": traceparent(7), "authorization": f"Bearer {SECRET}"}
        seq, answered = publish(server, 1, {**headers, "x-request-id": "mine"})
        assert next(reading).batch.records[0].seq == seq
        spans = of_trace(collector, TRACE_ID, PUBLISHED)
        http, call, published, commit = (
            spans[name] for name in ("POST nomad", "PublishStream", "publish", "commit")
        )
        assert http.parent_id == f"{7:016x}"
        assert call.parent_id == http.span_id
        assert published.parent_id == call.span_id
        assert commit.parent_id == published.span_id
        assert [span.process for span in (http, call, published, commit)] == [
            "gateway",
            *["service"] * 3,
        ]
        assert answered["traceparent"] == f"00-{TRACE_ID}-{http.span_id}-01"
        assert http.attributes["http.response.status_code"] == 200
        assert http.attributes["url.path"] == "/v1/publish/nomad"
        assert call.attributes["rpc.grpc.status_code"] == 0
        assert {http.attributes["tidings.request_id"], call.attributes["tidings.request_id"]} == {
            "mine"
        }

        reading.cancel()

    def delivery() -> Span | None:
        found = collector.spans
        calls = {span.span_id for span in found if span.name == "Subscribe"}  # not the index's
        delivered = (span for span in found if span.name == "deliver" and span.parent_id in calls)
        return next((span for span in delivered if published.span_id in span.links), None)

    delivered = until(delivery, "a delivery")
    assert delivered.trace_id != TRACE_ID
    assert delivered.attributes["tidings.last_seq"] == seq
    until(lambda: any(span.name == "index" for span in collector.spans), "an index's span")
    assert SECRET.encode() not in collector.sent
    assert {each["service.name"] for each in collector.resources} == {"recorder"}


def test_a_publish_over_grpc_is_one_trace_to_its_commit(
    server: Server, collector: Collector
) -> None:
    trace_id = "b" * 32
    metadata = (("traceparent", f"00-{trace_id}-{1:016x}-01"),)
    event = event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", type="T", key="k"))
    with server.stub() as stub:
        request = pb.PublishRequest(draft=event_pb2.Draft(events=[event]))
        seq = stub.Publish(request, metadata=metadata, timeout=PATIENCE_S).seq
    spans = of_trace(collector, trace_id, {"Publish", "publish", "commit"})
    assert spans["Publish"].parent_id == f"{1:016x}"
    assert spans["publish"].parent_id == spans["Publish"].span_id
    assert spans["commit"].parent_id == spans["publish"].span_id
    assert spans["publish"].attributes == {"tidings.seq": seq, "tidings.duplicate": False}


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "00-",
        f"00-{'0' * 32}-{1:016x}-01",
        f"ff-{TRACE_ID}-{1:016x}-01",
        f"00-{TRACE_ID.upper()}-{1:016x}-01",
        f"00-{TRACE_ID}-{1:016x}-01 " + "x" * 5000,
    ],
)
def test_a_malformed_traceparent_is_nobodys_parent(
    server: Server, collector: Collector, hostile: str
) -> None:
    _, answered = publish(server, hash(hostile) % 10**6 + 10, {"traceparent": hostile})
    trace_id = answered["traceparent"][3:35]
    assert trace_id != TRACE_ID
    assert of_trace(collector, trace_id, PUBLISHED)["POST nomad"].parent_id == ""


def test_what_is_not_to_be_recorded_by_its_caller_is_not(
    server: Server, collector: Collector
) -> None:
    other = "a" * 32
    publish(server, 2, {"traceparent": f"00-{other}-{1:016x}-00"})
    _, later = publish(server, 3, {})
    of_trace(collector, later["traceparent"][3:35], PUBLISHED)
    assert not [span for span in collector.spans if span.trace_id == other]


def test_health_and_metrics_make_no_traces(server: Server, collector: Collector) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        server.request("GET", path)
    _, later = publish(server, 4, {})
    of_trace(collector, later["traceparent"][3:35], PUBLISHED)
    doors = {span.attributes.get("tidings.door") for span in collector.spans}
    assert "own" not in doors
