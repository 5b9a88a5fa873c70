"""`tidings tail`: print events as they come, or from a time or position on."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import re
import signal
import sys
from collections.abc import Iterator, Sequence

import grpc
from google.protobuf import json_format

from tidings.app.client import client_channel, explain
from tidings.app.settings import Settings
from tidings.app.terminal import complain, flush, say, visible, visible_json
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc
from tidings.v1 import json_runtime as rt

_COLORS = {
    "nomad": 32,
    "consul": 35,
    "docker_cloud": 34,
    "puppet": 33,
    "feldera": 36,
    "tidings": 37,
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print until interrupted, until the count is reached, or until the stream ends (status 1)."""
    try:
        request = build_request(arguments, now=dt.datetime.now(dt.UTC))  # noqa: TID251
    except ValueError as error:
        complain("tail", str(error))
        return 2
    colored = arguments.color == "always" or (arguments.color == "auto" and sys.stdout.isatty())
    return asyncio.run(_tail(settings, arguments, request, colored=colored))


async def _tail(
    settings: Settings,
    arguments: argparse.Namespace,
    request: event_service_pb2.SubscribeRequest,
    *,
    colored: bool,
) -> int:
    left = arguments.count
    async with client_channel(settings) as channel:
        call = event_service_pb2_grpc.EventServiceStub(channel).Subscribe(request)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, call.cancel)
        try:
            async for response in call:
                if response.HasField("gap"):
                    gap = response.gap
                    complain("tail", f"gap: {gap.first_seq} to {gap.last_seq}: {gap.reason}")
                if response.HasField("heartbeat") and left == 0:
                    return 0
                records = response.records[:left] if left else response.records
                _print(records, arguments.output, colored=colored)
                if left and (left := left - len(records)) == 0:
                    return 0
        except grpc.aio.AioRpcError as error:
            complain("tail", explain(error, settings.upstream))
            return 1
        except (asyncio.CancelledError, BrokenPipeError):
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.flush()
            return 0
    return 1


def _print(records: Sequence[event_pb2.Record], form: str, *, colored: bool) -> None:
    for record in records:
        for line in print_record(record, form, colored=colored):
            say(line)
    flush()


def build_request(
    arguments: argparse.Namespace, now: dt.datetime
) -> event_service_pb2.SubscribeRequest:
    """Return the subscription that the options ask for.

    Raises:
        ValueError: `--since` is none of the forms it may have.
    """
    request = event_service_pb2.SubscribeRequest(
        payload_format=event_service_pb2.PAYLOAD_FORMAT_JSON
        if arguments.output == "json"
        else event_service_pb2.PAYLOAD_FORMAT_TYPED
    )
    _set_start(request, arguments.since, now)
    for system in arguments.system or ():
        getattr(request, system).SetInParent()
    for topic in arguments.topic or ():
        name, colon, key = topic.partition(":")
        added = request.nomad.topics.add(topic=name)
        if colon:
            added.key = key
    if arguments.namespace is not None:
        request.nomad.namespace = arguments.namespace
    if arguments.name:
        request.consul.names.extend(arguments.name)
    if arguments.job:
        request.puppet.jobs.extend(arguments.job)
    return request


def _set_start(
    request: event_service_pb2.SubscribeRequest, since: str | None, now: dt.datetime
) -> None:
    if since is None:
        request.latest = True
    elif since == "start":
        request.earliest = True
    elif since.isascii() and since.isdigit():
        request.after_seq = int(since)
    elif found := re.fullmatch(r"(\d+)([smhd])", since):
        span = dt.timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        request.from_time.FromDatetime(now - span)
    else:
        try:
            when = dt.datetime.fromisoformat(since)
        except ValueError:
            raise ValueError(f"--since {since!r} is no duration, time, seq or 'start'") from None
        request.from_time.FromDatetime(when.astimezone(dt.UTC))


def print_record(record: event_pb2.Record, form: str, *, colored: bool) -> Iterator[str]:
    """Yield the line of a record as JSON, or one line of text for each of its events."""
    if form == "json":
        try:
            yield visible_json(rt.dumps(json_format.MessageToDict(record)).decode())
        except (ValueError, TypeError, json_format.Error) as error:
            # of an older version's log; what comes after it is wanted as well
            reason = f"cannot be printed as JSON ({type(error).__name__})"
            yield rt.dumps({"seq": str(record.seq), "unprintable": reason}).decode()
        return
    stored_at = record.recorded_at.ToDatetime().strftime("%Y-%m-%d %H:%M:%S")
    for event in record.events:
        system = event.WhichOneof("body") or "unknown"
        name = f"\x1b[{_COLORS.get(system, 37)}m{system:<12}\x1b[0m" if colored else f"{system:<12}"
        yield f"{record.seq:>8}  {stored_at}  {name}  {summarize(event)}"


def summarize(event: event_pb2.Event) -> str:
    """Return what happened in a few words, safe to print on a terminal."""
    match event.WhichOneof("body"):
        case "nomad":
            words = [event.nomad.topic, event.nomad.type, event.nomad.key, event.nomad.namespace]
        case "consul":
            words = [event.consul.name, f"{len(event.consul.payload)} bytes"]
        case "docker_cloud":
            cloud = event.docker_cloud
            words = [cloud.type, cloud.action, cloud.state, cloud.resource_uri]
        case "puppet":
            words = [f"job {event.puppet.job}", event.puppet.type, event.puppet.message]
        case "feldera":
            health = event.feldera
            words = [health.api_status, health.compiler_status, health.runner_status]
        case "tidings":
            words = [event.tidings.WhichOneof("kind") or ""]
        case _:
            words = ["newer than this program"]
    return visible("  ".join(filter(None, words)))
