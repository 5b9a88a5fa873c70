"""How sources speak HTTP: what they ask with, and what a failure is called.

Only the configured address is asked: a redirect to another host is a failure, and no credential
follows it. Files with credentials and certificates are read anew for each connection.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import httpx2

from tidings.sources.failure import BadAnswer, UpstreamFailed
from tidings.sources.target import Target

CONNECT_S = 10.0
ANSWER_S = 60.0

_REFUSED = frozenset({401, 403})
_BUSY = frozenset({429, 503})

LONGEST_PAUSE_S = 600.0
"""What a Retry-After may ask for."""


@asynccontextmanager
async def client_of(
    target: Target, headers: Mapping[str, str], silence_s: float = ANSWER_S
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client for an address; `silence_s` is how long it may send nothing.

    Raises:
        UpstreamFailed: instead of every error of the client's.
    """
    timeout = httpx2.Timeout(silence_s, connect=CONNECT_S)
    # a context takes longer to make than a connection
    verify = target.url.startswith("https:") and tls_of(target)
    async with (
        failures(),
        httpx2.AsyncClient(
            base_url=target.url,
            headers=headers,
            verify=verify,
            trust_env=False,
            timeout=timeout,
        ) as client,
    ):
        yield client


def check_answer(answer: httpx2.Response) -> None:
    """Refuse an answer that is not 200.

    Raises:
        UpstreamFailed: says the status.
        BadAnswer: it is about what was asked for, as far as the status tells.
    """
    status = answer.status_code
    if status == 200:
        return
    if 300 <= status < 400:
        raise UpstreamFailed(f"answered {status}, a redirect, which is not followed")
    if status in _REFUSED or status in _BUSY:
        raise UpstreamFailed(
            f"answered {status}",
            is_lasting=status in _REFUSED,
            pause_s=_pause_s(answer.headers.get("retry-after", "")),
        )
    raise BadAnswer(f"answered {status}")


def _pause_s(retry_after: str) -> float:
    """Return the seconds of a Retry-After; a date in it is passed over."""
    if not (retry_after.isascii() and retry_after.isdigit()):
        return 0.0
    return min(float(retry_after), LONGEST_PAUSE_S)


def tls_of(target: Target) -> ssl.SSLContext:
    """Return how the target is spoken to over TLS; its files are read anew.

    Raises:
        UpstreamFailed: one of them cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=target.ca or None)
        if target.cert:
            context.load_cert_chain(target.cert, target.key or None)
    except OSError:  # ssl's own error is one
        raise UpstreamFailed("a certificate file cannot be used", is_lasting=True) from None
    return context


@asynccontextmanager
async def failures() -> AsyncIterator[None]:
    """Raise UpstreamFailed instead of every error of the client's."""
    try:
        yield
    except httpx2.ConnectTimeout:
        raise UpstreamFailed("does not answer") from None
    except httpx2.TimeoutException:
        raise UpstreamFailed("fell silent") from None
    except httpx2.ConnectError as error:
        raise UpstreamFailed(_why_not_reached(error)) from None
    except httpx2.RemoteProtocolError:
        raise UpstreamFailed("ended the connection in the middle") from None
    except httpx2.HTTPError:
        raise UpstreamFailed("the connection broke") from None


def _why_not_reached(error: BaseException) -> str:
    """Return what the operating system or TLS says of it, as far as anything does."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {cause.verify_message}"
            case ssl.SSLError():
                return "no TLS with it as set"
            case socket.gaierror():
                return f"is not reached: {cause.strerror}"
            case OSError(errno=int(number)):
                return f"is not reached: {os.strerror(number)}"
    return "is not reached"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
