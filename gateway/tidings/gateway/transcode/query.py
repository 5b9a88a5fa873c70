"""The query of a request, set upon its message.

Parameters are dotted field paths. Those under a field that the path or the body has set are
ignored, as grpc-gateway does; a name that leads to no field is refused unless the caller says so.
"""

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadText, MalformedRequest
from tidings.gateway.transcode.fields import descriptor_of, field_named, wrapped_scalar
from tidings.gateway.transcode.percent import decode_query
from tidings.gateway.transcode.text import has_text, set_text

# A message may hold its own kind, so a name could be of any length. protobuf itself stops at 100.
_MAX_STEPS = 32

FieldPath = tuple[FieldDescriptor, ...]


def parse_query(query: bytes) -> list[tuple[str, str | None]]:
    """Split a raw query into names and values, in order. A name without "=" has the value None.

    Only "&" separates. Empty parts are skipped.

    Raises:
        MalformedRequest: a malformed escape, or a text that is not UTF-8.
    """
    pairs: list[tuple[str, str | None]] = []
    for part in query.split(b"&"):
        if not part:
            continue
        raw_name, equals, raw_value = part.partition(b"=")
        name = _decode("query", raw_name)
        pairs.append((name, _decode(name, raw_value) if equals else None))
    return pairs


def bind_query(
    message: Message,
    query: bytes,
    *,
    bound: frozenset[tuple[str, ...]] = frozenset(),
) -> None:
    """Set the fields that a raw query names.

    `bound` holds the field paths, in proto names, that the path and the body have set.

    Raises:
        MalformedRequest: an unknown name, a value not of the field's type, a singular field given
            twice, two members of one oneof, or a field that a query cannot hold.
    """
    seen: set[tuple[str, ...]] = set()
    for name, text in parse_query(query):
        path = _resolve(descriptor_of(message), name)
        if path is None:
            raise MalformedRequest(name, "unknown query parameter")
        names = tuple(field.name for field in path)
        if any(_overlap(names, other) for other in bound):
            continue
        if not has_text(path[-1]):
            raise MalformedRequest(name, "cannot be given in the query")
        if not path[-1].is_repeated:
            if names in seen:
                raise MalformedRequest(name, "given more than once")
            seen.add(names)
        _set(message, path, name, text)


def _resolve(root: Descriptor, name: str) -> FieldPath | None:
    """Return the fields along a dotted name, or None. A wrapper's `value` is the wrapper itself."""
    steps = name.split(".")
    if len(steps) > _MAX_STEPS:
        return None
    path: list[FieldDescriptor] = []
    holder: Descriptor | None = root
    for step in steps:
        field = field_named(holder, step) if holder else None
        if field is None:
            return None
        path.append(field)
        enterable = not field.is_repeated and (wrapped_scalar(field) or not has_text(field))
        holder = field.message_type if enterable else None
    if len(path) > 1 and wrapped_scalar(path[-2]):
        path.pop()
    return tuple(path)


def _set(message: Message, path: FieldPath, name: str, text: str | None) -> None:
    for field in path[:-1]:
        _check_oneof(message, field, name)
        message = getattr(message, field.name)
    leaf = path[-1]
    _check_oneof(message, leaf, name)
    if text is None:
        text = "true" if _is_bool(leaf) else ""  # a bare name says yes, as ?pretty does
    try:
        set_text(message, leaf, text)
    except BadText as exc:
        raise MalformedRequest(name, str(exc)) from exc


def _check_oneof(holder: Message, field: FieldDescriptor, name: str) -> None:
    oneof = field.containing_oneof
    if oneof is None:
        return
    other = holder.WhichOneof(oneof.name)
    if other not in (None, field.name):
        raise MalformedRequest(name, f"excludes {other}, which is given as well")


def _is_bool(field: FieldDescriptor) -> bool:
    scalar = wrapped_scalar(field) or field
    return scalar.cpp_type == FieldDescriptor.CPPTYPE_BOOL


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path leads to the other."""
    return all(left == right for left, right in zip(one, other, strict=False))


def _decode(name: str, raw: bytes) -> str:
    try:
        return decode_query(raw)
    except BadText as exc:
        raise MalformedRequest(name, str(exc)) from exc
