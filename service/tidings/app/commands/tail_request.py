"""The request of `tidings tail`, from its options."""

from __future__ import annotations

import argparse
import datetime as dt

from tidings.app.commands.bounds import bound_of
from tidings.app.commands.record_lines import payload_format_of
from tidings.app.commands.selection import narrow
from tidings.gateway.transcode.same_fields import same_fields
from tidings.v1 import event_service_pb2 as pb


def build_request(arguments: argparse.Namespace, now: dt.datetime) -> pb.SubscribeRequest:
    """Return the subscription of the options.

    Raises:
        ValueError: they contradict each other, or `--since` is not valid.
    """
    request = pb.SubscribeRequest(payload_format=payload_format_of(arguments.output))
    narrow(request, arguments)
    _set_start(request, arguments, now)
    return request


def read_request(request: pb.SubscribeRequest) -> pb.ReadRecordsRequest:
    """Return the read of stored records for a subscription, from its start on."""
    return same_fields(request, pb.ReadRecordsRequest)


def _set_start(
    request: pb.SubscribeRequest, arguments: argparse.Namespace, now: dt.datetime
) -> None:
    since: str | None = arguments.since
    if since is None and arguments.count is None:
        request.position = pb.START_POSITION_LATEST
    elif since is None or since == "start":
        request.position = pb.START_POSITION_EARLIEST
    else:
        start = bound_of("--since", since, now)
        if isinstance(start, int):
            request.after_seq = start
        else:
            request.from_time.FromDatetime(start)
