"""Log lines, each in its form, by a process of its own: logging is set up once a process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import structlog
from tidings.app.logs import configure_logs
from tidings.app.settings import Settings
configure_logs(Settings(log_format="{form}"))
log = structlog.get_logger("tidings.access")
log.debug("unseen")
log.info("call", method="List", seconds=0.5, peer="a b")
try:
    raise ValueError("why")
except ValueError:
    secret = "canary-7f3a"
    log.exception("failed")
"""


def lines_of(form: str) -> list[str]:
    program = [sys.executable, "-c", _PROGRAM.format(form=form)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stderr.splitlines()


def test_text_is_logfmt_where_no_terminal_is() -> None:
    call, failed = lines_of("text")
    timestamp, rest = call.split(" ", 1)
    assert timestamp.startswith("timestamp=20")
    assert rest == 'level=info event=call method=List seconds=0.5 peer="a b"'
    assert "ValueError: why" in failed


def test_json_has_the_same_members() -> None:
    call, failed = map(json.loads, lines_of("json"))
    assert call.pop("timestamp").endswith("Z")
    assert call == {
        "level": "info",
        "event": "call",
        "method": "List",
        "seconds": 0.5,
        "peer": "a b",
    }
    assert failed["exception"].endswith("ValueError: why")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_tells_no_local_variables(form: str) -> None:
    assert "canary-7f3a" not in "".join(lines_of(form))
