"""How one reader of a Subscribe call is served."""

from __future__ import annotations

from typing import NamedTuple

from tidings.rpc.budget import Room
from tidings.rpc.delivery_traces import Delivered
from tidings.rpc.filters.sieve import Sieve
from tidings.rpc.wire import AsJson


class ReaderOptions(NamedTuple):
    """How one reader is served: in which form, from whose budget, and until when (None = no end).

    `with_publisher`: records contain their publisher. `sieve`: filters what it gets.
    `delivered` is called with what was sent to the reader; None = not called.
    """

    as_json: AsJson
    room: Room
    ends_at_us: int | None = None
    with_publisher: bool = False
    sieve: Sieve | None = None
    delivered: Delivered | None = None
