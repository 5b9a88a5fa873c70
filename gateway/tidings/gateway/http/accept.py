"""What a client takes, and how gladly: `Accept` and `Accept-Encoding`."""

from __future__ import annotations

import re

_WEIGHT = re.compile(r"0(?:\.[0-9]*)?|1(?:\.0*)?")


def weights(text: str) -> list[tuple[str, float]]:
    """Return what is named, in lower case, each with its weight from 0 to 1.

    A weight that cannot be read is 1; 0 means: not at all. Source: RFC 9110 section 12.4.2.
    """
    return [_weighted(part) for part in text.lower().split(",")]


def takes(text: str, name: str) -> bool:
    """Say whether a client takes what has this name; a range that covers it is not enough."""
    return any(each == name and weight > 0 for each, weight in weights(text))


def _weighted(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    given = [_weight(value.strip()) for key, _, value in pairs if key.strip() == "q"]
    return name, min(given, default=1.0)


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 1.0
