"""Writes the functions that turn a message into its system's JSON."""

from __future__ import annotations

from emit_names import snake
from model import Kind, Member, Object, Shape


def emit_printer(each: Object) -> str:
    """Return the source of `<object>_to_json`."""
    lines = [
        f"def {snake(each.name)}_to_json(message: {each.name}) -> dict[str, rt.Json]:",
        f'    """Return the JSON object of a {each.name}, ready for `rt.dumps`."""',
    ]
    start = [member for member in each.members if not member.left_out_when_empty]
    leading = 0
    while leading < len(each.members) and each.members[leading] in start:
        leading += 1
    lines.append("    value: dict[str, rt.Json] = {")
    lines += [f'        "{m.name}": {_value(m)},' for m in each.members[:leading]]
    lines.append("    }")
    for member in each.members[leading:]:
        if member.left_out_when_empty:
            lines.append(f"    if {_is_there(member)}:")
            lines.append(f'        value["{member.name}"] = {_plain(member)}')
        else:
            lines.append(f'    value["{member.name}"] = {_value(member)}')
    lines.append("    return value")
    return "\n".join(lines)


def _is_there(member: Member) -> str:
    if member.shape is Shape.ONE and member.has_presence:
        return f'message.HasField("{member.field}")'
    return f"message.{member.field}"


def _value(member: Member) -> str:
    plain = _plain(member)
    if member.exact_field is not None:
        plain = f"rt.raw(message.{member.exact_field}) if message.{member.exact_field} else {_empty_as_null(member, plain)}"
        return plain
    return _empty_as_null(member, plain)


def _empty_as_null(member: Member, plain: str) -> str:
    if member.shape is not Shape.ONE:
        return f"{plain} or None" if member.null_when_empty else plain
    if member.kind is Kind.RAW:
        return plain  # empty is null already
    if member.has_presence:
        unset = "None"
        if member.kind is Kind.TIME and not member.null_when_empty:
            unset = "rt.ZERO_TIME"
        if member.kind is Kind.DURATION and not member.null_when_empty:
            unset = "0"
        return f'{plain} if message.HasField("{member.field}") else {unset}'
    return f"{plain} or None" if member.null_when_empty else plain


def _plain(member: Member) -> str:
    place = f"message.{member.field}"
    if member.shape is Shape.LIST:
        one = _one(member, "item")
        return f"list({place})" if one == "item" else f"[{one} for item in {place}]"
    if member.shape is Shape.MAP:
        one = _one(member, "item")
        if one == "item":
            return f"dict({place})"
        return f"{{name: {one} for name, item in {place}.items()}}"
    return _one(member, place)


def _one(member: Member, place: str) -> str:
    match member.kind:
        case Kind.MESSAGE:
            assert member.message is not None
            return f"{snake(member.message)}_to_json({place})"
        case Kind.TIME:
            form = "_seconds" if member.whole_seconds else "_micros" if member.micros else ""
            return f"rt.time_text{form}({place})"
        case Kind.DURATION:
            return f"rt.nanoseconds({place})"
        case Kind.BASE64:
            return f"rt.base64_text({place})"
        case Kind.RAW:
            return f"rt.raw({place})"
        case _:
            return place
