"""An OpenAPI 3.1 document from the routes themselves, so that it cannot say anything else."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from tidings.gateway.transcode.fields import map_value, wrapped_scalar
from tidings.gateway.transcode.render import BYTES_TYPE, JSON_TYPE, LINES_TYPE
from tidings.gateway.transcode.routes import HTTP_BODY, WHOLE_MESSAGE, Route
from tidings.gateway.transcode.template import Template, Wildcard
from tidings.gateway.transcode.text import has_text

# The methods that a path item can have. Source: OpenAPI 3.1.1, Path Item Object.
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# Deeper parameters exist but nobody looks for them in a document; messages may hold their own kind.
_MAX_PARAMETER_STEPS = 3
_STATUS = "google.rpc.Status"

_INTEGER = {"type": "integer", "format": "int32"}
_INTEGER_TEXT = {"type": "string", "format": "int64"}
_NUMBER = {"oneOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_SCALARS: dict[int, dict[str, Any]] = {
    FieldDescriptor.CPPTYPE_INT32: _INTEGER,
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: _INTEGER_TEXT,
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_DOUBLE: _NUMBER,
    FieldDescriptor.CPPTYPE_FLOAT: _NUMBER,
}
_WELL_KNOWN: dict[str, dict[str, Any]] = {
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
}


def openapi_document(routes: Iterable[Route], *, title: str, version: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document as a JSON object.

    Paths have plain names of variables, "/v1/{name}"; where two paths become one that way, the
    later's variables get a number. Methods that OpenAPI has no word for, "*" among them, are left
    out.
    """
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        method = route.http_method.lower()
        if method not in _METHODS:
            continue
        number = 0
        path, names = _plain_path(route.template, number)
        while method in paths.get(path, {}):
            number += 1
            path, names = _plain_path(route.template, number)
        paths.setdefault(path, {})[method] = _operation(route, names, schemas)
    return {
        "openapi": "3.1.1",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": schemas.components},
    }


class _Schemas:
    """Collects the schema of every message that is named, once each."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {
            _STATUS: {
                "type": "object",
                "properties": {
                    "code": _INTEGER,
                    "message": {"type": "string"},
                    "details": {
                        "type": "array",
                        "items": _WELL_KNOWN["google.protobuf.Any"],
                    },
                },
            }
        }

    def of_message(self, root: Descriptor) -> dict[str, Any]:
        """Return a schema or a reference. Types inside types are a loop's work, not recursion's."""
        pending = [root]
        while pending:
            descriptor = pending.pop()
            if _own_schema(descriptor) is not None or descriptor.full_name in self.components:
                continue
            properties = {field.json_name: _field_schema(field) for field in descriptor.fields}
            self.components[descriptor.full_name] = {"type": "object", "properties": properties}
            pending += [inner for field in descriptor.fields if (inner := _inner(field))]
        return _reference(root)

    def of_field(self, field: FieldDescriptor) -> dict[str, Any]:
        if inner := _inner(field):
            self.of_message(inner)
        return _field_schema(field)


def _plain_path(template: Template, number: int) -> tuple[str, list[str]]:
    """Return the path in OpenAPI's form and the names of its parameters, in their order."""
    parts: list[str] = []
    names: list[str] = []
    position = wildcards = 0
    suffix = f"_{number}" if number else ""
    variables = {variable.start: variable for variable in template.variables}
    while position < len(template.segments):
        segment = template.segments[position]
        if variable := variables.get(position):
            names.append(".".join(variable.field_path) + suffix)
            parts.append(f"{{{names[-1]}}}")
            position = variable.end
            continue
        if isinstance(segment, Wildcard):
            wildcards += 1
            names.append(f"wildcard{wildcards}{suffix}")
            parts.append(f"{{{names[-1]}}}")
        else:
            parts.append(segment)
        position += 1
    return "/" + "/".join(parts) + (f":{template.verb}" if template.verb else ""), names


def _operation(route: Route, path_names: list[str], schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.rpc.containing_service.name}_{route.rpc.name}"
        + (f"_{route.binding}" if route.binding else ""),
        "tags": [route.rpc.containing_service.name],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in path_names
        ]
        + [
            {"name": name, "in": "query", "schema": schemas.of_field(field)}
            for name, field in _query_fields(route)
        ],
        "responses": {
            "200": {"description": "OK", "content": _answer(route, schemas)},
            "default": {
                "description": "An error",
                "content": {JSON_TYPE: {"schema": _reference_to(_STATUS)}},
            },
        },
    }
    if route.body:
        operation["requestBody"] = {"content": _body(route, schemas)}
    return operation


def _query_fields(route: Route) -> Iterator[tuple[str, FieldDescriptor]]:
    if route.body == WHOLE_MESSAGE:
        return
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
    return list(reversed(holder.fields)) if holder and _own_schema(holder) is None else []


def _body(route: Route, schemas: _Schemas) -> dict[str, Any]:
    if route.takes_raw_body:
        return {"*/*": {"schema": {}}}
    if route.body == WHOLE_MESSAGE:
        schema = schemas.of_message(route.rpc.input_type)
    else:
        schema = schemas.of_field(route.rpc.input_type.fields_by_name[route.body])
    return {LINES_TYPE if route.rpc.client_streaming else JSON_TYPE: {"schema": schema}}


def _answer(route: Route, schemas: _Schemas) -> dict[str, Any]:
    if route.gives_raw_body:
        return {BYTES_TYPE: {"schema": {}}}
    if route.response_body:
        schema = schemas.of_field(route.rpc.output_type.fields_by_name[route.response_body])
    else:
        schema = schemas.of_message(route.rpc.output_type)
    return {LINES_TYPE if route.rpc.server_streaming else JSON_TYPE: {"schema": schema}}


def _field_schema(field: FieldDescriptor) -> dict[str, Any]:
    if value := map_value(field):
        return {"type": "object", "additionalProperties": _single_schema(value)}
    if field.is_repeated:
        return {"type": "array", "items": _single_schema(field)}
    return _single_schema(field)


def _single_schema(field: FieldDescriptor) -> dict[str, Any]:
    if scalar := wrapped_scalar(field):
        return _single_schema(scalar)
    if field.message_type:
        return _reference(field.message_type)
    if field.enum_type:
        return _enum_schema(field.enum_type)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return _SCALARS.get(field.cpp_type, {"type": "string"})


def _enum_schema(enum: EnumDescriptor) -> dict[str, Any]:
    return {"type": "string", "enum": [value.name for value in enum.values]}


def _inner(field: FieldDescriptor) -> Descriptor | None:
    """Return the message type that a field's schema refers to, looked up through maps."""
    field = map_value(field) or field
    return None if wrapped_scalar(field) else field.message_type


def _reference(descriptor: Descriptor) -> dict[str, Any]:
    own = _own_schema(descriptor)
    return _reference_to(descriptor.full_name) if own is None else own


def _reference_to(full_name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{full_name}"}


def _own_schema(descriptor: Descriptor) -> dict[str, Any] | None:
    if descriptor.full_name == HTTP_BODY:
        return {"type": "object"}
    return _WELL_KNOWN.get(descriptor.full_name)
