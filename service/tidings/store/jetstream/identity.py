"""Which log a stream holds, and whether it is still the same one."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.core.record import BIRTH_SEQ
from tidings.store.jetstream.link import Link, Lost, Refused
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.streams import FORBIDDEN, NO_STREAM, STREAM_S, log_config

_FORMAT = 1


async def be_born(link: Link, names: Names, reader: MessageReader) -> str:
    """Return the log's identity; write the birth record if the stream is new.

    Raises:
        StoreCorrupt: the stream does not begin with a birth record.
    """
    while True:
        end_seq = await reader.last_seq()  # before the request: another node may write meanwhile
        birth = await reader.at(BIRTH_SEQ)
        if birth is not None:
            return log_id_of(names, birth.body)
        if end_seq:
            raise StoreCorrupt(f"the birth record of stream {names.log} is gone")
        body = json.dumps({"log_id": str(uuid.uuid4()), "format": _FORMAT}).encode()
        with suppress(Lost):  # the next iteration sees whether it or another node's was stored
            await link.ask(
                names.birth, body, headers={"Nats-Expected-Last-Sequence": "0"}, within_s=STREAM_S
            )


def log_id_of(names: Names, birth: bytes) -> str:
    """Return the identity of a log from the body of its birth record.

    Raises:
        StoreCorrupt: it is no birth record, or has a newer format.
    """
    try:
        log_id, version = json.loads(birth)["log_id"], int(json.loads(birth)["format"])
    except (ValueError, KeyError, TypeError):
        raise StoreCorrupt(f"stream {names.log} is not the log of a Tidings") from None
    if version > _FORMAT:
        raise StoreCorrupt(
            f"the log has format {version} and this program knows {_FORMAT}: use a newer Tidings"
        )
    return str(log_id)


LOOKS = 12
"""How many checks before something is reported as lost: a new leader may lag."""
PAUSE_S = 0.25


class Identity:
    """Knows which stream a log was opened on, and whether it is still the same.

    `keeps_first`: its first message is never replaced, as the birth record is not.
    """

    def __init__(
        self, link: Link, stream: str, info: Mapping[str, Any], *, keeps_first: bool
    ) -> None:
        self._link = link
        self._created = info["created"]
        self._settings = _lasting(info)
        self._first_seq = info["state"]["first_seq"] if keeps_first else None
        self.stream = stream
        """Its name."""

    async def check(self, known_seq: int) -> dict[str, Any]:
        """Check that the stream is the same one and has lost nothing, and return its info.

        Checks for some seconds before it fails: a new leader may not know everything.

        Raises:
            StoreCorrupt: it was deleted, recreated, edited or truncated, and must not be served.
            StoreUnavailable: no server answers now.
        """
        problem = ""
        for _ in range(LOOKS):
            try:
                info = await self._link.insist(f"asking for stream {self.stream}", self._info)
            except StoreUnavailable as error:
                if not isinstance(error.__cause__, Refused):
                    raise
                if error.__cause__.code != NO_STREAM:
                    raise
                problem = "was deleted"
            else:
                problem = self._problem(info, known_seq)
                if not problem:
                    return info
            await asyncio.sleep(PAUSE_S)
        raise StoreCorrupt(f"stream {self.stream} {problem} while it was in use")

    def _problem(self, info: Mapping[str, Any], known_seq: int) -> str:
        state = info["state"]
        if info["created"] != self._created:
            return "was deleted and made anew"
        if state["last_seq"] < known_seq:
            return f"went back from {known_seq} to {state['last_seq']}"
        if self._first_seq is not None and state["first_seq"] > self._first_seq:
            return f"was purged up to {state['first_seq'] - 1}"
        settings = _lasting(info)
        changed = sorted(name for name, was in self._settings.items() if settings[name] != was)
        return f"was edited: {', '.join(changed)}" if changed else ""

    async def _info(self) -> dict[str, Any]:
        return await self._link.api(f"STREAM.INFO.{self.stream}")


def _lasting(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a stream that must not change: all that we set but replicas."""
    names = {*log_config(Names(""), 0), "allow_msg_ttl", *FORBIDDEN} - {"num_replicas"}
    return {name: info["config"].get(name) or False for name in sorted(names)}
