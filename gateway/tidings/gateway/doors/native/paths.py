"""What /v1/events takes and answers: the contract's own messages, and what is beside them."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.gateway.doors.native.query import LAST_ID, SSE_TYPE, SYSTEMS
from tidings.gateway.openapi import (
    BEARER,
    CODE_STATUSES,
    PUBLISH_REFUSAL,
    SOURCE,
    STATUS,
    TEXT,
    Answer,
    Operation,
    Parameter,
    Paths,
    array_of,
    json_of,
    lines_of,
    object_of,
)
from tidings.gateway.transcode.message_schema import MessageSchemas, query_fields, reference
from tidings.gateway.transcode.routes import ERROR_MEMBER, Route

_NOT_OF_THE_CONTRACT = (
    Parameter("system", "only these systems; repeated", array_of({"enum": list(SYSTEMS)})),
    Parameter("topic", "only these Nomad topics, Topic or Topic:key; repeated", array_of(TEXT)),
    Parameter(LAST_ID, "as the header, for EventSource; only for server-sent events"),
    Parameter("Last-Event-ID", "go on behind this position", TEXT, "header"),
)


def paths_of(routes: Sequence[Route]) -> Paths:
    """Return what is said of the contract's own routes: their fields are its fields."""
    messages = MessageSchemas()
    make = {"Publish": _publish, "Subscribe": _subscribe}
    operations = tuple(make[route.rpc.name](route, messages) for route in routes)
    return Paths("native", operations, STATUS, messages.found, BEARER)


def _publish(route: Route, messages: MessageSchemas) -> Operation:
    draft = messages.of_field(route.rpc.input_type.fields_by_name[route.body])
    stored = messages.of_message(route.rpc.output_type)
    return Operation(
        "publish",
        route.http_method,
        str(route.template),
        "Publishes one draft, or several: one a line, or one array, each answered with a line.",
        {
            200: Answer(
                "Where it is stored, or one line for each",
                {**json_of(stored), **lines_of(reference("PublishLine"))},
            )
        },
        errors=CODE_STATUSES,
        parameters=(SOURCE,),
        body={**json_of({"anyOf": [draft, array_of(draft)]}), **lines_of(draft)},
        rpc=route.rpc.name,
        refusal=PUBLISH_REFUSAL,
    )


def _subscribe(route: Route, messages: MessageSchemas) -> Operation:
    fields = tuple(
        Parameter(name, "a field of SubscribeRequest", messages.of_field(field))
        for name, field in query_fields(route)
    )
    message = messages.of_message(route.rpc.output_type)
    broken = object_of(**{ERROR_MEMBER: reference("google.rpc.Status")})
    return Operation(
        "subscribe",
        route.http_method,
        str(route.template),
        "Records from a position on, then live ones, for ever; one message a line.",
        {
            200: Answer(
                "Lines, or with Accept: text/event-stream server-sent events of the same objects;"
                " a stream that breaks says so in its last line",
                {**lines_of({"anyOf": [broken, message]}), SSE_TYPE: {"schema": TEXT}},
                {"Tidings-Log-Id": "the log that positions belong to"},
            )
        },
        errors=CODE_STATUSES,
        parameters=(*fields, *_NOT_OF_THE_CONTRACT),
        rpc=route.rpc.name,
    )
