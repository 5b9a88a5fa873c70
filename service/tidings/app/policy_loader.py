"""The policy file on disk: read at the start, and again when it changes or SIGHUP says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from tidings.access.policy_file import PolicyFile, parse_policy_file
from tidings.core.errors import BadRequest
from tidings.rpc.access_control import AccessControl

LOOK_S = 1.0
"""How often the file is looked at."""

_log = structlog.get_logger("tidings.access")


class BadPolicyFile(OSError):
    """The policy file cannot be read or is wrong: says where and why."""


class PolicyLoader:
    """Keeps an access control's file part equal to the file; a wrong file changes nothing."""

    def __init__(self, path: Path, access: AccessControl, *, look_s: float = LOOK_S) -> None:
        self._path = path
        self._access = access
        self._look_s = look_s
        self._asked = asyncio.Event()
        self._seen: object = None

    async def load(self) -> None:
        """Read the file and use it.

        Raises:
            BadPolicyFile: it stays as it was.
        """
        self._seen = await asyncio.to_thread(_mark, self._path)
        self._access.set_file(await asyncio.to_thread(_read, self._path))

    def reload(self) -> None:
        """Read the file again soon, changed or not."""
        self._asked.set()

    async def follow(self) -> None:
        """Read the file again whenever it changes or `reload` says so, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._look_s):
                    await self._asked.wait()
            except TimeoutError:
                if await asyncio.to_thread(_mark, self._path) == self._seen:
                    continue
            self._asked.clear()
            try:
                await self.load()
            except BadPolicyFile as error:
                _log.error("policy file not used", error=str(error))
            else:
                _log.info("policy file loaded")


def _mark(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> PolicyFile:
    try:
        return parse_policy_file(path.read_text(encoding="utf-8"))
    except BadRequest as error:
        raise BadPolicyFile(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise BadPolicyFile(f"{path}: not UTF-8") from None
    except OSError as error:
        raise BadPolicyFile(f"{path}: {error.strerror}") from None
