"""Drafts in proto3 JSON, and whether a body holds one or several."""

from __future__ import annotations

from tidings.gateway.transcode import errors
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.gateway.upload.pieces import Pieces
from tidings.gateway.upload.spelling import BadLine, Spelling
from tidings.v1 import event_pb2

# Of a body that is no object: a smaller one is read all the same, to say what is wrong with it.
_MAX_UNREAD_BYTES = 64 * 1024


def parse_draft(text: bytes, source: str) -> event_pb2.Draft:
    """Return a draft from proto3 JSON; a source goes into the events that have none.

    Raises:
        BadLine: it is no draft.
    """
    draft = event_pb2.Draft()
    try:
        merge_json(draft, parse_json(text))
    except errors.MalformedRequest as error:
        raise BadLine(str(error)) from None
    for event in draft.events:
        event.source = event.source or source
    return draft


async def are_several(pieces: Pieces, size_bytes: int) -> bool:
    """Return whether a body of so many bytes holds more than one object, whatever its type.

    Raises:
        TooMuch, MalformedRequest: it holds one that is too large, or no object.
    """
    first = await pieces.first(2)
    if len(first) > 1 or pieces.is_array:
        return True
    if first and first[0].is_too_large:
        raise errors.TooMuch(f"the body: {first[0].problem}")
    if first and first[0].problem and size_bytes > _MAX_UNREAD_BYTES:
        raise errors.MalformedRequest("", f"the body is not JSON: {first[0].problem}")
    return False


SPELLING = Spelling("native", parse_draft)
