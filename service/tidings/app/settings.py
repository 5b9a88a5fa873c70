"""Every setting, once: flags, environment, TOML file, help texts and docs are made from this table.

A flag wins over `TIDINGS_*` in the environment, that over the TOML file, that over the default.
The field
`nomad_event_buffer_size` of section "nomad" is `--nomad-event-buffer-size`,
`TIDINGS_NOMAD_EVENT_BUFFER_SIZE`, and `event_buffer_size` under `[nomad]`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidings.app.kinds import (
    ADDRESS,
    COUNT,
    DURATION,
    HOSTS,
    OPTIONAL_ADDRESS,
    ORIGINS,
    PATH,
    PLACE,
    SIZE,
    SIZE_RULE,
    SWITCH,
    TEXT,
    Address,
    Kind,
    choice,
    count_from,
    duration_from,
    not_empty,
    or_unlimited,
    without_user_info,
)
from tidings.app.spelling import did_you_mean, unknown_variables

_BOOLEANS = ("true", "false")
_OTHER_VARIABLES = {"TIDINGS_CONFIG", "TIDINGS_TEST_TIME_FACTOR"}


class BadSetting(Exception):
    """A setting is unknown, or has a value that it cannot have: says where and why."""


_DAY_S = 86_400.0
_DEFAULT_DATA = Path("tidings-data")
_DEFAULT_HTTP = Address("127.0.0.1", 4650)
_DEFAULT_GRPC = Address("127.0.0.1", 4651)


def _setting(kind: Kind, default: Any, about: str, section: str = "") -> Any:  # noqa: ANN401 - as field()
    return dataclasses.field(
        default=default, metadata={"kind": kind, "about": about, "section": section}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Durations are seconds, sizes bytes."""

    data: Path = _setting(PATH, _DEFAULT_DATA, "directory that holds the log")
    http: Address = _setting(ADDRESS, _DEFAULT_HTTP, "where to serve HTTP")
    grpc: Address = _setting(ADDRESS, _DEFAULT_GRPC, "where to serve gRPC")
    upstream: str = _setting(
        not_empty(PLACE),
        "127.0.0.1:4651",
        "service that a gateway serves: HOST:PORT or unix:PATH",
    )
    metrics: Address | None = _setting(
        OPTIONAL_ADDRESS, None, "where to serve the metrics of the service; empty = nowhere"
    )
    insecure: bool = _setting(
        SWITCH, default=False, about="allow addresses other than loopback without access control"
    )
    access_policy: str = _setting(
        TEXT, "", "policy file, which turns access control on; empty = off", "access"
    )
    access_events: bool = _setting(
        SWITCH,
        default=True,
        about="append changes of tokens and policies as events",
        section="access",
    )
    token_file: str = _setting(
        TEXT, "", "file with the secret that commands and the monitor call a service with"
    )
    store: str = _setting(
        not_empty(PLACE),
        "sqlite",
        "where the log lives: sqlite, or nats://HOST:PORT[,HOST:PORT…][/NAME]",
    )
    durability: str = _setting(
        choice("full", "assume-synced", "relaxed"),
        "full",
        "full: an acknowledged event survives a power cut; relaxed: a crash of the process;"
        " assume-synced: full, on NATS servers that are not asked",
    )
    nats_monitor: str = _setting(
        PLACE, "", "monitoring ports of all NATS servers, http://HOST:8222,…", "nats"
    )
    nats_replicas: int = _setting(
        COUNT, 0, "servers that hold a copy of the log; 0 = 3 in a cluster, else 1", "nats"
    )
    nats_credentials: str = _setting(
        TEXT, "", "file with the credentials (.creds) for the NATS servers", "nats"
    )
    nats_ca: str = _setting(
        TEXT, "", "file with the certificate authorities of the NATS servers, PEM", "nats"
    )
    grace: float = _setting(
        duration_from(0.0), 10.0, "time to finish what was begun when told to stop"
    )
    log_level: str = _setting(
        choice("debug", "info", "warning", "error"), "info", "least severe log line", "log"
    )
    log_format: str = _setting(
        choice("text", "json"),
        "text",
        "form of log lines; text is logfmt but for a terminal",
        "log",
    )
    retention_age: float | None = _setting(
        or_unlimited(DURATION),
        30 * _DAY_S,
        "how long records are kept, for each system, or unlimited",
        "retention",
    )
    retention_records: int | None = _setting(
        or_unlimited(count_from(1)),
        1_000_000,
        "how many records are kept, for each system, or unlimited",
        "retention",
    )
    retention_keys: float = _setting(
        duration_from(_DAY_S),
        _DAY_S,
        "how long a key counts after its record is gone; at least 24h",
        "retention",
    )
    retention_apply: bool = _setting(
        SWITCH,
        default=False,
        about="let stricter retention take more than a tenth of what a system has",
        section="retention",
    )
    clock_settle: float = _setting(
        duration_from(0.0),
        600.0,
        "how long a jump of the machine's clock must last before it is followed",
        "clock",
    )
    tail_size: int = _setting(SIZE, 64 * 1024**2, "newest records kept in memory, in bytes", "tail")
    tail_records: int = _setting(
        count_from(1), 65_536, "newest records kept in memory, at most", "tail"
    )
    nomad_event_buffer_size: int = _setting(
        COUNT, 100, "records that index=0 replays before the stream is live", "nomad"
    )
    nomad_heartbeat: float = _setting(
        DURATION, 30.0, "time between heartbeats of the event stream", "nomad"
    )
    nomad_region: str = _setting(TEXT, "global", "region that this server answers for", "nomad")
    consul_size_rule: int | None = _setting(
        SIZE_RULE,
        32 * 1024,
        "largest payload of an event, or 512 for Consul's older rule",
        "consul",
    )
    consul_node_name: str = _setting(TEXT, "tidings", "node name in /v1/agent/self", "consul")
    consul_datacenter: str = _setting(
        TEXT, "dc1", "datacenter that this server answers for", "consul"
    )
    http_allow_origin: str = _setting(
        ORIGINS,
        "",
        "other origins, comma-separated, whose pages may ask: https://HOST[:PORT]",
        "http_allow",
    )
    http_allow_host: str = _setting(
        HOSTS,
        "",
        "other names, comma-separated, that are served without access control; * = any",
        "http_allow",
    )
    http_tls_cert: str = _setting(
        TEXT, "", "file with the certificate chain of HTTP, PEM; empty = no TLS", "http_tls"
    )
    http_tls_key: str = _setting(
        TEXT, "", "file with the private key of that certificate, PEM", "http_tls"
    )
    http_tls_client_ca: str = _setting(
        TEXT, "", "file with the CAs of HTTP clients, PEM; empty = none is asked", "http_tls"
    )
    grpc_tls_cert: str = _setting(
        TEXT, "", "file with the certificate chain of gRPC, PEM; empty = no TLS", "grpc_tls"
    )
    grpc_tls_key: str = _setting(
        TEXT, "", "file with the private key of that certificate, PEM", "grpc_tls"
    )
    grpc_tls_client_ca: str = _setting(
        TEXT, "", "file with the CAs of gRPC clients, PEM; empty = none is asked", "grpc_tls"
    )
    upstream_tls_ca: str = _setting(
        TEXT,
        "",
        "file with the CAs of the service, PEM, or public; empty = no TLS",
        "upstream_tls",
    )
    upstream_tls_cert: str = _setting(
        TEXT, "", "file with the certificate chain shown to the service, PEM", "upstream_tls"
    )
    upstream_tls_key: str = _setting(
        TEXT, "", "file with the private key of that certificate, PEM", "upstream_tls"
    )
    upstream_tls_name: str = _setting(
        TEXT, "", "name in the service's certificate; empty = the host", "upstream_tls"
    )
    puppet_base_url: str = _setting(
        TEXT,
        "",
        "what links in answers begin with; empty = the request's scheme and Host",
        "puppet",
    )
    puppet_validation_kind: str = _setting(
        choice(
            "puppetlabs.orchestrator/validation-error", "puppetlabs.validators/validation-error"
        ),
        "puppetlabs.orchestrator/validation-error",
        "kind of a 400: the documented one, or the one that the Ruby client maps",
        "puppet",
    )
    feldera_version: str = _setting(TEXT, "0.337.0", "version in /v0/config", "feldera")
    monitor_api: str = _setting(
        PLACE,
        "",
        "health URL of Feldera's API server: http(s)://… or grpc://HOST:PORT[/SERVICE]",
        "monitor",
    )
    monitor_compiler: str = _setting(
        PLACE, "", "health URL of Feldera's compiler server, as above", "monitor"
    )
    monitor_runner: str = _setting(PLACE, "", "health URL of Feldera's runner, as above", "monitor")
    monitor_interval: float = _setting(
        DURATION, 10.0, "pause between two rounds of the monitor", "monitor"
    )
    http_head_size: int = _setting(SIZE, 64 * 1024, "largest head of a request", "http_limits")
    http_head_time: float = _setting(
        DURATION, 10.0, "time for the head of a request", "http_limits"
    )
    http_body_size: int = _setting(
        SIZE, 16 * 1024**2, "largest body of a request other than an endless upload", "http_limits"
    )
    http_silence: float = _setting(
        DURATION, 60.0, "longest silence inside a request's body", "http_limits"
    )
    http_connections: int = _setting(
        count_from(1), 10_000, "connections at a time, at most", "http_limits"
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


def fields() -> tuple[dataclasses.Field[Any], ...]:
    """Return every setting, in the order of help texts and docs."""
    return dataclasses.fields(Settings)


def load(
    flags: Mapping[str, str], environment: Mapping[str, str], config_file: Path | None
) -> Settings:
    """Return the settings from flags (by field name), environment and TOML file.

    Raises:
        BadSetting: a value does not parse, wherever it comes from, or the file has an unknown name.
            Unknown variables are passed over, see `warnings`: not only operators set some.
    """
    known = {field.name: field for field in fields()}
    values: dict[str, object] = {}
    for name, text in _from_file(config_file).items():
        values[name] = _parse(known[name], text, f"{config_file}")
    variables = {variable_of(field): field for field in fields()}
    for variable, text in environment.items():
        if variable in variables:
            values[variables[variable].name] = _parse(variables[variable], text, variable)
    for name, text in flags.items():
        values[name] = _parse(known[name], text, flag_of(known[name]))
    return Settings(**values)  # type: ignore[arg-type]  # each value was parsed by its field's kind


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return what an operator should be told of variables that are no settings, a line each."""
    known = {variable_of(field) for field in fields()} | _OTHER_VARIABLES
    return [
        f"{variable} is no setting and has no effect{hint}"
        for variable, hint in unknown_variables(environment, known)
    ]


def _parse(field: dataclasses.Field[Any], text: str, origin: str) -> object:
    kind: Kind = field.metadata["kind"]
    try:
        return kind.parse(text)
    except ValueError as error:
        raise BadSetting(
            f"{origin}: {field.name}: {error} (got {without_user_info(text)!r})"
        ) from None


def _from_file(config_file: Path | None) -> dict[str, str]:
    if config_file is None:
        return {}
    try:
        document = tomllib.loads(config_file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSetting(f"{config_file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSetting(f"{config_file}: is not in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{config_file}: {error}") from None
    places = {toml_place_of(field): field.name for field in fields()}
    found: dict[str, str] = {}
    for key, value in document.items():
        members = value if isinstance(value, dict) else {key: value}
        table = key if isinstance(value, dict) else ""
        for member, content in members.items():
            name = places.get((table, member))
            if name is None:
                wrong = f"{table}.{member}" if table else member
                hint = did_you_mean(wrong, [".".join(filter(None, place)) for place in places])
                raise BadSetting(f"{config_file}: {wrong}: no such setting{hint}")
            found[name] = _text_of(content, f"{config_file}: {name}")
    return found


def _text_of(content: object, origin: str) -> str:
    """Return how a value of a TOML file is written as a flag; its kind has the last word."""
    if isinstance(content, bool):
        return _BOOLEANS[not content]
    if isinstance(content, str | int | float):
        return str(content)
    raise BadSetting(f"{origin}: expected one value in quotes, a number, true or false")


def to_flags(settings: Settings) -> Sequence[str]:
    """Return the command line that gives exactly these settings to a child process."""
    return [f"{flag_of(field)}={_show(settings, field)}" for field in fields()]


def to_toml(settings: Settings) -> str:
    """Return the settings as a TOML file that gives exactly these."""
    tables: dict[str, list[str]] = {}
    for field in fields():
        table, key = toml_place_of(field)
        shown = _show(settings, field)
        bare = field.metadata["kind"].bare and (shown.isdigit() or shown in _BOOLEANS)
        tables.setdefault(table, []).append(f"{key} = {shown if bare else _quoted(shown)}")
    return "\n".join(
        "\n".join([f"[{table}]", *lines] if table else lines) + "\n"
        for table, lines in tables.items()
    )


def _show(settings: Settings, field: dataclasses.Field[Any]) -> str:
    kind: Kind = field.metadata["kind"]
    return kind.show(getattr(settings, field.name))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
