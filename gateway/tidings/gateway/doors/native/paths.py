"""What our paths take and answer: the contract's own messages, and what is beside them."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.doors.cloud_event.paths import BATCH_TYPE, STRUCTURED_TYPE
from tidings.gateway.doors.native.formats import SSE_TYPE
from tidings.gateway.doors.native.query import LAST_ID
from tidings.gateway.openapi import (
    BEARER,
    BOOL,
    CODE_STATUSES,
    PUBLISH_REFUSAL,
    SOURCE,
    STATUS,
    TEXT,
    UINT64,
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
from tidings.v1.systems import SYSTEMS

_SELECTIONS = (
    Parameter("system", "only these systems; repeated", array_of({"enum": list(SYSTEMS)})),
    Parameter("topic", "only these Nomad topics, Topic or Topic:key; repeated", array_of(TEXT)),
)
_OF_STREAMS = (
    Parameter("follow", "false = end after what is stored now", BOOL),
    Parameter("limit", "end after so many records of what is stored now", UINT64),
    Parameter("until_time", "end before what was stored at this time or later", TEXT),
    Parameter(LAST_ID, "as the header, for EventSource; only for server-sent events"),
    Parameter("Last-Event-ID", "go on after this position", TEXT, "header"),
)


def _publish(messages: MessageSchemas) -> Operation:
    route = route_to("Publish")
    draft = messages.of_field(route.rpc.input_type.fields_by_name[route.body])
    stored = messages.of_message(route.rpc.output_type)
    return Operation(
        "publish",
        route,
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
        refusal=PUBLISH_REFUSAL,
    )


def _fields_of(route: Route, messages: MessageSchemas) -> tuple[Parameter, ...]:
    about = f"a field of {route.rpc.input_type.name}"
    return tuple(
        Parameter(name, about, messages.of_field(field)) for name, field in query_fields(route)
    )


def _read_records(messages: MessageSchemas) -> Operation:
    route = route_to("ReadRecords")
    return Operation(
        "read_records",
        route,
        "A page of stored records, oldest or newest first.",
        {200: Answer("The page", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
        parameters=(*_fields_of(route, messages), *_SELECTIONS),
    )


def _count_records(messages: MessageSchemas) -> Operation:
    route = route_to("CountRecords")
    return Operation(
        "count_records",
        route,
        "How many stored events there are, by time, system, type and source.",
        {200: Answer("The counts", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
        parameters=(*_fields_of(route, messages), *_SELECTIONS),
    )


def _get_record(messages: MessageSchemas) -> Operation:
    route = route_to("GetRecord")
    seq = messages.of_field(route.rpc.input_type.fields_by_name["seq"])
    return Operation(
        "get_record",
        route,
        "One record by its position.",
        {200: Answer("The record", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
        parameters=(
            Parameter("seq", "the position", seq, "path"),
            *_fields_of(route, messages),
        ),
    )


def _list_objects(messages: MessageSchemas) -> Operation:
    route = route_to("ListObjects")
    return Operation(
        "list_objects",
        route,
        "The objects that there were at a time, as their newest events carried them.",
        {200: Answer("The page", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
        parameters=_fields_of(route, messages),
    )


def _object_history(messages: MessageSchemas) -> Operation:
    route = route_to("GetObjectHistory")
    fields = route.rpc.input_type.fields_by_name
    return Operation(
        "object_history",
        route,
        "The versions of one object, the newest first, each with what differs from the one before.",
        {200: Answer("The page", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
        parameters=(
            Parameter("system", "name of its system", messages.of_field(fields["system"]), "path"),
            Parameter("kind", "its kind", messages.of_field(fields["kind"]), "path"),
            Parameter("id", "its id or name, maybe with slashes", TEXT, "path"),
            *_fields_of(route, messages),
        ),
    )


def _log_status(messages: MessageSchemas) -> Operation:
    route = route_to("GetLogStatus")
    return Operation(
        "log_status",
        route,
        "What the log holds of each system, where it is kept, and who reads.",
        {200: Answer("The status", json_of(messages.of_message(route.rpc.output_type)))},
        errors=CODE_STATUSES,
    )


def _subscribe(messages: MessageSchemas) -> Operation:
    route = route_to("Subscribe")
    message = messages.of_message(route.rpc.output_type)
    event = reference("CloudEvent")
    broken = object_of(**{ERROR_MEMBER: reference("google.rpc.Status")})
    return Operation(
        "subscribe",
        route,
        "Records from a position on, then live ones, for ever; one message a line. It ends with"
        " what is stored where follow=false, limit or until_time says so.",
        {
            200: Answer(
                "Lines, or with Accept: text/event-stream server-sent events of the same objects,"
                " with application/cloudevents+json CloudEvents, one a line, and of what ends with"
                " application/cloudevents-batch+json one array of them;"
                " a stream that breaks says so in its last line",
                {
                    **lines_of({"anyOf": [broken, message]}),
                    SSE_TYPE: {"schema": TEXT},
                    **lines_of(event, STRUCTURED_TYPE),
                    BATCH_TYPE: {"schema": array_of(event)},
                },
                {"Tidings-Log-Id": "the log that positions belong to"},
            )
        },
        errors=CODE_STATUSES,
        parameters=(*_fields_of(route, messages), *_SELECTIONS, *_OF_STREAMS),
    )


_MESSAGES = MessageSchemas()
PATHS = Paths(
    "native",
    tuple(
        describe(_MESSAGES)
        for describe in (
            _publish,
            _subscribe,
            _read_records,
            _count_records,
            _get_record,
            _list_objects,
            _object_history,
            _log_status,
        )
    ),
    STATUS,
    _MESSAGES.found,
    BEARER,
)
