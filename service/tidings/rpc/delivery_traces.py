"""Spans of deliveries, with links to the publishes of what was delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tidings.core.clock import Clock
from tidings.core.tracing import MAX_LINKS, Tracer, current, is_sampled
from tidings.log.batch import Pick
from tidings.log.commit_traces import CommitTraces

TOLD_AFTER_S = 0.1
"""The feed may deliver a record before the writer knows that it has committed it."""

Delivered = Callable[[Sequence[Pick]], None]
"""Called with the records of a delivery."""


class DeliveryTraces:
    """Makes spans of deliveries; none for records whose publish is not remembered.

    So there are none for a replay, which may be long.
    """

    def __init__(self, tracer: Tracer, traces: CommitTraces, clock: Clock) -> None:
        self._tracer = tracer
        self._traces = traces
        self._clock = clock

    def reader(self) -> Delivered | None:
        """Return the callback for deliveries of the current call; None = it is not recorded."""
        parent = current.get()
        if not is_sampled(parent):
            return None

        def delivered(picks: Sequence[Pick]) -> None:
            seqs = [pick.record.seq for pick in picks]
            loop = asyncio.get_running_loop()
            loop.call_later(TOLD_AFTER_S, self._tell, parent, seqs, self._clock.now_us())

        return delivered

    def _tell(self, parent: str, seqs: list[int], at_us: int) -> None:
        publishes = self._traces.publishes(seqs)
        if publishes:
            links = publishes[:MAX_LINKS]
            span = self._tracer.begin(
                "deliver", "internal", parent=parent, links=links, at_us=at_us
            )
            attributes = {"tidings.records": len(seqs), "tidings.last_seq": seqs[-1]}
            span.end(attributes, at_us=at_us)
