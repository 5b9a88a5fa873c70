"""Exports spans over OTLP, with the SDK of OpenTelemetry: the only module that uses it.

Where to, how, which of them and how many at a time the SDK reads from its standard variables.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from tidings.core.tracing import Kind, Value
from tidings.core.version import VERSION

FLUSH_S: Final = 1.0
"""Time for unsent spans, at the end."""

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXPORTERS = ("", "otlp")
_UNNAMED = "unknown_service"

_log = structlog.get_logger("tidings.tracing")


class Unfit(ValueError):
    """The standard variables are not valid; the text contains no value of them."""


class Exported:
    """Spans of this process, exported in the background; a `tidings.core.tracing.Tracer`.

    Failed exports are retried with back-off, and dropped when the queue is full.
    """

    def __init__(self, process: str) -> None:
        """Begin to export.

        Raises:
            Unfit: the variables are not valid.
            ValueError: the SDK cannot use one of them, and says which by a line of its own.
            ImportError: what speaks the protocol is not installed.
        """
        self._processor = BatchSpanProcessor(_Heard(_exporter(os.environ)))
        provider = TracerProvider(resource=_resource(process), shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("tidings", VERSION)
        # we log once what it would log repeatedly
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def begin(
        self,
        name: str,
        kind: Kind,
        *,
        parent: str = "",
        links: Sequence[str] = (),
        at_us: int | None = None,
    ) -> ExportedSpan:
        """Begin a span (`Tracer.begin`)."""
        above = Context()
        if parent:
            above = set_span_in_context(NonRecordingSpan(_context(parent)), above)
        span = self._tracer.start_span(
            name,
            above,
            kind=SpanKind[kind.upper()],
            links=[Link(_context(each)) for each in links],
            start_time=_ns(at_us),
        )
        return ExportedSpan(span)

    def close(self) -> None:
        """Export unsent spans, for a short time: a silent collector must not delay the end."""
        ending = threading.Thread(target=self._processor.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_S)


class ExportedSpan:
    """A `tidings.core.tracing.Span`."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """Where it is in its trace."""
        at = self._span.get_span_context()
        return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"

    def end(
        self,
        attributes: Mapping[str, Value],
        *,
        name: str = "",
        failure: str = "",
        at_us: int | None = None,
    ) -> None:
        """Say that it has ended (`Span.end`)."""
        if name:
            self._span.update_name(name)
        self._span.set_attributes(attributes)
        if failure:
            self._span.set_attribute("error.type", failure)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end(_ns(at_us))


class _Heard(SpanExporter):
    """Logs once that the collector does not accept spans, and once that it does again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export, and check the result."""
        result = self._exporter.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing != self._is_failing:
            self._is_failing = is_failing
            if is_failing:
                _log.warning("traces are not taken by the collector, and dropped meanwhile")
            else:
                _log.info("traces are taken by the collector again")
        return result

    def shutdown(self) -> None:
        """End it."""
        self._exporter.shutdown()


def _exporter(environment: Mapping[str, str]) -> SpanExporter:
    if environment.get("OTEL_TRACES_EXPORTER", "").strip() not in _EXPORTERS:
        raise Unfit("OTEL_TRACES_EXPORTER must be otlp or none")
    asked = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "grpc")
    match asked.strip():  # without one it is what the SDK of Python takes
        case "grpc":
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter as OverGrpc,
            )

            return OverGrpc()
        case "http/protobuf":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter as OverHttp,
            )

            return OverHttp()
    raise Unfit("OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf")


def _resource(process: str) -> Resource:
    found = Resource.create({"service.version": VERSION, "tidings.process": process})
    name = str(found.attributes.get("service.name", _UNNAMED))
    return found.merge(Resource({"service.name": "tidings"})) if _UNNAMED in name else found


def _context(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent[:55].split("-")
    sampled = TraceFlags(int(flags, 16) & TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=sampled)


def _ns(at_us: int | None) -> int | None:
    return None if at_us is None else at_us * 1000
