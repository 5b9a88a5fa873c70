"""Manual pages: one for the program and one for each command, in roff that is none by accident."""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tidings.app.cli import run
from tidings.app.commands.table import COMMANDS
from tidings.app.man import pages
from tidings.app.parser import build_parser, parsers_in

NAMES = ["tidings", *(f"tidings-{command.name}" for command in COMMANDS)]
REQUEST = re.compile(r"\.(?:TH|SH|B|BR|TP)(?: .*)?")


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def test_there_is_a_page_for_each_command(made: dict[str, str]) -> None:
    assert list(made) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_what_readers_and_indexes_of_pages_expect(
    name: str, made: dict[str, str]
) -> None:
    lines = made[name].splitlines()
    assert lines[0] == f'.TH {name.upper()} 1 "" "tidings" "Tidings"'
    assert lines[1] == ".SH NAME"
    assert lines[2].startswith(f"{name} \\- ")
    sections = [line for line in lines if line.startswith(".SH ")]
    assert sections[1:3] == [".SH SYNOPSIS", ".SH DESCRIPTION"]
    assert sections[-2:] == [".SH EXIT STATUS", ".SH SEE ALSO"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_ascii_and_every_request_in_it_is_meant(name: str, made: dict[str, str]) -> None:
    assert made[name].isascii()
    for line in made[name].splitlines():
        assert line
        assert not line.startswith("'")
        assert not line.startswith(".") or REQUEST.fullmatch(line), line
        assert not re.search(r"\\(?![-efI&B\[])", line), line


def test_a_page_has_every_option_that_help_has(made: dict[str, str]) -> None:
    for parser in parsers_in(build_parser()):
        name = "-".join(parser.prog.split()[:2])
        shown = made[name].replace("\\-", "-")
        for action in parser._actions:  # noqa: SLF001 - argparse has no public list
            hidden = action.help == argparse.SUPPRESS
            for option in action.option_strings:
                assert (f"\\fB{option}\\fR" in shown) != hidden, (parser.prog, option)


def test_a_page_reads_as_help_does(made: dict[str, str]) -> None:
    page = made["tidings-show"]
    assert "tidings\\-show" not in page.splitlines()[2]
    assert ".B tidings show\n[OPTION...] SEQ\n" in page
    option = "\\fB\\-C\\fR, \\fB\\-\\-context\\fR \\fIN\\fR"
    assert f".TP\n{option}\nprint N records before and after it too (default: 0)\n" in page
    assert "\\[u2026]" in made["tidings-log"], "what is not ASCII is spelled out"


@pytest.mark.clients
@pytest.mark.parametrize("name", NAMES)
def test_groff_reads_a_page_and_warns_of_nothing(name: str, made: dict[str, str]) -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-cbou"],
        input=made[name], capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    sections = re.findall(r"^[A-Z][A-Z ]+$", done.stdout, re.MULTILINE)
    assert sections[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert name.replace("tidings-", "tidings ") in done.stdout


def test_pages_are_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made: dict[str, str]
) -> None:
    assert run(["man"]) == 0
    assert capsys.readouterr().out == made["tidings"]
    assert run(["man", "log"]) == 0
    assert capsys.readouterr().out == made["tidings-log"]
    assert run(["man", "--out", str(tmp_path / "man1")]) == 0
    written = {path.stem: path.read_text() for path in (tmp_path / "man1").iterdir()}
    assert written == made
