"""`tidings health`: whether the server with these settings is ready, for checks of containers.

It is run every few seconds, so gRPC is imported only where HTTP does not tell.
"""

from __future__ import annotations

import argparse
import http.client
from http import HTTPStatus
from typing import TYPE_CHECKING

from tidings.app.own_http import NotAdmitted, ask_own_http
from tidings.app.settings import Settings
from tidings.app.terminal import CommandFailed, say, told, visible_lines
from tidings.app.tls.settings import check_tls

if TYPE_CHECKING:
    from tidings.gateway.readiness import Finding


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the checks of readiness; status 1 when one fails, or the server does not answer.

    Raises:
        BadSetting: TLS cannot be had as set.
        CommandFailed: the server does not answer.
    """
    del arguments
    check_tls(settings, "http")
    try:
        status, body = ask_own_http(settings, "/readyz?verbose")
    except NotAdmitted:  # a gateway that shakes hands: what is left to ask is the service
        return _ask_service(settings)
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"{settings.http} does not answer: {told(error)}") from None
    _print(body)
    return int(status != HTTPStatus.OK)


def _ask_service(settings: Settings) -> int:
    import asyncio  # noqa: PLC0415 - see above

    from tidings.app.supervisor import SOCKET_NAME  # noqa: PLC0415 - as above
    from tidings.gateway.readiness import are_ready, listed, look  # noqa: PLC0415 - as above
    from tidings.gateway.upstream.client import Upstream  # noqa: PLC0415 - as above

    async def ask() -> list[Finding]:
        async with Upstream(f"unix:{settings.data.absolute() / SOCKET_NAME}") as upstream:
            return await look(upstream, is_draining=False)

    findings = asyncio.run(ask())
    _print(listed(findings))
    return int(not are_ready(findings))


def _print(body: bytes) -> None:
    say(visible_lines(body.decode("utf-8", "replace")).removesuffix("\n"))
