"""Log lines of this process, ours and the libraries': to stderr, as text or JSON."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from tidings.app.settings import Settings
from tidings.app.terminal import visible_lines


def configure_logs(settings: Settings) -> None:
    """Send every log line of at least the set level to stderr. Call once, before anything logs."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _rendering(as_json=settings.log_format == "json", for_people=sys.stderr.isatty())
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _rendering(*, as_json: bool, for_people: bool) -> list[structlog.typing.Processor]:
    if for_people and not as_json:
        # never richer ones: they print local variables, which may hold what nobody should see
        tracebacks = structlog.processors.format_exc_info
        return [tracebacks, _visible_values, structlog.dev.ConsoleRenderer(colors=_has_colors())]
    # Columns cost as much as the rest of a small call, and every call has its line.
    order = ["timestamp", "level", "event"]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.LogfmtRenderer(key_order=order, drop_missing=True)
    )
    return [structlog.processors.format_exc_info, _visible_values, render]


def _visible_values(
    logger: object, method: str, values: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Let nothing in a line be what a terminal obeys: log lines repeat what others sent."""
    del logger, method
    for name, value in values.items():
        if isinstance(value, str) and not value.isprintable():
            values[name] = visible_lines(value)
    return values


def _has_colors() -> bool:
    """Say whether this terminal shows colors, and whoever sits there wants any (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
