"""gRPC credentials from certificates and keys."""

from __future__ import annotations

from collections import deque

import grpc

from tidings.app.settings import Settings
from tidings.app.tls.certificates import Pems, TlsFiles, read_pems
from tidings.app.tls.settings import upstream_files


def client_credentials(files: TlsFiles) -> grpc.ChannelCredentials:
    """Return the channel credentials of a gRPC client.

    Raises:
        BadCertificate: the files cannot be used together.
    """
    pems = read_pems(files)
    return grpc.ssl_channel_credentials(pems.ca or None, pems.key or None, pems.cert or None)


def upstream_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """Return the channel credentials of a client of a service; None = no TLS.

    Raises:
        BadCertificate: the files cannot be used.
    """
    files = upstream_files(settings)
    return None if files is None else client_credentials(files)


class RenewedCredentials:
    """TLS of a gRPC server: each handshake uses the newest files."""

    def __init__(self, first: Pems) -> None:
        self._newer: deque[grpc.ServerCertificateConfiguration] = deque(maxlen=1)
        self.credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(first),
            self._take,  # type: ignore[arg-type]  # the stubs do not know of None
            require_client_authentication=bool(first.ca),
        )

    def use(self, newest: Pems) -> None:
        """Use these for handshakes from now on."""
        self._newer.append(_configuration(newest))

    def _take(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the files that are new since the last handshake; called by gRPC's own threads."""
        try:
            return self._newer.pop()
        except IndexError:
            return None


def _configuration(pems: Pems) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pems.key, pems.cert)], pems.ca or None)
