"""The gRPC channel of commands, and of sources."""

# ruff: noqa: ANN401 - what grpc hands an interceptor has no type of its own

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from tidings.app.settings import BadSetting, Settings
from tidings.app.tls.certificates import BadCertificate
from tidings.app.tls.grpc_credentials import upstream_credentials
from tidings.app.tls.settings import check_tls
from tidings.app.token_file import secret_in
from tidings.core.limits import MAX_REQUEST_BYTES
from tidings.gateway.upstream.failures import reason_of
from tidings.v1.errors_pb2 import ERROR_REASON_GOING_DOWN

# What grpc says of a peer: grpcio 1.85, chttp2 and its handshaker.
_NOT_GRPC = "Expected SETTINGS frame"
_HTTP = "http1.x server"
_NO_TLS = ("Tls handshake failed", "Hostname Verification Check failed")


def client_channel(settings: Settings, secret: str = "") -> grpc.aio.Channel:
    """Return a channel to the service that the settings name; `async with` closes it.

    Every call carries a secret: this one, or what the token file holds, if one is given.

    Raises:
        BadTokenFile: there is no secret in it.
        BadCertificate: TLS cannot be had as set.
    """
    try:
        check_tls(settings, "upstream")
    except BadSetting as error:
        raise BadCertificate(str(error)) from None
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
        # With the default, up to 120 s, it would be noticed late that a service is back.
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]
    if not secret and settings.token_file:
        secret = secret_in(settings.token_file)
    interceptors = _interceptors(secret) if secret else None
    credentials = upstream_credentials(settings)
    if credentials is None:
        return grpc.aio.insecure_channel(settings.upstream, options, interceptors=interceptors)
    if settings.upstream_tls_name:
        options.append(("grpc.ssl_target_name_override", settings.upstream_tls_name))
    return grpc.aio.secure_channel(
        settings.upstream, credentials, options, interceptors=interceptors
    )


def explain(error: grpc.aio.AioRpcError, upstream: str) -> str:
    """Return one line that says what failed, for people."""
    detail = (error.details() or "no reason given").splitlines()[0]
    if reason_of(error) == ERROR_REASON_GOING_DOWN:
        return f"the service is going down; is it running again? tried {upstream}"
    if not is_unreached(error):
        return f"{detail} ({error.code().name})"
    if _NOT_GRPC in detail:
        what = ", which speaks HTTP" if _HTTP in detail else ""
        return (
            f"no gRPC is spoken there: tried {upstream}{what}; --upstream takes the"
            " other address that the server prints, grpc=HOST:PORT"
        )
    if any(words in detail for words in _NO_TLS):
        return f"no TLS as set (--upstream-tls-ca and others): tried {upstream} ({detail})"
    return f"the service does not answer; is it running? tried {upstream} ({_last(detail)})"


def is_unreached(error: grpc.aio.AioRpcError) -> bool:
    """Return whether nothing answered: then gRPC made the error, without metadata."""
    return error.code() is grpc.StatusCode.UNAVAILABLE and not error.trailing_metadata()


def _last(detail: str) -> str:
    """Return the system's message, without gRPC's layers around it."""
    return detail.rpartition(": ")[2].removesuffix("]")


class _Bearer:
    """Adds the credential to a call's metadata."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def _with_credential(self, details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        metadata.add("authorization", f"Bearer {self._secret}")
        return details._replace(metadata=metadata)  # type: ignore[attr-defined,no-any-return]  # a named tuple


Continuation = Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]]


class _UnaryUnary(_Bearer, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Continuation, details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(self._with_credential(details), request)


class _UnaryStream(_Bearer, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Continuation, details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(self._with_credential(details), request)


class _StreamStream(_Bearer, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Continuation, details: grpc.aio.ClientCallDetails, requests: Any
    ) -> Any:
        return await continuation(self._with_credential(details), requests)


def _interceptors(secret: str) -> list[Any]:
    # grpc takes an interceptor for the first shape of call that it knows, so each has its own
    return [_UnaryUnary(secret), _UnaryStream(secret), _StreamStream(secret)]
