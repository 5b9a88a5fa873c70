"""Log lines, each in its form, by a process of its own: logging is set up once a process."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tidings.app.cli import run
from tidings.app.log_areas import AREAS

# "people" = text, as it is on a terminal
_PROGRAM = """
import logging, sys
import structlog
if "{form}" == "people":
    sys.stderr.isatty = lambda: True
from tidings.app.logs import configure_logs
from tidings.app.settings import Settings
configure_logs(Settings(log_format="{form}".replace("people", "text")))
log = structlog.get_logger("tidings.access")
log.debug("unseen")
log.info("call", method="List", seconds=0.5, peer="a b")
try:
    raise ValueError("why")
except ValueError:
    secret = "canary-7f3a"
    log.exception("failed")
evil = "a" + chr(0x9b) + "31m" + chr(0x202e) + chr(0x1b) + "]0;x"
log.warning("evil " + evil, path=evil)
logging.getLogger("library").warning("library %s", evil)
try:
    raise ValueError(evil)
except ValueError:
    log.exception("failed")
"""


def lines_of(form: str, **environment: str) -> list[str]:
    program = [sys.executable, "-c", _PROGRAM.format(form=form)]
    env = {**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment}
    done = subprocess.run(program, capture_output=True, text=True, check=True, env=env)
    return done.stderr.splitlines()


def test_text_is_logfmt_where_no_terminal_is() -> None:
    call, failed, *_ = lines_of("text")
    timestamp, rest = call.split(" ", 1)
    assert timestamp.startswith("timestamp=20")
    assert rest == 'level=info event=call method=List seconds=0.5 peer="a b"'
    assert "ValueError: why" in failed


def test_json_has_the_same_members() -> None:
    call, failed, *_ = map(json.loads, lines_of("json"))
    assert call.pop("timestamp").endswith("Z")
    assert call == {
        "level": "info",
        "event": "call",
        "method": "List",
        "seconds": 0.5,
        "peer": "a b",
    }
    assert failed["exception"].endswith("ValueError: why")


@pytest.mark.parametrize("form", ["text", "json", "people"])
def test_a_traceback_tells_no_local_variables(form: str) -> None:
    assert "canary-7f3a" not in "".join(lines_of(form))


@pytest.mark.parametrize("form", ["text", "json", "people"])
def test_nothing_that_others_sent_is_obeyed_by_a_terminal(form: str) -> None:
    lines = lines_of(form)
    own_colors = re.compile(r"\x1b\[[0-9;]*m") if form == "people" else re.compile("$^")
    assert sum("31m" in own_colors.sub("", line) for line in lines) >= 3
    for line in lines:
        assert own_colors.sub("", line).isprintable(), repr(line)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_people_who_want_no_colors_get_none(environment: dict[str, str]) -> None:
    assert any("\x1b[" in line for line in lines_of("people"))
    assert not any("\x1b" in line for line in lines_of("people", **environment))


def said_by(program: str, **environment: str) -> tuple[int, list[str]]:
    env = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, env=env
    )
    return done.returncode, done.stderr.splitlines()


_CONFIGURED = """
import structlog
from tidings.app.logs import configure_logs
from tidings.app.settings import Settings
configure_logs(Settings({settings}))
"""


def test_areas_have_levels_of_their_own() -> None:
    program = _CONFIGURED.format(
        settings="log_levels=('access=error', 'rpc=debug'), log_level='info'"
    )
    for area in ("access", "rpc", "gateway"):
        program += f"log = structlog.get_logger('tidings.{area}')\n"
        for level in ("debug", "info", "error"):
            program += f"log.{level}('{area}-{level}')\n"
    _, lines = said_by(program)
    events = [re.search("event=([a-z-]+)", line) for line in lines]
    assert [found[1] for found in events if found] == [
        *("access-error", "rpc-debug", "rpc-info", "rpc-error", "gateway-info", "gateway-error"),
    ]


def test_every_area_is_known(root: Path) -> None:
    logged = set()
    for path in [*(root / "service").rglob("*.py"), *(root / "gateway").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="get_logger"), args=[ast.Constant(value=str(name))]
                ):
                    logged.add(name.removeprefix("tidings."))
    assert set(AREAS) == logged
    page = (root / "docs/operating/monitoring.md").read_text()
    assert ", ".join(f"`{area}`" for area in AREAS) in page


def test_an_unknown_area_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["service", "--log-levels=nobody=info"]) == 2
    assert "log_levels: expected an area" in capsys.readouterr().err


def test_in_json_what_python_says_at_its_end_is_a_line() -> None:
    program = _CONFIGURED.format(settings="log_format='json'")
    program += "import warnings\nwarnings.warn('old')\nraise ValueError('why')"
    status, lines = said_by(program)
    warned, ended = map(json.loads, lines)
    assert status == 1
    assert "UserWarning: old" in warned["event"]
    assert (ended["level"], ended["event"]) == ("critical", "ended")
    assert ended["exception"].endswith("ValueError: why")


def test_in_json_what_libraries_write_to_stderr_is_a_line() -> None:
    program = _CONFIGURED.format(settings="log_format='json'")
    program += """
import os, sys
structlog.get_logger("tidings.access").info("ours")
os.write(2, b"I0000 chttp2 says {\\n")
os.write(2, b"and no more")
"""
    _, lines = said_by(program, GRPC_VERBOSITY="INFO")
    found = [(line["event"], line.get("text")) for line in map(json.loads, lines)]
    assert found == [
        ("ours", None),
        ("a library says", "I0000 chttp2 says {"),
        ("a library says", "and no more"),
    ]


@pytest.mark.parametrize("arguments", [["--grpc=nonsense"], ["--grpc-tls-key=/nowhere"]])
def test_in_json_a_refusal_to_start_is_a_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["service", "--log-format=json", *arguments]) == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["timestamp"][-1]) == ("error", "Z")
    assert line["event"]


def test_a_file_may_ask_for_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('[log]\nformat = "json"\n[grpc_tls]\nkey = "/nowhere"\n')
    assert run(["service", f"--config={file}"]) == 2
    line = json.loads(capsys.readouterr().err)
    assert "grpc_tls_key go together" in line["event"]
