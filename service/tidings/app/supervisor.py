"""`tidings serve`: the service and the gateway as two processes that one supervisor keeps alive.

Two processes, so that both cores of a small machine work. They talk over a unix socket. The
supervisor binds the HTTP socket and never closes it while it lives, so that clients are never
refused while a child is restarted: their connections wait in the socket's backlog.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from tidings.app.kinds import Address
from tidings.app.lifeline import FAILED_TO_START, hear_ready
from tidings.app.settings import Settings, to_flags
from tidings.app.welcome import how_to_type, welcome

_log = structlog.get_logger("tidings.supervisor")

DEATHS_ALLOWED = 5
"""So many deaths of children within `DEATHS_WITHIN_S` end the supervisor."""
DEATHS_WITHIN_S = 60.0
BACKOFF_S = (0.0, 0.1, 0.5, 1.0)
_UNIX_PATH_MAX_BYTES = 100  # Linux allows 107 in sun_path


class ChildrenFailed(Exception):
    """A child cannot be kept alive; it has said why on stderr."""


@dataclass(slots=True)
class Child:
    """One supervised process: its command line without pipes, and the sockets that it inherits."""

    name: str
    settings: Settings
    extra_flags: Sequence[str]
    inherited_fds: Sequence[int] = ()
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _lifeline: int = field(default=-1, init=False)

    async def start(self) -> str | None:
        """Start the process; return the line it says when it answers, None if it ended.

        Cancelling leaves the process running; `stop` ends it.
        """
        lifeline_read, self._lifeline = os.pipe()
        ready_read, ready_write = os.pipe()
        command = [sys.executable, "-m", "tidings.app", self.name, *to_flags(self.settings)]
        command += [
            *self.extra_flags,
            f"--lifeline-fd={lifeline_read}",
            f"--ready-fd={ready_write}",
        ]
        try:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=(lifeline_read, ready_write, *self.inherited_fds),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                env={k: v for k, v in os.environ.items() if not k.startswith("TIDINGS_")},
            )
        finally:
            os.close(lifeline_read)
            os.close(ready_write)
        return await hear_ready(ready_read)

    async def wait(self) -> int:
        """Return the exit status once the process has ended, and release its lifeline."""
        assert self.process is not None
        status = await self.process.wait()
        os.close(self._lifeline)
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still lives."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class Supervisor:
    """Keeps a service and a gateway alive until it is told to stop. One `run` per object."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._deaths: deque[float] = deque()
        self._children: list[Child] = []
        self._said: dict[str, str] = {}
        self._failure: str | None = None

    def stop(self) -> None:
        """Begin to go down: both children drain, then `run` returns."""
        self._stopping.set()
        for child in self._children:
            child.signal(signal.SIGTERM)

    def reload(self) -> None:
        """Let both children read their files again."""
        for child in self._children:
            child.signal(signal.SIGHUP)

    async def run(self) -> None:
        """Serve until `stop`; print the one `ready` line when both children answer.

        Raises:
            ChildrenFailed: a child refused to start, or died too often.
            OSError: the HTTP address cannot be bound.
        """
        self._settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            upstream = _unix_path(self._settings.data, undo)
            sock = undo.enter_context(listen(self._settings.http))
            http = Address(self._settings.http.host, sock.getsockname()[1])
            service = Child("service", self._settings, [f"--unix={upstream}"])
            gateway = Child(
                "gateway",
                replace(self._settings, http=http, upstream=f"unix:{upstream}"),
                [f"--listen-fd={sock.fileno()}"],
                [sock.fileno()],
            )
            self._children = [service, gateway]
            async with asyncio.TaskGroup() as group:
                for child in self._children:
                    group.create_task(self._keep_alive(child))
                await self._stopping.wait()
                group.create_task(self._kill_after_grace())
        if self._failure is not None:
            raise ChildrenFailed(self._failure)

    async def _keep_alive(self, child: Child) -> None:
        while not self._stopping.is_set():
            line = await child.start()
            if line is not None:
                self._answered(child, line)
            if self._stopping.is_set():
                child.signal(signal.SIGTERM)
            status = await child.wait()
            if self._stopping.is_set():
                return
            if status == FAILED_TO_START:
                self._fail(f"{child.name} could not {'start' if line is None else 'go on'}")
                return
            _log.warning("child ended", child=child.name, status=status)
            await self._pause_after_death(child)

    def _answered(self, child: Child, line: str) -> None:
        announced = len(self._said) == len(self._children)
        self._said[child.name] = line
        if child.name == "service":  # port 0 is any port once: a restart keeps the one it got
            child.settings = replace(child.settings, grpc=_address_of(line))
        if not announced and len(self._said) == len(self._children):
            sys.stdout.write(f"ready {self._said['gateway']} {self._said['service']}\n")
            sys.stdout.flush()
            if sys.stderr.isatty() and self._settings.log_format == "text":
                http, grpc = (_address_of(self._said[name]) for name in ("gateway", "service"))
                sys.stderr.write(welcome(self._settings, http, grpc, how_to_type()))

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
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BACKOFF_S[len(self._deaths) - 1]):
                await self._stopping.wait()

    async def _kill_after_grace(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        try:
            async with asyncio.timeout(self._settings.grace + 2.0):  # their own grace, and a little
                for process in alive:
                    await process.wait()
        except TimeoutError:
            for child in self._children:
                child.signal(signal.SIGKILL)


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
    path = data.absolute() / "service.sock"
    if len(os.fsencode(path)) <= _UNIX_PATH_MAX_BYTES:
        return path
    place = Path(tempfile.mkdtemp(prefix="tidings-"))
    undo.callback(shutil.rmtree, place, ignore_errors=True)
    return place / "service.sock"


def _address_of(line: str) -> Address:
    host, _, port = line.partition("=")[2].rpartition(":")
    return Address(host.strip("[]"), int(port))
