"""The request of `tidings log`, from its options."""

from __future__ import annotations

import argparse
import datetime as dt

from tidings.app.commands.bounds import bound
from tidings.app.commands.record_lines import payload_format_of
from tidings.app.commands.selection import narrow
from tidings.v1 import event_service_pb2 as pb


def build_request(arguments: argparse.Namespace, now: dt.datetime) -> pb.ReadRecordsRequest:
    """Return the read request of the options, without `-n`.

    Raises:
        ValueError: they contradict each other, or a bound is not valid.
    """
    request = pb.ReadRecordsRequest(
        payload_format=payload_format_of(arguments.output),
        order=pb.READ_ORDER_NEWEST_FIRST if arguments.reverse else pb.READ_ORDER_OLDEST_FIRST,
    )
    narrow(request, arguments)
    bound(request, arguments, now)
    return request
