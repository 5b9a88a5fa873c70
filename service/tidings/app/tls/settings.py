"""TLS as the settings ask for it: of both listeners, and of the connection to a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import grpc

from tidings.app.file_follower import FileFollower
from tidings.app.settings import Settings
from tidings.app.tls.certificates import (
    BadCertificate,
    TlsFiles,
    client_credentials,
    read_pems,
)

T = TypeVar("T")

PUBLIC = "public"
"""In the place of a file with CAs: those that gRPC trusts by itself."""


def server_files(settings: Settings, side: str) -> TlsFiles | None:
    """Return the files of a listener, "http" or "grpc"; None = no TLS."""
    files = _files(settings, side, "client_ca")
    return files if files.cert else None


def upstream_files(settings: Settings) -> TlsFiles | None:
    """Return the files of a client of a service; None = no TLS, as always on a unix socket."""
    files = _files(settings, "upstream", "ca")
    if not files.ca or settings.upstream.startswith("unix:"):
        return None
    return replace(files, ca="") if files.ca == PUBLIC else files


def follow(
    what: str, files: TlsFiles | None, read: Callable[[TlsFiles], T]
) -> FileFollower[T] | None:
    """Return who reads these files again; None = there are none."""
    return None if files is None else FileFollower(what, files.paths, partial(read, files))


def upstream_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """Return what a client of a service makes its channel with; None = no TLS.

    Raises:
        BadCertificate: the files cannot be used.
    """
    files = upstream_files(settings)
    return None if files is None else client_credentials(files)


def reads_files_again(settings: Settings) -> bool:
    """Say whether there is something to read again on SIGHUP."""
    listens = any(server_files(settings, side) for side in ("http", "grpc"))
    return bool(settings.access_policy or listens or upstream_files(settings))


def refuse_tls(settings: Settings, *sides: str) -> str | None:
    """Return why these sides, "http", "grpc" or "upstream", cannot have TLS as set, or None."""
    return next(filter(None, (_refuse_side(settings, side) for side in sides)), None)


def _refuse_side(settings: Settings, side: str) -> str | None:
    is_client = side == "upstream"
    if is_client and settings.upstream.startswith("unix:"):
        return None
    own = _files(settings, side, "ca" if is_client else "client_ca")
    if bool(own.cert) != bool(own.key):
        return f"{side}_tls_cert and {side}_tls_key go together: both or none"
    if is_client and own.cert and not own.ca:
        return "upstream_tls_cert needs upstream_tls_ca"
    if not is_client and own.ca and not own.cert:
        return f"{side}_tls_client_ca needs {side}_tls_cert"
    files = upstream_files(settings) if is_client else server_files(settings, side)
    try:
        if files is not None:
            read_pems(files)
    except BadCertificate as error:
        return str(error)
    return None


def _files(settings: Settings, side: str, ca: str) -> TlsFiles:
    cert, key, trusted = (getattr(settings, f"{side}_tls_{name}") for name in ("cert", "key", ca))
    return TlsFiles(cert, key, trusted)
