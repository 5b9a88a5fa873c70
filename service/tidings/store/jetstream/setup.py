"""What must hold before a log on NATS may be served: the servers, and the two streams.

Nothing here changes what an operator has set: what is missing is made, and what does not fit is
refused, with what to do about it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidings.core.errors import StoreCorrupt, StoreUnavailable, StoreUnfit
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.record import BIRTH_SEQ
from tidings.store.jetstream.link import Link, Lost, Refused
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import Reader

_OLDEST = (2, 12)  # the first with atomic batches
_FORMAT = 1
_MONITOR_S = 5.0
_STREAM_S = 5.0
_NO_STREAM = 10059
_OTHER_CONFIG = 10058
_OUTDATED = frozenset({10071, 10164})

_CLUSTER_REPLICAS = 3

# What no stream of a log may have.
_FORBIDDEN = ("mirror", "sources", "sealed", "deny_purge", "subject_transform")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a log lives: addresses of servers (`nats://HOST:PORT`, `tls://…`), and the log's name.

    `replicas` 0 = 3 where the servers are a cluster, else 1. `durability` "full" asks the
    `monitors` (URLs of all servers' monitoring ports) whether they sync before they acknowledge;
    "assume-synced" takes it for granted, "relaxed" does without.
    """

    servers: tuple[str, ...]
    log: str = "tidings"
    replicas: int = 0
    durability: str = "full"
    monitors: tuple[str, ...] = ()
    credentials: Path | None = None
    ca: Path | None = None
    largest_record_bytes: int = MAX_RECORD_BYTES

    def options(self) -> dict[str, Any]:
        """Return what a connection to it needs besides addresses."""
        options: dict[str, Any] = {}
        if self.credentials is not None:
            options["user_credentials"] = str(self.credentials)
        if self.ca is not None:
            options["tls"] = ssl.create_default_context(cafile=str(self.ca))
        return options


async def check_servers(link: Link, cluster: Cluster) -> int:
    """Check what the servers say of themselves and return the number of replicas to ask for.

    Raises:
        StoreUnfit: one is too old, takes no message as large as a record, or may acknowledge what
            it has not synced.
        StoreUnavailable: a monitoring port does not answer.
    """
    check_version(link)
    needed = cluster.largest_record_bytes + 64 * 1024  # its headers
    if link.client.max_payload < needed:
        raise StoreUnfit(
            f"the server takes messages of {link.client.max_payload} bytes, and a record may have"
            f" {cluster.largest_record_bytes}: set max_payload: {needed // 1024**2 + 1}MB there"
        )
    is_cluster = bool(link.client._server_info.get("cluster"))  # noqa: SLF001 - no other way to ask
    replicas = cluster.replicas or (_CLUSTER_REPLICAS if is_cluster else 1)
    if cluster.durability == "full":
        await _check_synced(cluster.monitors, replicas)
    return replicas


def check_version(link: Link) -> None:
    """Check that the server knows what is asked of it.

    Raises:
        StoreUnfit: it is too old.
    """
    version = link.client.connected_server_version
    if (version.major, version.minor) < _OLDEST:
        raise StoreUnfit(
            f"nats-server {version.major}.{version.minor}.{version.patch} is too old:"
            f" {_OLDEST[0]}.{_OLDEST[1]} or newer is needed"
        )


async def _check_synced(monitors: Sequence[str], replicas: int) -> None:
    """Refuse servers that acknowledge before they sync, as they do unless told otherwise."""
    advice = (
        "set jetstream { sync_interval: always } on every server and name their monitoring ports"
        " (--nats-monitor http://HOST:8222,…), or say --durability assume-synced or relaxed"
    )
    if not monitors:
        raise StoreUnfit(f"nobody says whether the servers sync before they acknowledge: {advice}")
    answers = [await asyncio.to_thread(_ask_monitor, url) for url in monitors]
    for url, answer in zip(monitors, answers, strict=True):
        if not (answer.get("jetstream") or {}).get("config", {}).get("sync_always"):
            raise StoreUnfit(f"{url}: this server acknowledges before it syncs: {advice}")
    known = {answer.get("server_id") for answer in answers}
    if len(known) < replicas:
        raise StoreUnfit(
            f"{len(known)} of the servers were asked whether they sync, and {replicas} hold"
            " replicas: name the monitoring ports of all of them (--nats-monitor)"
        )


def _ask_monitor(url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise StoreUnfit(f"{url}: expected http://HOST:PORT of a monitoring port")
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/varz", timeout=_MONITOR_S) as answer:  # noqa: S310 - checked above
            found: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        raise StoreUnavailable(f"asking {url} whether the server syncs: {error}") from error
    return found


def _log_config(names: Names, replicas: int) -> dict[str, Any]:
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
    return _log_config(names, replicas) | {
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
        StoreUnfit: a stream of that name is another one than ours would be.
        StoreUnavailable: JetStream is off, full, or does not answer.
    """
    for config in (_log_config(names, replicas), _state_config(names, replicas)):
        for misfit in _misfits(config, await _made(link, config)):
            raise StoreUnfit(misfit)


def misfits(names: Names, found: Mapping[str, Any]) -> list[str]:
    """Return what the settings of one of the log's streams have that none of ours would."""
    make = _state_config if found["name"] == names.state else _log_config
    return list(_misfits(make(names, found["num_replicas"]), found))


def _misfits(config: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in config.items():
        if found.get(name, False) != wanted:
            yield (
                f"stream {config['name']} has {name} {_shown(found.get(name, False))} and needs"
                f" {_shown(wanted)}: edit it, or choose another name for the log"
            )
    for name in _FORBIDDEN:
        if found.get(name):
            yield f"stream {config['name']} has {name}, which a log must not have"


async def find_stream(link: Link, stream: str) -> dict[str, Any] | None:
    """Return what the leader says of a stream; None = there is no such stream.

    Raises:
        StoreUnavailable: JetStream is off, or does not answer.
    """

    async def ask() -> dict[str, Any] | None:
        try:
            return await link.api(f"STREAM.INFO.{stream}")
        except Refused as refused:
            if refused.code == _NO_STREAM:
                return None
            raise

    return await link.insist(f"asking for stream {stream}", ask)


async def _made(link: Link, config: Mapping[str, Any]) -> dict[str, Any]:
    name = config["name"]

    async def make() -> dict[str, Any]:
        try:
            found = await link.api(f"STREAM.INFO.{name}", within_s=_STREAM_S)
        except Refused as refused:
            if refused.code != _NO_STREAM:
                raise
            with suppress(_Exists):
                return await _create(link, config)
            found = await link.api(f"STREAM.INFO.{name}", within_s=_STREAM_S)
        kept: dict[str, Any] = found["config"]
        return kept

    return await link.insist(f"making stream {name}", make, patience_s=15.0)


class _Exists(Exception):
    """Another node made the stream at the same time."""


async def _create(link: Link, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = await link.api(f"STREAM.CREATE.{config['name']}", config, within_s=_STREAM_S)
    except Refused as refused:
        if refused.code == _OTHER_CONFIG:
            raise _Exists from None
        raise
    made: dict[str, Any] = found["config"]
    return made


def _shown(value: object) -> str:
    return json.dumps(value)


async def be_born(link: Link, names: Names, reader: Reader) -> str:
    """Return the log's identity; write the birth record if the stream is new.

    Raises:
        StoreCorrupt: the stream does not begin with a birth record.
    """
    while True:
        end_seq = await reader.last_seq()  # before the question, or another node may write between
        birth = await reader.at(BIRTH_SEQ)
        if birth is not None:
            return log_id_of(names, birth.body)
        if end_seq:
            raise StoreCorrupt(f"the birth record of stream {names.log} is gone")
        body = json.dumps({"log_id": str(uuid.uuid4()), "format": _FORMAT}).encode()
        with suppress(Lost):  # the next turn sees whether it came through, or another node's
            await link.ask(
                names.birth, body, headers={"Nats-Expected-Last-Sequence": "0"}, within_s=_STREAM_S
            )


def log_id_of(names: Names, birth: bytes) -> str:
    """Return the identity of a log from the body of its birth record.

    Raises:
        StoreCorrupt: it is none, or one of a newer format.
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
"""How often something is looked at before it is called lost: a leader just elected may lag."""
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
        """Make sure that the stream is the one it was, holds what it held, and return its info.

        Looks for some seconds before it says no: a leader that was just elected may not know all.

        Raises:
            StoreCorrupt: it was deleted, made anew, edited or cut off: nothing may be served from
                it.
            StoreUnavailable: nobody can be asked now.
        """
        problem = ""
        for _ in range(LOOKS):
            try:
                info = await self._link.insist(f"asking for stream {self.stream}", self._info)
            except StoreUnavailable as error:
                if not isinstance(error.__cause__, Refused):
                    raise
                if error.__cause__.code != _NO_STREAM:
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
    """Return the settings of a stream that must not change: all that a log needs, but replicas."""
    names = {*_log_config(Names(""), 0), "allow_msg_ttl", *_FORBIDDEN} - {"num_replicas"}
    return {name: info["config"].get(name) or False for name in sorted(names)}
