"""The publisher, as stored: the bytes at the beginning of the record."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import grpc

from tidings.access.principals import NOBODY, Principal
from tidings.v1 import event_pb2

DOOR_KEY = "tidings-door"
PEER_KEY = "tidings-peer"
"""What a gateway on this machine says about its client."""

_GRPC = "grpc"
_DOOR = re.compile(r"[a-z_]{1,32}")


def stamp_of(principal: Principal, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
    """Return the publisher of a call, encoded; only the principal is authenticated."""
    name = "" if principal is NOBODY else principal.id
    kind, _, place = context.peer().partition(":")
    if kind != "unix":
        return _stamp(name, unquote(place).rpartition(":")[0].strip("[]"), _GRPC)
    told = dict(context.invocation_metadata() or ())
    return _stamp(name, str(told.get(PEER_KEY, "")), str(told.get(DOOR_KEY, _GRPC)))


@lru_cache(maxsize=1024)  # the same publishers repeat
def _stamp(principal: str, peer: str, door: str) -> bytes:
    publisher = event_pb2.Publisher(
        principal=principal,
        peer=peer if _is_address(peer) else "",
        door=door if _DOOR.fullmatch(door) else _GRPC,
    )
    return event_pb2.EventRecord(publisher=publisher).SerializeToString()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
