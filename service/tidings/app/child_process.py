"""One supervised process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidings.app.lifeline import Voice, hear
from tidings.app.load_settings import to_flags
from tidings.app.own_secret import environment_with
from tidings.app.settings import Settings


@dataclass(slots=True)
class Child:
    """One supervised process: its command line without pipes, and the sockets that it inherits."""

    command: str
    settings: Settings
    extra_flags: Sequence[str]
    inherited_fds: Sequence[int] = ()
    own_secret: str = field(default="", repr=False)
    beats_every_s: float | None = None
    """How often it has to send a heartbeat; None = never."""
    name: str = ""
    """Its name in log lines; "" = that of its command."""
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    _voice: Voice | None = field(default=None, init=False)
    _lifeline: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        self.name = self.name or self.command

    async def start(self) -> str | None:
        """Start the process; return the line it says when it answers, None if it ended.

        Cancelling leaves the process running; `stop` ends it.
        """
        lifeline_read, self._lifeline = os.pipe()
        ready_read, ready_write = os.pipe()
        command = [sys.executable, "-m", "tidings.app", self.command, *to_flags(self.settings)]
        command += [
            *self.extra_flags,
            f"--lifeline-fd={lifeline_read}",
            f"--ready-fd={ready_write}",
        ]
        if self.beats_every_s is not None:
            command.append(f"--beat-every={self.beats_every_s}")
        try:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=(lifeline_read, ready_write, *self.inherited_fds),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                env=environment_with(self.own_secret),
            )
        finally:
            os.close(lifeline_read)
            os.close(ready_write)
        self._voice = voice = await hear(ready_read)
        return await voice.line

    def is_silent(self, for_s: float) -> bool:
        """Return whether it has answered once, and sends no heartbeats any more."""
        voice = self._voice
        if voice is None or not voice.line.done() or self.process is None:
            return False
        is_running = self.process.returncode is None and voice.line.result() is not None
        return is_running and asyncio.get_running_loop().time() - voice.heard_s > for_s

    async def wait(self) -> int:
        """Return the exit status once the process has ended, and release its lifeline."""
        assert self.process is not None
        status = await self.process.wait()
        os.close(self._lifeline)
        return status

    async def gone(self) -> None:
        """Return when the process has ended, if it was started at all."""
        if self.process is not None:
            await self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still runs."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
