"""What a word is, and what a question for words finds."""

from __future__ import annotations

import sqlite3

import pytest

from tidings.core.words import Phrases, phrases_of, words_of

TEXTS = [
    ("", []),
    ("-- !", []),
    ("Container OOM-killed (exit 137)", ["container", "oom", "killed", "exit", "137"]),
    ("node_running", ["node", "running"]),
    ("Müller ÉTÉ", ["muller", "ete"]),
    ("ΣΊΣΥΦΟΣ", ["σισυφοσ"]),
    ("прод-1 кластер", ["прод", "1", "кластер"]),
    ("日本語 テスト", ["日本語", "テスト"]),
    ('{"ID":"web","Exit":1.5}', ["id", "web", "exit", "1", "5"]),
    ("tab\tline\nzero\x00nul", ["tab", "line", "zero", "nul"]),
]


@pytest.mark.parametrize(("text", "words"), TEXTS)
def test_a_text_is_divided_into_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("text", [text for text, _ in TEXTS[:5] if "\x00" not in text])
def test_sqlite_divides_a_text_in_the_same_way(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61')")
    connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
    connection.execute("INSERT INTO t VALUES (?)", (text,))
    rows = connection.execute('SELECT term FROM v ORDER BY "offset"').fetchall()
    connection.close()
    assert [term for (term,) in rows] == words_of(text)


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ("", ()),
        ("  - ", ()),
        ("OOM", (("oom",),)),
        ("oom oom killed", (("oom",), ("killed",))),
        ('"out of memory" web', (("out", "of", "memory"), ("web",))),
        ("out-of-memory", (("out", "of", "memory"),)),
        ('web"exit 1"db', (("web",), ("exit", "1"), ("db",))),
        ('""', ()),
    ],
)
def test_a_question_is_words_and_phrases(question: str, phrases: tuple[tuple[str, ...]]) -> None:
    assert phrases_of(question) == phrases


@pytest.mark.parametrize("question", ['"', 'web "exit 1', '"a" "'])
def test_a_quotation_has_an_end(question: str) -> None:
    with pytest.raises(ValueError, match="a quotation does not end"):
        phrases_of(question)


@pytest.mark.parametrize(
    ("question", "texts", "occur"),
    [
        ("oom", ["Container OOM killed"], True),
        ("oom", ["room", "zoom"], False),
        ("oom web", ["OOM", "job web"], True),
        ("oom web", ["OOM"], False),
        ('"oom killed"', ["was OOM, killed"], True),
        ('"oom killed"', ["oom", "killed"], False),
        ('"killed oom"', ["oom killed oom"], True),
        ('"a a b"', ["a a a b"], True),
        ('"a b"', ["a", "a c b"], False),
        ("muller", ["MÜLLER"], True),
        ("oom", [], False),
    ],
)
def test_all_phrases_must_occur(question: str, texts: list[str], *, occur: bool) -> None:
    assert Phrases(phrases_of(question)).occur_in(texts) is occur
