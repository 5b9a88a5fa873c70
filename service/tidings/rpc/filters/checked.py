"""Reads the CEL compiler's result: the checked syntax tree of an expression.

The compiler gives the tree as an encoded `cel.expr.CheckedExpr`. Of that message, this declares the
parts that are looked at, under the numbers that `cel/expr/checked.proto` and `syntax.proto` give
them; maps are spelled as the entries that they are on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

Node = Any
"""An Expr: `id`, and one of the kinds below."""

_PACKAGE = "tidings.filters"
_SHAPES: Mapping[str, str] = {
    "CheckedExpr": "2 references[] ReferenceOf, 3 types[] TypeOf, 4 expr Expr, 5 source Source",
    "ReferenceOf": "1 key int64, 2 value Reference",
    "Reference": "1 name string, 3 overloads[] string, 4 value Constant",
    "TypeOf": "1 key int64, 2 value Type",
    "Type": "2 dyn Nothing, 3 null int64, 4 primitive int64, 5 wrapper int64, 6 known int64",
    "Source": "4 positions[] PlaceOf",
    "PlaceOf": "1 key int64, 2 value int64",
    "Expr": (
        "2 id int64, 3 constant Constant, 4 ident Ident, 5 select Select, 6 call Call, 7 list List,"
        " 8 struct Struct, 9 comprehension Comprehension"
    ),
    "Constant": "6 string string",
    "Ident": "1 name string",
    "Select": "1 operand Expr, 2 field string",
    "Call": "1 target Expr, 2 function string, 3 args[] Expr",
    "List": "1 elements[] Expr",
    "Struct": "1 name string, 2 entries[] Entry",
    "Entry": "3 key Expr, 4 value Expr",
    "Comprehension": (
        "1 variable string, 2 range Expr, 4 start Expr, 5 condition Expr, 6 step Expr,"
        " 7 result Expr"
    ),
    "Nothing": "",
}
KINDS = ("constant", "ident", "select", "call", "list", "struct", "comprehension")

_BOOL, _STRING, _BYTES = 1, 5, 6  # Type.PrimitiveType
_ANY = 1  # Type.WellKnownType; the others are Timestamp and Duration


def _declared() -> FileDescriptorProto:
    file = FileDescriptorProto(name="tidings/filters.proto", package=_PACKAGE, syntax="proto2")
    scalars = {"int64": FieldDescriptorProto.TYPE_INT64, "string": FieldDescriptorProto.TYPE_STRING}
    for name, shape in _SHAPES.items():
        message = file.message_type.add(name=name)
        for line in filter(None, shape.split(", ")):
            number, field, kind = line.split()
            message.field.add(
                number=int(number),
                name=field.removesuffix("[]"),
                type=scalars.get(kind, FieldDescriptorProto.TYPE_MESSAGE),
                type_name=None if kind in scalars else f".{_PACKAGE}.{kind}",
                label=(
                    FieldDescriptorProto.LABEL_REPEATED
                    if field.endswith("[]")
                    else FieldDescriptorProto.LABEL_OPTIONAL
                ),
            )
    return file


def _checked_expr() -> Any:  # noqa: ANN401 - a class that is made here
    pool = DescriptorPool()
    pool.Add(_declared())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.CheckedExpr"))


_CheckedExpr = _checked_expr()


@dataclass(frozen=True, slots=True)
class Checked:
    """An expression with the types and references of its nodes, by their ids."""

    root: Node
    types: Mapping[int, Any]
    references: Mapping[int, Any]
    positions: Mapping[int, int]

    @classmethod
    def decode(cls, encoded: bytes) -> Checked:
        """Return what the compiler encoded, in an Any.

        Raises:
            ValueError: it is nested more deeply than protobuf decodes.
        """
        try:
            found = _CheckedExpr.FromString(AnyMessage.FromString(encoded).value)
        except DecodeError:
            raise ValueError("is nested too deeply") from None
        return cls(
            found.expr,
            {each.key: each.value for each in found.types},
            {each.key: each.value for each in found.references},
            {each.key: each.value for each in found.source.positions},
        )

    def is_text(self, node: Node) -> bool:
        """Say whether a node is a string, or bytes, or one of those that may be null."""
        found = self.types.get(node.id)
        return found is not None and {found.primitive, found.wrapper} & {_STRING, _BYTES} != set()

    def is_small(self, node: Node) -> bool:
        """Say whether a node is a number, a truth value, a time or nothing: of a fixed size."""
        found = self.types.get(node.id)
        if found is None or self.is_text(node):
            return False
        return (
            any(found.HasField(name) for name in ("null", "primitive", "wrapper"))
            or found.known > _ANY
        )


def kind_of(node: Node) -> str:
    """Return the kind of a node."""
    return next(kind for kind in KINDS if node.HasField(kind))
