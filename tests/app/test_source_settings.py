"""Sources as settings: what is refused, and how it is named."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from tidings.app.commands.options import add_record
from tidings.app.commands.record import given
from tidings.app.parser import build_parser
from tidings.app.settings import BadSetting, Settings
from tidings.app.source_settings import (
    SYSTEMS,
    SourceSettings,
    check_sources,
    make_source,
    sources_of,
)

HEALTH = "[sources.%s]\nsystem = 'feldera-health'\nurl = '%s'\ncompiler = '%s'\nrunner = '%s'\n"
API = "http://h"

BAD = [
    (
        f"[sources.{65 * 'p'}]\nsystem = 'nomad'\nurl = 'http://h'",
        "sources: a name of a source: expected 1",
    ),
    ("[sources.'p q']\nsystem = 'nomad'\nurl = 'http://h'", "sources: a name of a source:"),
    ("[sources.p]\nurl = 'http://h'", "sources.p.system: is required"),
    ("[sources.p]\nsystem = 'nomad'", "sources.p.url: is required"),
    ("[sources.p]\nsystem = 'nomadd'\nurl = 'http://h'", "sources.p.system: expected one of"),
    ("[sources.p]\nsystem = 'nomad'\nurl = 'h:1'", "sources.p.url: expected http://HOST"),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://u:pw@h'",
        "sources.p.url: holds a user and password, which others would see; use token_file",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://h'\ntoken_fil = 'x'",
        "sources.p.token_fil: no such setting",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'https://h'\ncert = 'x'",
        "sources.p.key: is required beside the other one of the two",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://h'\nstale_after = '5'",
        "sources.p.stale_after: expected a unit",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://h'\ndatacenters = ['eu']",
        "sources.p.datacenters: a source of nomad has none",
    ),
    (
        "[sources.p]\nsystem = 'consul'\nurl = 'http://h'\ntopics = ['Job']",
        "sources.p.topics: a source of consul has none",
    ),
    (
        "[sources.p]\nsystem = 'consul'\nurl = 'http://h'\ndatacenters = 'eu'",
        "sources.p.datacenters: expected a list of texts",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://h/?a=b'",
        "sources.p.url: expected an address without ? and #",
    ),
    (
        "[sources.p]\nsystem = 'cloudevents-sse'\nurl = 'http://h/#b'",
        "sources.p.url: expected an address without ? and #",
    ),
    (
        "[sources.p]\nsystem = 'nomad'\nurl = 'http://h'\nsnapshot = 'yes'",
        "sources.p.snapshot: expected true or false",
    ),
    (
        2 * "\n[sources.%s]\nsystem = 'feldera'\nurl = 'http://h'" % ("a", "b"),
        "sources.b.system: the ids of feldera are one space: a log has one source of it",
    ),
    (
        HEALTH % ("b", API, API, API) + "[sources.a]\nsystem = 'feldera'\nurl = 'http://h'\n",
        "sources.b.system: the ids of feldera are one space: a log has one source of it",
    ),
    (HEALTH % ("p", API, API, ""), "sources.p.runner: is required"),
    (
        HEALTH % ("p", API, "grpc://h", API),
        "sources.p.compiler: expected a port, grpc://HOST:PORT[/SERVICE]",
    ),
    (
        HEALTH % ("p", "ftp://h", API, API),
        "sources.p.url: expected http://HOST[:PORT] or https://HOST[:PORT] or grpc://HOST[:PORT]",
    ),
    (
        "[sources.p]\nsystem = 'feldera'\nurl = 'http://h'\ntopics = ['Job']",
        "sources.p.topics: a source of feldera has none",
    ),
    (
        2 * "\n[sources.%s]\nsystem = 'puppet'\nurl = 'http://h'" % ("a", "b"),
        "sources.b.system: the ids of puppet are one space: a log has one source of it",
    ),
    (
        "[sources.p]\nsystem = 'puppet'\nurl = 'http://h'\njobs = ['352', '../x']",
        "sources.p.jobs: expected numbers of jobs",
    ),
    (
        "[sources.p]\nsystem = 'puppet'\nurl = 'http://h'\njobs = [352]",
        "sources.p.jobs: expected a list of texts",
    ),
    (
        "[sources.p]\nsystem = 'consul'\nurl = 'http://h'\njobs = ['352']",
        "sources.p.jobs: a source of consul has none",
    ),
    ("sources = 1", "sources: expected a table for each source"),
]


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_a_source_that_cannot_be_is_refused_at_the_start_by_its_key(
    tmp_path: Path, text: str, problem: str
) -> None:
    config = tmp_path / "tidings.toml"
    config.write_text(text)
    with pytest.raises(BadSetting) as caught:
        check_sources(Settings(), config)
    assert str(caught.value).startswith(f"{config}: {problem}")
    assert "pw" not in str(caught.value)


def test_sources_under_access_control_need_a_credential(tmp_path: Path) -> None:
    config = tmp_path / "tidings.toml"
    config.write_text("[sources.prod]\nsystem = 'nomad'\nurl = 'http://h'\n")
    settings = Settings(access_policy="policies.toml")
    with pytest.raises(BadSetting, match=r"^token_file: sources publish with it"):
        check_sources(settings, config)
    check_sources(Settings(access_policy="p", token_file="t"), config)


def test_what_a_file_names_is_what_a_process_is_given(tmp_path: Path) -> None:
    config = tmp_path / "tidings.toml"
    config.write_text(
        "[sources.b]\nsystem = 'nomad'\nurl = 'http://h'\n"
        "[sources.a]\nsystem = 'nomad'\nurl = 'https://h'\ntoken_file = 't'\nca = 'c'\n"
        "topics = ['Job', 'Node:*']\nnamespace = 'eu'\nrequired = true\nstale_after = '90s'\n"
    )
    a, b = sources_of(config)
    assert b == SourceSettings("b", "nomad", "http://h")
    assert a.to_flags() == [
        "nomad", "https://h", "--source=a", "--source-token-file=t", "--ca=c",
        "--stale-after=90s", "--namespace=eu", "--topic=Job", "--topic=Node:*", "--required",
    ]  # fmt: skip
    assert sources_of(None) == ()


def test_each_system_is_given_to_its_process_as_it_is_set() -> None:
    for made in (
        SourceSettings("n", "nomad", "http://h:1", topics=("Job",), namespace="eu", snapshot=True),
        SourceSettings("c", "consul", "http://h:1", datacenters=("eu", "us")),
        SourceSettings("p", "puppet", "http://h:1", jobs=("352", "353")),
        SourceSettings("f", "feldera", "http://h:1", token_file="f"),
        SourceSettings("e", "cloudevents-sse", "http://h:1", resumes=True, required=True),
        SourceSettings(
            "h",
            "feldera-health",
            "grpc://h:1",
            compiler="http://h/?a=b",
            runner="https://h",
            interval=0.5,
        ),
        SourceSettings("t", "tidings", "https://h:2", systems=("puppet", "tidings")),
    ):
        arguments = build_parser().parse_args(["record", *made.to_flags()])
        assert given(arguments) == made
        assert make_source(made).address == made.url.rpartition("/")[2]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("nomad http://h --source=p%20q", "--source: a name of a source: expected 1"),
        ("nomadd http://h --source=p", "SYSTEM: expected one of nomad, "),
        ("nomad h:1 --source=p", "URL: expected http://HOST"),
        ("nomad https://h --source=p --cert=c", "--key: is required beside the other one"),
        ("nomad http://h --source=p --stale-after=5", "--stale-after: expected a unit"),
        ("nomad http://h --source=p --job=7", "--job: a source of nomad has none"),
        ("puppet http://h --source=p --job=x", "--job: expected numbers of jobs"),
        ("tidings http://h --source=p --only=x", "--only: expected some of nomad, "),
        ("feldera-health http://h --source=p", "--compiler: is required"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused_by_what_was_typed(
    words: str, problem: str
) -> None:
    arguments = build_parser().parse_args(["record", *words.split()])
    with pytest.raises(BadSetting) as caught:
        given(arguments)
    assert str(caught.value).startswith(problem)


def test_help_names_every_system_that_can_be_recorded() -> None:
    parser = ArgumentParser()
    add_record(parser)
    help_in_one = "".join(parser.format_help().split())
    assert f"kind:{','.join(SYSTEMS)}" in help_in_one
