"""Terms: what records are found by, and that no tokenizer or limit of SQLite's comes between."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.index.entries import asked
from tidings.core.conditions import MAX_VALUES, MAX_WORDS, Content
from tidings.index.terms import UNKNOWN, question, terms_of

EVENT = Content(
    "AllocationUpdated",
    "prod",
    (("job", "web"), ("node", "n/1")),
    ("Container OOM killed", "Müller прод ١٢", "NOT near AND or"),
)


def match(terms: str, expression: str) -> bool:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5(terms, content='', detail=none, tokenize='ascii')"
    )
    connection.execute("INSERT INTO t (rowid, terms) VALUES (7, ?)", (terms,))
    found = connection.execute("SELECT rowid FROM t WHERE t MATCH ?", (expression,)).fetchall()
    connection.close()
    return found == [(7,)]


@pytest.mark.parametrize(
    ("systems", "conditions", "matches"),
    [
        (["nomad"], {}, True),
        (["consul", "nomad"], {}, True),
        (["consul"], {}, False),
        ([], {}, False),
        (None, {"types": ["AllocationUpdated", "x"]}, True),
        (None, {"types": ["prod"]}, False),
        (None, {"sources": ["prod"]}, True),
        (None, {"sources": [""]}, False),
        (None, {"identifiers": ["job/web"]}, True),
        (None, {"identifiers": ["web"]}, True),
        (None, {"identifiers": ["node/web"]}, False),
        (None, {"identifiers": ["node/n/1", "job/db", "job/web"]}, True),
        (None, {"text": "oom muller прод ١٢ not and near"}, True),
        (None, {"text": "oom disk"}, False),
        (["nomad"], {"types": ["x"], "text": "oom"}, False),
        (None, {"types": ["AllocationUpdated"], "sources": ["prod"], "text": "oom"}, True),
    ],
)
def test_a_record_matches_what_it_may_meet(
    systems: list[str] | None, conditions: dict[str, Any], *, matches: bool
) -> None:
    terms = terms_of("nomad", [EVENT])
    expression = question(systems, asked(**conditions), ["job", "node", "service"])
    assert match(terms, expression) is matches
    assert match(UNKNOWN, expression)


@pytest.mark.parametrize("beside", ["", "ü "])
@pytest.mark.parametrize(
    "conditions",
    [{"types": ["AllocationUpdated"]}, {"sources": ["prod"]}, {"identifiers": ["job/web"]}],
)
def test_a_text_that_spells_a_term_does_not_have_it(
    conditions: dict[str, Any], beside: str
) -> None:
    """Else whoever publishes could have an event found as what it is not."""
    spelled = f"{beside}{terms_of('nomad', [EVENT])} {UNKNOWN}"
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in spelled)
    terms = terms_of("nomad", [Content("Other", "", (), (spelled, spelled.upper(), wide))])
    assert match(terms, question(None, asked(text="killed"), []))
    assert not match(terms, question(None, asked(**conditions), []))
    assert not match(terms, UNKNOWN)


def test_nothing_asked_for_is_no_expression() -> None:
    assert question(None, asked(), ["job"]) == ""


def test_one_of_any_kind_is_nothing_where_there_are_no_kinds() -> None:
    assert question(None, asked(identifiers=["web"]), []) == f'"{UNKNOWN}"'


def test_the_largest_question_is_one_for_sqlite() -> None:
    many = [str(number) for number in range(MAX_VALUES)]
    words = " ".join(many[:MAX_WORDS])
    conditions = asked(types=many, sources=many, identifiers=many, text=words)
    kinds = [f"kind{number}" for number in range(40)]
    assert match(UNKNOWN, question(None, conditions, kinds))
    everything = Content("7", "7", (("kind7", "7"),), (words,))
    assert match(terms_of("nomad", [everything]), question(["nomad"], conditions, kinds))
