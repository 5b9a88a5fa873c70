"""How a failing test is reported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE_S

FAILING = """
import logging

def test_by_its_message():
    raise ValueError("\\ud800")

def test_by_what_it_logs():
    logging.getLogger().warning("\\ud800")
    raise ValueError("b")
"""


def test_half_a_character_is_reported_by_its_escape(tmp_path: Path, root: Path) -> None:
    """As a worker's report of it: the half itself cannot be sent."""
    (tmp_path / "test_failing.py").write_text(FAILING)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n", "1", "-c", "/dev/null", "--rootdir", tmp_path),
            *("-p", "tests.conftest", "-p", "no:cacheprovider", tmp_path),
        ],
        check=False,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 1, ended.stdout
    assert "2 failed" in ended.stdout
    assert ended.stdout.count("\\ud800") >= 2
