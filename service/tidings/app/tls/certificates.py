"""Certificates and keys on disk, checked before they are used.

What is wrong with them is told by the name of the file, never by what is in it.
"""

from __future__ import annotations

import ssl
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import grpc

from tidings.app.terminal import CommandFailed


class BadCertificate(CommandFailed, OSError):
    """A file for TLS cannot be used: says which, and why."""


# What OpenSSL says of a key that is whole but another one's, of the same and of another kind.
_OTHER_KEY = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files of one end: its own certificate chain and key, and the CAs it trusts.

    "" = not given. A server that is given CAs demands certificates of its clients.
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
    """What stands in the files, checked; empty = not given."""

    cert: bytes
    key: bytes = field(repr=False)
    ca: bytes


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context for a server, TLS 1.2 or newer, as the files say at this moment.

    Raises:
        BadCertificate: they cannot be used together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _check(files, context)
    if files.ca:
        context.verify_mode = ssl.CERT_REQUIRED
        # who may come in is looked up anew at each handshake, also of one who was here before
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    return context


def read_pems(files: TlsFiles) -> Pems:
    """Return what stands in the files.

    Raises:
        BadCertificate: it cannot be used together, or changes while it is read.
    """
    found = _read(files)
    _check(files, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    if _read(files) != found:
        raise BadCertificate(f"{files.cert or files.ca}: changes while it is read")
    return found


def client_credentials(files: TlsFiles) -> grpc.ChannelCredentials:
    """Return what a gRPC client makes a channel with.

    Raises:
        BadCertificate: the files cannot be used together.
    """
    pems = read_pems(files)
    return grpc.ssl_channel_credentials(pems.ca or None, pems.key or None, pems.cert or None)


class RenewedContext:
    """TLS of an HTTP server: each handshake has the newest context, whatever came before it."""

    def __init__(self, first: ssl.SSLContext) -> None:
        self.context = first
        self._newest = first
        first.sni_callback = self._choose

    def use(self, newest: ssl.SSLContext) -> None:
        """Let handshakes from now on have this one."""
        self._newest = newest

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _first: object) -> None:
        connection.context = self._newest


class RenewedCredentials:
    """TLS of a gRPC server: each handshake has the newest files."""

    def __init__(self, first: Pems) -> None:
        self._newer: deque[grpc.ServerCertificateConfiguration] = deque(maxlen=1)
        self.credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(first),
            self._take,  # type: ignore[arg-type]  # the stubs do not know of None
            require_client_authentication=bool(first.ca),
        )

    def use(self, newest: Pems) -> None:
        """Let handshakes from now on have these."""
        self._newer.append(_configuration(newest))

    def _take(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what is new since the last handshake; called by gRPC's own threads."""
        try:
            return self._newer.pop()
        except IndexError:
            return None


def _configuration(pems: Pems) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pems.key, pems.cert)], pems.ca or None)


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
    """Load the files into a context, or say which of them is wrong."""
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
