"""JWK Sets of issuers, fetched from URLs (single-flight); the last good one of each is cached."""

from __future__ import annotations

import asyncio
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import structlog

from tidings.access.jwks import MAX_JWKS_BYTES, NO_KEYS, KeySet, parse_jwks
from tidings.core.clock import Clock
from tidings.core.errors import BadRequest

REFRESH_S = 300.0
"""The age at which keys are fetched again: a revoked key may be accepted for that long."""

UNKNOWN_S = 10.0
"""The minimum age for fetching again because of a JWT with an unknown key."""

FETCH_S = 5.0
"""How long one fetch may take."""

_PIECE_BYTES = 64 * 1024

Fetch = Callable[[str], bytes]

_log = structlog.get_logger("tidings.access")


@dataclass(slots=True)
class _Remote:
    keys: KeySet = field(default_factory=lambda: NO_KEYS)
    tried_at_s: float | None = None
    fetching: asyncio.Future[KeySet | None] | None = None

    def finish(self, fetched: asyncio.Future[KeySet | None]) -> None:
        self.fetching = None
        self.keys = (None if fetched.cancelled() else fetched.result()) or self.keys


class RemoteKeys:
    """Fetches keys in threads, one fetch of a URL at a time. Belongs to one event loop."""

    def __init__(self, clock: Clock, fetch: Fetch | None = None) -> None:
        self._clock = clock
        self._fetch = fetch or fetch_jwks
        self._remotes: dict[str, _Remote] = {}

    def keep_only(self, urls: Iterable[str]) -> None:
        """Drop the keys of all other URLs."""
        kept = set(urls)
        self._remotes = {url: known for url, known in self._remotes.items() if url in kept}

    async def keys_of(self, url: str, *, older_than_s: float = REFRESH_S) -> KeySet:
        """Return the last good keys of a URL, fetched again if they are older.

        A failed fetch is repeated no sooner than a successful one. Takes `FETCH_S` at most.
        """
        remote = self._remotes.setdefault(url, _Remote())
        now_s = self._clock.monotonic_s()
        is_old = remote.tried_at_s is None or now_s - remote.tried_at_s >= older_than_s
        if remote.fetching is None and is_old:
            remote.tried_at_s = now_s
            loop = asyncio.get_running_loop()
            remote.fetching = loop.run_in_executor(None, self._try_to_fetch, url)
            remote.fetching.add_done_callback(remote.finish)
        if remote.fetching is not None:
            await asyncio.wait([remote.fetching])  # which a cancelled caller does not cancel
        return remote.keys

    def _try_to_fetch(self, url: str) -> KeySet | None:
        try:
            return parse_jwks(self._fetch(url))
        except (OSError, ValueError, HTTPException, BadRequest) as error:
            place = url.partition("?")[0]  # what follows may be a secret
            _log.error("keys of JWTs not fetched", url=place, error=_why(error))
            return None


def fetch_jwks(url: str) -> bytes:
    """Fetch a key set; blocks, for about `FETCH_S` at most. Redirects are refused.

    Raises:
        OSError, ValueError, HTTPException: it cannot be fetched.
    """
    ends_at_s = time.monotonic() + FETCH_S
    found = b""
    is_local = url.startswith("http:")  # and must not be sent to another machine
    opener = urllib.request.build_opener(
        _NoRedirects,
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.ProxyHandler({} if is_local else None),
    )
    with opener.open(url, timeout=FETCH_S) as answer:
        while piece := answer.read1(min(_PIECE_BYTES, MAX_JWKS_BYTES + 1 - len(found))):
            found += piece
            if time.monotonic() > ends_at_s:
                raise TimeoutError("it takes too long")
    return found


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - whatever urllib hands in
        """Follow none: the file of policies names the trusted URLs."""


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__
