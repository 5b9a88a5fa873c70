"""What is printed: nothing that a terminal would obey."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest

from tidings.app import terminal
from tidings.app.terminal import complain, visible, visible_json

APP = Path(terminal.__file__).parent
JOINERS = {"\u200c", "\u200d"}
OBEYED = ["\x1b[2J", "a\rb", "\x9b31m", "\x7f", "\u202eabc", "\u2066x\u2069", "\u200f", "\u2028"]


@pytest.mark.parametrize("text", [*OBEYED, "\ud800", "\t", "\n", "\U000e0041"])
def test_what_a_terminal_obeys_is_shown_as_python_writes_it(text: str) -> None:
    shown = visible(f"é{text}…")
    assert shown.isprintable()
    assert shown.startswith("é")
    assert shown.endswith("…")


@pytest.mark.parametrize(
    "text", ["", "web", "prod/é", "日本\u3000語", "👨\u200d👩", "a b", "\u00a0"]
)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == text
    assert visible_json(text) == text


@pytest.mark.parametrize("text", [*OBEYED, "\U000e0041", "\u2029"])
def test_json_stays_the_same_json(text: str) -> None:
    line = json.dumps({text: [text, "é日👨\u200d👩"]}, ensure_ascii=False)
    shown = visible_json(line)
    assert json.loads(shown) == json.loads(line)
    assert not set(shown) & set(text) - set("abcx[]m123J")


def test_json_for_a_terminal_that_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open("w", encoding="ascii") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert visible_json('{"é":"👨"}') == r'{"\u00e9":"\ud83d\udc68"}'


def test_every_such_character_is_known() -> None:
    categories = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    obeyed = {c for c in map(chr, range(0x110000)) if unicodedata.category(c) in categories}
    assert {c for c in obeyed - JOINERS if visible(c) == c} == set()


def test_complaints_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    complain("check", "one\ntwo\x1b")
    complain("", "three")
    assert capsys.readouterr().err == "tidings check: one\ntwo\\x1b\ntidings: three\n"


def test_nobody_else_writes_to_a_terminal() -> None:
    """A bar is made of our own signs, and what a supervisor says of addresses."""
    writes = re.compile(r"sys\.std(?:out|err)\.write")
    others = {file.name for file in APP.rglob("*.py") if writes.search(file.read_text())}
    assert others == {"terminal.py", "progress.py", "child.py", "supervisor.py"}
