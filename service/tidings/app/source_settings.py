"""Sources as settings: `[sources.NAME]` of the configuration file, and the flags of `record`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tidings.app.load_settings import document_of
from tidings.app.settings import SOURCES, BadSetting, Settings
from tidings.app.spelling import did_you_mean
from tidings.core.setting_kinds import DURATION
from tidings.core.source_name import EXPECTED, is_source_name
from tidings.sources.target import Target, check_target
from tidings.v1.systems import SYSTEMS as EVENT_SYSTEMS

_STALE_AFTER_S = 300.0
_INTERVAL_S = 10.0
_ALL = "*"

LISTS: Mapping[str, str] = {
    "topics": "--topic",
    "systems": "--only",
    "datacenters": "--datacenter",
    "jobs": "--job",
}
"""Keys whose value is a list of strings, with the flag that gives one of them."""

SWITCHES = ("required", "snapshot", "resumes")
"""Keys that are true or false, with flags of the same names."""

_TYPED: Mapping[str, str] = {
    "name": "--source",
    "system": "SYSTEM",
    "url": "URL",
    "token_file": "--source-token-file",
    **LISTS,
}

Where = Callable[[str], str]
"""Says what a key is called where it was given; "name" is the source's own name."""


def typed(key: str) -> str:
    """Return what a key is called on a command line."""
    return _TYPED.get(key, f"--{key.replace('_', '-')}")


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One source. Paths of files may be empty, and so may settings of other systems."""

    name: str
    system: str
    url: str
    token_file: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    stale_after: float = _STALE_AFTER_S
    """Seconds without a connection after which it counts as stale."""
    required: bool = False
    topics: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    namespace: str = _ALL
    snapshot: bool = False
    datacenters: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    resumes: bool = False
    compiler: str = ""
    runner: str = ""
    interval: float = _INTERVAL_S

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any], where: Where | None = None) -> SourceSettings:
        """Return the settings of a source from its keys as TOML has them.

        Without `where` they come from a file.

        Raises:
            BadSetting: a key is unknown, missing, of another kind, or none of this system's.
        """
        where = where or partial(_in_file, name)
        if not is_source_name(name):
            raise BadSetting(f"{where('name')}: a name of a source: {EXPECTED}")
        known = {field.name for field in fields(cls)} - {"name"}
        for key in table:
            if key not in known:
                raise BadSetting(f"{where(key)}: no such setting{did_you_mean(key, sorted(known))}")
        values: dict[str, Any] = {
            key: _value(where(key), key, value) for key, value in table.items()
        }
        for key in ("system", "url"):
            if not values.get(key):
                raise BadSetting(f"{where(key)}: is required")
        made = cls(name, **values)
        _check(made, where, table)
        return made

    def to_flags(self) -> list[str]:
        """Return the arguments of `record` that give exactly this source."""
        flags = [self.system, self.url, f"--source={self.name}"]
        for option, value in (
            ("--source-token-file", self.token_file),
            ("--ca", self.ca),
            ("--cert", self.cert),
            ("--key", self.key),
            ("--stale-after", DURATION.show(self.stale_after)),
            ("--namespace", "" if self.namespace == _ALL else self.namespace),
            ("--compiler", self.compiler),
            ("--runner", self.runner),
            ("--interval", "" if self.interval == _INTERVAL_S else DURATION.show(self.interval)),
        ):
            if value:
                flags.append(f"{option}={value}")
        for key, option in LISTS.items():
            flags += [f"{option}={value}" for value in getattr(self, key)]
        return flags + [f"--{key}" for key in SWITCHES if getattr(self, key)]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A system that can be recorded: the room and class of its source, and keys of its own.

    `alone` names what a log can have one source of only, whichever reads it. `needs` are keys that
    hold addresses as `url` does.
    """

    room: str
    kind: str
    own: frozenset[str] = frozenset()
    alone: str = ""
    has_query: bool = False  # whether an address may have one
    schemes: tuple[str, ...] = ("http", "https")
    needs: tuple[str, ...] = ()


SYSTEMS: Mapping[str, Recorded] = {
    "nomad": Recorded("nomad", "NomadSource", frozenset({"topics", "namespace", "snapshot"})),
    "consul": Recorded("consul", "ConsulSource", frozenset({"datacenters"})),
    "puppet": Recorded("puppet", "PuppetSource", frozenset({"jobs"}), alone="puppet"),
    "feldera": Recorded("feldera", "FelderaSource", alone="feldera"),
    "feldera-health": Recorded(
        "feldera_health",
        "FelderaHealthSource",
        frozenset({"compiler", "runner", "interval"}),
        alone="feldera",
        has_query=True,
        schemes=("http", "https", "grpc"),
        needs=("compiler", "runner"),
    ),
    "tidings": Recorded("tidings_log", "TidingsSource", frozenset({"systems"})),
    "cloudevents-sse": Recorded(
        "cloud_events", "CloudEventsSource", frozenset({"resumes"}), has_query=True
    ),
}

_OWN = frozenset().union(*(each.own for each in SYSTEMS.values()))


def make_source(settings: SourceSettings) -> Any:  # noqa: ANN401 - whichever source it is
    """Return the source that reads the system."""
    recorded = SYSTEMS[settings.system]
    make: Callable[..., Any] = getattr(
        import_module(f"tidings.sources.{recorded.room}"), recorded.kind
    )
    target = Target(settings.url, settings.token_file, settings.ca, settings.cert, settings.key)
    own = {name: getattr(settings, name) for name in recorded.own}
    return make(settings.name, target, **own)


def sources_of(config_file: Path | None) -> Sequence[SourceSettings]:
    """Return the sources that a configuration file names, by name.

    Raises:
        BadSetting: the file cannot be read, one of them cannot be, or two cannot be together.
    """
    if config_file is None:
        return ()
    tables = document_of(config_file).get(SOURCES, {})
    try:
        _check_tables(tables)
        found = [SourceSettings.of(name, tables[name]) for name in sorted(tables)]
        _check_together(found)
    except BadSetting as error:
        raise BadSetting(f"{config_file}: {error}") from None
    return found


def check_sources(settings: Settings, config_file: Path | None) -> None:
    """Refuse sources that cannot be run.

    Raises:
        BadSetting: which, and why.
    """
    if sources_of(config_file) and settings.access_policy and not settings.token_file:
        raise BadSetting("token_file: sources publish with it, where there is access control")


def _check_tables(tables: object) -> None:
    if not isinstance(tables, dict) or not all(isinstance(each, dict) for each in tables.values()):
        raise BadSetting(f"{SOURCES}: expected a table for each source, [{SOURCES}.NAME]")


def _check_together(found: Sequence[SourceSettings]) -> None:
    for place, source in enumerate(found):
        alone = SYSTEMS[source.system].alone
        if alone and alone in {SYSTEMS[other.system].alone for other in found[:place]}:
            raise BadSetting(
                f"{SOURCES}.{source.name}.system: the ids of {alone} are one space: a log"
                " has one source of it"
            )


def _in_file(name: str, key: str) -> str:
    return SOURCES if key == "name" else f"{SOURCES}.{name}.{key}"


def _value(place: str, key: str, value: object) -> object:
    match key:
        case _ if key in SWITCHES:
            if not isinstance(value, bool):
                raise BadSetting(f"{place}: expected true or false")
            return value
        case _ if key in LISTS:
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise BadSetting(f"{place}: expected a list of texts")
            return tuple(value)
        case "stale_after" | "interval":
            try:
                return DURATION.parse(str(value))
            except ValueError as error:
                raise BadSetting(f"{place}: {error}") from None
        case _:
            if not isinstance(value, str):
                raise BadSetting(f"{place}: expected a text in quotes")
            return value


def _check(source: SourceSettings, where: Where, table: Mapping[str, Any]) -> None:
    if source.system not in SYSTEMS:
        raise BadSetting(f"{where('system')}: expected one of {', '.join(SYSTEMS)}")
    for key in table:
        if key in _OWN - SYSTEMS[source.system].own and table[key]:
            raise BadSetting(f"{where(key)}: a source of {source.system} has none")
    for name in source.systems:
        if name not in EVENT_SYSTEMS:
            raise BadSetting(f"{where('systems')}: expected some of {', '.join(EVENT_SYSTEMS)}")
    if not all(job.isascii() and job.isdigit() for job in source.jobs):
        raise BadSetting(f"{where('jobs')}: expected numbers of jobs")
    _check_addresses(source, where)
    if bool(source.cert) != bool(source.key):
        missing = "key" if source.cert else "cert"
        raise BadSetting(f"{where(missing)}: is required beside the other one of the two")


def _check_addresses(source: SourceSettings, where: Where) -> None:
    recorded = SYSTEMS[source.system]
    for key in ("url", *recorded.needs):
        url = getattr(source, key)
        problem = (
            check_target(url, recorded.schemes, may_have_query=recorded.has_query)
            if url
            else "is required"
        )
        if problem:
            raise BadSetting(f"{where(key)}: {problem}")
