"""The forms in which `tidings log` and `show` print records."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tidings.app.columns import Columns
from tidings.app.commands.record_lines import (
    json_line,
    print_record,
    stored_at,
    summarize,
    system_of,
    tinted,
    type_of,
)
from tidings.app.terminal import visible, visible_json
from tidings.v1 import event_pb2

_HEAD = ("seq", "stored", "system", "type", "source", "event")
_NONE = "-"


class Output(Protocol):
    """Turns records into lines, a page at a time, so that a log of any length can be printed."""

    def add(self, records: Iterable[event_pb2.EventRecord], log_id: str) -> Iterator[str]:
        """Yield the lines that are ready after some records."""
        ...

    def end(self) -> Iterator[str]:
        """Yield the lines after the last."""
        ...


def output_of(form: str, *, colored: bool) -> Output:
    """Return the form of a name that `--output` takes."""
    if form == "json":
        return _JsonArray()
    if form == "cloudevents":
        return _CloudEvents()
    if form == "table":
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        return _Table(width, colored=colored)
    return _Lines(form, colored=colored)


class _Lines:
    """Each record by itself: text and ndjson."""

    def __init__(self, form: str, *, colored: bool) -> None:
        self._form = form
        self._colored = colored

    def add(self, records: Iterable[event_pb2.EventRecord], log_id: str) -> Iterator[str]:
        for record in records:
            yield from print_record(record, self._form, colored=self._colored)

    def end(self) -> Iterator[str]:
        yield from ()


class _CloudEvents:
    """A CloudEvent a line, as the HTTP API prints them."""

    def __init__(self) -> None:
        # Only this form needs the doors, and they are loaded before any call is made.
        from tidings.gateway import doors  # noqa: PLC0415
        from tidings.gateway.doors.native.cloud_events import CloudEvents  # noqa: PLC0415

        doors.spellings()
        self._form_of = CloudEvents

    def add(self, records: Iterable[event_pb2.EventRecord], log_id: str) -> Iterator[str]:
        form = self._form_of(log_id)
        for record in records:
            for line in form.record(record).decode().splitlines():
                yield visible_json(line)

    def end(self) -> Iterator[str]:
        yield from ()


class _JsonArray:
    """One JSON document, a record a line."""

    def __init__(self) -> None:
        self._last: str | None = None

    def add(self, records: Iterable[event_pb2.EventRecord], log_id: str) -> Iterator[str]:
        for record in records:
            if self._last is None:
                yield "["
            else:
                yield f"{self._last},"
            self._last = json_line(record)

    def end(self) -> Iterator[str]:
        if self._last is None:
            yield "[]"
        else:
            yield self._last
            yield "]"


class _Table:
    """One row for each event, below a heading; cut to `width` columns, None = not cut."""

    def __init__(self, width: int | None, *, colored: bool) -> None:
        self._width = width
        self._colored = colored
        self._columns: Columns | None = None

    def add(self, records: Iterable[event_pb2.EventRecord], log_id: str) -> Iterator[str]:
        shown = [(record, event) for record in records for event in record.events]
        rows = [_row(record, event) for record, event in shown]
        if not rows:
            return
        if self._columns is None:
            self._columns = Columns([_HEAD, *rows])
            yield self._cut(self._columns.line(_HEAD))
        for row, (_, event) in zip(rows, shown, strict=True):
            line = self._cut(self._columns.line(row))
            name = f"  {row[2]} "
            before, found, after = f"{line} ".partition(name)
            line = f"{before}  {tinted(row[2], event, self._colored)} {after}" if found else line
            yield line.rstrip()

    def end(self) -> Iterator[str]:
        yield from ()

    def _cut(self, line: str) -> str:
        if self._width is None or len(line) <= self._width:
            return line
        return f"{line[: self._width - 1]}…"


def _row(record: event_pb2.EventRecord, event: event_pb2.Event) -> Sequence[str]:
    return (
        str(record.seq),
        stored_at(record),
        system_of(event),
        type_of(event) or _NONE,
        visible(event.source) or _NONE,
        summarize(event),
    )
