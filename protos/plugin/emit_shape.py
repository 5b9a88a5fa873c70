"""Writes the classes that decode a system's JSON objects."""

from __future__ import annotations

from model import Amount, Kind, Member, Object
from names import shape_name

_TYPES = {
    Kind.TEXT: "rt.Text",
    Kind.FLAG: "rt.Flag",
    Kind.SIGNED: "rt.Int64",
    Kind.UNSIGNED: "rt.Uint64",
    Kind.NUMBER: "rt.Number",
    Kind.BASE64: "rt.Text",
    Kind.TIME: "rt.Text",
    Kind.DURATION: "rt.Int64",
}
_PLAIN_TYPES = {
    Kind.TEXT: "str",
    Kind.FLAG: "bool",
    Kind.SIGNED: "rt.Signed",
    Kind.UNSIGNED: "rt.Unsigned",
    Kind.NUMBER: "int | float",
}


def emit_shape(each: Object) -> str:
    """Return the source of one object's shape."""
    lines = [f"class {shape_name(each.name)}(rt.Shape):"]
    lines += [f"    {m.field}: {_type(m)} = {_default(m)}" for m in each.members]
    return "\n".join(lines)


def _type(member: Member) -> str:
    if member.kind is Kind.RAW:
        return "rt.Raw"  # the decoder takes no `| None` beside it; null comes as text
    if member.amount is Amount.ONE and member.message is None:
        return _TYPES[member.kind]
    one = shape_name(member.message) if member.message else _PLAIN_TYPES[member.kind]
    if member.amount is Amount.LIST:
        return f"list[{one}] | None"
    if member.amount is Amount.MAP:
        return f"dict[str, {one}{' | None' if member.null_values else ''}] | None"
    return f"{one} | None"


def _default(member: Member) -> str:
    default = "rt.Raw()" if member.kind is Kind.RAW else "None"
    return f'msgspec.field(default={default}, name="{member.name}")'
