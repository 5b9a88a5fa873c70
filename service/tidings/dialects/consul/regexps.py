r"""Consul's filters are RE2 expressions: refuses one with the very text that Go gives.

How this works: google-re2 (the C++ engine) decides. Its parser and Go's are the same design, so
each of its errors has one text in Go, and most quote the same part of the pattern. Where the two
languages differ, a small walk over the pattern finds what only Go refuses:

* `\C` is an escape in C++ and an error in Go;
* a name of a group may hold letters of any script in C++, only ASCII ones in Go;
* `(?<=` and `(?<!` start a named group in Go (since 1.22), a badly named one;
* a count that is too large is refused in Go before anything else about the repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

_GO_TEXTS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "unexpected )": "unexpected )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "invalid escape sequence": "invalid escape sequence",
    "invalid character class range": "invalid character class range",
    "invalid character class": "invalid character class",
    "trailing \\": "trailing backslash at end of expression",
}
"""RE2's error texts and Go's. Source: RE2 re2/regexp.cc, Go src/regexp/syntax/parse.go (1.23)."""

_MISSING_PAREN = "missing )"
_MAX_REPEAT = 1000  # both languages
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}(\??)$")
_GROUP_NAME = re.compile(r"\(\?P?<([^>]*)>?")
_GO_NAME = re.compile(r"[A-Za-z0-9_]+")
_CLASS_NAME = re.compile(r"\[:.*?:\]", re.DOTALL)

_options = re2.Options()
_options.log_errors = False
_options.max_mem = (
    2 * 1024**2
)  # a fourth of the engine's own: what is refused took 50 ms until then


def regexp_error(pattern: str) -> str | None:
    """Return Go's text about a pattern that does not compile, or None.

    "error parsing regexp: missing closing ): `(`".
    """
    if not pattern:
        return None  # the usual case, and an engine costs 20 µs
    for start, text in _refused_by_go_only(pattern):
        before = _compile_error(pattern[:start])
        # an unclosed group shows at the end of the pattern only, so what comes before the end wins
        if before is None or before[0] == _MISSING_PAREN:
            return text
        break
    error = _compile_error(pattern)
    return None if error is None else _translate(pattern, *error)


def _compile_error(pattern: str) -> tuple[str, str] | None:
    """Return RE2's text and the part of the pattern that it quotes, or None."""
    try:
        re2.compile(pattern, _options)
    except re2.error as error:
        text = error.args[0].decode()
        kind, _, quoted = text.partition(": ")
        return kind, quoted
    finally:
        # the engine keeps 128 programs of up to 8 MiB otherwise, and none is used again
        re2.purge()
    return None


def _translate(pattern: str, kind: str, quoted: str) -> str:
    if kind == "invalid UTF-8":
        # C++ says so of an "\x{" at the end; text that came through protobuf is always UTF-8
        return _go_text("invalid escape sequence", pattern[pattern.rindex("\\x") :])
    if kind == "invalid escape sequence" and quoted in {"\\p", "\\P"}:
        return _go_text("invalid character class range", quoted)
    if kind in {"bad repetition operator", "invalid repetition size"}:
        count = _COUNT.search(quoted)
        if count is not None and _out_of_range(count):
            return _go_text("invalid repeat count", count[0].removesuffix("?"))
    if kind not in _GO_TEXTS:
        # The size of the compiled program is the only limit left.
        return _go_text("expression too large", pattern)
    return _go_text(_GO_TEXTS[kind], quoted)


def _go_text(kind: str, quoted: str) -> str:
    return f"error parsing regexp: {kind}: `{quoted}`"


def _out_of_range(count: re.Match[str]) -> bool:
    least = int(count[1])
    most = int(count[2]) if count[2] else least
    return least > _MAX_REPEAT or most > _MAX_REPEAT or most < least


def _refused_by_go_only(pattern: str) -> Iterator[tuple[int, str]]:
    """Yield position and Go's text of what C++ accepts or words differently, in order."""
    place = 0
    while place < len(pattern):
        if pattern.startswith("\\Q", place):
            end = pattern.find("\\E", place + 2)
            place = len(pattern) if end < 0 else end + 2
        elif pattern[place] == "\\":
            if pattern.startswith("\\C", place):
                yield place, _go_text("invalid escape sequence", "\\C")
            place += 2
        elif pattern[place] == "[":
            place = _past_class(pattern, place)
        else:
            group = _GROUP_NAME.match(pattern, place)
            if group is not None and not _GO_NAME.fullmatch(group[1]):
                closed = group[0].endswith(">")
                quoted = group[0] if closed else pattern[place:]
                if quoted not in {"(?<", "(?P<"}:  # nothing follows: not taken for a name
                    yield place, _go_text("invalid named capture", quoted)
            place += 1


def _past_class(pattern: str, start: int) -> int:
    """Return where a bracketed class ends, exclusive; the pattern's length when it does not."""
    place = start + 1
    if pattern.startswith("^", place):
        place += 1
    first = True
    while place < len(pattern):
        if pattern[place] == "]" and not first:
            return place + 1
        first = False
        name = _CLASS_NAME.match(pattern, place)
        if name is not None:
            place = name.end()
        else:
            place += 2 if pattern[place] == "\\" else 1
    return place
