"""Headers to metadata and back, and Grpc-Timeout."""

from __future__ import annotations

import pytest

from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.transcode.metadata import (
    parse_timeout,
    request_metadata,
    requested_deadline,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1H", 3600.0),
        ("2M", 120.0),
        ("3S", 3.0),
        ("1500m", 1.5),
        ("250u", 0.00025),
        ("0n", 0.0),
        ("99999999S", 99_999_999.0),
        ("007S", 7.0),
    ],
)
def test_timeout_is_seconds(text: str, seconds: float) -> None:
    assert parse_timeout(text) == pytest.approx(seconds)
    assert requested_deadline([(b"Grpc-Timeout", text.encode())]) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "S", "1s", "1h", "-1S", "+1S", "1.5S", "1 S", " 1S", "100000000S", "1S1S"]
)  # fmt: skip
def test_malformed_timeout_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest, match="grpc-timeout"):
        parse_timeout(text)


def test_deadline_is_the_headers_or_none() -> None:
    assert requested_deadline([(b"accept", b"*/*")]) is None
    with pytest.raises(MalformedRequest, match="more than once"):
        requested_deadline([(b"grpc-timeout", b"1S"), (b"grpc-timeout", b"1S")])
    with pytest.raises(MalformedRequest):
        requested_deadline([(b"grpc-timeout", b"\xff")])


@pytest.mark.parametrize(
    ("name", "value", "entry"),
    [
        (b"Authorization", b"Bearer x", ("authorization", "Bearer x")),
        (b"tracestate", b"a=b", ("tracestate", "a=b")),
        (b"baggage", b"a=b", ("baggage", "a=b")),
        (b"user-agent", b"curl", ("http-user-agent", "curl")),
        (b"grpc-metadata-Foo", b" bar ", ("foo", "bar")),
        (b"Grpc-Metadata-foo.b_1", b"", ("foo.b_1", "")),
        (b"grpc-metadata-foo-bin", b"aGk=", ("foo-bin", b"hi")),
        (b"grpc-metadata-foo-bin", b"aGk", ("foo-bin", b"hi")),
        (b"x-also", b"1", ("x-also", "1")),
    ],
)
def test_listed_headers_go_upstream(
    name: bytes, value: bytes, entry: tuple[str, str | bytes]
) -> None:
    assert request_metadata([(name, value)], also=("x-also",)) == (entry,)


@pytest.mark.parametrize(
    "name",
    [
        *("cookie", "x-forwarded-for", "accept", "host", "connection", "te", "content-type"),
        *("content-length", "transfer-encoding", "grpc-timeout", "grpc-encoding", "grpc-status"),
        *("http-user-agent", "grpc-metadata-host", "grpc-metadata-te", "grpc-metadata-user-agent"),
        *("grpc-metadata-connection", "grpc-metadata-content-type", "grpc-metadata-grpc-timeout"),
        *("grpc-metadata-authorization", "grpc-metadata-http-user-agent", "grpc-metadata-upgrade"),
        *("x-request-id", "traceparent", "grpc-metadata-x-request-id"),
    ],
)
def test_other_headers_stay_here(name: str) -> None:
    assert request_metadata([(name.encode(), b"x")]) == ()


@pytest.mark.parametrize("name", [b"user-agent", b"tracestate"])
def test_odd_bytes_are_left_out_where_nothing_depends_on_them(name: bytes) -> None:
    assert request_metadata([(name, b"\xff"), (b"baggage", b"x")]) == (("baggage", "x"),)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"\xff")],
        [(b"authorization", b"a"), (b"Authorization", b"b")],
        [(b"grpc-metadata-", b"a")],
        [(b"grpc-metadata-a!", b"a")],
        [(b"grpc-metadata-:path", b"a")],
        [(b"grpc-metadata-a", b"\x01")],
        [(b"grpc-metadata-a-bin", b"!!")],
    ],
)
def test_metadata_that_cannot_be_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(MalformedRequest) as caught:
        request_metadata(headers)
    assert "\xff" not in str(caught.value)


def test_order_and_repetition_are_kept() -> None:
    headers = [(b"grpc-metadata-a", b"1"), (b"baggage", b"b"), (b"grpc-metadata-a", b"2")]
    assert request_metadata(headers) == (("a", "1"), ("baggage", "b"), ("a", "2"))
