"""Log lines of this process, ours and the libraries': to stderr, as text or JSON.

With JSON every line on stderr is a JSON object: warnings and tracebacks of Python, and lines of the
gRPC library, are converted as well.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TextIO

import structlog

from tidings.app.settings import Settings
from tidings.app.terminal import visible_lines
from tidings.core.setting_kinds import Address

_LEVELS = logging.getLevelNamesMapping()
_PREFIX = "tidings."


def configure_logs(settings: Settings, *, loads_libraries: bool = True) -> None:
    """Send log lines of at least the set levels to stderr. Call once, before anything logs.

    A process that loads no gRPC leaves stderr as it is to those that it starts, whose lines are
    lines already.
    """
    level = _LEVELS[settings.log_level.upper()]
    levels = levels_of(settings.log_levels)
    is_json = settings.log_format == "json"
    if loads_libraries and is_json and os.environ.get("GRPC_VERBOSITY", "NONE") != "NONE":
        sys.stderr = _apart_from_libraries()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _rendering(as_json=is_json, for_people=sys.stderr.isatty())
    ours: list[structlog.typing.Processor] = [*shared, *last]
    if levels:
        ours.insert(0, _AreaFilter(level, levels))
    structlog.configure(
        processors=ours,
        wrapper_class=structlog.make_filtering_bound_logger(min(level, *levels.values(), level)),
        logger_factory=_AreaLogger,
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
    logging.captureWarnings(capture=True)
    if is_json:
        sys.excepthook = _log_last_words


def levels_of(entries: Iterable[str]) -> dict[str, int]:
    """Return the levels of single areas from entries such as "access=warning"."""
    pairs = (entry.partition("=") for entry in entries)
    return {area: _LEVELS[level.upper()] for area, _, level in pairs}


class _AreaLogger(structlog.PrintLogger):
    """Writes to stderr, and knows the area that its lines are of."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr)
        self.area = name.removeprefix(_PREFIX)


class _AreaFilter:
    """Drops lines below the level of their area."""

    def __init__(self, level: int, levels: Mapping[str, int]) -> None:
        self._level = level
        self._levels = levels

    def __call__(
        self, logger: object, method: str, values: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        wanted = self._levels.get(getattr(logger, "area", ""), self._level)
        if _LEVELS[method.upper()] < wanted:
            raise structlog.DropEvent
        return values


def _log_last_words(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    structlog.get_logger("tidings.service").critical("ended", exc_info=(kind, error, at))


def _apart_from_libraries() -> TextIO:
    """Convert what libraries write to stderr into lines; return the file for our own."""
    ours = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    read_fd, write_fd = os.pipe()
    os.dup2(write_fd, 2)
    os.close(write_fd)
    reading = threading.Thread(target=_log_foreign_lines, args=(read_fd,), daemon=True)
    reading.start()

    def end() -> None:
        os.dup2(ours.fileno(), 2)  # the last writing end of the pipe
        reading.join()

    atexit.register(end)
    return ours


def _log_foreign_lines(read_fd: int) -> None:
    log = structlog.get_logger("tidings.libraries")
    with os.fdopen(read_fd, encoding="utf-8", errors="backslashreplace") as lines:
        for line in lines:
            log.warning("a library says", text=line.rstrip("\n"))


def warn_of_clear_text(address: Address, *, remedy: str) -> None:
    """Log that credentials are sent unencrypted, if others can reach an address without TLS."""
    if not address.is_loopback:
        structlog.get_logger("tidings.exposure").warning(
            "credentials pass in clear", address=str(address), remedy=remedy
        )


def _rendering(*, as_json: bool, for_people: bool) -> list[structlog.typing.Processor]:
    if for_people and not as_json:
        # never richer ones: they print local variables, which may hold secrets
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
    """Escape control characters in a line: log lines contain text that others sent."""
    del logger, method
    for name, value in values.items():
        if isinstance(value, str) and not value.isprintable():
            values[name] = visible_lines(value)
    return values


def _has_colors() -> bool:
    """Return whether this terminal shows colours, and the user wants them (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
