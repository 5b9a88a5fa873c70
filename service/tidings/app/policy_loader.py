"""The policy file on disk: read at the start, and again when it changes or at SIGHUP.

Also the keys of the issuers that it names: files of keys are followed in the same way, URLs
are fetched regularly, and when a JWT has an unknown key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from tidings.access.issuers import is_url
from tidings.access.jwks import KeySet, parse_jwks
from tidings.access.policy_file import PolicyFile, parse_policy_file
from tidings.app.file_follower import LOOK_S, mark_of
from tidings.app.tls.remote_keys import UNKNOWN_S, RemoteKeys
from tidings.core.errors import BadRequest
from tidings.rpc.access_control import AccessControl

T = TypeVar("T")

_log = structlog.get_logger("tidings.access")


class BadPolicyFile(OSError):
    """The policy file, or one of keys, cannot be read or is wrong: says which, where and why."""


class PolicyLoader:
    """Keeps an access control's file part equal to the files; a wrong file changes nothing."""

    def __init__(
        self, path: Path, access: AccessControl, remote: RemoteKeys, *, look_s: float = LOOK_S
    ) -> None:
        self._path = path
        self._access = access
        self._remote = remote
        self._look_s = look_s
        self._asked = asyncio.Event()
        self._seen: dict[Path, object] = {}
        self._keys: dict[str, KeySet] = {}
        """The keys in effect, by place; its keys are all places."""
        access.find_newer_keys = self._find_newer_keys

    async def load(self) -> None:
        """Read every file, fetch what was never fetched, and use it.

        Raises:
            BadPolicyFile: everything stays as it was.
        """
        file = await self._read(self._path, _policies)
        keys = {issuer.jwks: await self._keys_at(issuer.jwks) for issuer in file.issuers.values()}
        self._keys = keys
        self._remote.keep_only(filter(is_url, keys))
        self._access.set_file(file, keys)

    def reload(self) -> None:
        """Read the files again soon, changed or not."""
        self._asked.set()

    async def follow(self) -> None:
        """Read the files again when they change or `reload` is called, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_files())
            tasks.create_task(self._follow_urls())

    async def _follow_files(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._look_s):
                    await self._asked.wait()
            except TimeoutError:
                if not await self._has_changed(self._path):
                    await self._look_at_key_files()
                    continue
            self._asked.clear()
            try:
                await self.load()
            except BadPolicyFile as error:
                _log.error("policy file not used", error=str(error))
            else:
                _log.info("policy file loaded")

    async def _look_at_key_files(self) -> None:
        for place in list(self._keys):
            if not is_url(place) and await self._has_changed(self._path.parent / place):
                self._use(place, await self._keys_at(place))

    async def _follow_urls(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            for place in filter(is_url, list(self._keys)):
                self._use(place, await self._remote.keys_of(place))

    async def _find_newer_keys(self, place: str) -> None:
        if is_url(place):
            self._use(place, await self._remote.keys_of(place, older_than_s=UNKNOWN_S))

    async def _keys_at(self, place: str) -> KeySet:
        """Return the keys of a place; those in effect if that fails now, or need a fetch."""
        in_force = self._keys.get(place)
        if is_url(place):
            return await self._remote.keys_of(place) if in_force is None else in_force
        try:
            return await self._read(self._path.parent / place, parse_jwks)
        except BadPolicyFile as error:
            if in_force is None:
                raise
            _log.error("keys of JWTs not used", error=str(error))
            return in_force

    def _use(self, place: str, keys: KeySet) -> None:
        if place in self._keys and self._keys[place] != keys:
            self._keys[place] = keys
            self._access.set_keys(place, keys)
            _log.info("keys of JWTs changed", count=len(keys))

    async def _has_changed(self, path: Path) -> bool:
        return await asyncio.to_thread(mark_of, path) != self._seen.get(path)

    async def _read(self, path: Path, parse: Callable[[bytes], T]) -> T:
        self._seen[path] = await asyncio.to_thread(mark_of, path)
        return await asyncio.to_thread(_parsed, path, parse)


def read_policy_file(path: Path) -> PolicyFile:
    """Return what a policy file says, without the keys that it names.

    Raises:
        BadPolicyFile: it cannot be read, or is none.
    """
    return _parsed(path, _policies)


def _policies(content: bytes) -> PolicyFile:
    return parse_policy_file(content.decode())


def _parsed(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except BadRequest as error:
        raise BadPolicyFile(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise BadPolicyFile(f"{path}: not UTF-8") from None
    except OSError as error:
        raise BadPolicyFile(f"{path}: {error.strerror}") from None
