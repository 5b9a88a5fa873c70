"""JSON schemas of messages and of query parameters, from the contract's descriptors."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from tidings.gateway.transcode.fields import map_value, wrapped_scalar
from tidings.gateway.transcode.routes import HTTP_BODY, Route
from tidings.gateway.transcode.text import has_text

Schema = dict[str, Any]

# Deeper parameters exist but would only swell the document; messages may be recursive.
_MAX_PARAMETER_STEPS = 3

_NUMBER = {"oneOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "pattern": "^-?[0-9]{1,19}$"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "pattern": "^[0-9]{1,20}$"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_DOUBLE: _NUMBER,
    FieldDescriptor.CPPTYPE_FLOAT: _NUMBER,
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Value": {},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    },
    HTTP_BODY: {"type": "object"},
}


def reference(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


class MessageSchemas:
    """Collects the schema of every message that is named, once each, by its full name."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of_message(self, root: Descriptor) -> Schema:
        """Return a schema or a reference. Types inside types are a loop's work, not recursion's."""
        pending = [root]
        while pending:
            descriptor = pending.pop()
            if descriptor.full_name in _WELL_KNOWN or descriptor.full_name in self.found:
                continue
            properties = {field.json_name: _field_schema(field) for field in descriptor.fields}
            self.found[descriptor.full_name] = {"type": "object", "properties": properties}
            pending += [inner for field in descriptor.fields if (inner := _inner(field))]
        return _of_message(root)

    def of_field(self, field: FieldDescriptor) -> Schema:
        """Return the schema of what a field holds."""
        if inner := _inner(field):
            self.of_message(inner)
        return _field_schema(field)


def query_fields(route: Route) -> Iterator[tuple[str, FieldDescriptor]]:
    """Return the fields of a request that its query can set, with the names of the parameters."""
    bound = {variable.field_path for variable in route.template.variables} | {(route.body,)}
    pending: list[tuple[tuple[str, ...], FieldDescriptor]] = [
        ((field.name,), field) for field in reversed(route.rpc.input_type.fields)
    ]
    while pending:
        path, field = pending.pop()
        if path in bound:
            continue
        if has_text(field):
            yield ".".join(path), field
        elif len(path) < _MAX_PARAMETER_STEPS:
            pending += [((*path, inner.name), inner) for inner in _fields_inside(field)]


def _fields_inside(field: FieldDescriptor) -> list[FieldDescriptor]:
    """Return the fields that parameters can reach through this one, last first."""
    holder = None if field.is_repeated else field.message_type
    return list(reversed(holder.fields)) if holder and holder.full_name not in _WELL_KNOWN else []


def _field_schema(field: FieldDescriptor) -> Schema:
    if value := map_value(field):
        return {"type": "object", "additionalProperties": _single_schema(value)}
    if field.is_repeated:
        return {"type": "array", "items": _single_schema(field)}
    return _single_schema(field)


def _single_schema(field: FieldDescriptor) -> Schema:
    if scalar := wrapped_scalar(field):
        return _single_schema(scalar)
    if field.message_type:
        return _of_message(field.message_type)
    if field.enum_type:
        return _enum_schema(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return _SCALARS.get(field.cpp_type, {"type": "string"})


def _enum_schema(enum: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [value.name for value in enum.values]}


def _inner(field: FieldDescriptor) -> Descriptor | None:
    """Return the message type that a field's schema refers to, looked up through maps."""
    field = map_value(field) or field
    return None if wrapped_scalar(field) else field.message_type


def _of_message(descriptor: Descriptor) -> Schema:
    known = _WELL_KNOWN.get(descriptor.full_name)
    return reference(descriptor.full_name) if known is None else known
