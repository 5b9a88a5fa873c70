"""The doors' descriptions of their paths, as data, and the OpenAPI 3.1 document made of them.

A door describes what its paths take and answer in the spelling of its system. The answers of the
admission rules, which hold for every path, are added here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from google.rpc import status_pb2

from tidings.gateway.transcode.fields import descriptor_of
from tidings.gateway.transcode.message_schema import MessageSchemas, Schema, reference
from tidings.gateway.transcode.render import JSON_TYPE, LINES_TYPE
from tidings.gateway.transcode.routes import Route
from tidings.gateway.transcode.template import Template, parse_template

# Media type to OpenAPI's Media Type Object.
Content = Mapping[str, Mapping[str, Any]]

TEXT: Schema = {"type": "string"}
BOOL: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
UINT64: Schema = {"type": "integer", "minimum": 0, "maximum": 2**64 - 1}
TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
OBJECT: Schema = {"type": "object"}

PLAIN: Content = {"text/plain": {"schema": TEXT}}
BYTES: Content = {"*/*": {"schema": {}}}

# Of every path: a bad Host or Grpc-Timeout, a foreign Origin, a foreign Host, a service that is
# away or a gateway that is overloaded, a deadline of the client's.
GATE_STATUSES = (400, 403, 421, 503, 504)
# Of bodies: too slow, too large, or of an unknown coding.
BODY_STATUSES = (408, 413, 415)
# Of errors of the service where they are told by their own codes; 400, 503 and 504 have all paths.
CODE_STATUSES = (401, 404, 409, 429, 500, 501)


def json_of(schema: Schema) -> Content:
    """Return JSON with this schema."""
    return {JSON_TYPE: {"schema": schema}}


def lines_of(schema: Schema, kind: str = LINES_TYPE) -> Content:
    """Return JSON values of this schema, one a line, which OpenAPI 3.1 cannot describe."""
    return {kind: {"schema": TEXT, "x-itemSchema": schema}}


def array_of(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def object_of(**members: Schema) -> Schema:
    """Return the schema of an object that has all these members."""
    return {"type": "object", "properties": members, "required": list(members)}


def taken(schema: Schema, *required: str, **more: Schema) -> Schema:
    """Return the schema of an object as it is published: others of its members may be missing.

    Members that it does not have are refused.
    """
    return {
        "type": "object",
        "properties": schema["properties"] | more,
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `place` is OpenAPI's `in`."""

    name: str
    about: str
    schema: Schema = field(default_factory=lambda: TEXT)
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Without `content` it has no body. `headers` are names and their descriptions."""

    about: str
    content: Content = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnPath:
    """A method and a path that no RPC has."""

    http_method: str
    template: Template

    @classmethod
    def get(cls, path: str) -> OwnPath:
        """Return a path that is read."""
        return cls("GET", parse_template(path))


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: a route of the contract, or a path of the gateway alone.

    `answers` are by status; `errors` are statuses whose bodies are the door's refusals, beside
    those that every path has. `refusal` is set here if it is not the door's.
    """

    name: str
    at: Route | OwnPath
    about: str
    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Content = field(default_factory=dict)
    refusal: Content | None = None


@dataclass(frozen=True, slots=True)
class Paths:
    """The description of one door. `refusal` is the body of its errors.

    `schemas` may be referred to by name; `security` holds the ways to show a credential, any one
    of which will do.
    """

    name: str
    operations: tuple[Operation, ...]
    refusal: Content
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    security: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def path(self, name: str) -> bytes:
        """Return the path of an operation that has no variables, for the door to look it up by."""
        return self.template(name).fill().encode("ascii")

    def template(self, name: str) -> Template:
        """Return the path of an operation."""
        (found,) = (each.at.template for each in self.operations if each.name == name)
        return found


STATUS: Content = json_of(reference("google.rpc.Status"))
BEARER = {"bearer": {"type": "http", "scheme": "bearer"}}


def header_key(name: str) -> Mapping[str, str]:
    """Return the security scheme of a token in a header."""
    return {"type": "apiKey", "in": "header", "name": name}


def query_key(name: str) -> Mapping[str, str]:
    """Return the security scheme of a token in the query."""
    return {"type": "apiKey", "in": "query", "name": name}


# Of all systems; what is answered there are lines of our own.
PUBLISH_PREFIX = b"/v1/publish/"


def publish_operations(system: str, schema: Schema) -> tuple[Operation, ...]:
    """Return the two methods of a system's publishing path."""
    path = parse_template(PUBLISH_PREFIX.decode() + system)
    return tuple(
        Operation(
            f"publish_{system.replace('-', '_')}_{method.lower()}",
            OwnPath(method, path),
            "Publishes objects in the system's own spelling: one, one a line, or one array."
            " Each is answered with a line.",
            {200: Answer("One line for each object", lines_of(reference("PublishLine")))},
            errors=CODE_STATUSES,
            parameters=(SOURCE,),
            body={
                **json_of({"anyOf": [schema, array_of(schema)]}),
                **lines_of(schema),
            },
            refusal=PUBLISH_REFUSAL,
        )
        for method in ("POST", "PUT")
    )


SOURCE = Parameter(
    "source",
    "where the events come from, for those that do not say; makes a replay idempotent",
    {"type": "string", "maxLength": 256},
)
# What was the only object is refused with its line as the body.
PUBLISH_REFUSAL: Content = {**STATUS, **lines_of(reference("PublishLine"))}
_PUBLISH_LINE: Schema = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"line": INTEGER, "seq": UINT64, "duplicate": BOOL},
            "required": ["line", "seq"],
        },
        object_of(line=INTEGER, error=TEXT),
    ]
}


def openapi_document(all_paths: Iterable[Paths]) -> dict[str, Any]:
    """Return the document as a JSON object."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Schema] = {"PublishLine": _PUBLISH_LINE}
    security: dict[str, Mapping[str, str]] = {}
    messages = MessageSchemas()
    messages.of_message(descriptor_of(status_pb2.Status()))
    for door in all_paths:
        schemas |= door.schemas
        security |= door.security
        for operation in door.operations:
            methods = paths.setdefault(_path(operation.at.template), {})
            methods[operation.at.http_method.lower()] = _operation(door, operation)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Tidings",
            "version": "v1",
            "description": "One durable log behind the event APIs of several systems."
            " The contract is protos/; docs/doors/ tells of each system's paths."
            " With `Prefer: errors-as-200` (RFC 7240) an error is answered with 200, its status in"
            " the header Tidings-Status.",
        },
        "paths": paths,
        "components": {"schemas": schemas | messages.found, "securitySchemes": security},
    }


def _operation(door: Paths, operation: Operation) -> dict[str, Any]:
    refusal = door.refusal if operation.refusal is None else operation.refusal
    errors = {*GATE_STATUSES, *operation.errors, *(BODY_STATUSES if operation.body else ())}
    refusals = {status: Answer(HTTPStatus(status).phrase, refusal) for status in errors}
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.about,
        "tags": [door.name],
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.place,
                "description": parameter.about,
                "schema": parameter.schema,
                **({"required": True} if parameter.place == "path" else {}),
            }
            for parameter in operation.parameters
        ],
        "responses": {
            str(status): _answer(answer)
            for status, answer in sorted({**refusals, **operation.answers}.items())
        },
    }
    if door.security:
        found["security"] = [{}, *({name: []} for name in door.security)]
    if operation.body:
        found["requestBody"] = {"content": operation.body}
    if isinstance(operation.at, Route):
        found["x-rpc"] = operation.at.rpc.name
    return found


def _path(template: Template) -> str:
    """Return a path as OpenAPI writes it: a variable has the name of its field, without holders."""
    return template.fill(*(f"{{{variable.field_path[-1]}}}" for variable in template.variables))


def _answer(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"description": answer.about}
    if answer.content:
        found["content"] = answer.content
    if answer.headers:
        found["headers"] = {
            name: {"description": about, "schema": TEXT} for name, about in answer.headers.items()
        }
    return found
