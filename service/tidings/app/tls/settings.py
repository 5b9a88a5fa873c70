"""TLS from the settings: of both listeners, and of the connection to a service."""

from __future__ import annotations

from dataclasses import replace

from tidings.app.settings import BadSetting, Settings
from tidings.app.tls.certificates import BadCertificate, TlsFiles, read_pems

PUBLIC = "public"
"""In place of a file with CAs: those that gRPC trusts by default."""


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


def reads_files_again(settings: Settings) -> bool:
    """Return whether there are files to read again on SIGHUP."""
    listens = any(server_files(settings, side) for side in ("http", "grpc"))
    return bool(settings.access_policy or listens or upstream_files(settings))


def check_tls(settings: Settings, *sides: str) -> None:
    """Refuse files that cannot be used for TLS by one of "http", "grpc" or "upstream".

    Raises:
        BadSetting: which, and why.
    """
    for side in sides:
        try:
            _check_side(settings, side)
        except BadCertificate as error:
            raise BadSetting(str(error)) from None


def _check_side(settings: Settings, side: str) -> None:
    is_client = side == "upstream"
    if is_client and settings.upstream.startswith("unix:"):
        return
    own = _files(settings, side, "ca" if is_client else "client_ca")
    if bool(own.cert) != bool(own.key):
        raise BadSetting(f"{side}_tls_cert and {side}_tls_key go together: both or none")
    if is_client and own.cert and not own.ca:
        raise BadSetting("upstream_tls_cert needs upstream_tls_ca")
    if not is_client and own.ca and not own.cert:
        raise BadSetting(f"{side}_tls_client_ca needs {side}_tls_cert")
    files = upstream_files(settings) if is_client else server_files(settings, side)
    if files is not None:
        read_pems(files)


def _files(settings: Settings, side: str, ca: str) -> TlsFiles:
    cert, key, trusted = (getattr(settings, f"{side}_tls_{name}") for name in ("cert", "key", ca))
    return TlsFiles(cert, key, trusted)
