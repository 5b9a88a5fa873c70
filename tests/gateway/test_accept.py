"""What a client takes: names, weights, and what makes no sense."""

from __future__ import annotations

import pytest

from tidings.gateway.http.accept import takes, weights

NONSENSE = ("gzip", "br", "zstd", "a", "b", "c")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [("", 1.0)]),
        ("GZIP", [("gzip", 1.0)]),
        ("gzip;q=0.5, br ; Q = 0", [("gzip", 0.5), ("br", 0.0)]),
        ("text/html;charset=utf-8;q=0.25", [("text/html", 0.25)]),
        ("gzip;q=1.000", [("gzip", 1.0)]),
        ("gzip;q=x, br;q=, zstd;q=-1, a;q=nan, b;q=2, c;q=0_0", [(name, 1.0) for name in NONSENSE]),
        ("gzip;q=1;q=0", [("gzip", 0.0)]),
    ],
)
def test_weights(text: str, found: list[tuple[str, float]]) -> None:
    assert weights(text) == found


def test_a_weight_of_0_takes_nothing() -> None:
    assert takes("br, gzip;q=0.1", "gzip")
    assert not takes("br, gzip;q=0.000", "gzip")
    assert not takes("*", "gzip")
