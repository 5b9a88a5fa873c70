"""Where a system is, and with what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidings.sources.failure import UpstreamFailed


@dataclass(frozen=True, slots=True)
class Target:
    """A system's address, and files with what it is asked with. Paths may be empty."""

    url: str
    token_file: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def address(self) -> str:
        """Host and port, which may be shown."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def token(self) -> str:
        """Return the secret that the token file holds; "" without one.

        Raises:
            UpstreamFailed: it cannot be read, or is empty.
        """
        if not self.token_file:
            return ""
        try:
            secret = Path(self.token_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise UpstreamFailed("the token file cannot be read", is_lasting=True) from None
        if not secret:
            raise UpstreamFailed("the token file is empty", is_lasting=True)
        return secret


def check_target(
    url: str, schemes: Sequence[str] = ("http", "https"), *, may_have_query: bool = False
) -> str:
    """Return why a URL cannot be that of a system; "" = it can."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return "has no port that is a number"
    if parts.scheme not in schemes or not parts.hostname or not port_is_fine:
        return "expected " + " or ".join(f"{scheme}://HOST[:PORT]" for scheme in schemes)
    if parts.scheme == "grpc" and parts.port is None:
        return "expected a port, grpc://HOST:PORT[/SERVICE]"
    if parts.username or parts.password:
        return "holds a user and password, which others would see; use token_file"
    if parts.fragment or (parts.query and not may_have_query):
        return "expected an address without ? and #"
    return ""
