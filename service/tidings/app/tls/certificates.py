"""Certificates and keys on disk, checked before they are used.

Errors name the file, and never repeat its content.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from tidings.app.terminal import CommandFailed


class BadCertificate(CommandFailed, OSError):
    """A file for TLS cannot be used: says which, and why."""


# OpenSSL's errors for a valid key that does not match, of the same and of another type.
_OTHER_KEY = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files of one end: its own certificate chain and key, and the CAs it trusts.

    "" = not given. A server with CAs requires certificates of its clients.
    """

    cert: str = ""
    key: str = ""
    ca: str = ""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are to be read."""
        return tuple(Path(file) for file in (self.cert, self.key, self.ca) if file)


@dataclass(frozen=True, slots=True)
class Pems:
    """The content of the files, checked; empty = not given."""

    cert: bytes
    key: bytes = field(repr=False)
    ca: bytes


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context for a server, TLS 1.2 or newer, from the current files.

    Raises:
        BadCertificate: they cannot be used together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _check(files, context)
    if files.ca:
        context.verify_mode = ssl.CERT_REQUIRED
        # no session resumption: the client's certificate is checked at each handshake
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


def read_pems(files: TlsFiles) -> Pems:
    """Return the content of the files.

    Raises:
        BadCertificate: they cannot be used together, or change while they are read.
    """
    found = _read(files)
    _check(files, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    if _read(files) != found:
        raise BadCertificate(f"{files.cert or files.ca}: changes while it is read")
    return found


class RenewedContext:
    """TLS of an HTTP server: each handshake uses the newest context."""

    def __init__(self, first: ssl.SSLContext) -> None:
        self.context = first
        self._newest = first
        first.sni_callback = self._choose

    def use(self, newest: ssl.SSLContext) -> None:
        """Use this context for handshakes from now on."""
        self._newest = newest

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _first: object) -> None:
        connection.context = self._newest


def _read(files: TlsFiles) -> Pems:
    return Pems(*(_content(file) for file in (files.cert, files.key, files.ca)))


def _content(file: str) -> bytes:
    if not file:
        return b""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise BadCertificate(f"{file}: {error.strerror}") from None


def _check(files: TlsFiles, context: ssl.SSLContext) -> None:
    """Load the files into a context, or name the one that is wrong."""
    _read(files)  # an error of OpenSSL would not name the file
    for file in (files.cert, files.ca):
        if file:
            _check_certificates(file)
    if files.ca:
        context.load_verify_locations(files.ca)
    if not files.cert:
        return

    def refuse_to_ask() -> NoReturn:
        raise BadCertificate(f"{files.key}: the key is encrypted")

    try:
        context.load_cert_chain(files.cert, files.key, refuse_to_ask)
    except ssl.SSLError as error:
        raise BadCertificate(_explain_pair(files, error.reason)) from None


def _explain_pair(files: TlsFiles, reason: str | None) -> str:
    if not reason:
        return f"{files.key}: holds no private key in PEM"
    if reason in _OTHER_KEY:
        return f"{files.key}: not the key of {files.cert}"
    return f"{files.cert}: {reason.lower().replace('_', ' ')}"


def _check_certificates(file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise BadCertificate(f"{file}: holds no whole certificate in PEM") from None
