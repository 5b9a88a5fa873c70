"""Terms: the words by which the full-text index finds records; and queries of them. Pure.

A record has a term for the system, type and source of each of its events, for each identifier, and
for each word of its texts. Several values may share a term: a found record is only a candidate, and
the caller checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from functools import lru_cache

from tidings.core.conditions import ANY_KIND, Conditions
from tidings.core.words import words_of

_OURS = "§"
"""What our terms begin with, and no word: else a text could spell one."""

UNKNOWN = f"{_OURS}unknown"
"""The term of records that could not be read: they are candidates of every question."""

Told = tuple[str, str, tuple[tuple[str, str], ...], tuple[str, ...]]
"""Type, source, identifiers and texts of an event."""

_SEPARATOR = "\x1f"
_DIGITS = 12  # of 16 each: among a million values a collision is very unlikely


def term_of(kind: str, *parts: str) -> str:
    """Return the term of a value; the tokenizer does not split it."""
    text = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
    return _OURS + kind + hashlib.blake2b(text, digest_size=_DIGITS // 2).hexdigest()


def terms_of(system: str, contents: Iterable[Told]) -> str:
    """Return the terms of a record, of all its events, as a text for the tokenizer `ascii`.

    It divides a text of ASCII into words as we do, so that one is left to it.
    """
    terms: list[str] = []
    for kind, source, identifiers, text in contents:
        terms.append(_terms_of_group(system, kind, source))
        terms += map(_term_of_identifier, identifiers)
        terms += [each if each.isascii() else " ".join(words_of(each)) for each in text]
    return " ".join(terms)


@lru_cache(maxsize=65536)  # cached: most events repeat values of earlier events
def _term_of_identifier(identifier: tuple[str, str]) -> str:
    return term_of("idn", *identifier)


@lru_cache(maxsize=4096)
def _terms_of_group(system: str, kind: str, source: str) -> str:
    return f"{term_of('sys', system)} {term_of('typ', kind)} {term_of('src', source)}"


def question(
    systems: Collection[str] | None, conditions: Conditions, kinds: Collection[str]
) -> str:
    """Return an expression that all records match that may meet these; "" = every record may.

    `systems` None = any. `kinds` are those that identifiers have had, which is
    what one of any kind may be.
    """
    groups: list[list[str]] = []
    if systems is not None:
        groups.append([term_of("sys", system) for system in systems])
    if conditions.types:
        groups.append([term_of("typ", each) for each in conditions.types])
    if conditions.sources:
        groups.append([term_of("src", each) for each in conditions.sources])
    for kind, values in conditions.identifiers:
        named = kinds if kind == ANY_KIND else (kind,)
        groups.append([term_of("idn", each, value) for each in named for value in values])
    groups += ([word] for phrase in conditions.words.phrases for word in phrase)
    if not groups:
        return ""
    known = f"({' AND '.join(map(_any_of, groups))}) OR " if all(groups) else ""
    return f'{known}"{UNKNOWN}"'


def _any_of(terms: Iterable[str]) -> str:
    return "(" + " OR ".join(f'"{term}"' for term in terms) + ")"
