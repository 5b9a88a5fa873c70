"""The page's table is what the model decides, and its example is a policy file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.access import table
from tidings.access.principals import Token
from tidings.access.secret import hash_of


def test_the_page_holds_the_table_that_is_decided(root: Path) -> None:
    printed = [line for line in table.page(root).splitlines() if line.startswith("| API | does |")]
    assert len(printed) == 1
    assert table.render(root) in table.page(root)


def test_the_pages_example_has_the_tokens_and_policies_of_the_table(root: Path) -> None:
    file = table.example(root)
    assert [token.name for token in file.tokens.values()] == ["ops", "ci"]
    assert set(file.policies) == set(table.POLICIES)
    assert file.tokens["ops"] == Token("ops", "ops", hash_of("test"), management=True)


@pytest.mark.parametrize("kind", table.KINDS)
def test_nothing_is_allowed_by_default(root: Path, kind: str) -> None:
    allowed = {
        (row.api, row.verb, target, row.namespace)
        for row in table.ROWS
        for target in row.targets
        if table.decide(row, target, table.rights(root)[kind])
    }
    every = {(row.api, row.verb, t, row.namespace) for row in table.ROWS for t in row.targets}
    if kind == "anonymous":
        assert allowed == set()
    elif kind == "management":
        assert allowed == every
    else:
        assert set() < allowed < every
