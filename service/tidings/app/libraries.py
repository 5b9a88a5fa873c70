"""Libraries whose insides are used: which releases the tests ran on, and what is said of others."""

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

    What is overridden in another release may be called no more, without any error: limits would
    be gone in silence.

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
