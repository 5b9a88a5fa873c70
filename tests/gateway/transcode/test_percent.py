"""Percent-decoding: the table, and what holds for any text."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import BadText
from tidings.gateway.transcode.percent import decode_path, decode_query


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a", "a"),
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("a%20b", "a b"),
        ("%21", "!"),
        ("a%3Fb%23c", "a?b#c"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("%25", "%"),
        ("%252F", "%2F"),
        ("%C3%A9", "é"),
        ("\xc3\xa9", "é"),  # sent without encoding: bytes on the wire
        ("%00", "\0"),
        ("", ""),
    ],
)
def test_variables_are_decoded(raw: str, text: str) -> None:
    assert decode_path(raw) == text


@pytest.mark.parametrize("raw", ["%", "%2", "%zz", "a%", "%%20", "%2g"])
def test_malformed_escape_is_refused(raw: str) -> None:
    with pytest.raises(BadText, match="malformed"):
        decode_path(raw)
    with pytest.raises(BadText, match="malformed"):
        decode_query(raw.encode())


@pytest.mark.parametrize("raw", ["%ff", "%C3", "\xff", "%ED%A0%80"])
def test_bytes_that_are_not_utf_8_are_refused(raw: str) -> None:
    with pytest.raises(BadText, match="UTF-8"):
        decode_path(raw)
    with pytest.raises(BadText, match="UTF-8"):
        decode_query(raw.encode("latin-1"))


def test_plus_is_a_space_in_a_query() -> None:
    assert decode_query(b"a+b%2Bc") == "a b+c"


@given(st.text())
def test_decoding_undoes_encoding(text: str) -> None:
    assert decode_path(quote(text, safe="")) == text
    assert decode_query(quote(text, safe="").encode()) == text
