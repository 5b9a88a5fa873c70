"""Publishing: endless uploads, answers as they come, and what breaks in the middle."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import grpc
import pytest

from tests.gateway.doors.fake import FakeService, faking, wait_for
from tests.kit.http import Connection, Http, request_bytes
from tidings.gateway.upload import answer_lines
from tidings.gateway.upload.draft_stream import MAX_UNANSWERED
from tidings.gateway.upload.limits import MAX_OBJECT_BYTES

NOMAD = "/v1/publish/nomad"
CHUNKED = "Transfer-Encoding: chunked"
Code = grpc.StatusCode
BAD = "expected a JSON object"


def line(number: int, *, text: str = "") -> bytes:
    event = {"Topic": "Job", "Type": "JobRegistered", "Key": f"k{number}", "Payload": {"T": text}}
    return json.dumps({"Index": number, "Events": [event]}).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def values(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(each) for each in body.splitlines()]


def stored(connection: Connection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(connection.line())
    return answer


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_each_line_is_answered_while_the_upload_goes_on(http: Http, method: str) -> None:
    with http.open(NOMAD, CHUNKED, method=method) as upload:
        upload.send(chunk(line(1)))
        assert upload.head().status == 200
        assert stored(upload) == {"line": 1, "seq": 2}
        upload.send(chunk(line(2)[:40]))
        upload.send(chunk(line(2)[40:] + b"{}\n\n" + b"nonsense\n" + line(3)))
        assert values(b"".join(upload.lines(3))) == [
            {"line": 2, "seq": 3},
            {"line": 5, "error": "expected a JSON object"},
            {"line": 6, "seq": 4},
        ]
        upload.send(chunk(b""))
        assert upload.chunk() == b""


def test_an_object_counts_once_it_is_whole_without_its_line_end(http: Http) -> None:
    with http.open(NOMAD, CHUNKED, method="PUT") as upload:
        upload.send(chunk(line(1).rstrip(b"\n")))
        upload.head()
        assert stored(upload) == {"line": 1, "seq": 2}


def test_what_was_answered_is_stored_when_the_client_vanishes(http: Http) -> None:
    with http.open(NOMAD, CHUNKED, method="PUT") as upload:
        upload.send(chunk(line(1) + line(2)[:50]))
        upload.head()
        assert stored(upload) == {"line": 1, "seq": 2}
    with http.open("/v1/event/stream?index=1") as stream:
        stream.head()
        assert stream.line() == b"{}\n"
        assert json.loads(stream.line())["Events"][0]["Key"] == "k1"
    answer = http.ask("POST", NOMAD, body=line(9))
    assert values(answer.body) == [{"line": 1, "seq": 3}]


def test_the_same_line_of_a_source_is_stored_once(http: Http) -> None:
    lines = line(1) + line(2) + line(1)
    first = http.ask("POST", NOMAD + "?source=a", body=lines)
    again = http.ask("POST", NOMAD + "?source=a", body=lines)
    other = http.ask("POST", NOMAD + "?source=b", body=line(1))
    one, two, three = (each["seq"] for each in [*values(first.body)[:2], *values(other.body)])
    assert 2 <= one < two < three
    assert values(first.body) == [
        {"line": 1, "seq": one},
        {"line": 2, "seq": two},
        {"line": 3, "seq": one, "duplicate": True},
    ]
    assert [(each["seq"], each["duplicate"]) for each in values(again.body)] == [
        (one, True),
        (two, True),
        (one, True),
    ]
    assert values(other.body) == [{"line": 1, "seq": three}]


def test_without_a_source_every_line_is_new(http: Http) -> None:
    answer = http.ask("POST", NOMAD, body=line(1) + line(1))
    assert [each["seq"] for each in values(answer.body)] == [2, 3]


@pytest.mark.parametrize("path", [NOMAD, "/v1/publish/consul"])
def test_an_object_has_at_most_8_mib(http: Http, path: str) -> None:
    event = {"Topic": "Job", "Type": "x", "Key": "k", "Payload": {"T": ""}}
    whole = {"Index": 1, "Events": [event], "Name": "x"} if path == NOMAD else {"Name": "x"}
    head = json.dumps(whole).encode()[:-1] + b', "More": "'
    answer = http.ask("POST", path, body=head + b"x" * MAX_OBJECT_BYTES + b'"}\n')
    assert answer.status == 413
    assert values(answer.body) == [{"line": 1, "error": "it is larger than 8388608 bytes"}]


def test_a_large_line_fails_alone(http: Http) -> None:
    body = line(1) + line(2, text="x" * MAX_OBJECT_BYTES) + line(3, text="x" * 2_000_000)
    answer = http.ask("POST", NOMAD, body=body)
    assert answer.status == 200
    assert [each.get("seq", each.get("error")) for each in values(answer.body)] == [
        2,
        "it is larger than 8388608 bytes",
        3,
    ]


def test_what_the_service_finds_too_large_is_a_413(http: Http) -> None:
    payload = "A" * (4 * 11_000)
    answer = http.ask(
        "POST", "/v1/publish/consul", body=b'{"Name":"x","Payload":"%s"}' % payload.encode()
    )
    assert answer.status == 413
    assert "at most 32768 are allowed" in values(answer.body)[0]["error"]


def test_a_client_may_send_everything_before_it_reads(fake: FakeService) -> None:
    # bad lines have the longest answers: some 6 MB, more than the machine holds
    count = 120_000
    body = b"x" * 100 + b"\n"
    with fake.http.connection(receive_bytes=4096) as connection:
        connection.send(request_bytes("POST", NOMAD, (), body * count))
        answer = connection.answer()
    assert answer.status == 200
    assert len(answer.body.splitlines()) == count


def test_a_client_that_never_reads_is_not_read_from_for_ever(
    fake: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_lines, "MAX_UNREAD_BYTES", 64 * 1024)
    with fake.http.connection(receive_bytes=4096) as connection:
        connection.send(request_bytes("PUT", NOMAD, (CHUNKED,), b""))
        lines = chunk((b"x" * 1000 + b"\n") * 1000)
        assert connection.blocks_when_sent(lines, at_most_bytes=500_000_000)
    wait_for(fake.has_ended)


@pytest.mark.parametrize("most_bytes", [64 * 1024, 10**9], ids=["in the middle", "at the end"])
def test_a_client_that_reads_nothing_has_as_long_as_one_that_sends_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    monkeypatch.setattr(answer_lines, "MAX_UNREAD_BYTES", most_bytes)
    # what is wrong with it is as long: 20 MB, more than the machine holds
    body = (b'{"%b":1}\n' % (b"x" * 10_000)) * 2000
    with (
        faking(address, http_silence=0.2) as fake,
        fake.http.connection(receive_bytes=4096) as connection,
    ):
        with contextlib.suppress(ConnectionError):
            connection.send(request_bytes("POST", "/v1/publish/consul", (), body))
        while b"tidings_http_open_requests 1.0" not in fake.http.ask("GET", "/metrics").body:
            pass  # that asks for the metrics is one
        whole = b""
        with contextlib.suppress(ConnectionError):
            whole = connection.rest()
        assert not whole.endswith(b"0\r\n\r\n")


def test_an_upload_over_a_restart_of_the_service_goes_on_where_lines_have_keys(
    fake: FakeService,
) -> None:
    fake.breaks_after, fake.stream_failure = 2, (Code.UNAVAILABLE, "going down")
    body = b"".join(line(number) for number in range(5))
    answer = fake.http.ask("POST", NOMAD + "?source=a", body=body)
    assert [each["line"] for each in values(answer.body)] == [1, 2, 3, 4, 5]
    assert all("seq" in each for each in values(answer.body))
    assert len(fake.requests) == 2


def test_without_keys_it_says_what_may_or_may_not_be_stored(fake: FakeService) -> None:
    fake.breaks_after, fake.stream_failure = 2, (Code.UNAVAILABLE, "going down")
    with fake.http.open(NOMAD, CHUNKED, method="POST") as upload:
        upload.send(chunk(line(0) + line(1)))
        upload.head()
        assert [each["seq"] for each in values(b"".join(upload.lines(2)))] == [2, 3]
        upload.send(chunk(line(2)))
        problem = "going down; it may or may not be stored"
        assert stored(upload) == {"line": 3, "error": problem}
        assert upload.rest() == b"", "cut off: what may still come has no answer"


def test_an_upload_that_was_read_whole_is_answered_whole_when_the_service_fails(
    fake: FakeService,
) -> None:
    fake.breaks_after, fake.stream_failure = 2, (Code.UNAVAILABLE, "going down")
    answer = fake.http.ask("POST", NOMAD, body=b"".join(line(number) for number in range(5)))
    assert [("error" in each, each["line"]) for each in values(answer.body)] == [
        (False, 1),
        (False, 2),
        (True, 3),
        (True, 4),
        (True, 5),
    ]


@pytest.mark.parametrize("path", [NOMAD, "/v1/publish/consul", "/v1/events"])
def test_lines_beyond_the_window_of_a_failed_upload_are_no_silent_loss(
    fake: FakeService, path: str
) -> None:
    count = 3 * MAX_UNANSWERED
    fake.breaks_after, fake.stream_failure = 2, (Code.UNAVAILABLE, "disk full")
    text = {NOMAD: line(1), "/v1/events": b'{"events":[{"consul":{"Name":"x"}}]}\n'}
    body = text.get(path, b'{"Name":"x"}\n') * count
    with fake.http.open(path, method="POST", body=body) as upload:
        assert upload.head().status == 200
        whole = upload.rest()
    assert not whole.endswith(b"0\r\n\r\n"), "the answer has no end, so curl has an error"
    assert 2 < sum(each.count(b"\n") for each in whole.split(b"\r\n")) < count


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ([b"x\n", line(2)], [{"line": 1, "error": BAD}, {"line": 2, "seq": 2}]),
        ([line(1), b"x\n"], [{"line": 1, "seq": 2}, {"line": 2, "error": BAD}]),
        ([b"x\n", b"x\n", line(3), b"x\n"], [1, 2, {"line": 3, "seq": 2}, 4]),
        ([b"x\n", b"x\n"], [1, 2]),
    ],
)
def test_a_bad_line_keeps_its_place_and_the_service_never_sees_it(
    fake: FakeService, body: list[bytes], answers: list[Any]
) -> None:
    wanted = [{"line": each, "error": BAD} if isinstance(each, int) else each for each in answers]
    answer = fake.http.ask("POST", NOMAD, body=b"".join(body))
    assert (answer.status, values(answer.body)) == (200, wanted)
    assert len(fake.drafts) == sum("seq" in each for each in wanted)


def test_bad_lines_that_come_first_are_answered_while_the_upload_goes_on(
    fake: FakeService,
) -> None:
    with fake.http.open(NOMAD, CHUNKED, method="PUT") as upload:
        upload.send(chunk(b"x\nx\n"))
        assert upload.head().status == 200
        assert values(b"".join(upload.lines(2))) == [
            {"line": 1, "error": BAD},
            {"line": 2, "error": BAD},
        ]
        upload.send(chunk(line(1)) + chunk(b""))
        assert stored(upload) == {"line": 3, "seq": 2}
        assert upload.chunk() == b""


@pytest.mark.parametrize("body", [b"x\n", b"x\n" * 5000, line(1), b"x\n" + line(2)])
@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ((Code.UNAUTHENTICATED, "who"), 401),
        ((Code.PERMISSION_DENIED, "no"), 403),
        ((Code.RESOURCE_EXHAUSTED, "busy"), 429),
        ((Code.INTERNAL, "oh"), 500),
    ],
)
def test_a_refusal_of_the_whole_upload_is_its_status(
    fake: FakeService, failure: tuple[grpc.StatusCode, str], status: int, body: bytes
) -> None:
    fake.failure = failure
    answer = fake.http.ask("POST", NOMAD, body=body)
    assert answer.status == status
    assert json.loads(answer.body)["message"] == failure[1]


def test_a_service_that_stays_away_is_waited_for_and_then_an_error(address: str) -> None:
    with faking(address, patience_s=0.2) as fake:
        fake.failure = (Code.UNAVAILABLE, "going down")
        answer = fake.http.ask("POST", NOMAD, body=line(1))
    assert answer.status == 503


@pytest.mark.parametrize(
    ("path", "headers", "token"),
    [
        (NOMAD, (), None),
        (NOMAD, ("X-Nomad-Token: a", "Authorization: Bearer b"), "a"),
        (NOMAD, ("Authorization: Bearer b",), "b"),
        (NOMAD, ("X-Consul-Token: a",), None),
        ("/v1/publish/consul", ("X-Consul-Token: a", "Authorization: Bearer b"), "a"),
        ("/v1/publish/consul", ("Authorization: Bearer b",), "b"),
    ],
)
def test_the_token_is_found_where_the_system_looks(
    fake: FakeService, path: str, headers: tuple[str, ...], token: str | None
) -> None:
    fake.http.ask("POST", path, *headers, body=b'{"Name":"x"}')
    assert fake.metadata[0].get("authorization") == (token and f"Bearer {token}")


def test_silence_in_the_middle_ends_the_upload_with_a_line(address: str) -> None:
    with (
        faking(address, http_silence=0.2) as fake,
        fake.http.open(NOMAD, CHUNKED, method="PUT") as upload,
    ):
        upload.send(chunk(line(1)))
        upload.head()
        assert stored(upload) == {"line": 1, "seq": 2}
        assert stored(upload)["error"] == "nothing came for 0.2 s"
        assert upload.chunk() == b""


def test_the_end_of_the_gateway_cuts_an_upload_off_behind_its_answers(fake: FakeService) -> None:
    with fake.http.open(NOMAD, CHUNKED, method="PUT") as upload:
        upload.send(chunk(line(1)))
        upload.head()
        assert stored(upload) == {"line": 1, "seq": 2}
        fake.http.stop()
        assert upload.rest() == b"", "no final chunk: what may still come has no answer"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?source=a", 200),
        ("?source=", 200),
        ("?source=" + "a" * 256, 200),
        ("?source=" + "a" * 257, 400),
        ("?source=a&source=b", 400),
        ("?token=a", 400),
        ("?source=%zz", 400),
    ],
)
def test_parameters(fake: FakeService, query: str, status: int) -> None:
    assert fake.http.ask("POST", NOMAD + query, body=line(1)).status == status
    assert len(fake.drafts) == (status == 200)


def test_a_draft_carries_source_and_key(fake: FakeService) -> None:
    fake.http.ask("POST", "/v1/publish/consul?source=east", body=b'{"ID":"an-id","Name":"x"}')
    (draft,) = fake.drafts
    assert (draft.key, draft.events[0].id, draft.events[0].source) == ("", "an-id", "east")
