"""When traces are told of, what is said when they cannot be, and how they arrive over HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from tests.kit.collector import collecting_http
from tests.kit.tracer import traceparent
from tests.patience import until
from tidings.app import otlp
from tidings.app.tracing import is_wanted, tracing
from tidings.core.tracing import Tracer, current, is_sampled, span_of

ENDPOINT, EXPORTER = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER"


@pytest.mark.parametrize(
    ("environment", "is_asked_for"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://c:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"}, True),
        ({EXPORTER: "otlp"}, True),
        ({EXPORTER: "none", ENDPOINT: "http://c:4317"}, False),
        ({"OTEL_SDK_DISABLED": "TRUE", ENDPOINT: "http://c:4317"}, False),
        ({"OTEL_SDK_DISABLED": "false", ENDPOINT: "http://c:4317"}, True),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_traces_are_told_of_when_a_standard_variable_says_so(
    environment: dict[str, str], *, is_asked_for: bool
) -> None:
    assert is_wanted(environment) is is_asked_for


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({EXPORTER: "zipkin-SECRET"}, "OTEL_TRACES_EXPORTER must be otlp or none"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/SECRET"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf",
        ),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "-77"}, "a value of theirs"),
    ],
)
def test_variables_that_cannot_be_used_are_named_and_nothing_fails(
    variables: dict[str, str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {ENDPOINT: "http://127.0.0.1:1", **variables}.items():
        monkeypatch.setenv(name, value)
    with capture_logs() as lines, tracing("test") as tracer:
        assert tracer is None
    (line,) = lines
    assert line["problem"] == problem
    assert "SECRET" not in str(line)
    assert "-77" not in str(line)


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.delitem(sys.modules, "tidings.app.otlp")
    monkeypatch.delattr("tidings.app.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.context", None)
    with capture_logs() as lines, tracing("test") as tracer:
        assert tracer is None
    (line,) = lines
    assert (line["missing"], line["remedy"]) == (
        "opentelemetry.context",
        "pip install 'tidings[otel]'",
    )


def fail_within(tracer: Tracer) -> None:
    with span_of(tracer, "outer") as outer, span_of(tracer, "inner"):
        outer["a"] = 1
        assert is_sampled(current.get())
        raise ZeroDivisionError("SECRET")


def test_spans_arrive_over_http_as_the_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting_http() as collector:
        monkeypatch.setenv(ENDPOINT, collector.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        with tracing("test") as tracer:
            assert tracer is not None
            with pytest.raises(ZeroDivisionError):
                fail_within(tracer)
            unsampled = tracer.begin("unsampled", "server", parent=traceparent(7, "00"))
            assert not is_sampled(unsampled.traceparent)
            unsampled.end({})
            linked = tracer.begin(
                "linked", "server", parent=traceparent(7), links=[traceparent(8)], at_us=1
            )
            linked.end({}, name="renamed", at_us=2)
        spans = until(lambda: collector.spans or None, "spans")
    found = {span.name: span for span in spans}
    assert set(found) == {"outer", "inner", "renamed"}
    assert found["inner"].parent_id == found["outer"].span_id
    assert found["outer"].attributes == {"a": 1, "error.type": "ZeroDivisionError"}
    assert found["outer"].is_error
    assert found["renamed"].parent_id == f"{7:016x}"
    assert found["renamed"].links == {f"{8:016x}"}
    assert b"SECRET" not in collector.sent
    (resource,) = collector.resources
    assert resource["service.name"] == "tidings"
    assert resource["tidings.process"] == "test"
    assert resource["deployment.environment.name"] == "test"
    assert os.environ[ENDPOINT] == collector.endpoint
    assert current.get() == ""


@pytest.mark.parametrize("flags", ["00", "01", "03", "ff"])
def test_a_hostile_or_future_traceparent_is_a_parent_like_any_other(
    flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setattr(otlp, "FLUSH_S", 0.0)
    with tracing("test") as tracer:
        assert tracer is not None
        longer = traceparent(7, flags).replace("00-", "cc-", 1) + "-" + "x" * 10_000
        span = tracer.begin("x", "server", parent=longer)
        assert span.traceparent[:35] == traceparent(7)[:35]
        assert is_sampled(span.traceparent) is (flags != "00")


class _Exporter(SpanExporter):
    def __init__(self, results: Sequence[SpanExportResult]) -> None:
        self._results = iter(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return next(self._results)


def test_of_a_collector_that_is_away_there_is_one_line_and_one_when_it_is_back() -> None:
    taken, lost = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    results = [taken, lost, lost, lost, taken, taken, lost]
    heard = otlp._Heard(_Exporter(results))  # noqa: SLF001 - what is said of whatever exports
    with capture_logs() as lines:
        assert [heard.export([]) for _ in results] == results
    away, back = "traces are not taken by the collector", "traces are taken by the collector again"
    assert [line["event"].split(",")[0] for line in lines] == [
        f"{away}",
        back,
        f"{away}",
    ]
