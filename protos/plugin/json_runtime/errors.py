"""What is wrong with a JSON text, and where."""

from __future__ import annotations

import re

_TRUNCATED = "Input data was truncated"  # source: msgspec 0.20, _core.c
_PLACE = re.compile(r"(?P<reason>.*) - at `(?:key in )?\$\.?(?P<path>.*)`", re.DOTALL)


class JsonError(ValueError):
    """A text is not JSON, or not of the expected shape.

    `path` leads to the place ("Node.Events[0].Message") and may be empty; `reason` says why.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason

    def inside(self, name: str) -> JsonError:
        """Return the same error, seen from the object around it."""
        if not self.path:
            return JsonError(name, self.reason)
        dot = "" if self.path.startswith(("[", ".")) else "."
        return JsonError(f"{name}{dot}{self.path}", self.reason)


NOT_WHOLE = "not JSON: it ends too early"
TOO_DEEP = "nested too deeply"


def explained(error: Exception) -> JsonError:
    """Return what a parser's own error means."""
    if isinstance(error, RecursionError):
        return JsonError("", TOO_DEEP)
    if isinstance(error, UnicodeDecodeError):
        return JsonError("", "not UTF-8")
    if str(error) == _TRUNCATED:
        return JsonError("", NOT_WHOLE)
    if place := _PLACE.fullmatch(str(error)):
        return JsonError("", place["reason"])  # the path of an untyped value is dots: "[...][...]"
    return JsonError("", str(error))
