"""Writes the functions that turn a system's JSON into messages."""

from __future__ import annotations

from model import AS_THEY_ARE, Amount, Kind, Member, Object, System
from names import fields_name, reader_name, shape_name, snake


def emit_parser(system: System, each: Object) -> str:
    """Return what turns an object's shape into its message, and `<object>_from_json`."""
    name, reader = snake(each.name), reader_name(each.name)
    fields = "rt.asdict"
    lines: list[str] = []
    if not each.is_plain:
        fields = fields_name(each.name)
        lines += _fields(system, each)
        lines += ["", ""]
    lines += [
        f"{reader} = rt.Reader({shape_name(each.name)}, {fields}, {each.name})",
        "",
        "",
        f"def {name}_from_json(value: rt.Json, lost: rt.Lost) -> {each.name}:",
        f'    """Return the {each.name} of a parsed object; what it cannot hold goes to `lost`.',
        "",
        "    Raises:",
        "        rt.JsonError: it is no object, or a member has the wrong type; with the path.",
        '    """',
        f"    return {reader}.value(value, lost)",
    ]
    return "\n".join(lines)


def _fields(system: System, each: Object) -> list[str]:
    lines = [f"def {fields_name(each.name)}(shape: {shape_name(each.name)}) -> rt.Fields:"]
    if each.alternatives:
        chosen = ", ".join(f"shape.{name}" for name in each.alternatives)
        lines += [
            f"    if ({chosen}).count(None) < {len(each.alternatives) - 1}:",
            '        raise rt.JsonError("", "more than one of a oneof")',
        ]
    lines.append("    fields = rt.asdict(shape)")
    for member in each.members:
        if member.kind in AS_THEY_ARE:
            continue
        place = f"shape.{member.field}"
        assignment = f'fields["{member.field}"] = {_value(system, member, place)}'
        if member.kind is Kind.RAW:
            lines.append(f"    {assignment}")
        else:
            lines += [f"    if {place} is not None:", f"        {assignment}"]
    lines.append("    return fields")
    return lines


def _value(system: System, member: Member, place: str) -> str:
    if member.amount is Amount.LIST:
        return f"[{_one(system, member, 'item')} for item in {place}]"
    if member.amount is Amount.MAP:
        one = _one(system, member, "item")
        if member.null_values:
            one = f"{{}} if item is None else {one}"
        return f"{{name: {one} for name, item in {place}.items()}}"
    return _one(system, member, place)


def _one(system: System, member: Member, place: str) -> str:
    match member.kind:
        case Kind.MESSAGE:
            inner = system.object(member.message)
            return f"{'rt.asdict' if inner.is_plain else fields_name(inner.name)}({place})"
        case Kind.TIME:
            take = "whole_seconds" if member.whole_seconds else "time_or_unset"
            return f"rt.{'time_fields' if member.null_when_empty else take}({place})"
        case Kind.DURATION:
            take = "duration_fields" if member.null_when_empty else "duration_or_unset"
            return f"rt.{take}({place})"
        case Kind.BASE64:
            return f"rt.base64_bytes({place})"
        case Kind.NUMBER:
            return f"rt.exact_float({place})"
        case _:
            return f"rt.raw_bytes({place})"


def emit_exact_parsers(system: System) -> list[str]:
    """Return the functions that read an event's text, and keep or read a member's exact text."""
    parts = []
    for each in system.objects:
        exact = [member for member in each.members if member.exact_field is not None]
        for member in exact:
            parts += [_members_parser(each, member), _deriver(member)]
        if each is system.objects[0] and not exact:
            parts.append(_text_parser(each))
    return parts


def _text_parser(each: Object) -> str:
    return f'''
def {snake(each.name)}_from_text(text: bytes, lost: rt.Lost) -> {each.name}:
    """Return the {each.name} of a JSON text; what its types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return {reader_name(each.name)}.text(text, lost)
'''


def _members_parser(each: Object, member: Member) -> str:
    name = snake(each.name)
    return f'''
def {name}_from_members(members: dict[str, bytes], lost: rt.Lost) -> {each.name}:
    """Return the {each.name} of the valid texts of its members, as `rt.members` gives them.

    The exact text of "{member.name}" is kept in `{member.exact_field}` and not looked into.
    What the types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: a member has the wrong type; with the path.
    """
    exact = members.get("{member.name}", b"null")
    if exact == b"null":
        exact = b""
    elif not exact.startswith(b"{{"):
        raise rt.JsonError("{member.name}", "expected an object")
    rest = {{name: text for name, text in members.items() if name != "{member.name}"}}
    message = {reader_name(each.name)}.text(rt.join(rest), lost)
    message.{member.exact_field} = exact
    return message


def {name}_from_text(text: bytes, lost: rt.Lost) -> {each.name}:
    """Return the {each.name} of a JSON text, as `{name}_from_members` does.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return {name}_from_members(rt.members(text), lost)
'''


def _deriver(member: Member) -> str:
    assert member.message is not None
    name = snake(member.message)
    return f'''
def {name}_from_text(text: bytes) -> tuple[{member.message}, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Absent, null and zero are alike, and so are the spellings of one instant and of one number. A
    text that repeats a name is never held whole.

    Raises:
        rt.JsonError: it is not JSON, or the types cannot hold it; with the path.
    """
    lost: list[str] = []
    message = {reader_name(member.message)}.text(text, lost)
    return message, not lost and rt.parses_whole(text)
'''
