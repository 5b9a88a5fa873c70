"""The command line: help, exit statuses, and what each command refuses."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tidings.app.cli import run
from tidings.app.clock import SystemClock
from tidings.app.parser import build_parser
from tidings.app.settings import fields, flag_of
from tidings.store.sqlite.opening import open_sqlite

COMMANDS = (
    "serve",
    "service",
    "gateway",
    "tail",
    "log",
    "show",
    "top",
    "history",
    "state",
    "publish",
    "token",
    "demo",
    "check",
    "export",
    "backup",
    "restore",
    "renew",
    "completion",
    "man",
)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(command in printed.split() for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, "--help"])
    assert ended.value.code == 0
    assert "usage: tidings " + command in capsys.readouterr().out


def test_serve_takes_every_setting_but_those_of_clients() -> None:
    parser = build_parser()
    for field in fields():
        arguments = ["serve", f"{flag_of(field)}=x"]
        if field.name.startswith("upstream"):
            with pytest.raises(SystemExit):
                parser.parse_args(arguments)
        else:
            assert getattr(parser.parse_args(arguments), f"setting_{field.name}") == "x"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve", "--nonsense"], ["publish"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["serve", "--nomad-reg1on=canary"], "--nomad-reg1on; did you mean --nomad-region?"),
        (["tail", "--upstraem", "canary"], "--upstraem; did you mean --upstream?"),
        (["token", "list", "--token-fil", "canary"], "--token-fil; did you mean --token-file?"),
        (["check", "--xyzzy=canary", "-q"], "--xyzzy -q\n"),
        (["check", "canary"], "too many arguments\n"),
        (["check", "--\x1b[2Jcanary"], "unrecognized arguments: --\\x1b[2Jcanary\n"),
    ],
)
def test_an_unknown_flag_is_told_with_the_nearest_one_and_without_its_value(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert problem in told
    assert "canary" not in told.replace("[2Jcanary", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["serve", "--http", "nowhere"], "--http: http: expected HOST:PORT"),
        (["serve", "--http", "0.0.0.0:0"], "say --insecure"),
        (["service", "--grpc", "0.0.0.0:0"], "say --insecure"),
        (["serve", "--http-tls-cert", "x"], "both or none"),
        (["gateway", "--http-tls-cert=/nonsense", "--http-tls-key=/nonsense"], "No such file"),
        (["token", "create", "a", "--expires", "soon"], "--expires: expected a duration"),
        (["demo", "--into", ""], "--into: expected HOST:PORT"),
        (["tail", "--since", "some day"], "--since: expected 2h, "),
        (["log", "--until", "some day"], "--until: expected 2h, "),
        (["man", "backups"], "NAME: no such command; did you mean backup?"),
        (["top", "--until", "some day"], "--until: expected 2h, "),
        (["top", "--every", "1.5s"], "--every: expected whole seconds"),
        (["top", "--every", "soon"], "--every: expected a duration"),
        (["history", "web"], "expected KIND/ID, such as job/web"),
        (["history", "job/web", "--since=117"], "--since: expected 2h, "),
        (["state", "--at", "start"], "--at: expected 2h, "),
        (["log", "--since=9", "--until=9"], "--until: expected what lies after --since"),
    ],
)
def test_a_bad_setting_is_status_2_and_says_why(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert problem in printed.err
    assert printed.out == ""


def test_sources_that_cannot_be_together_are_refused_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "tidings.toml"
    for name in ("one", "two"):
        with config.open("a") as file:
            file.write(f"[sources.{name}]\nsystem = 'puppet'\nurl = 'https://h'\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:  # if it began, it could not go on
        http = f"--http=127.0.0.1:{taken.getsockname()[1]}"
        assert run(["serve", f"--config={config}", f"--data={tmp_path}", http]) == 2
    problem = "sources.two.system: the ids of puppet are one space: a log has one source of it"
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting",
    [
        "--store=nats://a:1,user:canary@b:2/x",
        "--nats-monitor=http://h,http://user:canary@h",
    ],
)
@pytest.mark.parametrize("more", [[], ["--print-config"]])
def test_a_password_in_an_address_is_refused_and_not_repeated(
    setting: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", setting, *more]) == 2
    printed = capsys.readouterr()
    assert "a user and password here would be seen by others" in printed.err
    assert "canary" not in printed.err + printed.out


def test_print_config_prints_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--nomad-region", "eu", "--print-config"]) == 0
    assert 'region = "eu"' in capsys.readouterr().out


def test_an_unknown_variable_is_told_on_stderr_and_ends_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_NOMAD_REGOIN", "canary")
    monkeypatch.setenv("TIDINGS_PORT", "tcp://10.0.0.1:4650")
    assert run(["serve", "--print-config"]) == 0
    printed = capsys.readouterr()
    assert 'region = "global"' in printed.out
    assert printed.err == (
        "tidings: warning: TIDINGS_NOMAD_REGOIN is no setting and has no effect;"
        " did you mean TIDINGS_NOMAD_REGION?\n"
    )


def test_check_of_nothing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--data", str(tmp_path)]) == 1
    assert "holds no log" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["backup", "restore"])
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_what_works_on_a_file_says_so_of_a_log_that_has_none(
    command: str,
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = "nats://127.0.0.1:1"
    copy = [str(tmp_path / "copy")]
    if how == "variable":
        monkeypatch.setenv("TIDINGS_STORE", store)
    flags = [f"--store={store}"] if how == "flag" else []
    assert run([command, *copy, f"--data={tmp_path}", *flags]) == 2
    assert "of one on NATS" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert run([command, *copy, f"--data={tmp_path}", "--store=sqlite"]) == 1
    assert "holds no log" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "export"])
@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--store=postgres://a"], "expected sqlite, or nats://HOST:PORT"),
        (["--store=nats://a/two.words"], "expected sqlite, or nats://HOST:PORT"),
        (["--store=nats://a", "--nats-ca=/none.pem"], "/none.pem: no such file"),
        (["--store=nats://a", "--nats-credentials=/none"], "/none: no such file"),
    ],
)
def test_who_looks_at_a_log_says_of_a_store_that_is_none_what_serve_says(
    command: str, flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, *flags]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"tidings {command}: ")
    assert told in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_place_that_is_taken_is_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_make_log(tmp_path / "data"))
    copy = str(tmp_path / "copy")
    assert run(["backup", copy, f"--data={tmp_path / 'data'}"]) == 0
    capsys.readouterr()
    assert run(["backup", copy, f"--data={tmp_path / 'data'}"]) == 1
    assert capsys.readouterr().err == f"tidings backup: {copy} holds a log already\n"
    assert run(["restore", copy, f"--data={tmp_path / 'data'}"]) == 1
    taken = f"tidings restore: {tmp_path / 'data'} holds a log already\n"
    assert capsys.readouterr().err == taken
    (tmp_path / "file").touch()
    assert run(["restore", copy, f"--data={tmp_path / 'file'}"]) == 1
    no_directory = f"tidings restore: {tmp_path / 'file'}: is there, and is no directory\n"
    assert capsys.readouterr().err == no_directory


async def _make_log(directory: Path) -> None:
    store = await open_sqlite(directory, clock=SystemClock())
    await store.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["serve", "--data={file}"], "tidings: {file}: is there, and is no directory"),
        (["serve", "--data={file}/x"], "tidings: {file}/x: Not a directory"),
        (["serve", "--config={file}/x"], "tidings: {file}/x: Not a directory"),
        (["serve", "--config=/"], "tidings: /: Is a directory"),
        (["serve", "--config={latin}"], "tidings: {latin}: is not in UTF-8"),
    ],
)
def test_the_system_is_quoted_in_words(arguments: list[str], problem: str, tmp_path: Path) -> None:
    file, latin = tmp_path / "file", tmp_path / "latin"
    file.touch()
    latin.write_bytes(b"# \xe9")
    places = {"file": file, "latin": latin}
    ports = ["--http=127.0.0.1:0", "--grpc=127.0.0.1:0"]
    words = [word.format(**places) for word in arguments]
    # of its own: a process sets logging up once
    done = subprocess.run(
        [sys.executable, "-m", "tidings", *words, *ports],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode != 0
    assert done.stderr == problem.format(**places) + "\n"


def test_a_file_of_settings_may_begin_as_windows_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tidings.toml"
    file.write_bytes(b'\xef\xbb\xbf[nomad]\r\nregion = "eu"\r\n')
    assert run(["serve", f"--config={file}", "--print-config"]) == 0
    assert 'region = "eu"' in capsys.readouterr().out
