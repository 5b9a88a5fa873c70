"""Lists of the service, page by page, for commands."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol, TypeVar

CALL_S = 30.0
"""How long a command waits for one answer; a page takes at most 2 s, and time in a queue."""

_LARGEST_PAGE = 10_000


class _Request(Protocol):
    page_size: int
    page_token: str


class _Page(Protocol):
    next_page_token: str


_RequestT = TypeVar("_RequestT", bound=_Request)
_PageT = TypeVar("_PageT", bound=_Page)


async def pages(
    rpc: Callable[..., Awaitable[_PageT]], request: _RequestT, items: str = "", count: int = 0
) -> AsyncGenerator[_PageT, None]:
    """Yield pages, some of which may be empty: all, or until they held `count` of their `items`.

    Raises:
        grpc.aio.AioRpcError: the service does not answer, or refuses the request.
    """
    asked = copy.deepcopy(request)
    left = count
    while True:
        if count:
            asked.page_size = min(left, _LARGEST_PAGE)
        page = await rpc(asked, timeout=CALL_S)
        yield page
        if count:
            left -= len(getattr(page, items))
        if not page.next_page_token or (count and not left):
            return
        asked.page_token = page.next_page_token
