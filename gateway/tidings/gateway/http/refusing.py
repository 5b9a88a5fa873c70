"""Connections that are refused or broken off, so that their clients see why.

A refused client gets its answer and nothing more: what it still sends is read and dropped for a
moment, since closing a socket with unread data would discard the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tidings.gateway.http.direct_write import HaltingProtocol
from tidings.gateway.http.limits import LINGER_S, Limits, refusal


class RefusingProtocol(HaltingProtocol, HttpToolsProtocol):
    """One connection: its deadlines, its refusal, and how it ends. Only the event loop calls it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._in_head = False  # of which at least a byte has arrived
        self._has_request = False  # at least one head was complete
        self._refused_with: int | None = None
        self._request_id = ""
        self._timer: asyncio.TimerHandle | None = None
        self.url = b""

    def cut(self, *, at_once: bool) -> None:
        """End in the middle of an answer; what the client still sends is dropped for a moment.

        Closing a socket with unread data would discard what was written.
        """
        if at_once:
            super().cut(at_once=True)
        elif self._refused_with is None:
            self.halt()
            self._stop_taking(200)
            self._linger()

    def _is_on_socket_path(self) -> bool:
        return self._limits.takes_socket(self.url.partition(b"?")[0])

    def _arm(self, after_s: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._timer = self.loop.call_later(after_s, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self._refused_with is not None or not self._in_head:
            self.transport.close()
        else:
            self._refuse(408, "head_s")

    def _refuse(self, status: int, limit: str) -> None:
        """Answer with an error of the listener's own, then read no more.

        The client's request id in a refused head is not read.
        """
        if self._refused_with is not None:
            return
        self._request_id = token_hex(8)
        self._limits.count(limit, request_id=self._request_id)
        if self._has_request and not self.cycle.response_complete:
            self.halt()
            self.transport.close()  # no error can be sent in the middle of another answer
            return
        self._stop_taking(status)
        if self._is_on_socket_path():
            self._arm(self._limits.socket_pause_s, self._say_refused)
        else:
            self._say_refused()

    def _say_refused(self) -> None:
        self.transport.write(refusal(self._refused_with or 400, self._request_id))
        self._linger()

    def _stop_taking(self, status: int) -> None:
        """Drop what the client still sends."""
        self._refused_with = status
        self._unset_keepalive_if_required()
        self.flow.resume_reading()

    def _linger(self) -> None:
        """Shut down sending, and keep the connection for a moment."""
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self._arm(LINGER_S, self._too_late)
