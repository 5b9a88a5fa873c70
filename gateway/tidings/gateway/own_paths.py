"""The answers of the gateway's own paths, which belong to no system."""

from __future__ import annotations

from tidings.gateway.console_page import FILE_TYPES
from tidings.gateway.openapi import (
    OBJECT,
    PLAIN,
    STATUS,
    TEXT,
    Answer,
    Content,
    Operation,
    OwnPath,
    Parameter,
    Paths,
    array_of,
    json_of,
    object_of,
)

_WORD: Content = json_of(object_of(status=TEXT))

OWN_PATHS = Paths(
    "own",
    (
        Operation(
            "healthz",
            OwnPath.get("/healthz"),
            "That the gateway runs.",
            {200: Answer("It does", _WORD)},
        ),
        Operation(
            "readyz",
            OwnPath.get("/readyz"),
            "Whether events can be read and published.",
            {
                200: Answer("Ready", {**_WORD, **PLAIN}),
                503: Answer("Not ready", {**_WORD, **PLAIN}),
            },
            parameters=(
                Parameter("verbose", "list the checks, whatever the value"),
                Parameter("exclude", "a check that counts as passed; repeated", array_of(TEXT)),
            ),
        ),
        Operation(
            "readyz_check",
            OwnPath.get("/readyz/{check}"),
            "Whether one check passes: gateway, service, write, clock or sources.",
            {200: Answer("It does", _WORD), 503: Answer("It does not", _WORD)},
            errors=(404,),
            parameters=(Parameter("check", "the name of the check", place="path"),),
        ),
        Operation(
            "version",
            OwnPath.get("/version"),
            "The versions of the gateway and of what it is built on.",
            {
                200: Answer(
                    "Versions",
                    json_of(object_of(version=TEXT, python=TEXT, grpc=TEXT, protobuf=TEXT)),
                )
            },
        ),
        Operation(
            "metrics",
            OwnPath.get("/metrics"),
            "The gateway's metrics for Prometheus.",
            {200: Answer("Metrics in text format 0.0.4", PLAIN)},
        ),
        Operation(
            "openapi",
            OwnPath.get("/openapi.json"),
            "This document.",
            {200: Answer("OpenAPI 3.1", json_of(OBJECT))},
        ),
        Operation(
            "console",
            OwnPath.get("/"),
            "The console, for clients that accept text/html; for others there is no such path.",
            {200: Answer("The page", {"text/html": {"schema": TEXT}})},
            errors=(404,),
        ),
        Operation(
            "console_file",
            OwnPath.get("/console/{file=**}"),
            "A file of the console.",
            {200: Answer("The file", {kind: {"schema": TEXT} for kind in FILE_TYPES})},
            errors=(404,),
            parameters=(Parameter("file", "its path in gateway/console/", place="path"),),
        ),
    ),
    STATUS,
)
