"""What Consul's paths take and answer."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.openapi import (
    BEARER,
    BYTES,
    OBJECT,
    PLAIN,
    TEXT,
    UINT64,
    Answer,
    Operation,
    OwnPath,
    Parameter,
    Paths,
    array_of,
    header_key,
    json_of,
    object_of,
    publish_operations,
    query_key,
    taken,
)
from tidings.gateway.transcode.message_schema import reference

_EVENT = object_of(
    ID=TEXT,
    Name=TEXT,
    Payload={"type": ["string", "null"], "contentEncoding": "base64"},
    NodeFilter=TEXT,
    ServiceFilter=TEXT,
    TagFilter=TEXT,
    Version=UINT64,
    LTime=UINT64,
)
_PRETTY = Parameter("pretty", "indent the answer, whatever the value")
_SERVER_ERROR = Answer("Bare text; nothing where Go cannot parse the query")
_POLICY = {"X-Consul-Default-ACL-Policy": "allow, or deny with access control"}

PATHS = Paths(
    "consul",
    (
        Operation(
            "consul_fire",
            route_to("Fire"),
            "Fires a user event; the body is its payload, whatever it is.",
            {
                200: Answer("The event", json_of(reference("ConsulEvent")), _POLICY),
                400: Answer("Bare text; nothing where Go does not call the path printable"),
                500: Answer(
                    "A filter is wrong, a token is unknown, or the service is away: bare text;"
                    " nothing where Go cannot parse the query"
                ),
                301: Answer("The name is not in Go's clean form"),
            },
            errors=(429,),
            parameters=(
                Parameter("name", "the event's name", {"type": "string", "minLength": 1}, "path"),
                Parameter("node", "a regular expression"),
                Parameter("service", "a regular expression"),
                Parameter("tag", "a regular expression; needs a service"),
                Parameter("dc", "this server's own, or 500"),
                _PRETTY,
            ),
            body=BYTES,
        ),
        Operation(
            "consul_list",
            route_to("List"),
            "The newest events, at most 256; with an index it waits until there are others.",
            {
                200: Answer(
                    "The events, oldest first",
                    json_of(array_of(reference("ConsulEvent"))),
                    _POLICY
                    | {
                        "X-Consul-Index": "the index to wait with",
                        "X-Consul-Results-Filtered-By-ACLs": "true where some are left out",
                    },
                ),
                500: _SERVER_ERROR,
            },
            errors=(413, 429),
            parameters=(
                Parameter("name", "only events of this name"),
                Parameter("index", "wait while the list has this index", UINT64),
                Parameter("wait", "how long at most: a duration of Go's, 10m at most"),
                _PRETTY,
            ),
        ),
        Operation(
            "consul_self",
            OwnPath.get("/v1/agent/self"),
            "Who this server is, to clients of Consul and of Nomad.",
            {
                200: Answer("Members of both systems", json_of(OBJECT), _POLICY),
                500: _SERVER_ERROR,
            },
            parameters=(_PRETTY,),
        ),
        *publish_operations("consul", taken(_EVENT, "Name")),
    ),
    PLAIN,
    {"ConsulEvent": _EVENT},
    BEARER
    | {
        "consul_token": header_key("X-Consul-Token"),
        "consul_query_token": query_key("token"),
    },
)
