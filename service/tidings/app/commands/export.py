"""`tidings export`: print a log as the drafts that would make it again, one a line."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from contextlib import closing

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from tidings.app.commands.options import OUR_OWN
from tidings.app.kept import kept_log
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say, visible_json
from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit
from tidings.core.record import Record
from tidings.store.kept import Untold
from tidings.v1 import event_pb2
from tidings.v1 import json_runtime as rt


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print every record that can be published again, oldest first; status 1 when one cannot be."""
    del arguments
    try:
        with closing(kept_log(settings).export()) as exported:
            is_whole = _print(exported)
    except (StoreCorrupt, StoreUnavailable, StoreUnfit) as error:
        complain("export", str(error))
        return 1
    return 0 if is_whole else 1


def _print(exported: Iterable[tuple[Record, str | None]]) -> bool:
    """Print drafts, and report those that differ from what was published; return False if any."""
    left_out = untold = 0
    for record, key in exported:
        if record.system == OUR_OWN and not record.is_damaged:
            continue
        try:
            line = _draft_of(record, key)
        except (ValueError, TypeError, DecodeError, json_format.Error) as error:
            # damaged, or of an older version's log; later records are still printed
            left_out += 1
            reason = f"cannot be printed as JSON ({type(error).__name__})"
            reason = "is damaged" if record.is_damaged else reason
            complain("export", f"record {record.seq} {reason}: left out")
        else:
            untold += isinstance(key, Untold)
            say(visible_json(line))
    if untold:
        complain(
            "export",
            f"{untold} records are printed without the keys of their publishers, of which an older"
            " Tidings kept only hashes",
        )
    return not left_out and not untold


def _draft_of(record: Record, key: str | None) -> str:
    events = event_pb2.EventRecord.FromString(record.body).events
    if not events:
        raise ValueError("no events")
    draft = event_pb2.Draft(key=key or _own_key(record), events=events)
    return rt.dumps(json_format.MessageToDict(draft)).decode()


def _own_key(record: Record) -> str:
    """Return a key for a record that has none: the same at each export, also of a restored log.

    A record is identified, in its log and among all logs, by its position, its time and its
    content.
    """
    told = f"{record.seq} {record.recorded_at_us} ".encode() + record.body
    return f"export-{record.seq}-{hashlib.sha256(told).hexdigest()[:32]}"
