"""Go's texts about expressions that do not compile."""

from __future__ import annotations

import pytest

from tidings.dialects.consul.regexps import regexp_error

GOES = [
    # the table of spec and Go's own documentation of its syntax
    ("(", "missing closing ): `(`"),
    ("[a", "missing closing ]: `[a`"),
    ("*a", "missing argument to repetition operator: `*`"),
    ("a**", "invalid nested repetition operator: `**`"),
    ("a{2,1}", "invalid repeat count: `{2,1}`"),
    ("a(?=b)", "invalid or unsupported Perl syntax: `(?=`"),
    ("(?!x)", "invalid or unsupported Perl syntax: `(?!`"),
    (r"(a)\1", r"invalid escape sequence: `\1`"),
    ("a\\", "trailing backslash at end of expression: ``"),
    # whole pattern, or the part that matters
    ("a)", "unexpected ): `a)`"),
    ("(a)(b", "missing closing ): `(a)(b`"),
    ("x[a-z", "missing closing ]: `[a-z`"),
    ("a|*", "missing argument to repetition operator: `*`"),
    ("a*?+", "invalid nested repetition operator: `*?+`"),
    ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
    ("[b-a]", "invalid character class range: `b-a`"),
    ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
    (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
    (r"\p", r"invalid character class range: `\p`"),
    (r"[\P", r"invalid character class range: `\P`"),
    (r"\Z", r"invalid escape sequence: `\Z`"),
    (r"\é", r"invalid escape sequence: `\é`"),
    (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
    ("é(", "missing closing ): `é(`"),
    ("(?P<n", "invalid named capture: `(?P<n`"),
    ("(?P<>a)", "invalid named capture: `(?P<>`"),
    ("(?<n m>a)", "invalid named capture: `(?<n m>`"),
    ("(?P<", "invalid or unsupported Perl syntax: `(?P`"),
    ("(?<", "invalid or unsupported Perl syntax: `(?<`"),
    ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
    # what only Go refuses, or words in its own way
    (r"\C", r"invalid escape sequence: `\C`"),
    (r"[\C]", r"invalid escape sequence: `\C`"),
    (r"(\C", r"invalid escape sequence: `\C`"),
    (r"[^]a]\C", r"invalid escape sequence: `\C`"),
    (r"[[:alpha:]\]]\C", r"invalid escape sequence: `\C`"),
    (r"\Qx\E\C", r"invalid escape sequence: `\C`"),
    (r"a**\C", "invalid nested repetition operator: `**`"),
    (r"[b-a\C", "invalid character class range: `b-a`"),
    ("[a", "missing closing ]: `[a`"),
    ("(?P<é>a)", "invalid named capture: `(?P<é>`"),
    ("(?<=a)", "invalid named capture: `(?<=a)`"),
    ("x(?<!y)z>", "invalid named capture: `(?<!y)z>`"),
    ("\\x{", "invalid escape sequence: `\\x{`"),
    ("a{1001}?", "invalid repeat count: `{1001}`"),
    ("a*{1001}", "invalid repeat count: `{1001}`"),
    ("{1001}", "invalid repeat count: `{1001}`"),
    ("(a{100}){100}?", "invalid repeat count: `{100}?`"),
    (r"(\pL{500}){2}", r"expression too large: `(\pL{500}){2}`"),
]


@pytest.mark.parametrize(("pattern", "text"), GOES)
def test_a_bad_expression_gets_gos_text(pattern: str, text: str) -> None:
    assert regexp_error(pattern) == f"error parsing regexp: {text}"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "web",
        "web.*|^db$",
        "(?i)web",
        "(?P<name>x)",
        "(?<name>x)",
        r"\Q(?<=\C",
        r"\Q\C\E.",
        r"\(?<=a",
        "a{1000}",
        "a{,2}",
        "a{2",
        "[]a]",
        "[[:word:]]+",
        r"\p{Greek}\pN",
        "a?b??c*?",
        "日本",
    ],
)
def test_a_good_expression_has_no_error(pattern: str) -> None:
    assert regexp_error(pattern) is None


def test_an_expression_with_every_prefix_cut_off_has_an_answer() -> None:
    pattern = r"(?P<a>[[:alpha:]\]-]{2,3}|\Q(\E)*?\x{41}(?i:\pL)\C"
    answers = [regexp_error(pattern[:end]) for end in range(len(pattern))]
    good = [pattern[:end] for end, answer in enumerate(answers) if answer is None]
    assert all(answer is None or answer.startswith("error parsing regexp: ") for answer in answers)
    assert pattern[: pattern.index("*?") + 1] in good
