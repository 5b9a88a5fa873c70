"""Whether spans are exported, by the standard variables of OpenTelemetry; nothing else is read.

Without them nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from tidings.core.tracing import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER = "OTEL_TRACES_EXPORTER"
DISABLED = "OTEL_SDK_DISABLED"

_log = structlog.get_logger("tidings.tracing")


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether to export spans: a variable says where to, or how, and none disables it."""
    exporter = environment.get(EXPORTER, "").strip()
    if environment.get(DISABLED, "").strip().lower() == "true" or exporter == "none":
        return False
    return bool(exporter or any(environment.get(name, "").strip() for name in ENDPOINTS))


@contextmanager
def tracing(process: str) -> Iterator[Tracer | None]:
    """Provide the tracer of this process; None = not configured, or not possible."""
    if not is_wanted(os.environ):
        yield None
        return
    try:
        from tidings.app.otlp import Exported, Unfit  # noqa: PLC0415 - only who asks pays

        exported = Exported(process)
    except ImportError as error:
        _log.warning(
            "no traces: OTEL_… variables ask for them, and a library is missing",
            missing=error.name,
            remedy="pip install 'tidings[otel]'",
        )
        yield None
        return
    except ValueError as error:  # whose words may repeat a variable's value, but for our own
        problem = str(error) if isinstance(error, Unfit) else "a value of theirs"
        _log.warning("no traces: the OTEL_… variables cannot be used", problem=problem)
        yield None
        return
    try:
        yield exported
    finally:
        exported.close()
