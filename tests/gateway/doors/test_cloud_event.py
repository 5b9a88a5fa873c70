"""CloudEvents over HTTP: structured, batched and binary mode, and the official SDK."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from google.protobuf import json_format

from tests.kit.http import Answer, Http
from tidings.gateway.doors.cloud_event.binary_mode import structured
from tidings.gateway.doors.cloud_event.lines import event_object, parse_event
from tidings.gateway.json_text import dumps
from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.upload.spelling import BadLine
from tidings.v1 import event_pb2

PATH = "/v1/cloudevents"
PATHS = (PATH, "/v1/publish/cloudevents")
STRUCTURED = "Content-Type: application/cloudevents+json"
BATCH = "Content-Type: application/cloudevents-batch+json"


def event(**changed: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"} | changed


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def lines(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.body.splitlines()]


def printed(content: bytes) -> dict[str, Any]:
    draft = parse_event(content, "prod")
    assert draft is not None
    (made,) = draft.events
    assert made.source == "prod"
    value: dict[str, Any] = json.loads(dumps(event_object(made.cloud_event)))
    return value


def stored(http: Http, seq: int) -> dict[str, Any]:
    """Return the event at a position as /v1/events gives it."""
    with http.open(f"/v1/events?after_seq={seq - 1}") as stream:
        stream.head()
        line = json.loads(stream.line())
        (record,) = line.get("records") or line["batch"]["records"]
        found: dict[str, Any] = record["events"][0]
        return found


@pytest.mark.parametrize(
    "whole",
    [
        event(),
        event(subject="a/b", time="2026-01-02T03:04:05.000000006Z", dataschema="https://e.com/x"),
        event(datacontenttype="application/json", data={"a": [1.5, None, "x"]}),
        event(datacontenttype="application/vnd.x+json; charset=utf-8", data="a text"),
        event(datacontenttype="text/plain", data="a text"),
        event(datacontenttype="image/png", data_base64="AP8="),
        event(flag=True, off=False, count=-7, empty=""),
    ],
)
def test_what_is_taken_is_printed_the_same(whole: dict[str, Any]) -> None:
    assert printed(text(whole)) == whole


def test_json_data_keeps_its_text() -> None:
    given = (
        b'{"specversion":"1.0","id":"1","source":"/s","type":"t",'
        b'"datacontenttype":"application/json","data":{"n":1.50,"big":12345678901234567890}}'
    )
    draft = parse_event(given, "")
    assert draft is not None
    printed_again = dumps(event_object(draft.events[0].cloud_event))
    assert b'"data":{"n":1.50,"big":12345678901234567890}' in printed_again


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (event(data={"a": 1}), event(datacontenttype="application/json", data={"a": 1})),
        (event(subject=None, data=None, data_base64=None), event()),
        (event(tidingsseq="7"), event()),
        (event(time="2026-01-01T02:00:00+02:00"), event(time="2026-01-01T00:00:00Z")),
    ],
)
def test_the_format_has_more_than_one_way_to_say_it(
    given: dict[str, Any], made: dict[str, Any]
) -> None:
    assert printed(text(given)) == made


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (event(id=7), "id: expected a text"),
        (event(data="x", data_base64="AA=="), "either data or data_base64"),
        (event(data_base64="%"), "data_base64: "),
        (event(datacontenttype="text/plain", data={"a": 1}), "data: expected a text"),
        (event(time="yesterday"), "time: "),
        (event(x=1.5), "x: expected a text, true, false or a 32-bit integer"),
        (event(x=2**31), "x: expected a text, true, false or a 32-bit integer"),
        (event(x=[]), "x: expected a text, true, false or a 32-bit integer"),
        ([], "expected an object"),
    ],
)
def test_what_is_none_is_refused_by_its_member(given: object, problem: str) -> None:
    with pytest.raises(BadLine, match=problem):
        parse_event(text(given), "")


@pytest.mark.parametrize("path", PATHS)
def test_structured_and_batched_events_are_answered_line_by_line(http: Http, path: str) -> None:
    one = http.ask("POST", path, STRUCTURED, body=text(event()))
    assert one.status == 200
    (stored_one,) = lines(one)
    seq = stored_one["seq"]
    assert stored_one == {"line": 1, "seq": seq}
    batch = text([event(), event(id="2"), event(id="3", type="")])
    several = http.ask("POST", path, BATCH, body=batch)
    first, second, third = lines(several)
    assert (first["seq"], first["duplicate"]) == (seq, True)
    assert second["seq"] > seq
    assert "cloud_event.type: must not be empty" in third["error"]
    ndjson = text(event(id="4")) + b"\n" + text(event(id="5")) + b"\n"
    fourth, fifth = lines(http.ask("PUT", path, body=ndjson))
    assert second["seq"] < fourth["seq"] < fifth["seq"]
    assert lines(http.ask("POST", path, BATCH, body=b"[]")) == []


def test_a_lone_event_that_is_refused_is_a_400(http: Http) -> None:
    answer = http.ask("POST", PATH, STRUCTURED, body=text(event(source="")))
    assert answer.status == 400
    assert lines(answer) == [
        {"line": 1, "error": "events[0].cloud_event.source: must not be empty"}
    ]


def test_the_same_event_with_other_content_is_refused(http: Http) -> None:
    http.ask("POST", PATH, STRUCTURED, body=text(event()))
    answer = http.ask("POST", PATH, STRUCTURED, body=text(event(type="other")))
    assert answer.status == 400
    assert "error" in lines(answer)[0]


REQUIRED = ("ce-specversion: 1.0", "ce-id: 1", "ce-source: /s", "ce-type: t")


def binary(body: bytes, **headers: bytes) -> dict[str, Any]:
    given = tuple((name.replace("_", "-").encode(), text) for name, text in headers.items())
    value: dict[str, Any] = json.loads(structured(given, body))
    return value


@pytest.mark.parametrize(
    ("body", "kind", "made"),
    [
        (b"", None, {}),
        (b'{"a":1}', b"application/json", {"data": {"a": 1}}),
        (b'{"a":1}', None, {"data": {"a": 1}}),
        (b"a text", b"text/plain", {"data": "a text"}),
        (b"{", b"application/json", {"data_base64": "ew=="}),
        (b"\xff", b"text/plain", {"data_base64": "/w=="}),
        (b"\xff", None, {"data_base64": "/w=="}),
        (b"abc", b"application/xml", {"data_base64": "YWJj"}),
    ],
)
def test_the_body_of_binary_mode_is_the_data(
    body: bytes, kind: bytes | None, made: dict[str, Any]
) -> None:
    headers = {} if kind is None else {"content_type": kind}
    expected = made if kind is None else {"datacontenttype": kind.decode()} | made
    assert binary(body, **headers) == expected


def test_headers_of_binary_mode_are_percent_decoded() -> None:
    given = binary(b"", ce_subject=b"Euro%20%E2%82%AC%20%F0%9F%98%80", ce_id=b"a%25", host=b"x")
    assert given == {"subject": "Euro \u20ac \U0001f600", "id": "a%"}
    with pytest.raises(MalformedRequest, match="ce-id: not UTF-8"):
        binary(b"", ce_id=b"%ff")
    with pytest.raises(MalformedRequest, match="ce-id: given more than once"):
        structured(((b"ce-id", b"1"), (b"ce-id", b"2")), b"")


def test_an_event_in_binary_mode_is_the_one_in_structured_mode(http: Http) -> None:
    whole = event(datacontenttype="application/json", data={"a": 1}, subject="x y")
    first = http.ask("POST", PATH, STRUCTURED, body=text(whole).replace(b'{"a": 1}', b'{"a":1}'))
    headers = (*REQUIRED, "ce-subject: x%20y", "Content-Type: application/json")
    answer = http.ask("POST", PATH, *headers, body=b'{"a":1}')
    assert lines(answer) == [{**lines(first)[0], "duplicate": True}]
    lacking = http.ask("POST", PATH, *REQUIRED[:3], body=b"")
    assert lacking.status == 400
    assert lines(lacking)[0]["error"] == "events[0].cloud_event.type: must not be empty"
    assert http.ask("GET", PATH, *REQUIRED).status == 405


def sdk_event(data: Any, **attributes: Any) -> SdkEvent:
    return SdkEvent({"id": "1", "source": "/s", "type": "t"} | attributes, data)


@pytest.mark.parametrize(
    "given",
    [
        sdk_event({"a": [1, 2.5]}, datacontenttype="application/json"),
        sdk_event("a text", datacontenttype="text/plain", subject='\u20ac "%'),
        sdk_event(b"\x00\xff", datacontenttype="application/octet-stream", ext="x"),
        sdk_event(None),
    ],
)
@pytest.mark.parametrize("mode", [to_structured_event, to_binary_event])
def test_the_sdk_reads_what_we_write_of_what_it_wrote(
    http: Http, given: SdkEvent, mode: Any
) -> None:
    message = mode(given)
    headers = [f"{name}: {value}" for name, value in message.headers.items()]
    answer = http.ask("POST", PATH, *headers, body=message.body)
    (told,) = lines(answer)
    assert told == {"line": 1, "seq": told["seq"]}
    kept = stored(http, told["seq"])["cloudEvent"]
    data = kept.get("textData", "").encode() or base64.b64decode(kept.get("binaryData", ""))
    assert bool(data) == (given.get_data() is not None)
    body = printed_of(http)
    read = from_structured_event(HTTPMessage({"content-type": "application/json"}, body))
    assert read.get_data() == given.get_data()
    assert read.get_attributes() == given.get_attributes()


def printed_of(http: Http) -> bytes:
    """Return the event at position 2 in the JSON format."""
    made = json_format.ParseDict(stored(http, 2), event_pb2.Event())
    return dumps(event_object(made.cloud_event))
