"""All checks of an installation, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tidings.app.clock import SystemClock
from tidings.app.doctor.directory import is_locked, look_at_directory
from tidings.app.doctor.finding import Finding, problem, warning
from tidings.app.doctor.machine import look_at_clock, look_at_files
from tidings.app.doctor.nats import look_at_nats
from tidings.app.doctor.network import (
    answers_as_tidings,
    look_at_port,
    look_at_upstream,
    speaks_grpc,
)
from tidings.app.load_settings import warnings
from tidings.app.policy_loader import BadPolicyFile, read_policy_file
from tidings.app.settings import BadSetting, Settings
from tidings.app.source_settings import check_sources
from tidings.app.startup_checks import check_service
from tidings.app.store_place import EMBEDDED
from tidings.app.terminal import CommandFailed
from tidings.app.tls.expiry import ends_at_s
from tidings.app.tls.settings import check_tls

_SOON_S = 14 * 86_400.0
_SIDES = {"serve": ("http", "grpc"), "service": ("grpc",), "gateway": ("http", "upstream")}


def examine(
    part: str, settings: Settings, config_file: Path | None, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the findings for "serve", "service" or "gateway" with these settings."""
    now_s = SystemClock().now_us() / 1e6
    yield from look_at_settings(part, settings, config_file, environment)
    yield from look_at_certificates(part, settings, now_s)
    holds_log = part != "gateway" and settings.store == EMBEDDED
    is_running = speaks_grpc(settings) if part == "service" else answers_as_tidings(settings)
    if holds_log:
        yield from look_at_directory(settings.data, now_s)
        yield from _look_at_lock(settings.data, is_running=is_running)
    if part != "gateway" and settings.store != EMBEDDED:
        yield from look_at_nats(settings)
    if part != "service":
        yield from look_at_port("http", settings.http, is_running=is_running)
    if part != "gateway":
        yield from look_at_port("grpc", settings.grpc, is_running=is_running)
    if settings.metrics is not None:
        yield from look_at_port("metrics", settings.metrics, is_running=is_running)
    if part == "gateway":
        yield from look_at_upstream(settings)
    yield from look_at_files(settings)
    yield from look_at_clock()


def look_at_settings(
    part: str, settings: Settings, config_file: Path | None, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the settings that a start would refuse or ignore."""
    found = [
        warning("settings", text, f"unset {text.split(' ')[0]}") for text in warnings(environment)
    ]
    try:
        if part != "gateway":
            check_service(settings, *((settings.http,) if part == "serve" else ()))
            check_sources(settings, config_file)
            if settings.access_policy:
                read_policy_file(Path(settings.access_policy))
    except (BadSetting, BadPolicyFile, CommandFailed) as error:
        found.append(problem("settings", str(error), "tidings serve --print-config"))
    yield from found
    if not found:
        yield Finding("settings", f"{config_file or 'flags and variables'}: all are known")


def look_at_certificates(part: str, settings: Settings, now_s: float) -> Iterator[Finding]:
    """Yield whether each listener's certificate fits its key, and is valid."""
    for side in _SIDES[part]:
        check = f"{side} certificate"
        file = getattr(settings, f"{side}_tls_cert")
        try:
            check_tls(settings, side)
        except BadSetting as error:
            yield problem(
                check,
                str(error),
                f"openssl x509 -in {file} -noout -pubkey  # compare: openssl pkey -pubout -in KEY",
            )
            continue
        if not file:
            continue
        ends_s = ends_at_s(file)
        day = datetime.fromtimestamp(ends_s, UTC).date()
        if ends_s < now_s:
            yield problem(check, f"{file} expired on {day}", _renewing(file))
        elif ends_s < now_s + _SOON_S:
            yield warning(check, f"{file} expires on {day}", _renewing(file))
        else:
            yield Finding(check, f"{file} is valid until {day}")


def _renewing(file: str) -> str:
    return f"install NEW {file} && systemctl reload tidings  # it is read again without a restart"


def _look_at_lock(data: Path, *, is_running: bool) -> Iterator[Finding]:
    if not is_locked(data):
        return
    if is_running:
        yield Finding("lock", f"the running Tidings has locked {data}")
    else:
        yield problem(
            "lock",
            f"another process has locked {data}, and no Tidings answers at these addresses",
            f"fuser -v {data}/lock  # says which one",
        )
