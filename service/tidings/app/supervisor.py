"""`tidings serve`: the service and its gateways as processes that one supervisor keeps alive.

Processes, so that the cores of a machine work. They talk over a unix socket. The supervisor binds
the HTTP socket and never closes it while it lives, so that clients are never refused while a child
is restarted: their connections wait in the socket's backlog, and any gateway takes them from there.
It imports neither gRPC nor an HTTP server nor a store: it only waits, and its memory is a third of
theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path

from tidings.app.beside import keep_beside
from tidings.app.child_process import Child
from tidings.app.lifeline import FAILED_TO_START, STORE_AWAY
from tidings.app.notify import READY, STOPPING, feed_watchdog, notify, watchdog_s
from tidings.app.part_names import name_of_gateway
from tidings.app.settings import Settings
from tidings.app.source_children import SourceChildren
from tidings.core.backoff import Backoff
from tidings.core.setting_kinds import Address

DEATHS_ALLOWED = 5
"""This number of deaths of children within `DEATHS_WITHIN_S` ends the supervisor."""
DEATHS_WITHIN_S = 60.0
BACKOFF_S = (0.0, 0.1, 0.5, 1.0)
AWAY_FIRST_S, AWAY_LONGEST_S = 0.5, 5.0
"""Pauses of a child that served before and whose store does not answer: they are no deaths."""
SOCKET_NAME = "service.sock"
"""Of the service, in the data directory; in one of its own where that makes too long a path."""
_UNIX_PATH_MAX_BYTES = 100  # Linux allows 107 in sun_path


class ChildrenFailed(Exception):
    """A child cannot be kept running; its reason is on stderr."""


class Supervisor:
    """Keeps a service and gateways alive until it is told to stop. One `run` per object."""

    def __init__(self, settings: Settings, config_file: Path | None = None) -> None:
        self._settings = settings
        self._config_file = config_file
        self._sources: SourceChildren | None = None
        self._stopping = asyncio.Event()
        self._may_go_on = asyncio.Event()
        """Set when all children answer, or when it stops before."""
        self._deaths: deque[float] = deque()
        self._children: list[Child] = []
        self._said: dict[str, str] = {}
        self._failure: str | None = None

    def stop(self) -> None:
        """Begin to shut down: all children drain, then `run` returns."""
        if not self._stopping.is_set():
            notify(STOPPING)
        self._stopping.set()
        self._may_go_on.set()
        for child in self._children:
            child.signal(signal.SIGTERM)

    def reload(self) -> None:
        """Let all children read their files again, and use the sources of the file."""
        if self._sources is not None:
            self._sources.reload()
        for child in self._children:
            child.signal(signal.SIGHUP)

    async def run(self) -> None:
        """Serve until `stop`; print the one `ready` line when all children answer.

        Raises:
            ChildrenFailed: a child refused to start, or died too often.
            OSError: the HTTP address cannot be bound.
        """
        self._settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            upstream = _unix_path(self._settings.data, undo)
            sock = undo.enter_context(listen(self._settings.http))
            http = Address(self._settings.http.host, sock.getsockname()[1])
            # whose metrics a gateway shows with its own
            alone = replace(self._settings, metrics=None)
            own_secret = secrets.token_urlsafe()
            flags = [f"--unix={upstream}"]
            if self._config_file is not None:
                flags.append(f"--sources-of={self._config_file}")
            service = Child("service", alone, flags, own_secret=own_secret)
            before = replace(self._settings, http=http, upstream=f"unix:{upstream}")
            self._children = [service, *_gateways(before, sock.fileno())]
            if (within_s := watchdog_s()) is not None:
                for child in self._children:
                    child.beats_every_s = within_s / 4
            self._sources = SourceChildren(
                self._settings, self._config_file, f"unix:{upstream}", self._warn
            )
            async with asyncio.TaskGroup() as group:
                for child in self._children:
                    group.create_task(self._keep_alive(child))
                # these would only wait for the service: until then it gets all CPU time
                await self._may_go_on.wait()
                group.create_task(self._sources.run(self._stopping))
                if self._settings.index:
                    index = Child(
                        "index",
                        replace(self._settings, upstream=f"unix:{upstream}"),
                        (),
                        own_secret=own_secret,
                    )
                    group.create_task(self._keep_index(index))
                await self._stopping.wait()
                group.create_task(self._kill_after_grace())
        if self._failure is not None:
            raise ChildrenFailed(self._failure)

    async def _keep_index(self, child: Child) -> None:
        def tell(status: int) -> None:
            self._warn("the index's process ended", status=status)

        async with asyncio.TaskGroup() as group:
            kept = group.create_task(keep_beside(child, self._settings.grace, tell))
            await self._stopping.wait()
            kept.cancel()
            child.signal(signal.SIGTERM)

    def _is_alive(self) -> bool:
        within_s = watchdog_s() or 0.0
        return not any(child.is_silent(for_s=within_s) for child in self._children)

    async def _keep_alive(self, child: Child) -> None:
        while_away = Backoff(AWAY_FIRST_S, AWAY_LONGEST_S)
        while not self._stopping.is_set():
            line = await child.start()
            if line is not None:
                self._answered(child, line)
                while_away.reset()
            if self._stopping.is_set():
                child.signal(signal.SIGTERM)
            status = await child.wait()
            if self._stopping.is_set():
                return
            if status == FAILED_TO_START:
                self._fail(f"{child.name} could not {'start' if line is None else 'go on'}")
                return
            self._warn("child ended", child=child.name, status=status)
            if status == STORE_AWAY and child.name in self._said:
                await self._pause(while_away.next_s())
            else:
                await self._pause_after_death(child)

    def _answered(self, child: Child, line: str) -> None:
        announced = len(self._said) == len(self._children)
        self._said[child.name] = line
        if child.command == "service":  # port 0 chooses a port once: a restart keeps it
            child.settings = replace(child.settings, grpc=_address_of(line))
        if not announced and len(self._said) == len(self._children):
            said = [self._said[each.name] for each in self._children]
            service, gateway = said[:2]
            sys.stdout.write(f"ready {gateway} {service}\n")
            sys.stdout.flush()
            notify(READY, f"STATUS=serving {gateway} {service}")
            feed_watchdog(self._is_alive)
            self._may_go_on.set()
            if sys.stderr.isatty() and self._settings.log_format == "text":
                from tidings.app.welcome import how_to_type, welcome  # noqa: PLC0415 - for a terminal

                http, grpc = _address_of(gateway), _address_of(service)
                sys.stderr.write(welcome(self._settings, http, grpc, how_to_type()))

    def _warn(self, what: str, **values: object) -> None:
        # Rare, so the supervisor imports the libraries for it only now.
        import structlog  # noqa: PLC0415 - as above

        from tidings.app.logs import configure_logs  # noqa: PLC0415 - as above

        configure_logs(self._settings, loads_libraries=False)
        structlog.get_logger("tidings.supervisor").warning(what, **values)

    def _fail(self, why: str) -> None:
        self._failure = why
        self.stop()

    async def _pause_after_death(self, child: Child) -> None:
        now = asyncio.get_running_loop().time()
        self._deaths.append(now)
        while self._deaths[0] < now - DEATHS_WITHIN_S:
            self._deaths.popleft()
        if len(self._deaths) >= DEATHS_ALLOWED:
            self._fail(
                f"{DEATHS_ALLOWED} deaths within {DEATHS_WITHIN_S:g} s, the last of {child.name}"
            )
            return
        await self._pause(BACKOFF_S[len(self._deaths) - 1])

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._stopping.wait()

    async def _kill_after_grace(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        try:
            async with asyncio.timeout(
                self._settings.grace + 2.0
            ):  # their own grace period, and a little more
                for process in alive:
                    await process.wait()
        except TimeoutError:
            for child in self._children:
                child.signal(signal.SIGKILL)


def _gateways(settings: Settings, listen_fd: int) -> list[Child]:
    """Return the gateways, all of which accept from one socket."""
    count = settings.gateways
    return [
        Child(
            "gateway",
            settings,
            [f"--listen-fd={listen_fd}", f"--number={number}"],
            [listen_fd],
            name=name_of_gateway(number, count),
        )
        for number in range(1, count + 1)
    ]


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at the address, whose descriptor children may inherit.

    Raises:
        OSError: the address cannot be bound; its text names the address.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address.host, address.port))
        sock.listen(4096)  # clients wait here while a gateway is restarted
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {address}: {error.strerror}") from None
    sock.set_inheritable(True)
    return sock


def _unix_path(data: Path, undo: contextlib.ExitStack) -> Path:
    path = data.absolute() / SOCKET_NAME
    if len(os.fsencode(path)) <= _UNIX_PATH_MAX_BYTES:
        return path
    import shutil  # noqa: PLC0415 - costs memory, and is hardly ever needed
    import tempfile  # noqa: PLC0415 - as above

    place = Path(tempfile.mkdtemp(prefix="tidings-"))
    undo.callback(shutil.rmtree, place, ignore_errors=True)
    return place / SOCKET_NAME


def _address_of(line: str) -> Address:
    host, _, port = line.partition("=")[2].rpartition(":")
    return Address(host.strip("[]"), int(port))
