"""Percent-decoding: the table of the two modes, and what holds for any text."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.gateway.transcode.errors import BadText
from tidings.gateway.transcode.percent import decode_query, decode_segment, decode_segments

RESERVED = "!#$&'()*+,/:;=?@[]"


@pytest.mark.parametrize(
    ("raw", "one", "several"),
    [
        ("a", "a", "a"),
        ("a%2Fb", "a/b", "a%2Fb"),
        ("a%2fb", "a/b", "a%2fb"),
        ("a%20b", "a b", "a b"),
        ("%21", "!", "%21"),
        ("a+b", "a+b", "a+b"),
        ("a%2Bb", "a+b", "a%2Bb"),
        ("%25", "%", "%"),
        ("%252F", "%2F", "%2F"),
        ("%C3%A9", "é", "é"),
        ("\xc3\xa9", "é", "é"),  # sent without encoding: bytes on the wire
        ("%00", "\0", "\0"),
        ("", "", ""),
    ],
)
def test_variables_are_decoded(raw: str, one: str, several: str) -> None:
    assert decode_segment(raw) == one
    assert decode_segments(raw) == several


@pytest.mark.parametrize("raw", ["%", "%2", "%zz", "a%", "%%20", "%2g"])
def test_malformed_escape_is_refused(raw: str) -> None:
    for decode in (decode_segment, decode_segments):
        with pytest.raises(BadText, match="malformed"):
            decode(raw)
    with pytest.raises(BadText, match="malformed"):
        decode_query(raw.encode())


@pytest.mark.parametrize("raw", ["%ff", "%C3", "\xff", "%ED%A0%80"])
def test_bytes_that_are_not_utf_8_are_refused(raw: str) -> None:
    for decode in (decode_segment, decode_segments):
        with pytest.raises(BadText, match="UTF-8"):
            decode(raw)
    with pytest.raises(BadText, match="UTF-8"):
        decode_query(raw.encode("latin-1"))


def test_plus_is_a_space_in_a_query() -> None:
    assert decode_query(b"a+b%2Bc") == "a b+c"


@given(st.text())
def test_decoding_undoes_encoding(text: str) -> None:
    assert decode_segment(quote(text, safe="")) == text
    assert decode_query(quote(text, safe="").encode()) == text


@given(st.text())
def test_several_segments_keep_just_the_reserved_escapes(text: str) -> None:
    kept = "".join(quote(char, safe="") if char in RESERVED else char for char in text)
    assert decode_segments(quote(text, safe="")) == kept
