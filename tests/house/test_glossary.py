"""The glossary has each word once, and what it names in the code is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

OF_THE_DESIGN = {
    *("event", "record", "draft", "seq", "log_id", "system", "source", "index", "object"),
    *("subject", "dialect", "door", "projection", "window", "retention", "store", "feed"),
}
OF_THE_FIELD = {
    *("backpressure", "GIL", "fan-out", "idempotent", "thundering herd", "single-flight"),
    *("fencing", "in flight", "lease", "pipelining", "prefetch", "time slice"),
}


@pytest.fixture(scope="module")
def rows(root: Path) -> list[list[str]]:
    lines = (root / "docs/glossary.md").read_text().splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip() not in {"word", "---"}]


def word_of(row: list[str]) -> str:
    return row[0].strip("`")


def test_every_word_of_the_design_is_there_and_so_are_the_terms_of_the_field(
    rows: list[list[str]],
) -> None:
    assert (OF_THE_DESIGN | OF_THE_FIELD) - {word_of(row) for row in rows} == set()


def test_no_word_is_there_twice(rows: list[list[str]]) -> None:
    words = [word_of(row).lower() for row in rows]
    assert sorted(words) == sorted(set(words))


def test_what_is_named_in_the_code_exists(rows: list[list[str]]) -> None:
    named = [name for row in rows for name in re.findall(r"`(tidings\.[\w.]+)`", row[-1])]
    assert len(named) > 30
    assert [name for name in named if not exists(name)] == []


def exists(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, member = name.rpartition(".")
        return hasattr(importlib.import_module(module), member)
    return True
