"""Spans of commits, and the publish of each recent record."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from tidings.core.record import Stored
from tidings.core.tracing import MAX_LINKS, Span, Tracer, is_sampled
from tidings.log.inbox import Outcome, Part

MAX_RECENT = 10_000
"""Records whose publish is kept, some 100 bytes each."""


class CommitTraces:
    """Without a tracer, nothing. One writer; set `tracer` before it runs."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self._recent: OrderedDict[int, str] = OrderedDict()

    def begin(self, group: Sequence[Part]) -> Span | None:
        """Begin the span of a group's commit: below the oldest publish, with links to the others.

        None = none of them is recorded.
        """
        if self.tracer is None:
            return None
        publishes = list(dict.fromkeys(each.trace for each in group if is_sampled(each.trace)))
        if not publishes:
            return None
        oldest, *others = publishes
        return self.tracer.begin("commit", "internal", parent=oldest, links=others[:MAX_LINKS])

    def end(self, span: Span, group: Sequence[Part], outcomes: Sequence[Outcome] | None) -> None:
        """End it, and keep what it stored; None = it failed."""
        count = sum(len(each.drafts) for each in group)
        rest = iter(outcomes or ())
        for part in group:
            for _, outcome in zip(part.drafts, rest, strict=False):
                if isinstance(outcome, Stored) and not outcome.duplicate and is_sampled(part.trace):
                    self._recent[outcome.seq] = part.trace
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
        span.end({"tidings.drafts": count}, failure="" if outcomes else "StoreUnavailable")

    def publishes(self, seqs: Iterable[int]) -> list[str]:
        """Return the spans that stored these records, each once, as far as they are kept."""
        found = dict.fromkeys(self._recent.get(seq, "") for seq in seqs)
        found.pop("", None)
        return list(found)
