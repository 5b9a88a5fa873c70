"""Settings: where they come from, which of them wins, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tidings.app.kinds import (
    ADDRESS,
    COUNT,
    DURATION,
    OPTIONAL_ADDRESS,
    SIZE,
    SIZE_RULE,
    SWITCH,
    Address,
    Kind,
)
from tidings.app.settings import (
    BadSetting,
    Settings,
    fields,
    flag_of,
    load,
    to_flags,
    to_toml,
    toml_place_of,
    variable_of,
)

OTHER = {
    "data": "/var/lib/tidings",
    "insecure": "true",
    "access_events": "false",
    "durability": "relaxed",
    "log_level": "debug",
    "log_format": "json",
    "puppet_validation_kind": "puppetlabs.validators/validation-error",
    "consul_size_rule": "512",
}


def other_text(field: dataclasses.Field[Any]) -> str:
    """Return a value that is not the setting's default."""
    if field.name in OTHER:
        return OTHER[field.name]
    kind = field.metadata["kind"]
    sevens = {
        ADDRESS: "127.0.0.1:7",
        OPTIONAL_ADDRESS: "127.0.0.1:7",
        COUNT: "7",
        DURATION: "7s",
        SIZE: "7",
    }
    return sevens.get(kind, "seven")


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.name)
def test_each_setting_comes_from_flag_variable_and_file(
    field: dataclasses.Field[Any], tmp_path: Path
) -> None:
    text = other_text(field)
    by_flag = load({field.name: text}, {}, None)
    assert getattr(by_flag, field.name) != field.default
    assert load({}, {variable_of(field): text}, None) == by_flag
    table, key = toml_place_of(field)
    file = tmp_path / "tidings.toml"
    file.write_text((f"[{table}]\n" if table else "") + f'{key} = "{text}"\n')
    assert load({}, {}, file) == by_flag


def test_the_printed_file_and_flags_give_the_same_settings(tmp_path: Path) -> None:
    settings = load({field.name: other_text(field) for field in fields()}, {}, None)
    file = tmp_path / "tidings.toml"
    file.write_text(to_toml(settings))
    assert load({}, {}, file) == settings
    flags = dict(flag.split("=", 1) for flag in to_flags(settings))
    by_flag = {field.name: flags[flag_of(field)] for field in fields()}
    assert load(by_flag, {}, None) == settings
    file.write_text(to_toml(Settings()))
    assert load({}, {}, file) == Settings()


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('[nomad]\nregion = "file"\nheartbeat = "3s"\n[tail]\nrecords = 5\n')
    variables = {"TIDINGS_NOMAD_REGION": "variable", "TIDINGS_NOMAD_HEARTBEAT": "2s"}
    settings = load({"nomad_region": "flag"}, variables, file)
    assert (settings.nomad_region, settings.nomad_heartbeat, settings.tail_records) == (
        "flag",
        2,
        5,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense = 1", "nonsense: no such setting"),
        ("[nomad]\nnonsense = 1", "nomad.nonsense: no such setting"),
        ("[nomad]\nheartbeat = -1", "expected a duration"),
        ("grpc = ", "Invalid value"),
        ("[tail]\nrecords = true", "expected a whole number"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=problem):
        load({}, {}, file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        load({}, {}, tmp_path / "tidings.toml")


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(BadSetting, match="TIDINGS_NOMAD_REGOIN: no such setting"):
        load({}, {"TIDINGS_NOMAD_REGOIN": "x", "PATH": "/bin"}, None)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ADDRESS, "127.0.0.1:0", Address("127.0.0.1", 0)),
        (ADDRESS, "[::1]:4650", Address("::1", 4650)),
        (ADDRESS, ":4650", Address("127.0.0.1", 4650)),
        (OPTIONAL_ADDRESS, "", None),
        (DURATION, "500ms", 0.5),
        (DURATION, "30", 30.0),
        (DURATION, "30d", 30 * 86400.0),
        (SIZE, "64KiB", 65536),
        (SIZE, "7", 7),
        (SIZE_RULE, "512", None),
        (SIZE_RULE, "32KiB", 32768),
        (SWITCH, "Yes", True),
        (SWITCH, "off", False),
    ],
)
def test_values(kind: Kind, text: str, value: object) -> None:
    assert kind.parse(text) == value
    assert kind.parse(kind.show(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ADDRESS, "127.0.0.1"),
        (ADDRESS, "::1:4650"),
        (ADDRESS, "host:65536"),
        (ADDRESS, "host:-1"),
        (DURATION, ""),
        (DURATION, "5 minutes"),
        (SIZE, "64KB"),
        (COUNT, "-1"),
        (COUNT, "\u0663"),
        (SWITCH, "maybe"),
    ],
)
def test_bad_values(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        kind.parse(text)
