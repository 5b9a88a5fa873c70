"""Libraries whose internals are used: which releases were tested, and the error for others."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from tidings.app.terminal import CommandFailed

TESTED: Final = {
    "uvicorn": "0.54",
    "httptools": "0.9",
    "websockets": "17.4",
    "nats-py": "2.16",
}
"""The series of releases that fit; pyproject.toml asks for the same."""

HTTP: Final = ("uvicorn", "httptools", "websockets")
NATS: Final = ("nats-py", "nkeys")


class UnfitLibrary(CommandFailed):
    """A library is missing, or of another series than the tests ran on: says what to do."""


def require(names: tuple[str, ...], what: str, extra: str = "") -> None:
    """Let `what` go on only with libraries that fit; `extra` is the one of ours that brings them.

    In another release, overridden methods might not be called any more, without any error: limits
    would silently be lost.

    Raises:
        UnfitLibrary: one does not fit.
    """
    remedy = f"pip install 'tidings{f'[{extra}]' if extra else ''}'"
    for name in names:
        try:
            found = version(name)
        except PackageNotFoundError:
            raise UnfitLibrary(f"{what} needs {name}, which is not installed: {remedy}") from None
        series = TESTED.get(name)
        if series is not None and not f"{found}.".startswith(f"{series}."):
            raise UnfitLibrary(f"{what} needs {name} {series}, and {found} is installed: {remedy}")
