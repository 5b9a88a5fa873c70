"""The Makefile's list of targets is complete, and the docs name only targets that exist."""

import re
import subprocess
from pathlib import Path

WANTED = {
    "all", "bench", "bench-quick", "breaking", "chaos", "check-format", "check-generated", "clean",
    "clients", "cov", "demo", "docs-check", "format", "generate", "help", "hooks", "install",
    "kills", "lint", "lock", "metrics-page", "protos", "run", "test", "test-clients", "test-nats",
    "test-quick", "types", "vendored",
}  # fmt: skip


def test_every_target_has_its_line_of_help(root: Path) -> None:
    text = (root / "Makefile").read_text()
    phony = set(" ".join(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)).split())
    helped = set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
    assert phony == helped == WANTED


def test_make_alone_prints_the_targets(root: Path) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True
    )
    assert {line.split()[0] for line in done.stdout.splitlines()} == WANTED
