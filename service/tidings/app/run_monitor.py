"""Runs the monitor of a Feldera cluster beside the service, as one more client of it."""

from __future__ import annotations

from dataclasses import replace

from tidings.app.client import BadTokenFile, client_channel, secret_in
from tidings.app.settings import Settings
from tidings.monitor.monitor import SERVICES, Monitor
from tidings.monitor.probe import BadTarget, check_target
from tidings.v1 import event_service_pb2_grpc


def targets_of(settings: Settings) -> dict[str, str]:
    """Return the URLs that are to be watched; empty = nothing is watched."""
    named = {name: getattr(settings, f"monitor_{name}") for name in SERVICES}
    return {name: url for name, url in named.items() if url}


def refuse_monitor(settings: Settings) -> str | None:
    """Return why the monitor cannot be run with these settings, or None."""
    targets = targets_of(settings)
    missing = [f"monitor_{name}" for name in SERVICES if name not in targets]
    if targets and missing:
        return f"the monitor watches all three services or none: {', '.join(missing)} is not set"
    for name, url in targets.items():
        try:
            check_target(url)
        except BadTarget as error:
            return f"monitor_{name}: {error}"
    if targets and settings.token_file:
        try:
            secret_in(settings.token_file)
        except BadTokenFile as error:
            return f"token_file: {error}"
    return None


async def watch_cluster(settings: Settings, upstream: str) -> None:
    """Watch until cancelled and publish to `upstream`; return at once without any target."""
    targets = targets_of(settings)
    if not targets:
        return
    async with client_channel(replace(settings, upstream=upstream)) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        await Monitor(stub, targets).run(settings.monitor_interval)
