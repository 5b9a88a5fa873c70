"""A cache of printed lists: a thundering herd that gets the same list gets the same bytes.

A list may have 11 MB as text. All clients that block on a change are answered at once, and some
never read: a list is printed and compressed once for all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from tidings.gateway.doors.consul import replies
from tidings.gateway.time_slices import TimeSlices
from tidings.gateway.transcode.render import Reply
from tidings.v1 import event_service_pb2 as pb

_MAX_LISTS = 4
_MAX_BYTES = 64 * 1024**2

_Key = tuple[bytes, bool, bool, bool]


class PrintedLists:
    """The lists that were printed last, by the whole answer of the service."""

    def __init__(self, slices: TimeSlices) -> None:
        self._slices = slices
        self._kept: OrderedDict[_Key, Reply] = OrderedDict()
        self._size_bytes = 0

    async def reply(
        self, response: pb.ListResponse, *, is_anonymous: bool, pretty: bool, takes_gzip: bool
    ) -> Reply:
        """Return the answer for a list, compressed where the client takes that."""
        said = response.SerializeToString(deterministic=True)
        key = (said, is_anonymous, pretty, takes_gzip)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        work = partial(replies.list_reply, response, is_anonymous=is_anonymous, pretty=pretty)
        reply = await self._slices.apart(len(said), work)
        if takes_gzip:
            reply = await replies.packed(reply)
        return self._keep(key, reply, len(said) + len(reply.body))

    def _keep(self, key: _Key, reply: Reply, size_bytes: int) -> Reply:
        """Cache an answer, unless another task has done so meanwhile; return the one to send."""
        found = self._kept.setdefault(key, reply)
        if found is reply:
            self._size_bytes += size_bytes
        while len(self._kept) > _MAX_LISTS or self._size_bytes > _MAX_BYTES:
            (said, *_), old = self._kept.popitem(last=False)
            self._size_bytes -= len(said) + len(old.body)
        return found
