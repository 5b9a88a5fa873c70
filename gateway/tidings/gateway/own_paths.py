"""What the gateway's own paths answer, which are no system's."""

from __future__ import annotations

from tidings.gateway.openapi import (
    OBJECT,
    PLAIN,
    STATUS,
    TEXT,
    Answer,
    Content,
    Operation,
    Parameter,
    Paths,
    json_of,
    object_of,
)

_WORD: Content = json_of(object_of(status=TEXT))

OWN_PATHS = Paths(
    "own",
    (
        Operation(
            "healthz",
            "GET",
            "/healthz",
            "That the gateway runs.",
            {200: Answer("It does", _WORD)},
        ),
        Operation(
            "readyz",
            "GET",
            "/readyz",
            "Whether events can be read and published.",
            {
                200: Answer("Ready", {**_WORD, **PLAIN}),
                503: Answer("Not ready", {**_WORD, **PLAIN}),
            },
            parameters=(Parameter("verbose", "list the checks, whatever the value"),),
        ),
        Operation(
            "metrics",
            "GET",
            "/metrics",
            "The gateway's metrics for Prometheus.",
            {200: Answer("Metrics in text format 0.0.4", PLAIN)},
        ),
        Operation(
            "openapi",
            "GET",
            "/openapi.json",
            "This document.",
            {200: Answer("OpenAPI 3.1", json_of(OBJECT))},
        ),
    ),
    STATUS,
)
