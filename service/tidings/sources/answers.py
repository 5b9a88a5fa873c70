"""Whole answers of systems that are asked again and again, and what is taken out of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import httpx2
import msgspec

from tidings.core.record import KEY_SEPARATOR
from tidings.sources.failure import BadAnswer, UpstreamFailed
from tidings.sources.http import check_answer, failures
from tidings.v1 import event_pb2

MAX_ANSWER_BYTES = 64 * 1024**2

_elements = msgspec.json.Decoder(list[msgspec.Raw] | None)


class Answer(NamedTuple):
    """A body, and the headers before it."""

    body: bytes
    headers: Mapping[str, str]


async def read_answer(
    client: httpx2.AsyncClient,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    may_lack: bool = False,
) -> Answer | None:
    """GET a whole answer. None only with `may_lack`: the system says that there is none (404).

    Raises:
        UpstreamFailed: it is not answered with 200, or with more than `MAX_ANSWER_BYTES`.
    """
    pieces = []
    size_bytes = 0
    async with failures(), client.stream("GET", path, params=query) as answer:
        if may_lack and answer.status_code == 404:
            return None
        check_answer(answer)
        async for piece in answer.aiter_bytes():
            size_bytes += len(piece)
            if size_bytes > MAX_ANSWER_BYTES:
                raise BadAnswer("answered with more than is taken")
            pieces.append(piece)
    return Answer(b"".join(pieces), answer.headers)


def elements(body: bytes) -> Sequence[bytes]:
    """Return the texts of a JSON list's elements; of `null` none.

    Raises:
        UpstreamFailed: it is no list.
    """
    try:
        return [bytes(text) for text in _elements.decode(body) or ()]
    except msgspec.MsgspecError:
        raise UpstreamFailed("its answer is not understood") from None


def members_of(position: str) -> dict[str, Any]:
    """Return the members of a position that is a JSON object; of any other, none."""
    try:
        found = json.loads(position or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def key_by_id(draft: event_pb2.Draft) -> event_pb2.Draft:
    """Give a draft of one event the key that the service would make of its source and id."""
    (event,) = draft.events
    draft.key = f"{event.source}{KEY_SEPARATOR}{event.id}"
    return draft
