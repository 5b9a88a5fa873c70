"""What a trace is told, and by whom: no room knows the library behind it.

Where a call is in a trace stands in a `traceparent` (W3C Trace Context), a text that goes from
process to process; "" = in none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

current: ContextVar[str] = ContextVar("current", default="")
"""The span that the task is in."""

MAX_LINKS = 128
"""Of a span, as the specification of OpenTelemetry has it by default."""


class Span(Protocol):
    """Something that goes on. Must be ended once; what it holds are no secrets."""

    @property
    def traceparent(self) -> str:
        """Where it is in its trace, for what it is the cause of."""
        ...

    def end(
        self,
        attributes: Mapping[str, Value],
        *,
        name: str = "",
        failure: str = "",
        at_us: int | None = None,
    ) -> None:
        """Say that it has ended: now, or at a time; `name` replaces the one that it began with."""
        ...


class Tracer(Protocol):
    """Where spans go. Never blocks and never fails, whoever takes them or does not."""

    def begin(
        self,
        name: str,
        kind: Kind,
        *,
        parent: str = "",
        links: Sequence[str] = (),
        at_us: int | None = None,
    ) -> Span:
        """Begin a span: below a parent, or without one a trace; with links to other spans."""
        ...


def is_sampled(traceparent: str) -> bool:
    """Say whether the trace of a well-formed `traceparent` is recorded."""
    return traceparent != "" and int(traceparent[53:55], 16) & 1 == 1


@contextmanager
def span_of(
    tracer: Tracer | None, name: str, kind: Kind = "internal"
) -> Iterator[dict[str, Value]]:
    """Do a block in a span of its own, below the task's; what is put into the dict it is told."""
    attributes: dict[str, Value] = {}
    if tracer is None:
        yield attributes
        return
    span = tracer.begin(name, kind, parent=current.get())
    before = current.set(span.traceparent)
    failure = ""
    try:
        yield attributes
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        current.reset(before)
        span.end(attributes, failure=failure)
