"""Preferences of a client (RFC 7240): `errors-as-200`, errors that a browser does not log.

Browsers log every answer from 400 on as an error of the page, however the page handles it. A page
that prefers it gets such an answer as 200, with its status in the header Tidings-Status and the
same body.
"""

from __future__ import annotations

from collections.abc import Iterable

from tidings.gateway.http.request import Event, Send

ERRORS_AS_200 = "errors-as-200"
STATUS = "tidings-status"

_PREFER = b"prefer"
_CACHING = b"cache-control"
_FIRST_ERROR = 400


def honouring(headers: Iterable[tuple[bytes, bytes]], send: Send) -> Send:
    """Return what sends the answer to a request with these headers as it prefers that."""
    return _as_200(send) if ERRORS_AS_200 in _preferred(headers) else send


def _preferred(headers: Iterable[tuple[bytes, bytes]]) -> set[str]:
    values = [value.decode("latin-1") for name, value in headers if name == _PREFER]
    return {
        preference.partition(";")[0].strip().lower()
        for value in values
        for preference in value.split(",")
    }


def _as_200(send: Send) -> Send:
    async def send_as_200(event: Event) -> None:
        if event["type"] == "http.response.start" and event["status"] >= _FIRST_ERROR:
            headers = (
                *(header for header in event["headers"] if header[0] != _CACHING),
                (_CACHING, b"no-store"),  # caches must not give it to others
                (b"preference-applied", ERRORS_AS_200.encode()),
                (STATUS.encode(), b"%d" % event["status"]),
            )
            event = {**event, "status": 200, "headers": headers}
        await send(event)

    return send_as_200
