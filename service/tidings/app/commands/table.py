"""Every command, once: parser, help and docs are made from this table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidings.app.settings import fields, gateway_fields


def _named(prefix: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields() if field.name.startswith(prefix))


# Which settings a command shows in its help and accepts as flags.
_STORE = (
    "data",
    "store",
    "durability",
    *_named("nats_"),
    "retention_age",
    "retention_records",
    "retention_size",
    "retention_systems",
    "retention_keys",
)
_SERVICE = (
    *_STORE,
    "index",
    "grpc",
    "insecure",
    "access_policy",
    "access_events",
    "token_file",
    "metrics",
    "grace",
    *_named("log_"),
    *_named("backup_"),
    "tail_size",
    "tail_records",
)
_GRPC_TLS = _named("grpc_tls_")
_UPSTREAM = _named("upstream")
_SERVICE_DIALECTS = ("nomad_event_buffer_size", "consul_size_rule")
_GATEWAY = (
    "http",
    "metrics",
    "insecure",
    "grace",
    *_named("log_"),
    *_named("http_tls_"),
    *(field.name for field in gateway_fields()),
)
_KEPT = ("data", "store", "nats_credentials", "nats_ca")
_CLIENT = ("token_file", *_UPSTREAM)
_ALL = tuple(field.name for field in fields())


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in _ALL if name not in names)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as typed: `settings` are those that it shows in its help and takes as flags.

    `room` is the module below `tidings.app` that holds it. It is imported when the command is run,
    so that no command waits for imports of others, and help imports none. `run` is its function
    there. `on_bad_settings` is a function there that reports settings which cannot be read; without
    one the program reports them.
    """

    name: str
    about: str
    room: str
    settings: Sequence[str]
    run: str = "run"
    options: str = ""
    is_half: bool = False
    on_bad_settings: str = ""


COMMANDS = (
    Command("serve", "serve gRPC and HTTP on the embedded store", "serve", _without(*_UPSTREAM)),
    Command(
        "service",
        "serve gRPC alone",
        "commands.service",
        (*_SERVICE, *_GRPC_TLS, *_SERVICE_DIALECTS),
        is_half=True,
    ),
    Command(
        "index",
        "keep the index of a log for a service that runs alone",
        "commands.index",
        ("data", *_CLIENT, *_named("log_")),
        is_half=True,
    ),
    Command(
        "gateway",
        "serve HTTP for a service that runs separately",
        "commands.gateway",
        (*_UPSTREAM, *_GATEWAY),
        is_half=True,
    ),
    Command(
        "tail",
        "print events as they arrive",
        "commands.tail",
        _CLIENT,
        options="asking_options.add_tail",
    ),
    Command(
        "log",
        "print stored events, between two times or positions",
        "commands.log",
        _CLIENT,
        options="asking_options.add_log",
    ),
    Command(
        "show",
        "print all of one record, and the records before and after it",
        "commands.show",
        _CLIENT,
        options="asking_options.add_show",
    ),
    Command(
        "top",
        "count events by system, type and source, live",
        "commands.top",
        _CLIENT,
        options="asking_options.add_top",
    ),
    Command(
        "history",
        "print the versions of an object, and what changed from one to the next",
        "commands.history",
        _CLIENT,
        options="asking_options.add_history",
    ),
    Command(
        "state",
        "print the objects that existed at a time: nodes, jobs, allocations",
        "commands.state",
        _CLIENT,
        options="asking_options.add_state",
    ),
    Command(
        "publish",
        "publish events from a file",
        "commands.publish",
        _CLIENT,
        options="add_publish",
    ),
    Command(
        "info",
        "print what a log holds, of which systems, and its readers",
        "commands.info",
        _CLIENT,
        options="add_info",
    ),
    Command(
        "record",
        "record a running system, in the foreground",
        "commands.record",
        (*_CLIENT, *_named("log_")),
        options="add_record",
        is_half=True,
    ),
    Command(
        "source",
        "list the sources of a log and their state, or forget one",
        "commands.source",
        _CLIENT,
        options="add_source",
    ),
    Command(
        "token",
        "create, list and revoke tokens",
        "commands.token",
        _CLIENT,
        options="add_token",
    ),
    Command(
        "demo",
        "publish a recorded hour of all systems, or make a log of a day, as sample data",
        "commands.demo",
        _CLIENT,
        options="add_demo",
    ),
    Command(
        "protos",
        "write the .proto files and those that they import, for protoc and buf",
        "commands.protos",
        (),
        options="add_protos",
    ),
    Command(
        "doctor",
        "say what is wrong with this installation, and which command repairs it",
        "commands.doctor",
        _ALL,
        options="add_doctor",
        on_bad_settings="without_settings",
    ),
    Command(
        "health",
        "say whether the server with these settings is ready, for checks of containers",
        "commands.health",
        ("data", "http", *_named("http_tls_")),
    ),
    Command(
        "reindex",
        "delete the index of a log, and show the progress of the new one",
        "commands.reindex",
        ("data", *_CLIENT),
    ),
    Command("check", "check the integrity of a log, also one in use", "commands.check", _KEPT),
    Command("export", "print a log as drafts to publish", "commands.export", _KEPT),
    Command(
        "backup",
        "back up a log, also one in use or over gRPC, or verify a backup",
        "commands.backup",
        ("data", "store", *_CLIENT),
        options="add_backup",
    ),
    Command(
        "restore",
        "make a log from a backup",
        "commands.copy",
        ("data", "store"),
        run="restore",
        options="add_restore",
    ),
    Command(
        "renew",
        "give a log that was restored on NATS a new log_id",
        "commands.renew",
        ("store", "durability", *_named("nats_")),
    ),
    Command(
        "completion",
        "print the script that completes commands and options in a shell",
        "completion",
        (),
        options="add_completion",
    ),
    Command(
        "man",
        "print a manual page, or write all of them",
        "man",
        (),
        options="add_man",
    ),
)
