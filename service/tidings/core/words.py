"""Words of texts, and questions for words: the one place that says what a word is.

A word is a run of letters and digits, without regard to case and accents: "Müller-7" has the words
"muller" and "7". That is how SQLite's tokenizer `unicode61` divides a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return _WORD.findall(_folded(text))


def phrases_of(question: str) -> tuple[tuple[str, ...], ...]:
    """Return what a question asks for: each phrase is a word, or several that follow one another.

    Phrases are in double quotes; so is what has several words between spaces: `out-of-memory` has
    three. What has no word says nothing.

    Raises:
        ValueError: a quotation does not end.
    """
    if question.count('"') % 2:
        raise ValueError("a quotation does not end")
    found = (tuple(words_of(quoted or bare)) for quoted, bare in _TERM.findall(question))
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


@dataclass(frozen=True, slots=True)
class Phrases:
    """Holds for texts in which every phrase occurs, each within one of them."""

    phrases: tuple[tuple[str, ...], ...]

    def occur_in(self, texts: Iterable[str]) -> bool:
        """Say whether all occur."""
        folded = [_folded(text) for text in texts]
        # most texts lack one, and to look for it takes far less than to divide them
        if not all(any(word in text for text in folded) for one in self.phrases for word in one):
            return False
        divided = [_WORD.findall(text) for text in folded]
        return all(any(_has(words, phrase) for words in divided) for phrase in self.phrases)


NO_PHRASES = Phrases(())


def _has(words: Sequence[str], phrase: Sequence[str]) -> bool:
    if len(phrase) == 1:
        return phrase[0] in words
    wanted = list(phrase)
    return any(
        words[place : place + len(wanted)] == wanted
        for place, word in enumerate(words)
        if word == wanted[0]
    )


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()
