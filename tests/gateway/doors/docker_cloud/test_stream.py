"""The stream as its clients see it, over a real service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.doors.docker_cloud.stream import (
    EVENTS,
    HANDSHAKE,
    close_code,
    event,
    message,
    opened,
    publish,
    states,
)
from tests.kit.http import Connection, Http, gateway
from tests.patience import PATIENCE_S
from tests.rpc.serving import serving

KEYS = ["type", "action", "parents", "resource_uri", "state", "uuid", "datetime"]
NS = "/api/app/v1/me"
INFRA = "/api/infra/v1/me"

# Source: Docker Cloud Events, the sample.
SEED = {
    "type": "action",
    "action": "update",
    "parents": ["/api/app/v1/user_namespace/container/0b0e3538-88df-4f07-9aed-3a3cc4175076/"],
    "resource_uri": "/api/app/v1/user_namespace/action/49f0efe8-a704-4a10-b02f-f96344fabadd/",
    "state": "Success",
    "uuid": "093ba3bb-08dd-48f0-8f12-4d3b85ef85b3",
    "datetime": "2016-02-01T16:47:28Z",
}

FOUR = [f"{NS}/service/1/", f"{NS}/stack/1/", f"{INFRA}/node/1/", f"{INFRA}/nodecluster/1/"]
TYPES: list[tuple[str, str, str, list[str]]] = [
    ("stack", f"{NS}/stack/1/", "Not Running", []),
    ("service", f"{NS}/service/1/", "Not running", [f"{NS}/stack/1/"]),
    ("container", f"{NS}/container/1/", "Running", FOUR),
    ("nodecluster", f"{INFRA}/nodecluster/1/", "Empty cluster", []),
    ("node", f"{INFRA}/node/1/", "Deployed", [f"{INFRA}/nodecluster/1/"]),
    ("action", f"{NS}/action/1/", "In progress", [f"{NS}/service/1/"]),
    ("volume", f"{NS}/volume/1/", "Whatever comes Next", ["no/uri"]),
]


def test_the_sample_of_the_documentation_comes_out_equal(http: Http) -> None:
    with opened(http) as socket:
        (answer,) = publish(http, SEED)
        assert answer == {"line": 1, "seq": answer["seq"]}
        text = socket.recv(PATIENCE_S)
        assert json.loads(text) == SEED
        assert list(json.loads(text)) == KEYS


@pytest.mark.parametrize(("kind", "uri", "state", "parents"), TYPES, ids=[row[0] for row in TYPES])
def test_every_type_goes_in_and_comes_out(
    shared_http: Http, kind: str, uri: str, state: str, parents: list[str]
) -> None:
    made = event(kind, resource_uri=uri, state=state, parents=parents)
    with opened(shared_http, f"{EVENTS}?type={kind}") as socket:
        publish(shared_http, made)
        found = message(socket)
    assert {key: found[key] for key in made} == made
    assert list(found) == KEYS
    assert found["datetime"] == "2023-11-14T22:13:20Z"
    assert found["uuid"][14] == "4", "a random one, where none was given"


def test_an_error_is_never_published(shared_http: Http) -> None:
    error = {"type": "error", "data": {"errorMessage": "UNAUTHORIZED"}}
    assert publish(shared_http, error) == [
        {"line": 1, "error": "type: error is a failure of a stream, and is never published"}
    ]


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (event(type=7), "type: "),
        (event(sort="x"), "sort: unknown member"),
        (event(action=""), "docker_cloud.action: must not be empty"),
    ],
)
def test_a_bad_event_is_refused(shared_http: Http, made: dict[str, Any], error: str) -> None:
    (answer,) = publish(shared_http, made)
    assert error in answer["error"]


def test_the_same_uuid_is_stored_once(http: Http) -> None:
    first, again = publish(http, SEED, SEED)
    assert again == {"line": 2, "seq": first["seq"], "duplicate": True}


@pytest.mark.parametrize(
    "target",
    [
        "/api/audit/v1/events/",
        "/api/audit/v1/events",
        "/api/audit/v1/me/events/",
        "/api/audit/v1/me/events",
        "/api/audit/v1/%6De/events?type=stack",
    ],
)
def test_all_forms_of_the_path_are_answered_directly(shared_http: Http, target: str) -> None:
    with opened(shared_http, target) as socket:
        publish(shared_http, event(state="Starting"))
        assert message(socket)["state"] == "Starting"


def test_a_namespace_sees_its_own_objects_and_no_namespace_sees_all(http: Http) -> None:
    with opened(http) as both, opened(http, "/api/audit/v1/you%20two/events") as yours:
        publish(http, event(state="1"), event(namespace="you two", state="2"))
        assert states(both, 2) == ["1", "2"]
        assert states(yours, 1) == ["2"]


def test_only_new_events_come(http: Http) -> None:
    publish(http, event(state="old"))
    with opened(http) as socket:
        publish(http, event(state="new"))
        assert states(socket, 1) == ["new"]


def test_events_of_other_systems_do_not_come(http: Http) -> None:
    with opened(http) as socket:
        http.ask("PUT", "/v1/event/fire/deploy")
        publish(http, event(state="mine"))
        assert states(socket, 1) == ["mine"]


STACK, SERVICE, NODE = f"{NS}/stack/1/", f"{NS}/service/1/", f"{INFRA}/node/1/"
MADE = [
    event("stack", resource_uri=STACK, state="1"),
    event("service", resource_uri=SERVICE, parents=[STACK], state="2"),
    event("container", parents=[SERVICE, STACK, NODE], state="3"),
    event("Node", resource_uri=NODE, state="4"),
    event("action", parents=[SERVICE], state="5"),
]
LAST = event("mark", state="end", parents=["/mark/"], resource_uri="/mark/")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", "12345"),
        ("?type=", "12345"),
        ("?type=&object=&parent=,", "12345"),
        ("?since=1&unknown", "12345"),
        ("?type=stack", "1"),
        ("?type=STACK%2CContainer", "13"),
        ("?type=stack&type=node", "14"),
        ("?type=nothing", ""),
        (f"?object={STACK}", "1"),
        (f"?object={STACK.rstrip('/')}", "1"),
        ("?object=/api/app/v1/me", ""),
        (f"?parent={STACK}", "23"),
        (f"?parents={STACK.replace('/', '%2F')}", "23"),
        (f"?parents={STACK},{SERVICE}", "235"),
        (f"?parent={NODE}&parents={SERVICE}", "35"),
        (f"?parent={STACK}&type=service", "2"),
        (f"?parent={STACK}&object={STACK}", ""),
        ("?object=%2Fapi%2Fapp%2Fv1%2Fx%2F&parents=%2Fa%2F%2C%2Fb%2F&type=container%2Caction", ""),
    ],
)
def test_filters(shared_http: Http, query: str, wanted: str) -> None:
    # A last event, which every filter is widened for, says that no more comes.
    marks = {"type": "mark", "object": "/mark/", "parent": "/mark/", "parents": "/mark/"}
    given = dict(pair.split("=") for pair in query[1:].split("&") if "=" in pair)
    more = [f"&{name}={mark}" for name, mark in marks.items() if given.get(name, "").strip(",")]
    query += "".join(more)
    with opened(shared_http, EVENTS + query) as socket:
        publish(shared_http, *MADE, LAST)
        found = ""
        while (state := message(socket)["state"]) != "end":
            found += state
    assert found == wanted


def test_one_record_of_several_events_is_as_many_messages(http: Http) -> None:
    body = {"events": [{"dockerCloud": event(state=str(n))} for n in (1, 2, 3)]}
    with opened(http) as socket:
        assert http.ask("POST", "/v1/events", body=json.dumps(body).encode()).status == 200
        assert states(socket, 3) == ["1", "2", "3"]


def test_readers_of_one_selection_share_a_stream(http: Http) -> None:
    with (
        opened(http, f"{EVENTS}?type=stack,node") as one,
        opened(http, f"{EVENTS}?type=Node&type=stack") as other,
    ):
        publish(http, event())
        assert message(one) == message(other)
        assert b"tidings_http_live_streams 1.0" in http.ask("GET", "/metrics").body


def test_no_extension_and_no_subprotocol_is_chosen(shared_http: Http) -> None:
    with opened(shared_http, subprotocols=["chat"]) as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
        assert "Sec-WebSocket-Protocol" not in socket.response.headers


def test_pings_are_answered_and_text_is_ignored(shared_http: Http) -> None:
    with opened(shared_http) as socket:
        socket.send("hello")
        socket.send(b"\x00")
        assert socket.ping(b"one").wait(PATIENCE_S)
        assert socket.ping(b"").wait(PATIENCE_S)
        publish(shared_http, event(state="after"))
        assert states(socket, 1) == ["after"]


def test_a_close_is_answered(shared_http: Http) -> None:
    with opened(shared_http) as socket:
        socket.close(1000)
        assert socket.protocol.close_rcvd is not None
        assert socket.protocol.close_rcvd.code == 1000


def test_going_down_says_1001(http: Http) -> None:
    with opened(http) as socket:
        publish(http, event(state="last"))
        http.stop()
        assert states(socket, 1) == ["last"]
        assert close_code(socket) == 1001


def test_a_silent_client_is_dropped(address: str) -> None:
    with (
        serving(address) as served,
        gateway(served.server, address, socket_ping_s=0.05) as http,
        http.open(EVENTS, *HANDSHAKE) as connection,
    ):
        assert connection.head().status == 101
        assert connection.rest().startswith(b"\x89\x04"), "a ping of four bytes; then the end"


def test_a_message_that_is_too_long_ends_the_connection(shared_http: Http) -> None:
    with opened(shared_http) as socket:
        socket.send("x" * 70_000)
        assert close_code(socket) == 1009


def test_a_service_that_goes_down_in_order_ends_the_stream_with_1001(address: str) -> None:
    with (
        serving(address) as served,
        gateway(served.server, address) as http,
        opened(http) as socket,
    ):
        served.run(served.deployment.service.drain(0.0))
        assert close_code(socket) == 1001


def test_a_slow_reader_gets_every_event_in_order(address: str) -> None:
    count, padding = 3000, "x" * 4000
    with (
        serving(address) as served,
        gateway(served.server, address, live_tail_bytes=16 * 1024) as http,
        opened(http, max_queue=1) as slow,
        opened(http) as other,
    ):
        made = [event(state=str(n), resource_uri=f"/{padding}/") for n in range(count)]
        publish(http, *made)
        assert states(other, count)[-1] == str(count - 1)
        assert states(slow, count) == [str(n) for n in range(count)]
        assert b'fallen_back_total{door="docker_cloud"}' in http.ask("GET", "/metrics").body


def test_a_slow_reader_is_pinged_back_at_once(address: str) -> None:
    with (
        serving(address) as served,
        gateway(served.server, address) as http,
        http.open(EVENTS, *HANDSHAKE) as connection,
        opened(http) as other,
    ):
        assert connection.head().status == 101
        made = [event(state=str(n), resource_uri=f"/{'x' * 4000}/") for n in range(3000)]
        publish(http, *made)
        assert states(other, 3000)[-1] == "2999"  # by now the first one has not read for long
        connection.send(b"\x89\x82\0\0\0\0hi")
        seen = 0
        while (frame := _frame(connection))[0] != 0x8A:
            assert frame[0] == 0x81
            seen += 1
        assert frame == (0x8A, b"hi")
        assert seen < 3000


def _frame(connection: Connection) -> tuple[int, bytes]:
    """Return the first byte of the next frame, and what is in it."""
    first, length = connection.read(2)
    if length == 126:
        length = int.from_bytes(connection.read(2), "big")
    return first, connection.read(length)
