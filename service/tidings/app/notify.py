"""Tells systemd the state of a server: ready, stopping, or alive.

Source: sd_notify(3) and sd_watchdog_enabled(3): one datagram of assignments to the socket that
NOTIFY_SOCKET names. Written here, since it is these few lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"

VARIABLES = frozenset({"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
"""What systemd sets for the process that it started, and for none that this one starts."""


def notify(*states: str, environment: Mapping[str, str] = os.environ) -> None:
    """Tell the service manager, if there is one that expects it; its absence is not an error."""
    place = environment.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.settimeout(0.0)  # a manager that is stuck must not stop a server
        sock.sendto("\n".join(states).encode(), address)


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return within which time the manager expects a heartbeat; None = never."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdecimal() and int(text) else None


def feed_watchdog(is_alive: Callable[[], bool]) -> None:
    """Send heartbeats in time from now on, as long as the running loop runs and says so."""
    within_s = watchdog_s()
    if within_s is None:
        return
    loop = asyncio.get_running_loop()

    def feed() -> None:
        if is_alive():
            notify(WATCHDOG)
        loop.call_later(within_s / 3, feed)

    feed()
