"""What the stream's query selects."""

from __future__ import annotations

import pytest

from tidings.gateway.doors.docker_cloud.query import parse_events_query


@pytest.mark.parametrize(
    ("query", "selector"),
    [
        (b"", {}),
        (b"type=&object=,&parent=", {}),
        (b"type=Service,,stack", {"types": ["service", "stack"]}),
        (b"object=/api/app/v1/service/a/", {"objects": ["/api/app/v1/service/a"]}),
        (b"object=/", {"objects": ["/"]}),
        (b"parent=/&parents=/a/", {"parents": ["/", "/a"]}),
    ],
)
def test_no_value_that_is_asked_for_is_empty(query: bytes, selector: dict[str, list[str]]) -> None:
    asked = parse_events_query("", query).request().selection.docker_cloud
    assert {field.name: list(value) for field, value in asked.ListFields()} == selector
