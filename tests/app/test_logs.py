"""Log lines, each in its form, by a process of its own: logging is set up once a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

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
