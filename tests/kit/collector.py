"""A collector of OpenTelemetry, over gRPC and over HTTP, that keeps the spans it is sent."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from tests.patience import PATIENCE_S


@dataclass(frozen=True)
class Span:
    """A span as it arrived; ids are hexadecimal, "" = none."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: frozenset[str]
    attributes: dict[str, Any]
    is_error: bool


class Collector:
    """What was sent, as spans and as bytes. May be asked from any thread."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._received: list[bytes] = []

    def take(self, encoded: bytes) -> None:
        """Keep a request."""
        self._received.append(encoded)

    @property
    def sent(self) -> bytes:
        """All that came, for looking for what must not."""
        return b"".join(self._received)

    @property
    def resources(self) -> list[dict[str, Any]]:
        """What the processes said of themselves."""
        return [
            _values(each.resource.attributes)
            for encoded in list(self._received)
            for each in ExportTraceServiceRequest.FromString(encoded).resource_spans
        ]

    @property
    def spans(self) -> list[Span]:
        """All spans until now."""
        return [
            _span(_values(each.resource.attributes).get("tidings.process", ""), span)
            for encoded in list(self._received)
            for each in ExportTraceServiceRequest.FromString(encoded).resource_spans
            for scope in each.scope_spans
            for span in scope.spans
        ]


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def _span(process: str, span: Any) -> Span:
    return Span(
        process,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        frozenset(link.span_id.hex() for link in span.links),
        _values(span.attributes),
        is_error=span.status.code == span.status.STATUS_CODE_ERROR,
    )


class _Servicer(TraceServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def Export(self, request: Any, context: Any) -> ExportTraceServiceResponse:
        self._collector.take(request.SerializeToString())
        return ExportTraceServiceResponse()


@contextlib.contextmanager
def collecting_grpc() -> Iterator[Collector]:
    """Lend a collector over gRPC."""
    server = grpc.server(ThreadPoolExecutor(2))
    collector = Collector(f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    add_TraceServiceServicer_to_server(_Servicer(collector), server)  # type: ignore[no-untyped-call]  # generated
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait(PATIENCE_S)


@contextlib.contextmanager
def collecting_http() -> Iterator[Collector]:
    """Lend a collector over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join(PATIENCE_S)
        server.server_close()
