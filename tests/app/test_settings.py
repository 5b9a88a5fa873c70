"""Settings: where they come from, which of them wins, and what is refused."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from tidings.app.commands.table import COMMANDS
from tidings.app.load_settings import load, to_flags, to_toml, warnings
from tidings.app.settings import BadSetting, Settings, fields, flag_of, toml_place_of, variable_of
from tidings.app.spelling import unknown_variables
from tidings.core.setting_kinds import (
    ADDRESS,
    COUNT,
    DURATION,
    OPTIONAL_ADDRESS,
    SIZE,
    SIZE_RULE,
    SWITCH,
    Address,
    Kind,
    count_from,
    duration_from,
    or_unlimited,
)
from tidings.gateway.settings import GatewaySettings

OTHER = {
    "backup_keep": "3",
    "data": "/var/lib/tidings",
    "insecure": "true",
    "retention_apply": "true",
    "access_events": "false",
    "grpc_compress_streams": "true",
    "index": "false",
    "durability": "relaxed",
    "log_level": "debug",
    "log_format": "json",
    "puppet_validation_kind": "puppetlabs.validators/validation-error",
    "consul_size_rule": "512",
    "http_allow_origin": "https://seven.example, null",
    "http_allow_host": "seven.example,[::7]",
    "http_trusted_proxies": "10.0.0.0/8, ::7",
    "log_levels": "access=warning",
    "retention_systems": "nomad.size=7GiB,consul.age=7d,consul.records=unlimited",
}


def other_text(field: dataclasses.Field[Any]) -> str:
    """Return a value that is not the setting's default."""
    if field.name in OTHER:
        return OTHER[field.name]
    kind = field.metadata["kind"]
    if kind in (ADDRESS, OPTIONAL_ADDRESS):
        return "127.0.0.1:7"
    sevens = {"N": "7", "DURATION": "7d", "SIZE": "7B"}
    return sevens.get(kind.placeholder.removesuffix("|unlimited"), "seven")


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
        ("[retention]\nage = 30", "retention_age: expected a unit after the number"),
        ("[retention]\nrecords = 0", "expected a whole number from 1 to"),
        ("[tail]\nsize = 64", "expected a unit after the number: B, KiB, MiB or GiB"),
        ("[nomad]\nregion = ['a', 'b']", "nomad_region: expected one value"),
        ("[nomad.region]\nname = 'a'", "nomad_region: expected one value"),
        ("grace = 2026-01-01", "grace: expected one value"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=problem):
        load({}, {}, file)


# What would erase the log, make a loop spin or shut everybody out when it is written by mistake.
SLIPS = [
    ("retention_age", "0"),
    ("retention_age", "0s"),
    ("retention_age", "30"),
    ("retention_age", ""),
    ("retention_age", "none"),
    ("retention_records", "0"),
    ("retention_records", "1M"),
    ("retention_records", ""),
    ("retention_keys", "1h"),
    ("retention_keys", "23h"),
    ("retention_keys", "0"),
    ("retention_keys", "unlimited"),
    ("tail_size", "64"),
    ("tail_size", "0B"),
    ("tail_records", "0"),
    ("http_connections", "0"),
    ("http_body_size", "16"),
    ("http_head_time", "0s"),
    ("http_silence", "60"),
    ("nomad_heartbeat", "0s"),
    ("grace", "10"),
    ("data", ""),
    ("upstream", ""),
    ("store", ""),
]


@pytest.mark.parametrize(("name", "text"), SLIPS)
def test_a_slip_is_refused_wherever_it_stands(name: str, text: str, tmp_path: Path) -> None:
    (field,) = (each for each in fields() if each.name == name)
    table, key = toml_place_of(field)
    head = f"[{table}]\n" if table else ""
    file = tmp_path / "tidings.toml"
    with pytest.raises(BadSetting, match=f"^{flag_of(field)}: {name}: expected"):
        load({name: text}, {}, None)
    with pytest.raises(BadSetting, match=f"^{variable_of(field)}: {name}: expected"):
        load({}, {variable_of(field): text}, None)
    for value in [f'"{text}"', *([text] if text.isdigit() else [])]:
        file.write_text(f"{head}{key} = {value}\n")
        with pytest.raises(BadSetting, match=f": {name}: expected"):
            load({}, {}, file)


def test_no_error_repeats_what_was_given() -> None:
    errors = {}
    for field in fields():
        try:
            load({field.name: "//s3cret:canary@"}, {}, None)
        except BadSetting as error:
            errors[field.name] = str(error)
    assert "retention_age" in errors
    assert len(errors) > len(fields()) / 2
    assert not [error for error in errors.values() if "s3cret" in error or "canary" in error]


def test_unlimited_is_the_word_for_no_limit(tmp_path: Path) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('[retention]\nage = "unlimited"\nrecords = "unlimited"\n')
    settings = load({}, {}, file)
    assert (settings.retention_age, settings.retention_records) == (None, None)
    file.write_text(to_toml(settings))
    assert load({}, {}, file) == settings
    assert {"--retention-age=unlimited", "--retention-records=unlimited"} < set(to_flags(settings))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        load({}, {}, tmp_path / "tidings.toml")


# What Kubernetes sets for the Services tidings, tidings-grpc (with a named port) and tidings-data.
SERVICE_LINKS = {
    "TIDINGS_SERVICE_HOST": "10.0.0.1",
    "TIDINGS_SERVICE_PORT": "4650",
    "TIDINGS_SERVICE_PORT_HTTP": "4650",
    "TIDINGS_PORT": "tcp://10.0.0.1:4650",
    "TIDINGS_PORT_4650_TCP": "tcp://10.0.0.1:4650",
    "TIDINGS_PORT_4650_TCP_PROTO": "tcp",
    "TIDINGS_PORT_4650_TCP_PORT": "4650",
    "TIDINGS_PORT_4650_TCP_ADDR": "10.0.0.1",
    "TIDINGS_GRPC_SERVICE_HOST": "fd00::1",
    "TIDINGS_GRPC_SERVICE_PORT": "4651",
    "TIDINGS_GRPC_SERVICE_PORT_GRPC_TLS": "4651",
    "TIDINGS_GRPC_PORT": "tcp://[fd00::1]:4651",
    "TIDINGS_GRPC_PORT_4651_TCP": "tcp://[fd00::1]:4651",
    "TIDINGS_DATA_PORT": "udp://10.0.0.2:53",
    "TIDINGS_DATA_PORT_53_UDP_ADDR": "10.0.0.2",
    "TIDINGS_DATA_PORT_7_SCTP_PROTO": "sctp",
}


def test_variables_of_kubernetes_are_passed_over_in_silence() -> None:
    assert load({}, SERVICE_LINKS, None) == Settings()
    assert warnings(SERVICE_LINKS) == []


@pytest.mark.parametrize("field", fields(), ids=lambda field: field.name)
def test_no_setting_can_be_read_from_a_variable_of_kubernetes(
    field: dataclasses.Field[Any],
) -> None:
    variable = variable_of(field)
    assert unknown_variables({variable: "tcp://10.0.0.1:80"}, ()) != []


@pytest.mark.parametrize(
    ("variable", "text", "hint"),
    [
        ("TIDINGS_NOMAD_REGOIN", "x", "; did you mean TIDINGS_NOMAD_REGION?"),
        ("TIDINGS_RETENTION_AGES", "1d", "; did you mean TIDINGS_RETENTION_AGE?"),
        ("TIDINGS_CONFG", "file", "; did you mean TIDINGS_CONFIG?"),
        ("TIDINGS_HTTP_PORT", "4650", "; did you mean TIDINGS_HTTP?"),
        ("TIDINGS_GRPC_PORT", ":4651", "; did you mean TIDINGS_GRPC?"),
        ("TIDINGS_PORT", "4650", ""),
        ("TIDINGS_PORT_4650", "tcp://10.0.0.1:4650", ""),
        ("TIDINGS_XYZZY", "secret", ""),
    ],
)
def test_an_unknown_variable_is_a_warning_that_names_the_nearest_setting(
    variable: str, text: str, hint: str
) -> None:
    environment = {variable: text, "PATH": "/bin", "TIDINGS_CONFIG": "x"}
    assert load({}, environment, None) == Settings()
    assert warnings(environment) == [f"{variable} is no setting and has no effect{hint}"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[nomad]\nregions = 1", "nomad.regions: no such setting; did you mean nomad.region?"),
        ("nomad_region = 1", "nomad_region: no such setting; did you mean nomad.region?"),
        ("[http]\nsilence = 1", "http.silence: no such setting; did you mean http_limits.silence?"),
        ("[retentions]\nage = 1", "retentions.age: no such setting; did you mean retention.age?"),
        ("xyzzy = 1", "xyzzy: no such setting"),
    ],
)
def test_an_unknown_key_of_a_file_is_refused_with_the_nearest_name(
    tmp_path: Path, text: str, hint: str
) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text(text)
    with pytest.raises(BadSetting) as refused:
        load({}, {}, file)
    assert str(refused.value) == f"{file}: {hint}"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ADDRESS, "127.0.0.1:0", Address("127.0.0.1", 0)),
        (ADDRESS, "[::1]:4650", Address("::1", 4650)),
        (ADDRESS, ":4650", Address("127.0.0.1", 4650)),
        (OPTIONAL_ADDRESS, "", None),
        (DURATION, "500ms", 0.5),
        (DURATION, "30d", 30 * 86400.0),
        (DURATION, "36500d", 36500 * 86400.0),
        (duration_from(0.0), "0s", 0.0),
        (duration_from(60.0), "1m", 60.0),
        (or_unlimited(DURATION), "unlimited", None),
        (or_unlimited(DURATION), "2h", 7200.0),
        (or_unlimited(COUNT), "unlimited", None),
        (COUNT, "0", 0),
        (count_from(1), "1000000000000", 10**12),
        (count_from(1, 64), "64", 64),
        (SIZE, "64KiB", 65536),
        (SIZE, "7B", 7),
        (SIZE_RULE, "512", None),
        (SIZE_RULE, "512B", 512),
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
        (DURATION, "30"),
        (DURATION, "0"),
        (DURATION, "0s"),
        (DURATION, "-1s"),
        (DURATION, "\u0663s"),
        (DURATION, "36501d"),
        (DURATION, "9" * 5000 + "d"),
        (DURATION, "unlimited"),
        (duration_from(0.0), "0"),
        (duration_from(60.0), "59s"),
        (or_unlimited(DURATION), "30"),
        (or_unlimited(DURATION), "0d"),
        (or_unlimited(DURATION), "Unlimited"),
        (count_from(1, 64), "65"),
        (or_unlimited(count_from(1)), "0"),
        (or_unlimited(count_from(1)), "none"),
        (SIZE, "64KB"),
        (SIZE, "64"),
        (SIZE, "0B"),
        (SIZE, "\u0663B"),
        (SIZE_RULE, "513"),
        (COUNT, "-1"),
        (COUNT, "1000000000001"),
        (COUNT, "9" * 5000),
        (COUNT, "\u0663"),
        (SWITCH, "maybe"),
    ],
)
def test_bad_values(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        kind.parse(text)


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ('[retention.nomad]\nsize = "10GiB"\n', "nomad.size=10GiB"),
        (
            '[retention.docker-cloud]\nage = "7d"\nrecords = 5\n[retention.consul]\nsize = "9GiB"',
            "consul.size=9GiB,docker_cloud.age=7d,docker_cloud.records=5",
        ),
        (
            '[retention]\nsystems = "nomad.age=1d"\n[retention.nomad]\nsize = "1MiB"\n',
            "nomad.age=1d,nomad.size=1MiB",
        ),
    ],
)
def test_a_system_may_have_a_retention_of_its_own(
    document: str, shown: str, tmp_path: Path
) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text(document)
    settings = load({}, {}, file)
    assert f"--retention-systems={shown}" in to_flags(settings)
    assert load({"retention_systems": shown}, {}, None).retention_systems == (
        settings.retention_systems
    )


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ('[retention.nomat]\nsize = "1GiB"\n', "nomat: no such system; did you mean nomad?"),
        ('[retention.nomad]\nsizes = "1GiB"\n', "nomad.sizes: expected one of age, records, size"),
        ("[retention.nomad]\nsize = 5\n", "nomad.size: expected a unit after the number"),
        ('[retention.nomad]\nage = "0s"\n', "nomad.age: expected at least 0.001s"),
        ("[retention.nomad]\nrecords = 0\n", "nomad.records: expected a whole number from 1"),
        (
            '[retention]\nsystems = "nomad.age=1d"\n[retention.nomad]\nage = "2d"\n',
            "nomad.age: is given twice",
        ),
        ('[retention]\nsystems = "nomad"\n', "expected entries such as nomad.size=10GiB"),
    ],
)
def test_what_cannot_be_kept_of_a_system_is_told(
    document: str, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text(document)
    with pytest.raises(BadSetting, match=re.escape(problem)):
        load({}, {}, file)


def test_a_setting_of_the_gateway_stands_in_one_place(root: Path) -> None:
    """Its row makes flag, variable and TOML key; what nothing in app names cannot be forgotten."""
    rows = {field.name for field in dataclasses.fields(GatewaySettings) if field.metadata}
    others = {field.name for field in dataclasses.fields(GatewaySettings)} - rows
    assert {"nomad_heartbeat", "http_body_size"} < rows
    names = [field.name for field in fields()]
    assert len(names) == len(set(names))
    assert rows < set(names)
    assert others.isdisjoint(names)
    assert issubclass(Settings, GatewaySettings), "it is what the gateway is given"
    (gateway,) = (command for command in COMMANDS if command.name == "gateway")
    assert rows < set(gateway.settings)
    assert not [
        (module, name)
        for module in ("settings", "load_settings", "parser", "run_gateway", "commands/table")
        for name in rows
        if re.search(rf"\b{name}\b", (root / f"service/tidings/app/{module}.py").read_text())
    ]
