"""What a filter may contain and cost, by its syntax tree alone. Pure.

The runtime limits only iterations, and nothing else runs while it evaluates. So a filter is
allowed only if it is a sum of operations that are linear in the event: in its bytes, its longest
text or the number of its values. Whatever could take more is refused with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import re2

from tidings.rpc.filters.checked import Checked, Node, kind_of

_RE2 = re2.Options()
_RE2.log_errors = False  # it would write the pattern to stderr
_RE2.max_mem = 2 * 1024**2

MAX_NODES = 400
MAX_PROGRAM = 200
"""Instructions that a regular expression may be compiled to."""

BUDGET_NS = 30_000_000
"""The time limit for one event: other calls wait that long."""

# Upper bounds, measured with cel-expr-python 0.1.3 over data that was made to be slow.
_NODE_NS = 2_000
_VALUE_OF_LOOP_NS = 300
_COMPARED_VALUE_NS = 2_000
_COMPARED_BYTE_NS = 2
_CONVERTED_BYTE_NS = 20
_SOUGHT_BYTE_NS = 100
_SMALL_PROGRAM, _SMALL_PROGRAM_NS = 12, 20  # its automaton has so few states that all are kept
_PROGRAM_NS = 4_000

_RESULT = "@result"  # what the compiler calls the variable in which a macro gathers its result
_GROWS = frozenset({"add_string", "add_bytes", "add_list"})


class Size(NamedTuple):
    """Of an event: its encoded bytes, the bytes of its longest text, the number of its values."""

    size_bytes: int
    text_bytes: int
    values: int


MODEST = Size(8 * 1024, 2 * 1024, 1_000)
"""An event for which every allowed filter can be evaluated."""


class Refused(Exception):
    """A filter is not allowed: where in the text (in characters), and why."""

    def __init__(self, position: int | None, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


@dataclass(slots=True)
class Cost:
    """The maximum time of an evaluation: nanoseconds for each part of an event's size."""

    nodes: int = 0
    per_byte_ns: int = 0
    per_text_byte_ns: int = 0
    per_value_ns: int = 0

    def of(self, size: Size) -> int:
        """Return how many nanoseconds an event of a size takes at most."""
        return (
            self.nodes * _NODE_NS
            + self.per_byte_ns * size.size_bytes
            + self.per_text_byte_ns * size.text_bytes
            + self.per_value_ns * size.values
        )


def cost_of(checked: Checked) -> Cost:
    """Return what an expression costs.

    Raises:
        Refused: it contains what is not allowed, or costs too much for a typical event.
    """
    judge = _Judge(checked)
    judge.look_at(checked.root, None)
    if judge.cost.of(MODEST) > BUDGET_NS:
        raise Refused(None, "takes too long to evaluate")
    return judge.cost


@dataclass(slots=True)
class _Judge:
    """Walks a tree; `loop` is the variable of the macro that a node is in."""

    checked: Checked
    cost: Cost = field(default_factory=Cost)

    def look_at(self, node: Node, loop: str | None) -> None:
        """Add what a node and all below it cost."""
        self.cost.nodes += 1
        if self.cost.nodes > MAX_NODES:
            raise self._refused(node, f"has more than {MAX_NODES} parts")
        if loop is not None:
            self.cost.per_value_ns += _VALUE_OF_LOOP_NS
        _LOOKS[kind_of(node)](self, node, loop)

    def constant(self, node: Node, loop: str | None) -> None:
        """Cost nothing more."""

    def ident(self, node: Node, loop: str | None) -> None:
        """Check that a macro uses only its element."""
        self._check_variable(node, node.ident.name, loop)

    def select(self, node: Node, loop: str | None) -> None:
        """Look at what a field is selected of, unless the whole is the name of something."""
        reference = self.checked.references.get(node.id)
        if reference is not None:
            self._check_variable(node, reference.name, loop)
        else:
            self.look_at(node.select.operand, loop)

    def call(self, node: Node, loop: str | None) -> None:
        """Check that a function has a known cost, and add it."""
        operands = [*node.call.args]
        if node.call.HasField("target"):
            operands.insert(0, node.call.target)
        rule = _RULES.get(node.call.function)
        if rule is None:
            raise self._refused(node, "filters do not have this function")
        rule(self, node, operands, loop)
        for operand in operands:
            self.look_at(operand, loop)

    def literal_list(self, node: Node, loop: str | None) -> None:
        """Check that a list holds constants."""
        self._look_at_constants(node, node.list.elements, loop)

    def literal_struct(self, node: Node, loop: str | None) -> None:
        """Check that a map holds constants; messages are not allowed."""
        if node.struct.name:
            raise self._refused(node, "a message cannot be made")
        for entry in node.struct.entries:
            self._look_at_constants(node, (entry.key, entry.value), loop)

    def comprehension(self, node: Node, loop: str | None) -> None:
        """Look at what a macro goes over from outside, and at all else from inside."""
        macro = node.comprehension
        if macro.start.HasField("list"):
            raise self._refused(node, "map() and filter() cannot be used")
        if loop is not None and not _is_part(macro.range):
            raise self._refused(node, "a macro in a macro must go over a part of its variable")
        self.look_at(macro.range, loop)
        for part in (macro.start, macro.condition, macro.step, macro.result):
            self.look_at(part, macro.variable)

    def _check_variable(self, node: Node, name: str, loop: str | None) -> None:
        reference = self.checked.references.get(node.id)
        is_constant = reference is not None and reference.HasField("value")
        if loop is not None and not is_constant and name not in {loop, _RESULT}:
            raise self._refused(node, "inside of a macro, only its variable can be looked at")

    def free(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Cost nothing more."""

    def of_time(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Refuse a time zone: the runtime would open a file of that name."""
        if len(operands) > 1:
            raise self._refused(node, "times are in UTC: a time zone cannot be asked for")

    def add(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Check that no text or list grows."""
        if _GROWS.intersection(self.checked.references[node.id].overloads):
            raise self._refused(node, "texts and lists cannot be added, only numbers and times")

    def compare(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Add what comparing costs that is not over after some bytes."""
        compared = [each for each in operands if not _is_literal(each)]
        if all(map(self.checked.is_small, compared)):
            return
        self._add_text(_COMPARED_BYTE_NS, loop)
        if not all(self.checked.is_small(each) or self.checked.is_text(each) for each in compared):
            self.cost.per_byte_ns += _COMPARED_BYTE_NS
            self.cost.per_value_ns += _COMPARED_VALUE_NS

    def convert(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Add what making another type of a text costs."""
        if not all(map(self.checked.is_small, operands)):
            self._add_text(_CONVERTED_BYTE_NS, loop)

    def contains(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Add what searching costs: almost all of what is sought may be found at each place."""
        sought = self._constant_of(node, operands[1])
        self._add_text(_SOUGHT_BYTE_NS + len(sought) // 10, loop)

    def matches(self, node: Node, operands: Sequence[Node], loop: str | None) -> None:
        """Add what a regular expression costs. It is compiled each time: too often in a macro."""
        if loop is not None:
            raise self._refused(node, "matches() cannot be used inside of a macro")
        self._add_text(self._program_ns(node, self._constant_of(node, operands[1])), loop)

    def _add_text(self, per_byte_ns: int, loop: str | None) -> None:
        """Add what is done to one text; inside of a macro, it is done to as many as there are."""
        if loop is None:
            self.cost.per_text_byte_ns += per_byte_ns
        else:
            self.cost.per_byte_ns += per_byte_ns

    def _program_ns(self, node: Node, pattern: str) -> int:
        try:
            instructions = re2.compile(pattern, _RE2).programsize
        except re2.error:
            raise self._refused(node, "RE2 does not take this regular expression") from None
        if instructions > MAX_PROGRAM:
            raise self._refused(node, "this regular expression is too large")
        return _SMALL_PROGRAM_NS if instructions <= _SMALL_PROGRAM else _PROGRAM_NS

    def _constant_of(self, node: Node, operand: Node) -> str:
        if not operand.HasField("constant") or not operand.constant.HasField("string"):
            raise self._refused(node, "what is searched for must be a constant")
        return str(operand.constant.string)

    def _look_at_constants(self, node: Node, parts: Iterable[Node], loop: str | None) -> None:
        for part in parts:
            if not _is_literal(part):
                raise self._refused(node, "lists and maps can hold constants only")
            self.look_at(part, loop)

    def _refused(self, node: Node, reason: str) -> Refused:
        return Refused(self.checked.positions.get(node.id), reason)


def _is_literal(node: Node) -> bool:
    return kind_of(node) in {"constant", "list", "struct"}


def _is_part(node: Node) -> bool:
    """Say whether a node is a variable, or a part of one."""
    if node.HasField("select"):
        return _is_part(node.select.operand)
    if node.HasField("call"):
        return node.call.function == "_[_]" and _is_part(node.call.args[0])
    return bool(node.HasField("ident"))


_LOOKS: dict[str, Callable[[_Judge, Node, str | None], None]] = {
    "constant": _Judge.constant,
    "ident": _Judge.ident,
    "select": _Judge.select,
    "call": _Judge.call,
    "list": _Judge.literal_list,
    "struct": _Judge.literal_struct,
    "comprehension": _Judge.comprehension,
}
_RULES: dict[str, Callable[[_Judge, Node, Sequence[Node], str | None], None]] = {
    "!_": _Judge.free,
    "-_": _Judge.free,
    "_&&_": _Judge.free,
    "_||_": _Judge.free,
    "_?_:_": _Judge.free,
    "_-_": _Judge.free,
    "_*_": _Judge.free,
    "_/_": _Judge.free,
    "_%_": _Judge.free,
    "_[_]": _Judge.free,
    "@not_strictly_false": _Judge.free,
    "type": _Judge.free,
    "dyn": _Judge.free,
    "_+_": _Judge.add,
    "_==_": _Judge.compare,
    "_!=_": _Judge.compare,
    "_<_": _Judge.compare,
    "_<=_": _Judge.compare,
    "_>_": _Judge.compare,
    "_>=_": _Judge.compare,
    "@in": _Judge.compare,
    "startsWith": _Judge.compare,
    "endsWith": _Judge.compare,
    "size": _Judge.compare,
    "bool": _Judge.convert,
    "int": _Judge.convert,
    "uint": _Judge.convert,
    "double": _Judge.convert,
    "string": _Judge.convert,
    "bytes": _Judge.convert,
    "timestamp": _Judge.convert,
    "duration": _Judge.convert,
    "contains": _Judge.contains,
    "matches": _Judge.matches,
    "getFullYear": _Judge.of_time,
    "getMonth": _Judge.of_time,
    "getDate": _Judge.of_time,
    "getDayOfMonth": _Judge.of_time,
    "getDayOfWeek": _Judge.of_time,
    "getDayOfYear": _Judge.of_time,
    "getHours": _Judge.of_time,
    "getMinutes": _Judge.of_time,
    "getSeconds": _Judge.of_time,
    "getMilliseconds": _Judge.of_time,
}
