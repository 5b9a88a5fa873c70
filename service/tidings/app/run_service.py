"""Builds the service out of its rooms and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import structlog

from tidings.app.clock import SystemClock
from tidings.app.exposure import warn_of_clear_text
from tidings.app.file_follower import on_hangup
from tidings.app.kinds import Address
from tidings.app.lifeline import draining_s
from tidings.app.metrics_page import serve_metrics
from tidings.app.open_store import open_store
from tidings.app.policy_loader import PolicyLoader
from tidings.app.retention_report import RetentionReport
from tidings.app.run_monitor import targets_of, watch_cluster
from tidings.app.settings import Settings
from tidings.app.tls.certificates import RenewedCredentials, read_pems
from tidings.app.tls.remote_keys import RemoteKeys
from tidings.app.tls.settings import follow, server_files
from tidings.app.watched_clock import WatchedClock
from tidings.core.errors import StoreCorrupt
from tidings.core.record import SYSTEMS
from tidings.dialects import load
from tidings.dialects.dialect import Dialect
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.log.retention import Retention
from tidings.log.retention_rule import Keep
from tidings.rpc.access_control import AccessControl
from tidings.rpc.server import Service, Views
from tidings.store.base import EventStore

_log = structlog.get_logger("tidings.service")


async def service(
    settings: Settings, unix_path: str | None, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    """Serve gRPC until `stop`; say `ready` once it answers.

    Raises:
        StoreLocked, StoreUnfit, StoreUnavailable: see `open_store`.
        StoreCorrupt: see there; or the log was deleted or cut off while it was served.
        OSError: an address cannot be bound.
    """
    # Commits need the interpreter's lock for microseconds, many times; with the default of 5 ms a
    # busy loop takes nine tenths of a lone publisher's rate.
    sys.setswitchinterval(0.0005)
    clock = WatchedClock(SystemClock(), settle_s=settings.clock_settle)
    store = await open_store(settings, clock)
    try:
        await clock.start_from(store)
        with contextlib.ExitStack() as undo:
            path = unix_path or _socket_of_monitor(settings, undo)
            await _serve(settings, path, store, clock, stop, ready)
    except BaseExceptionGroup as group:
        if (corrupt := _first(group, StoreCorrupt)) is not None:
            raise corrupt from group
        raise
    finally:
        await store.close()


async def _serve(
    settings: Settings,
    unix_path: str | None,
    store: EventStore,
    clock: WatchedClock,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    dialects = load(
        {
            "nomad": {"event_buffer_size": settings.nomad_event_buffer_size},
            "consul": {"max_payload_bytes": settings.consul_size_rule},
        }
    )
    views = Views.of(dialects, clock)
    log = EventLog(
        store,
        clock=clock,
        envelope_of=views.envelope_of,
        projections=views.projections,
        limits=LogLimits(tail_bytes=settings.tail_size, tail_count=settings.tail_records),
    )
    await log.open()
    access = AccessControl(log, clock) if settings.access_policy else None
    policies = None
    if access is not None:
        await access.open()
        policies = PolicyLoader(Path(settings.access_policy), access, RemoteKeys(clock))
        await policies.load()
    certificate = follow("certificate of gRPC", server_files(settings, "grpc"), read_pems)
    tls = RenewedCredentials(certificate.read()) if certificate else None
    grpc_service = Service(
        log,
        views,
        clock=clock,
        token=secrets.token_bytes,
        access=access,
        access_events=settings.access_events,
    )
    port = _listen(grpc_service, str(settings.grpc), tls.credentials if tls else None)
    if tls is None and access is not None:
        warn_of_clear_text(settings.grpc, remedy="--grpc-tls-cert")
    clock.show_in(grpc_service.metrics.registry)
    retention = Retention(
        store,
        _rules(settings, dialects),
        clock=clock,
        applies=settings.retention_apply,
        steady_s=lambda: clock.steady_s,
        told=RetentionReport(grpc_service.metrics.registry),
    )
    if settings.retention_apply:
        _log.warning("retention.apply is set: stricter retention is applied without being asked")
    page = serve_metrics(grpc_service.metrics.registry, settings.metrics)
    if unix_path is not None:
        _listen(grpc_service, f"unix:{unix_path}")
    async with page, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(log.run())
        running.add_done_callback(
            lambda _: stop.set()
        )  # a log that ended by itself ends the service
        minding = [tasks.create_task(retention.run())]
        minding.append(tasks.create_task(clock.watch(log.checks, store)))
        minding.append(tasks.create_task(_guard(access, policies)))
        if certificate and tls:
            minding.append(tasks.create_task(certificate.follow(tls.use)))
        on_hangup(*(each.reload for each in (policies, certificate) if each))
        await grpc_service.start()
        _log.info("serving", grpc=str(Address(settings.grpc.host, port)), log_id=log.log_id)
        ready(f"grpc={Address(settings.grpc.host, port)}")
        minding.append(tasks.create_task(watch_cluster(settings, f"unix:{unix_path}")))
        await stop.wait()
        _log.info("draining")
        for task in minding:
            task.cancel()
        await grpc_service.drain(draining_s(settings.grace))


def _first(group: BaseExceptionGroup, kind: type[StoreCorrupt]) -> StoreCorrupt | None:
    """Return the first such failure in a group, or in groups inside it."""
    for error in group.exceptions:
        found = _first(error, kind) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, kind):
            return found
    return None


def _socket_of_monitor(settings: Settings, undo: contextlib.ExitStack) -> str | None:
    """Return where a service alone listens for its own monitor; None = it has none."""
    if not targets_of(settings):
        return None
    place = undo.enter_context(tempfile.TemporaryDirectory(prefix="tidings-"))
    return str(Path(place) / "service.sock")


async def _guard(access: AccessControl | None, policies: PolicyLoader | None) -> None:
    """Follow changes of tokens and policies until cancelled; return at once without any."""
    if access is None or policies is None:
        return
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(access.run())
        tasks.create_task(policies.follow())


def _rules(settings: Settings, dialects: Mapping[str, Dialect]) -> dict[str, Keep]:
    """Return what is kept of each system: never less than its own API shows."""
    shown = {
        system: dialect.window.max_count or 1
        for system, dialect in dialects.items()
        if dialect.window is not None
    }
    shown["nomad"] = settings.nomad_event_buffer_size
    return {
        system: Keep(
            max_age_s=settings.retention_age,
            max_count=settings.retention_records,
            min_count=max(shown.get(system, 1), 1),
        )
        for system in SYSTEMS
    }


def _listen(
    grpc_service: Service, address: str, credentials: grpc.ServerCredentials | None = None
) -> int:
    try:
        return grpc_service.listen(address, credentials)
    except RuntimeError:
        raise OSError(f"cannot listen on {address}: is something else there?") from None
