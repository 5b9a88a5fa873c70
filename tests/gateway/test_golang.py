"""Go's parsers, case by case; the expectations are those of Go's own standard library."""

from __future__ import annotations

import pytest

from tidings.gateway import golang

NS = 1_000_000_000


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": ["1"], "b": ["2"]}),
        (b"a=1&a=&a=3", {"a": ["1", "", "3"]}),
        (b"&&a&=x&", {"a": [""], "": ["x"]}),
        (b"a=b=c", {"a": ["b=c"]}),
        (b"a%20b=c+d%2B", {"a b": ["c d+"]}),
        (b"a=%ff", {"a": ["\udcff"]}),
        (b"a=1&b=%zz&c=2", {"a": ["1"], "c": ["2"]}),
        (b"a=1&b=%2&c=2", {"a": ["1"], "c": ["2"]}),
        (b"a=1;b=2&c=3", {"c": ["3"]}),
    ],
)
def test_lenient_query(raw: bytes, pairs: dict[str, list[str]]) -> None:
    query = golang.parse_query_leniently(raw)
    assert {name: query.all(name) for name in pairs} == pairs
    assert [name for name in ("a", "b", "c", "a b", "") if name in query] == [
        name for name in ("a", "b", "c", "a b", "") if name in pairs
    ]


@pytest.mark.parametrize("raw", [b"x=%zz", b"%", b"a=%4", b"a=1;b=2", b"a;", b"a=1&b=%g1"])
def test_strict_query_refuses_what_go_cannot_parse(raw: bytes) -> None:
    with pytest.raises(golang.BadQuery):
        golang.parse_query_strictly(raw)


def test_the_first_value_of_a_name_counts_also_when_it_is_empty() -> None:
    query = golang.parse_query_strictly(b"a=&a=2")
    assert query.first("a") == ""
    assert query.first("b") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("-7", -7),
        ("+7", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0" * 5000 + "1", 1),
        ("9223372036854775808", "value out of range"),
        ("-9223372036854775809", "value out of range"),
        ("9" * 5000, "value out of range"),
        ("", "invalid syntax"),
        ("-", "invalid syntax"),
        ("1_0", "invalid syntax"),
        ("0x10", "invalid syntax"),
        ("1.0", "invalid syntax"),
        (" 1", "invalid syntax"),
        ("1\n", "invalid syntax"),
        ("\u0661", "invalid syntax"),
    ],
)
def test_int(text: str, value: int | str) -> None:
    assert golang.parse_int(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("00018446744073709551615", 2**64 - 1),
        ("18446744073709551616", None),
        ("9" * 5000, None),
        ("+1", None),
        ("-0", None),
        ("", None),
        ("0x1", None),
        ("1.0", None),
        ("\u0661", None),
    ],
)
def test_uint(text: str, value: int | None) -> None:
    assert golang.parse_uint(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("t", True), ("True", True), ("F", False), ("tRue", None), ("", None)],
)
def test_bool(text: str, value: bool | None) -> None:  # noqa: FBT001 - an expectation
    assert golang.parse_bool(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5s", 5 * NS),
        ("100ms", NS // 10),
        ("1m30s", 90 * NS),
        ("1.5s", 3 * NS // 2),
        (".5s", NS // 2),
        ("1.s", NS),
        ("+5s", 5 * NS),
        ("-5s", -5 * NS),
        ("0", 0),
        ("-0", 0),
        ("1h1m1s1ms1us1ns", 3_661_001_001_001),
        ("1µs", 1000),
        ("1μs", 1000),
        ("9223372036854775807ns", 2**63 - 1),
        ("-9223372036854775808ns", -(2**63)),
        ("9223372036854775808ns", None),
        ("300y", None),
        ("2562048h", None),
        ("5", None),
        ("1d", None),
        ("5S", None),
        ("s", None),
        (".s", None),
        ("1e3s", None),
        (" 5s", None),
        ("5s ", None),
        ("5s\n", None),
        ("", None),
        ("+", None),
        ("1" * 5000 + "s", None),
    ],
)
def test_duration(text: str, value: int | None) -> None:
    assert golang.parse_duration(text) == value


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("abc", '"abc"'),
        ('a"b\\', r'"a\"b\\"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\x00\x7f", r'"\x00\x7f"'),
        ("\udcff", r'"\xff"'),
        ("é\u200b\U000e0001", r'"é\u200b\U000e0001"'),
    ],
)
def test_quote(text: str, quoted: str) -> None:
    assert golang.quote(text) == quoted


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        (b"/", b"/"),
        (b"/a/b", b"/a/b"),
        (b"/a/b/", b"/a/b/"),
        (b"//a///b//", b"/a/b/"),
        (b"/a/./b/../c", b"/a/c"),
        (b"/../../a", b"/a"),
        (b"/a/..", b"/"),
    ],
)
def test_clean_path(path: bytes, cleaned: bytes) -> None:
    assert golang.clean_path(path) == cleaned


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/v1/a b", True),
        ("/é€".encode(), True),
        (b"/\xff", True),
        (b"/\x00", False),
        (b"/\t", False),
        (b"/\n", False),
        ("/\u00a0".encode(), False),
    ],
)
def test_is_printable(path: bytes, expected: bool) -> None:  # noqa: FBT001 - an expectation
    assert golang.is_printable(path) is expected


def test_values_that_are_no_text_become_text() -> None:
    assert golang.as_text("a\udcffb") == "a\ufffdb"
    assert golang.is_utf8("é")
    assert not golang.is_utf8("\udcff")
