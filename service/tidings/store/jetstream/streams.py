"""The two streams of a log: how they are created, and settings that they must not have.

Nothing here changes an operator's settings: a missing stream is created, and an unfit one is
refused, with what to do about it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from tidings.core.errors import StoreUnfit
from tidings.store.jetstream.link import Link, Refused
from tidings.store.jetstream.names import Names

NO_STREAM = 10059
_OTHER_CONFIG = 10058
STREAM_S = 5.0
# Settings that no stream of a log may have.
FORBIDDEN = ("mirror", "sources", "sealed", "deny_purge", "subject_transform")


def log_config(names: Names, replicas: int) -> dict[str, Any]:
    """Return the settings of the stream of the log, as JetStream takes them."""
    return {
        "name": names.log,
        "subjects": [f"{names.log}.>"],
        "storage": "file",
        "num_replicas": replicas,
        "retention": "limits",
        "discard": "new",
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msg_size": -1,
        "max_msgs_per_subject": -1,
        "allow_direct": True,
        "allow_atomic": True,
        "deny_delete": True,
    }


def _state_config(names: Names, replicas: int) -> dict[str, Any]:
    return log_config(names, replicas) | {
        "name": names.state,
        "subjects": [f"{names.state}.>"],
        "max_msgs_per_subject": 1,
        "discard": "old",  # or a value could not follow another
        "allow_atomic": False,
        "allow_msg_ttl": True,
    }


async def make_streams(link: Link, names: Names, replicas: int) -> None:
    """Make both streams, or check those that are there.

    Raises:
        StoreUnfit: a stream of that name has other settings than ours.
        StoreUnavailable: JetStream is off, full, or does not answer.
    """
    for config in (log_config(names, replicas), _state_config(names, replicas)):
        for misfit in _misfits(config, await _made(link, config)):
            raise StoreUnfit(misfit)


def misfits(names: Names, found: Mapping[str, Any]) -> list[str]:
    """Return the settings of one of the log's streams that ours must not have."""
    make = _state_config if found["name"] == names.state else log_config
    return list(_misfits(make(names, found["num_replicas"]), found))


def _misfits(config: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in config.items():
        if found.get(name, False) != wanted:
            yield (
                f"stream {config['name']} has {name} {_shown(found.get(name, False))} and needs"
                f" {_shown(wanted)}: edit it, or choose another name for the log"
            )
    for name in FORBIDDEN:
        if found.get(name):
            yield f"stream {config['name']} has {name}, which a log must not have"


async def find_stream(link: Link, stream: str) -> dict[str, Any] | None:
    """Return the leader's info of a stream; None = there is no such stream.

    Raises:
        StoreUnavailable: JetStream is off, or does not answer.
    """

    async def ask() -> dict[str, Any] | None:
        try:
            return await link.api(f"STREAM.INFO.{stream}")
        except Refused as refused:
            if refused.code == NO_STREAM:
                return None
            raise

    return await link.insist(f"asking for stream {stream}", ask)


async def _made(link: Link, config: Mapping[str, Any]) -> dict[str, Any]:
    name = config["name"]

    async def make() -> dict[str, Any]:
        try:
            found = await link.api(f"STREAM.INFO.{name}", within_s=STREAM_S)
        except Refused as refused:
            if refused.code != NO_STREAM:
                raise
            with suppress(_Exists):
                return await _create(link, config)
            found = await link.api(f"STREAM.INFO.{name}", within_s=STREAM_S)
        kept: dict[str, Any] = found["config"]
        return kept

    return await link.insist(f"making stream {name}", make, patience_s=15.0)


class _Exists(Exception):
    """Another node made the stream at the same time."""


async def _create(link: Link, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = await link.api(f"STREAM.CREATE.{config['name']}", config, within_s=STREAM_S)
    except Refused as refused:
        if refused.code == _OTHER_CONFIG:
            raise _Exists from None
        raise
    made: dict[str, Any] = found["config"]
    return made


def _shown(value: object) -> str:
    return json.dumps(value)
