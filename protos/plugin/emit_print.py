"""Writes the functions that turn a message into its system's JSON."""

from __future__ import annotations

from collections.abc import Sequence

from model import Amount, Kind, Member, Object
from names import snake


def emit_printers(each: Object) -> list[str]:
    """Return the sources of `<object>_to_json` and, where there is one, of its brief form."""
    name = f"{snake(each.name)}_to_json"
    brief = [member for member in each.members if not member.full_form_only]
    if brief == each.members:
        doc = f"Return the JSON object of a {each.name}, ready for `rt.dumps`."
        return [_printer(each, each.members, name, doc)]
    full_doc = f"Return the full JSON object of a {each.name}, all {len(each.members)} members."
    brief_doc = f"Return the brief JSON object of a {each.name}: {len(brief)} members."
    return [
        _printer(each, each.members, name, full_doc),
        _printer(each, brief, f"{snake(each.name)}_to_brief_json", brief_doc),
    ]


def _printer(each: Object, members: Sequence[Member], name: str, doc: str) -> str:
    always = 0  # how many members from the start are always there
    while always < len(members) and _is_always_there(members[always], each):
        always += 1
    lines = [
        f"def {name}(message: {each.name}) -> dict[str, rt.Json]:",
        f'    """{doc}"""',
    ]
    if each.kinds:
        first = each.kinds[0]
        own = [member for member in members if member.always_in == (first,)]
        lines.append(f"    is_{first} = bool(")
        lines.append("        " + "\n        or ".join(_is_set(member) for member in own))
        lines.append("    )")
    if always:
        lines.append("    value: dict[str, rt.Json] = {")
        lines += [f'        "{m.name}": {_value(m)},' for m in members[:always]]
        lines.append("    }")
    else:
        lines.append("    value: dict[str, rt.Json] = {}")
    for member in members[always:]:
        if len(member.always_in) == 1:
            is_kind = f"is_{each.kinds[0]}"
            if member.always_in[0] != each.kinds[0]:
                is_kind = f"not {is_kind}"
            lines.append(f"    if {is_kind} or {_is_set(member)}:")
            lines.append(f'        value["{member.name}"] = {_value(member)}')
        elif not _is_always_there(member, each):
            there, place = _is_there(member)
            lines.append(f"    if {there}:")
            lines.append(f'        value["{member.name}"] = {_filled(member, place)}')
        else:
            lines.append(f'    value["{member.name}"] = {_value(member)}')
    lines.append("    return value")
    return "\n".join(lines)


def _is_always_there(member: Member, holder: Object) -> bool:
    if member.always_in:
        return list(member.always_in) == holder.kinds
    return not member.left_out_when_empty


def _is_set(member: Member) -> str:
    if member.amount is Amount.ONE and member.has_presence:
        return f'message.HasField("{member.field}")'
    return _place(member)


def _place(member: Member) -> str:
    return f"message.{member.field}"


def _is_there(member: Member) -> tuple[str, str]:
    """Return the test for a member that may be left out, and where its value is afterwards."""
    if member.amount is not Amount.ONE:
        return f"{_local(member)} := {_place(member)}", _local(member)
    if member.has_presence:
        return f'message.HasField("{member.field}")', _place(member)
    return _place(member), _place(member)


def _local(member: Member) -> str:
    return f"all_{member.field}"


def _value(member: Member) -> str:
    """Return the expression of a member that is always printed."""
    if member.exact_field is not None:
        exact = f"message.{member.exact_field}"
        return f"rt.raw({exact}) if {exact} else {_or_empty(member)}"
    return _or_empty(member)


def _or_empty(member: Member) -> str:
    place = _place(member)
    if member.kind is Kind.RAW:
        return _filled(member, place)  # empty is null already
    if member.amount is Amount.ONE:
        return _one_or_empty(member)
    empty = "None" if member.null_when_empty else "{}" if member.amount is Amount.MAP else "[]"
    local = _local(member)
    return f"{_filled(member, local)} if ({local} := {place}) else {empty}"


def _one_or_empty(member: Member) -> str:
    plain = _filled(member, _place(member))
    if member.has_presence:
        unset = "None"
        if member.kind is Kind.TIME and not member.null_when_empty:
            unset = "rt.ZERO_TIME"
        if member.kind is Kind.DURATION and not member.null_when_empty:
            unset = "0"
        return f'{plain} if message.HasField("{member.field}") else {unset}'
    return f"{plain} or None" if member.null_when_empty else plain


def _filled(member: Member, place: str) -> str:
    """Return the expression of a member that is not empty."""
    if member.amount is Amount.LIST:
        one = _one(member, "item")
        # a slice is a list of Python's, which is walked faster than a field of the C runtime
        return f"{place}[:]" if one == "item" else f"[{one} for item in {place}[:]]"
    if member.amount is Amount.MAP:
        # Sorted as by Go: a map's own order is another in each process. And reading each value
        # by its name is what is fastest on a map of the C runtime.
        one = _one(member, f"{place}[name]")
        if member.null_values:
            one = f"{_one(member, 'one')} if (one := {place}[name]).ByteSize() else None"
        return f"{{name: {one} for name in sorted({place})}}"
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
