"""The CEL runtime, used only here. It is installed with an extra, and loaded when used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf import descriptor_pool

from tidings.core.errors import BadRequest
from tidings.v1 import event_pb2

FIELD = "filter"
_MISSING = "needs the CEL runtime, which this service is without: pip install 'tidings[cel]'"

_WHERE = re.compile(r"<input>:(\d+):(\d+): ([^'\n]*)")
_REASONS = {
    "undefined field": "there is no such field",
    "undeclared reference": "there is no such variable or function",
    "found no matching overload": "the types do not fit",
}
"""The compiler's messages, and ours without any part of the expression."""


class Program:
    """An expression that was compiled. For one thread at a time."""

    def __init__(self, expression: Any) -> None:  # noqa: ANN401 - the runtime's own type
        self._expression = expression

    @property
    def tree(self) -> bytes:
        """Its checked syntax tree, encoded."""
        encoded: bytes = self._expression.serialize()
        return encoded

    def holds(self, values: Mapping[str, object]) -> bool:
        """Return whether it is true; if it cannot be evaluated it is not."""
        try:
            return self._expression.eval(data=values).value() is True
        except RuntimeError:  # of evaluations that the runtime aborts
            return False


def compiled(text: str) -> Program:
    """Return the program of an expression that is true or false.

    Raises:
        BadRequest: it is not one, or the runtime is missing.
    """
    try:
        environment, truth = _environment()
    except ModuleNotFoundError:
        raise BadRequest(FIELD, _MISSING) from None
    try:
        expression = environment.compile(text)
    except RuntimeError as error:
        raise BadRequest(FIELD, _reason(str(error))) from None
    if expression.return_type() != truth:
        raise BadRequest(FIELD, "must be true or false, and is of another type")
    return Program(expression)


@cache
def _environment() -> tuple[Any, Any]:
    """Return the compiler environment, and the type that expressions must have."""
    from cel_expr_python import cel  # noqa: PLC0415 - there is none without the extra

    variables = {
        "event": cel.Type(event_pb2.Event.DESCRIPTOR.full_name),
        "record.seq": cel.Type.INT,
        "record.recorded_at": cel.Type.TIMESTAMP,
        "record.log_id": cel.Type.STRING,
    }
    pool = descriptor_pool.Default()
    return cel.NewEnv(descriptor_pool=pool, variables=variables), cel.Type.BOOL


def _reason(problem: str) -> str:
    found = _WHERE.search(problem)
    if found is None:
        return "is not valid CEL: it is nested too deeply"
    line, column, said = found.groups()
    for prefix, reason in _REASONS.items():
        if said.startswith(prefix):
            return f"line {line}, column {column}: {reason}"
    return f"line {line}, column {column}: is not valid CEL"
