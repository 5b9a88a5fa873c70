"""`tidings export`: print a log as the drafts that would make it again, one a line."""

from __future__ import annotations

import argparse

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from tidings.app.embedded import refuse_elsewhere
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say, visible_json
from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.core.record import Record
from tidings.store.sqlite.export import export_log
from tidings.v1 import event_pb2
from tidings.v1 import json_runtime as rt

_OUR_OWN = "tidings"
"""The system whose events nobody may publish: the new log says such things for itself."""


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print every record that can be published again, oldest first; status 1 when one cannot be."""
    del arguments
    if refusal := refuse_elsewhere(settings, "export"):
        complain("export", refusal)
        return 2
    is_whole = True
    try:
        for record, key in export_log(settings.data):
            if record.system != _OUR_OWN or record.is_damaged:
                try:
                    line = _draft_of(record, key)
                except (ValueError, TypeError, DecodeError, json_format.Error) as error:
                    # damaged, or of an older version's log; what comes after it is wanted as well
                    is_whole = False
                    reason = f"cannot be printed as JSON ({type(error).__name__})"
                    reason = "is damaged" if record.is_damaged else reason
                    complain("export", f"record {record.seq} {reason}: left out")
                else:
                    say(visible_json(line))
    except (StoreCorrupt, StoreUnavailable) as error:
        complain("export", str(error))
        return 1
    return 0 if is_whole else 1


def _draft_of(record: Record, key: str | None) -> str:
    events = event_pb2.Record.FromString(record.body).events
    if not events:
        raise ValueError("no events")
    draft = event_pb2.Draft(key=key or "", events=events)
    return rt.dumps(json_format.MessageToDict(draft)).decode()
