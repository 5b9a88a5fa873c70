"""Builds the service out of its rooms and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import structlog
from prometheus_client import CollectorRegistry

from tidings.access.principals import Token
from tidings.access.secret import hash_of
from tidings.app.backups import Backups, Run, backup_in_a_process, socket_for_backups
from tidings.app.clock import SystemClock
from tidings.app.file_follower import follow, on_hangup
from tidings.app.lifeline import draining_s
from tidings.app.log_metrics import LogMetrics
from tidings.app.logs import warn_of_clear_text
from tidings.app.metrics_listener import serve_metrics
from tidings.app.metrics_page import tell_metrics
from tidings.app.open_store import open_store
from tidings.app.own_secret import take_own_secret
from tidings.app.part_names import SERVICE, socket_of
from tidings.app.policy_loader import PolicyLoader
from tidings.app.process_metrics import ProcessMetrics, show_certificate
from tidings.app.required_sources import open_sources
from tidings.app.retention_report import RetentionReport
from tidings.app.retention_rules import rules_of
from tidings.app.run_index import index_reader, watch_index
from tidings.app.settings import Settings
from tidings.app.tls.certificates import read_pems
from tidings.app.tls.grpc_credentials import RenewedCredentials
from tidings.app.tls.remote_keys import RemoteKeys
from tidings.app.tls.settings import server_files
from tidings.app.watched_clock import WatchedClock
from tidings.core.clock import Clock
from tidings.core.errors import StoreCorrupt
from tidings.core.failures import first_of
from tidings.core.setting_kinds import Address
from tidings.core.tracing import Tracer
from tidings.dialects import load
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.log.retention import Retention
from tidings.rpc.access_control import AccessControl
from tidings.rpc.connection_age import age_options
from tidings.rpc.disk import disk_of
from tidings.rpc.metrics import Metrics
from tidings.rpc.server import Service, Views
from tidings.store.base import EventStore

_log = structlog.get_logger("tidings.service")


async def service(
    settings: Settings,
    unix_path: str | None,
    sources_path: str | None,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    tracer: Tracer | None = None,
) -> None:
    """Serve gRPC until `stop`; say `ready` once it answers.

    `sources_path` is the configuration file whose sources a supervisor runs.

    Raises:
        StoreLocked, StoreUnfit, StoreUnavailable: see `open_store`.
        StoreCorrupt: see there; or the log was deleted or cut off while it was served.
        OSError: an address cannot be bound.
    """
    # Commits need the GIL for microseconds, many times; with the default of 5 ms a
    # busy loop takes nine tenths of a lone publisher's rate.
    sys.setswitchinterval(0.0005)
    clock = WatchedClock(SystemClock(), settle_s=settings.clock_settle)
    store = await open_store(settings, clock)
    try:
        await clock.start_from(store)
        with socket_for_backups(settings, unix_path) as own_path:
            await _serve(settings, own_path, sources_path, store, clock, stop, ready, tracer)
    except BaseExceptionGroup as group:
        if (corrupt := group.subgroup(StoreCorrupt)) is not None:
            raise first_of(corrupt) from group
        raise
    finally:
        await store.close()


async def _serve(
    settings: Settings,
    unix_path: str | None,
    sources_path: str | None,
    store: EventStore,
    clock: WatchedClock,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    tracer: Tracer | None,
) -> None:
    own_secret = take_own_secret() or secrets.token_urlsafe()
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
        access.directory.set_own(Token("own", "own", hash_of(own_secret), management=True))
        policies = PolicyLoader(Path(settings.access_policy), access, RemoteKeys(clock))
        await policies.load()
    certificate = follow("certificate of gRPC", server_files(settings, "grpc"), read_pems)
    tls = RenewedCredentials(certificate.read()) if certificate else None
    index = index_reader(settings, log.log_id)
    grpc_service = Service(
        log,
        views,
        clock=clock,
        token=secrets.token_bytes,
        access=access,
        access_events=settings.access_events,
        compress_streams=settings.grpc_compress_streams,
        options=age_options(
            settings.grpc_max_connection_age, settings.grpc_max_connection_age_grace
        ),
        index=index,
        tracer=tracer,
    )
    required = await open_sources(grpc_service.sources, sources_path)
    port = _listen(grpc_service, str(settings.grpc), tls.credentials if tls else None)
    if tls is None and access is not None:
        warn_of_clear_text(settings.grpc, remedy="--grpc-tls-cert")
    registry = grpc_service.metrics.registry
    clock.show_in(registry)
    retention = Retention(
        store,
        rules_of(settings, dialects),
        clock=clock,
        applies=settings.retention_apply,
        steady_s=lambda: clock.steady_s,
        told=RetentionReport(registry),
    )
    if settings.retention_apply:
        _log.warning("retention.apply is set: stricter retention is applied without confirmation")
    _measure(grpc_service.metrics, log, settings, clock)
    show_certificate(registry, "grpc", settings.grpc_tls_cert)
    page = serve_metrics(registry, settings.metrics, settings)
    if unix_path is not None:
        _listen(grpc_service, f"unix:{unix_path}")
    async with (
        page,
        tell_metrics(registry, socket_of(SERVICE, unix_path) if unix_path else None),
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(log.run())
        # A log that ended by itself ends the service.
        running.add_done_callback(lambda _: stop.set())
        minding = [tasks.create_task(retention.run())]
        minding.append(tasks.create_task(clock.watch(log.checks, store)))
        minding.append(tasks.create_task(_guard(access, policies)))
        minding.append(tasks.create_task(grpc_service.sources.run()))
        make_backup = partial(backup_in_a_process, f"unix:{unix_path}", own_secret)
        minding.append(tasks.create_task(_back_up(settings, make_backup, clock, registry)))
        minding.append(tasks.create_task(watch_index(index)))
        if certificate and tls:
            minding.append(tasks.create_task(certificate.follow(tls.use)))
        on_hangup(*(each.reload for each in (policies, certificate, required) if each))
        await grpc_service.start()
        _log.info("serving", grpc=str(Address(settings.grpc.host, port)), log_id=log.log_id)
        ready(f"grpc={Address(settings.grpc.host, port)}")
        await stop.wait()
        _log.info("draining")
        for task in minding:
            task.cancel()
        await grpc_service.drain(draining_s(settings.grace))


def _measure(metrics: Metrics, log: EventLog, settings: Settings, clock: WatchedClock) -> None:
    """Have metrics show the process, what the log holds, and what the disk has that it is on."""
    metrics.registry.register(ProcessMetrics("service"))
    data = settings.data if log.store_kind == "sqlite" else None
    if data is not None:
        metrics.disk = partial(disk_of, data)
    loop = asyncio.get_running_loop()
    metrics.registry.register(LogMetrics(log, data, loop, clock.monotonic_s))


async def _back_up(
    settings: Settings, make: Run, clock: Clock, registry: CollectorRegistry
) -> None:
    """Make backups by schedule until cancelled; return at once where there is none."""
    folder, every_s = Path(settings.backup_to or "."), settings.backup_every
    backups = Backups(folder, every_s or 0.0, settings.backup_keep, clock=clock, registry=registry)
    if every_s is not None:
        await backups.run(make)


async def _guard(access: AccessControl | None, policies: PolicyLoader | None) -> None:
    """Follow changes of tokens and policies until cancelled; return at once without any."""
    if access is None or policies is None:
        return
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(access.run())
        tasks.create_task(policies.follow())


def _listen(
    grpc_service: Service, address: str, credentials: grpc.ServerCredentials | None = None
) -> int:
    try:
        return grpc_service.listen(address, credentials)
    except RuntimeError:
        raise OSError(f"cannot listen on {address}: is something else there?") from None
