"""How commands show a record: what happened in a few words, or all of it as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.exact_json import exact_json
from tidings.app.terminal import complain, visible, visible_json
from tidings.dialects import load
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import json_runtime as rt

_dialects = cache(load)
_WHITE = 37


def payload_format_of(form: str) -> pb.PayloadFormat.ValueType:
    """Return the payload format to request: JSON text only if that is printed."""
    is_text = form in {"text", "table"}
    return pb.PAYLOAD_FORMAT_TYPED if is_text else pb.PAYLOAD_FORMAT_JSON


def tell_gaps(command: str, gaps: Iterable[pb.Gap]) -> None:
    """Report gaps on stderr."""
    for gap in gaps:
        complain(command, f"gap: {gap.first_seq} to {gap.last_seq}: {gap.detail}")


def print_record(record: event_pb2.EventRecord, form: str, *, colored: bool) -> Iterator[str]:
    """Yield the line of a record as JSON, or one line of text for each of its events."""
    if form != "text":
        yield json_line(record)
        return
    when = stored_at(record)
    for event in record.events:
        system = f"{system_of(event):<12}"
        yield f"{record.seq:>8}  {when}  {tinted(system, event, colored)}  {summarize(event)}"


def stored_at(record: event_pb2.EventRecord) -> str:
    """Return when a record was stored, in the machine's zone, which it names."""
    return local_time(record.recorded_at)


def local_time(time: Timestamp) -> str:
    """Return a time in the machine's zone, which it names."""
    return time.ToDatetime(dt.UTC).astimezone().isoformat(sep=" ", timespec="seconds")


def system_of(event: event_pb2.Event) -> str:
    """Return the name of an event's system."""
    return event.WhichOneof("body") or "unknown"


def type_of(event: event_pb2.Event) -> str:
    """Return what an event's system calls its type; "" = it has none, or is not known."""
    dialect = _dialects().get(system_of(event))
    return visible(dialect.type_of(event)) if dialect else ""


def tinted(text: str, event: event_pb2.Event, colored: bool) -> str:  # noqa: FBT001 - handed on
    """Return a text in the colour of an event's system."""
    if not colored:
        return text
    dialect = _dialects().get(system_of(event))
    return f"\x1b[{dialect.color if dialect else _WHITE}m{text}\x1b[0m"


def json_line(record: event_pb2.EventRecord) -> str:
    """Return a record as proto3 JSON, its payloads as the text that they came as."""
    try:
        printed = json_format.MessageToDict(record)
        for event, members in zip(record.events, printed.get("events", ()), strict=True):
            _show_exact_json(event, members)
        return visible_json(rt.dumps(printed).decode())
    except (ValueError, TypeError, json_format.Error) as error:
        # of an older version's log; later records are still printed
        reason = f"cannot be printed as JSON ({type(error).__name__})"
        return rt.dumps({"seq": str(record.seq), "unprintable": reason}).decode()


def _show_exact_json(event: event_pb2.Event, members: dict[str, rt.Json]) -> None:
    """Put the JSON that a payload came as where proto3 JSON would print it in base64."""
    system = event.WhichOneof("body")
    exact = exact_json().get(system or "")
    if system is None or exact is None:
        return
    text: bytes = getattr(getattr(event, system), exact.field)
    body = members[system]
    if text and isinstance(body, dict):
        del body[exact.taken]
        body[exact.shown] = rt.raw(rt.compact(text))


def summarize(event: event_pb2.Event) -> str:
    """Return what happened in a few words, safe to print on a terminal."""
    dialect = _dialects().get(event.WhichOneof("body") or "")
    words = dialect.words(event) if dialect else ["newer than this program"]
    return visible("  ".join(filter(None, words)))
