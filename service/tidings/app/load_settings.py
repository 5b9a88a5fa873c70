"""Reads settings from flags, environment and TOML file, and writes them as such.

A flag wins over `TIDINGS_*` in the environment, that over the TOML file, that over the default.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidings.app.retention_kind import entries_of
from tidings.app.settings import (
    SOURCES,
    BadSetting,
    Settings,
    fields,
    flag_of,
    toml_place_of,
    variable_of,
)
from tidings.app.spelling import did_you_mean, unknown_variables
from tidings.core.setting_kinds import Kind

RETENTION, SYSTEMS = "retention", "systems"
_BOOLEANS = ("true", "false")
_OTHER_VARIABLES = {"TIDINGS_CONFIG", "TIDINGS_TEST_TIME_FACTOR"}


def load(
    flags: Mapping[str, str], environment: Mapping[str, str], config_file: Path | None
) -> Settings:
    """Return the settings from flags (by field name), environment and TOML file.

    Raises:
        BadSetting: a value does not parse, wherever it comes from, or the file has an unknown name.
            Unknown variables are ignored, see `warnings`: not only operators set some.
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


def config_file_of(arguments: argparse.Namespace) -> Path | None:
    """Return the configuration file that a command line or the environment names, if any."""
    named = getattr(arguments, "config", None) or os.environ.get("TIDINGS_CONFIG")
    return Path(named) if named else None


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return warnings about variables that are not settings, a line each."""
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
        raise BadSetting(f"{origin}: {field.name}: {error}") from None


def document_of(config_file: Path) -> dict[str, Any]:
    """Return what a configuration file holds.

    Raises:
        BadSetting: it cannot be read, or is not TOML.
    """
    import tomllib  # noqa: PLC0415 - only a file needs it

    try:
        return tomllib.loads(config_file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSetting(f"{config_file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadSetting(f"{config_file}: is not in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{config_file}: {error}") from None


def _from_file(config_file: Path | None) -> dict[str, str]:
    if config_file is None:
        return {}
    document = document_of(config_file)
    places = {toml_place_of(field): field.name for field in fields()}
    found: dict[str, str] = {}
    for key, value in document.items():
        if key == SOURCES:  # see `tidings.app.source_settings`
            continue
        members = value if isinstance(value, dict) else {key: value}
        table = key if isinstance(value, dict) else ""
        if table == RETENTION:
            members = _with_systems(members)
        for member, content in members.items():
            name = places.get((table, member))
            if name is None:
                wrong = f"{table}.{member}" if table else member
                hint = did_you_mean(wrong, [".".join(filter(None, place)) for place in places])
                raise BadSetting(f"{config_file}: {wrong}: no such setting{hint}")
            found[name] = _text_of(content, f"{config_file}: {name}")
    return found


def _with_systems(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `[retention]` with its tables of single systems as one setting."""
    tables = {name: each for name, each in members.items() if isinstance(each, dict)}
    rest = {name: each for name, each in members.items() if name not in tables}
    entries = [entry for name, each in tables.items() for entry in entries_of(name, each)]
    if entries:
        rest[SYSTEMS] = ",".join([*filter(None, [rest.get(SYSTEMS)]), *entries])
    return rest


def _text_of(content: object, origin: str) -> str:
    """Return how a value of a TOML file is written as a flag; its kind decides."""
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
