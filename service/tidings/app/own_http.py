"""What a server says at its own HTTP address, asked with its settings on the machine it runs on."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing

from tidings.app.settings import Settings

_WITHIN_S = 3.0


class NotAdmitted(Exception):
    """The server demands a certificate of its clients, and its own is not one for a client."""


def ask_own_http(settings: Settings, path: str) -> tuple[int, bytes]:
    """Return the status and the body that the server answers to a GET.

    Whose certificate it has is for others to check. Where it demands one, it is shown its own.

    Raises:
        NotAdmitted: something with TLS is there, and ends the connection without an answer.
        OSError, HTTPException: there is no answer in time.
    """
    address = settings.http
    connection = (
        http.client.HTTPSConnection(
            address.host, address.port, timeout=_WITHIN_S, context=_context(settings)
        )
        if settings.http_tls_cert
        else http.client.HTTPConnection(address.host, address.port, timeout=_WITHIN_S)
    )
    with closing(connection):
        try:
            connection.request("GET", path, headers={"Host": "localhost"})
            answer = connection.getresponse()
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            if settings.http_tls_client_ca:
                raise NotAdmitted from None
            raise
        return answer.status, answer.read()


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if settings.http_tls_client_ca:
        context.load_cert_chain(settings.http_tls_cert, settings.http_tls_key)
    return context
