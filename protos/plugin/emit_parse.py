"""Writes the tables and functions that turn a system's JSON into messages."""

from __future__ import annotations

from emit_names import snake
from model import Kind, Member, Object, Shape, System

_PLAIN = {
    Kind.TEXT: ("str", "text"),
    Kind.FLAG: ("bool", "true or false"),
    Kind.INTEGER: ("int", "an integer"),
}


def emit_parser(each: Object) -> str:
    """Return the source of one object's table and its `<object>_from_json`."""
    table = f"_{snake(each.name).upper()}"
    rows = [f'    "{m.name}": ("{m.field}", {", ".join(_taker(m))}),' for m in each.members]
    lines = [f"{table}: rt.Table = {{", *rows, "}"]
    if each.alternatives:
        names = ", ".join(f'"{name}"' for name in each.alternatives)
        lines += ["", f"{table}_ALTERNATIVES = frozenset(({names}))"]
    lines += [
        "",
        "",
        f"def {snake(each.name)}_from_json(value: rt.Json, lost: rt.Lost) -> {each.name}:",
        f'    """Return the {each.name} of a JSON object; what its types cannot hold is written to `lost`."""',
    ]
    if each.alternatives:
        lines += [
            f"    if type(value) is dict and len({table}_ALTERNATIVES & value.keys()) > 1:",
            '        lost.append("")',
        ]
    lines += [
        f"    message: {each.name} = rt.fill({each.name}, {table}, value, lost)",
        "    return message",
    ]
    return "\n".join(lines)


def emit_text_parsers(system: System) -> list[str]:
    """Return the functions that keep or read the exact text of a member."""
    parts = []
    for each in system.objects:
        for member in each.members:
            if member.exact_field is not None:
                parts.append(_keeper(each, member))
                parts.append(_deriver(member))
    return parts


def _keeper(each: Object, member: Member) -> str:
    name = snake(each.name)
    return f'''
def {name}_from_text(text: bytes, lost: rt.Lost) -> {each.name}:
    """Return the {each.name} of a JSON text, the exact text of "{member.name}" kept in `{member.exact_field}`.

    Raises:
        rt.JsonError: it is not JSON or has the wrong shape; with the path.
    """
    texts = rt.members(text)
    exact = texts.pop("{member.name}", b"null")
    message = {name}_from_json({{name: rt.loads(inside) for name, inside in texts.items()}}, lost)
    if exact != b"null":
        if not exact.startswith(b"{{"):
            raise rt.JsonError("{member.name}", "expected an object")
        message.{member.exact_field} = exact
    return message
'''


def _deriver(member: Member) -> str:
    assert member.message is not None
    name = snake(member.message)
    return f'''
def {name}_from_text(text: bytes) -> tuple[{member.message}, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Raises:
        rt.JsonError: the types cannot hold it; with the path.
    """
    lost: list[str] = []
    return {name}_from_json(rt.loads(text), lost), not lost
'''


def _taker(member: Member) -> tuple[str, str]:
    if member.kind is Kind.MESSAGE:
        assert member.message is not None
        one = f"{snake(member.message)}_from_json"
        wrap = {Shape.ONE: "{}", Shape.LIST: "rt.list_of_messages({})", Shape.MAP: "rt.map_of_messages({})"}
        return "None", wrap[member.shape].format(one)
    if member.shape is not Shape.ONE:
        if member.kind is Kind.NUMBER:
            assert member.shape is Shape.MAP, "no list of numbers has been needed"
            return "None", "rt.map_to_floats"
        kind, expected = _PLAIN[member.kind]
        of = "list_of" if member.shape is Shape.LIST else "map_of"
        return "None", f'rt.{of}({kind}, "{expected}")'
    match member.kind:
        case Kind.NUMBER:
            return "float", "rt.take_float"
        case Kind.BASE64:
            return "None", "rt.take_bytes"
        case Kind.RAW:
            return "None", "rt.take_raw"
        case Kind.TIME:
            return "None", "rt.take_time"
        case Kind.DURATION:
            return "None", "rt.take_duration"
        case _:
            kind, expected = _PLAIN[member.kind]
            return kind, f'rt.wrong("{expected}")'
