"""Every setting, once: flags, environment, TOML file, help texts and docs are made from this table.

The rows of the gateway stand in `tidings.gateway.settings`.

The field `nomad_event_buffer_size` of section "nomad" is `--nomad-event-buffer-size`,
`TIDINGS_NOMAD_EVENT_BUFFER_SIZE`, and `event_buffer_size` under `[nomad]`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidings.app.log_areas import LEVELS
from tidings.app.retention_kind import AGE, RECORDS, SYSTEMS_OWN, TOTAL_SIZE, Owns
from tidings.core.limits import KEY_RETENTION_S
from tidings.core.setting_kinds import (
    ADDRESS,
    COUNT,
    DURATION,
    OPTIONAL_ADDRESS,
    PATH,
    PLACE,
    SIZE,
    SIZE_RULE,
    SWITCH,
    TEXT,
    Address,
    choice,
    count_from,
    duration_from,
    not_empty,
    or_unlimited,
    setting,
)
from tidings.dialects.defaults import CONSUL_PAYLOAD_BYTES, NOMAD_EVENT_BUFFER_SIZE
from tidings.gateway.settings import GatewaySettings
from tidings.log.limits import DEFAULT_LIMITS

SOURCES = "sources"
"""The table of the configuration file that holds one table for each source."""


class BadSetting(Exception):
    """A setting is unknown, or has a value that it cannot have: says where and why."""


_DAY_S = 86_400.0
_DEFAULT_DATA = Path("tidings-data")
_DEFAULT_HTTP = Address("127.0.0.1", 4650)
_DEFAULT_GRPC = Address("127.0.0.1", 4651)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(GatewaySettings):
    """The settings of one process. Durations are seconds, sizes bytes.

    What only the gateway reads is a row of `GatewaySettings`.
    """

    data: Path = setting(PATH, _DEFAULT_DATA, "directory that holds the log")
    http: Address = setting(ADDRESS, _DEFAULT_HTTP, "where to serve HTTP")
    grpc: Address = setting(ADDRESS, _DEFAULT_GRPC, "where to serve gRPC")
    upstream: str = setting(
        not_empty(PLACE),
        str(_DEFAULT_GRPC),
        "service that a gateway serves: HOST:PORT or unix:PATH",
    )
    gateways: int = setting(count_from(1, 64), 1, "processes that serve HTTP, on one socket")
    metrics: Address | None = setting(
        OPTIONAL_ADDRESS,
        None,
        "where to serve metrics; tidings serve: those of all its processes; empty = nowhere",
    )
    insecure: bool = setting(
        SWITCH, default=False, about="allow addresses other than loopback without access control"
    )
    access_policy: str = setting(
        TEXT, "", "policy file, which turns access control on; empty = off", "access"
    )
    access_events: bool = setting(
        SWITCH,
        default=True,
        about="append changes of tokens and policies as events",
        section="access",
    )
    token_file: str = setting(
        TEXT, "", "file with the secret for commands and sources that call a service"
    )
    store: str = setting(
        not_empty(PLACE),
        "sqlite",
        "where the log lives: sqlite, or nats://HOST:PORT[,HOST:PORT…][/NAME]",
    )
    durability: str = setting(
        choice("full", "assume-synced", "relaxed"),
        "full",
        "full: an acknowledged event survives a power cut; relaxed: only a crash of the process;"
        " assume-synced: full, on NATS servers that are not checked",
    )
    nats_monitor: str = setting(
        PLACE, "", "monitoring ports of all NATS servers, http://HOST:8222,…", "nats"
    )
    nats_replicas: int = setting(
        COUNT, 0, "servers that hold a copy of the log; 0 = 3 in a cluster, else 1", "nats"
    )
    nats_credentials: str = setting(
        TEXT, "", "file with the credentials (.creds) for the NATS servers", "nats"
    )
    nats_ca: str = setting(
        TEXT, "", "file with the certificate authorities of the NATS servers, PEM", "nats"
    )
    index: bool = setting(
        SWITCH,
        default=True,
        about="keep an index of the log, which answers queries",
        section="",
    )
    grace: float = setting(
        duration_from(0.0), 10.0, "time to finish calls in progress when told to stop"
    )
    log_level: str = setting(
        choice("debug", "info", "warning", "error"), "info", "least severe log line", "log"
    )
    log_levels: tuple[str, ...] = setting(
        LEVELS,
        (),
        "least severe log line of single areas: access=warning,rpc=debug,…",
        "log",
    )
    log_format: str = setting(
        choice("text", "json"),
        "text",
        "form of log lines; text: logfmt; coloured on a terminal",
        "log",
    )
    retention_age: float | None = setting(
        AGE,
        30 * _DAY_S,
        "how long records are kept, for each system, or unlimited",
        "retention",
    )
    retention_records: int | None = setting(
        RECORDS,
        1_000_000,
        "how many records are kept, for each system, or unlimited",
        "retention",
    )
    retention_size: int | None = setting(
        TOTAL_SIZE,
        None,
        "how much the records of all systems may take, or unlimited",
        "retention",
    )
    retention_systems: Owns = setting(
        SYSTEMS_OWN,
        (),
        "age, records and size of single systems: nomad.size=10GiB,consul.age=7d",
        "retention",
    )
    retention_keys: float = setting(
        duration_from(KEY_RETENTION_S),
        KEY_RETENTION_S,
        "how long a key counts after its record is gone; at least 24h",
        "retention",
    )
    retention_apply: bool = setting(
        SWITCH,
        default=False,
        about="let stricter retention delete more than a tenth of a system's records",
        section="retention",
    )
    backup_to: str = setting(
        TEXT, "", "directory for backups by schedule, one below it for each", "backup"
    )
    backup_every: float | None = setting(
        or_unlimited(duration_from(1.0)),
        None,
        "time from one backup to the next, or unlimited: none is made",
        "backup",
    )
    backup_keep: int = setting(
        count_from(1), 7, "how many backups are kept; older ones are deleted", "backup"
    )
    clock_settle: float = setting(
        duration_from(0.0),
        600.0,
        "how long a jump of the machine's clock must last before the new time is used",
        "clock",
    )
    tail_size: int = setting(
        SIZE, DEFAULT_LIMITS.tail_bytes, "newest records kept in memory, in bytes", "tail"
    )
    tail_records: int = setting(
        count_from(1), DEFAULT_LIMITS.tail_count, "newest records kept in memory, at most", "tail"
    )
    nomad_event_buffer_size: int = setting(
        COUNT,
        NOMAD_EVENT_BUFFER_SIZE,
        "records that index=0 replays before the stream is live",
        "nomad",
    )
    consul_size_rule: int | None = setting(
        SIZE_RULE,
        CONSUL_PAYLOAD_BYTES,
        "largest payload of an event, or 512 for Consul's older rule",
        "consul",
    )
    http_tls_cert: str = setting(
        TEXT, "", "file with the certificate chain of HTTP, PEM; empty = no TLS", "http_tls"
    )
    http_tls_key: str = setting(
        TEXT, "", "file with the private key of that certificate, PEM", "http_tls"
    )
    http_tls_client_ca: str = setting(
        TEXT, "", "file with the CAs of HTTP clients, PEM; empty = none required", "http_tls"
    )
    grpc_tls_cert: str = setting(
        TEXT, "", "file with the certificate chain of gRPC, PEM; empty = no TLS", "grpc_tls"
    )
    grpc_tls_key: str = setting(
        TEXT, "", "file with the private key of that certificate, PEM", "grpc_tls"
    )
    grpc_tls_client_ca: str = setting(
        TEXT, "", "file with the CAs of gRPC clients, PEM; empty = none required", "grpc_tls"
    )
    grpc_compress_streams: bool = setting(
        SWITCH,
        default=False,
        about="compress streams of Subscribe as well, for clients that offer gzip",
        section="grpc_compress",
    )
    grpc_max_connection_age: float | None = setting(
        or_unlimited(DURATION),
        None,
        "age at which a gRPC client is told to open another connection, or unlimited",
        "grpc_max",
    )
    grpc_max_connection_age_grace: float = setting(
        DURATION,
        300.0,
        "how long calls may continue on a connection of that age",
        "grpc_max",
    )
    upstream_tls_ca: str = setting(
        TEXT,
        "",
        "file with the CAs of the service, PEM, or public; empty = no TLS",
        "upstream_tls",
    )
    upstream_tls_cert: str = setting(
        TEXT, "", "file with the certificate chain shown to the service, PEM", "upstream_tls"
    )
    upstream_tls_key: str = setting(
        TEXT, "", "file with the private key of that certificate, PEM", "upstream_tls"
    )
    upstream_tls_name: str = setting(
        TEXT, "", "name in the service's certificate; empty = the host", "upstream_tls"
    )


def flag_of(field: dataclasses.Field[Any]) -> str:
    """Return the command-line flag of a setting: "--nomad-event-buffer-size"."""
    return "--" + field.name.replace("_", "-")


def variable_of(field: dataclasses.Field[Any]) -> str:
    """Return the environment variable of a setting: "TIDINGS_NOMAD_EVENT_BUFFER_SIZE"."""
    return "TIDINGS_" + field.name.upper()


def toml_place_of(field: dataclasses.Field[Any]) -> tuple[str, str]:
    """Return the table and the key of a setting in the TOML file; the table "" is the top level."""
    section = field.metadata["section"]
    if field.name.startswith(prefix := f"{section}_"):
        return section, field.name.removeprefix(prefix)
    return section, field.name.removeprefix("http_") if section == "http_limits" else field.name


def gateway_fields() -> tuple[dataclasses.Field[Any], ...]:
    """Return the settings of the gateway that are for operators: the others say no kind."""
    return tuple(field for field in dataclasses.fields(GatewaySettings) if field.metadata)


def fields() -> tuple[dataclasses.Field[Any], ...]:
    """Return every setting, in the order of help texts and docs.

    Those of the gateway stand behind the others that begin with the same word: nomad, consul, http.
    """
    own = dataclasses.fields(Settings)[len(dataclasses.fields(GatewaySettings)) :]
    ends = {_first_word(field): place for place, field in enumerate(own)}
    placed = [
        *enumerate(own),
        *((ends.get(_first_word(field), len(own)), field) for field in gateway_fields()),
    ]
    return tuple(field for _, field in sorted(placed, key=lambda each: each[0]))


def _first_word(field: dataclasses.Field[Any]) -> str:
    return field.name.partition("_")[0]
