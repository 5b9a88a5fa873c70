"""The file that holds the secret with which commands and sources call a service."""

from __future__ import annotations

from pathlib import Path

from tidings.app.terminal import CommandFailed


class BadTokenFile(CommandFailed):
    """The file with the caller's secret cannot be read, or is empty."""


def secret_in(token_file: str) -> str:
    """Return the secret that a file holds.

    Raises:
        BadTokenFile: it holds none.
    """
    try:
        secret = Path(token_file).read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        raise BadTokenFile(f"{token_file}: not a secret in ASCII") from None
    except OSError as error:
        raise BadTokenFile(f"{token_file}: {error.strerror}") from None
    if not secret:
        raise BadTokenFile(f"{token_file}: is empty")
    return secret
