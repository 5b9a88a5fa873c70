"""The OpenAPI document says what the routes do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from google.api import http_pb2

from tests.gateway.transcode.shop import method_with, routes
from tidings.gateway.transcode.openapi import openapi_document
from tidings.gateway.transcode.routes import routes_of


def document() -> dict[str, Any]:
    return openapi_document(routes(), title="Shop", version="1.2.3")


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_document_is_json_and_names_its_version() -> None:
    made = json.loads(json.dumps(document()))
    assert made["openapi"] == "3.1.1"
    assert made["info"] == {"title": "Shop", "version": "1.2.3"}


def test_paths_have_plain_names_and_all_methods() -> None:
    paths = document()["paths"]
    assert set(paths["/v1/things/{name}"]) == {"get", "put", "patch"}
    assert set(paths["/v1/things/{name}:poke"]) == {"post"}
    assert set(paths["/v1/deep/{name}"]) == {"get"}
    assert set(paths["/v1/parts/{part.name}/things/{name}"]) == {"get"}
    assert "/v1/any" not in paths
    assert "/v1/purge" not in paths


def test_every_reference_leads_somewhere() -> None:
    made = document()
    found = set(references(made))
    assert "#/components/schemas/shop.Thing" in found
    names = {reference.removeprefix("#/components/schemas/") for reference in found}
    assert names <= set(made["components"]["schemas"])


def test_operation_ids_are_unique() -> None:
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert "Shop_Get" in ids
    assert "Shop_Get_1" in ids


def parameters(path: str, method: str) -> dict[str, dict[str, Any]]:
    return {
        parameter["name"]: parameter
        for parameter in document()["paths"][path][method]["parameters"]
    }


def test_parameters_are_those_that_the_binder_takes() -> None:
    found = parameters("/v1/parts/{part.name}/things/{name}", "get")
    assert found["part.name"]["in"] == found["name"]["in"] == "path"
    assert found["name"]["required"] is True
    assert found["large"] == {
        "name": "large",
        "in": "query",
        "schema": {"type": "string", "format": "int64"},
    }
    assert found["tags"]["schema"] == {"type": "array", "items": {"type": "string"}}
    assert found["made_at"]["schema"] == {"type": "string", "format": "date-time"}
    assert found["boxed_number"]["schema"] == {"type": "string", "format": "int64"}
    assert found["colour"]["schema"]["enum"][1] == "COLOUR_RED"
    assert "part.weight" in found
    assert "part.inner.name" in found
    assert not {
        "part",
        "labels",
        "free",
        "packed",
        "times",
        "parts",
        "part.inner.inner.name",
    } & set(found)


def test_fields_of_the_body_are_no_parameters() -> None:
    assert set(parameters("/v1/things/{name}", "put")) == {"name"}
    assert not {"part.weight", "part.name"} & set(parameters("/v1/things/{name}/part", "put"))
    assert set(parameters("/v1/raw/{key}", "put")) == {"key", "flags"}


def test_bodies_and_answers() -> None:
    paths = document()["paths"]
    thing = {"schema": {"$ref": "#/components/schemas/shop.Thing"}}

    def body(path: str, method: str) -> Any:
        return paths[path][method]["requestBody"]["content"]

    def answer(path: str, method: str) -> Any:
        return paths[path][method]["responses"]["200"]["content"]

    assert body("/v1/things/{name}", "put") == {"application/json": thing}
    assert body("/v1/things/{name}/tags", "put") == {
        "application/json": {"schema": {"type": "array", "items": {"type": "string"}}}
    }
    assert body("/v1/raw/{key}", "put") == {"*/*": {"schema": {}}}
    assert body("/v1/collect/{name}", "post") == {"application/x-ndjson": thing}
    assert "requestBody" not in paths["/v1/things/{name}"]["get"]
    assert answer("/v1/watch/{name}", "get") == {"application/x-ndjson": thing}
    assert answer("/v1/lists/things", "get") == {
        "application/json": {
            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/shop.Thing"}}
        }
    }
    assert answer("/v1/raw/{key}", "put") == {"application/octet-stream": {"schema": {}}}


def test_schema_has_the_names_of_the_json() -> None:
    schema = document()["components"]["schemas"]["shop.Thing"]["properties"]
    assert schema["HTTPAddr"] == {"type": "string"}
    assert schema["data"] == {"type": "string", "contentEncoding": "base64"}
    assert schema["labels"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert schema["partOf"]["additionalProperties"] == {"$ref": "#/components/schemas/shop.Part"}
    assert schema["part"] == {"$ref": "#/components/schemas/shop.Part"}


def test_raw_body_inside_an_answer_is_an_object() -> None:
    method = method_with(http_pb2.HttpRule(get="/a"), response="shop.Upload")
    made = openapi_document(routes_of([method.containing_service]), title="", version="")
    assert made["components"]["schemas"]["shop.Upload"]["properties"]["content"] == {
        "type": "object"
    }


def test_two_paths_that_become_one_are_kept_apart() -> None:
    rule = http_pb2.HttpRule(
        get="/v1/{name=shelves/*}",
        additional_bindings=[
            http_pb2.HttpRule(get="/v1/{name=books/*}"),
            http_pb2.HttpRule(get="/v1/*/x/**"),
        ],
    )
    made = openapi_document(routes_of([method_with(rule).containing_service]), title="", version="")
    assert list(made["paths"]) == ["/v1/{name}", "/v1/{name_1}", "/v1/{wildcard1}/x/{wildcard2}"]
