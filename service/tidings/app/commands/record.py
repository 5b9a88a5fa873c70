"""`tidings record`: record a running system from here, in the foreground."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

from tidings.app.child import run_half
from tidings.app.client import client_channel
from tidings.app.clock import SystemClock
from tidings.app.settings import Settings
from tidings.app.source_settings import SourceSettings, make_source, typed
from tidings.core.tracing import Tracer
from tidings.sources.recorder import Plan, Recorder


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Record until told to stop.

    Raises:
        BadSetting: the source cannot be.
    """
    source = given(arguments)
    return run_half(
        "record",
        settings,
        arguments,
        lambda stop, ready, tracer: _record(settings, source, stop, ready, tracer),
    )


async def _record(
    settings: Settings,
    source: SourceSettings,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    tracer: Tracer | None,
) -> None:
    plan = Plan(source.name, source.stale_after, required=source.required)
    async with client_channel(settings) as channel, asyncio.TaskGroup() as tasks:
        recorder = Recorder(channel, make_source(source), plan, SystemClock(), tracer=tracer)
        tasks.create_task(recorder.run())
        ready(f"source={source.name}")
        await stop.wait()
        recorder.stop()


def given(arguments: argparse.Namespace) -> SourceSettings:
    """Return the source that a command line names.

    Raises:
        BadSetting: it cannot be.
    """
    table = {
        "system": arguments.system,
        "url": arguments.url,
        "token_file": arguments.source_token_file,
        "ca": arguments.ca,
        "cert": arguments.cert,
        "key": arguments.key,
        "topics": arguments.topic,
        "datacenters": arguments.datacenter,
        "jobs": arguments.job,
        "systems": arguments.only,
        "namespace": arguments.namespace,
        "stale_after": arguments.stale_after,
        "required": arguments.required,
        "snapshot": arguments.snapshot,
        "resumes": arguments.resumes,
        "compiler": arguments.compiler,
        "runner": arguments.runner,
        "interval": arguments.interval,
    }
    return SourceSettings.of(
        arguments.source, {key: value for key, value in table.items() if value}, typed
    )
