"""What a request for Nomad's stream asks for, from its raw query."""

from __future__ import annotations

import pytest

from tidings.gateway.doors.nomad.query import BadStreamQuery, parse_stream_query
from tidings.v1 import event_service_pb2 as pb

PAIRS = "Invalid topic query: error parsing topics: Invalid key value pair for topic, topic: "
ATOI = "Unable to parse index: strconv.Atoi: parsing "


@pytest.mark.parametrize(
    ("query", "topics"),
    [
        (b"", ()),
        (b"topic=*", ()),
        (b"topic=*:*", ()),
        (b"topic=*&topic=Job:web", ()),
        (b"topic=Job", (("Job", "*"),)),
        (b"topic=Job:*", (("Job", "*"),)),
        (b"topic=Job%3Aweb", (("Job", "web"),)),
        (b"topic=Job:", (("Job", ""),)),
        (b"topic=", (("", "*"),)),
        (b"topic", (("", "*"),)),
        (b"topic=:", (("", ""),)),
        (b"topic=*:web", (("*", "web"),)),
        (b"topic=Job,Node", (("Job,Node", "*"),)),
        (b"topic=+Job+", ((" Job ", "*"),)),
        (b"topic=Job:web*", (("Job", "web*"),)),
        (b"topic=Node&topic=Job&topic=Node", (("Job", "*"), ("Node", "*"))),
        (b"topic=%zz", ()),
        (b"topic=%zz&topic=Job", (("Job", "*"),)),
        (b"topic=Job;topic=Node", ()),
        (b"TOPIC=Job&Topic=Job", ()),
        (b"%74opic=Job", (("Job", "*"),)),
        (b"topic=%FF", (("�", "*"),)),
    ],
)
def test_topics(query: bytes, topics: tuple[tuple[str, str], ...]) -> None:
    assert parse_stream_query(query).topics == topics


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (b"", 0),
        (b"index=", 0),
        (b"index=&index=5", 0),
        (b"index=5&index=x", 5),
        (b"index=007", 7),
        (b"index=" + b"0" * 30 + b"7", 7),
        (b"index=9223372036854775807", 2**63 - 1),
        (b"index=%zz", 0),
        (b"index=5;topic=Node", 0),
    ],
)
def test_indexes(query: bytes, index: int) -> None:
    assert parse_stream_query(query).index == index


@pytest.mark.parametrize(
    ("query", "namespace", "region"),
    [
        (b"", "default", ""),
        (b"namespace=&region=", "default", ""),
        (b"namespace=prod&namespace=*&region=eu", "prod", "eu"),
        (b"namespace=*", "*", ""),
        (b"namespace=prod-*", "prod-*", ""),
    ],
)
def test_namespace_and_region(query: bytes, namespace: str, region: str) -> None:
    parsed = parse_stream_query(query)
    assert (parsed.namespace, parsed.region) == (namespace, region)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (b"index=abc", ATOI + '"abc": invalid syntax'),
        (b"index=1.5", ATOI + '"1.5": invalid syntax'),
        (b"index=1_0", ATOI + '"1_0": invalid syntax'),
        (b"index=+7", ATOI + '" 7": invalid syntax'),
        (b"index=%D9%A3", ATOI + '"٣": invalid syntax'),
        (b"index=9223372036854775808", ATOI + '"9223372036854775808": value out of range'),
        (b"index=-9223372036854775809", ATOI + '"-9223372036854775809": value out of range'),
        (b"index=" + b"9" * 5000, ATOI + f'"{"9" * 5000}": value out of range'),
        (b"index=%00", ATOI + r'"\x00": invalid syntax'),
        (b"index=-1", "Invalid index"),
        (b"index=%2B7", "Invalid index"),
        (b"topic=a:b:c", PAIRS + "a:b:c"),
        (b"topic=a%3Ab%3Ac+d", PAIRS + "a:b:c d"),
        (b"topic=Job&topic=::", PAIRS + "::"),
        (b"stale=maybe", "Expect `true` or `false` for `stale` query string parameter"),
        (b"per_page=x", "Expect a number for `per_page` query string parameter"),
        (b"per_page=2147483648", "Expect a number for `per_page` query string parameter"),
        (b"wait=5", "Invalid wait time"),
        # index, topic, stale, per_page, wait, and again index
        (b"wait=x&per_page=x&stale=x&topic=a:b:c&index=x", ATOI + '"x": invalid syntax'),
        (b"wait=x&per_page=x&stale=x&topic=a:b:c&index=-1", PAIRS + "a:b:c"),
        (
            b"wait=x&per_page=x&stale=x&index=-1",
            "Expect `true` or `false` for `stale` query string parameter",
        ),
        (b"wait=x&per_page=x&index=-1", "Expect a number for `per_page` query string parameter"),
        (b"wait=x&index=-1", "Invalid wait time"),
    ],
)
def test_refusals(query: bytes, text: str) -> None:
    with pytest.raises(BadStreamQuery) as refused:
        parse_stream_query(query)
    assert str(refused.value) == text


@pytest.mark.parametrize("value", ["", "1", "t", "T", "TRUE", "true", "True", "0", "f", "False"])
def test_go_booleans_are_taken(value: str) -> None:
    assert parse_stream_query(f"stale={value}".encode()).index == 0


def test_the_request_is_nomads_start_and_selection_in_json() -> None:
    request = parse_stream_query(b"index=7&topic=Node:n-1&topic=Job:&namespace=prod").request()
    expected = pb.SubscribeRequest(nomad_index=7, payload_format=pb.PAYLOAD_FORMAT_JSON)
    expected.selection.nomad.namespace = "prod"
    expected.selection.nomad.topics.add(topic="Job", key="")
    expected.selection.nomad.topics.add(topic="Node", key="n-1")
    assert request == expected


def test_everything_is_a_selection_of_nomad_and_index_0_a_start() -> None:
    request = parse_stream_query(b"namespace=*").request()
    assert request.selection.HasField("nomad")
    assert request.WhichOneof("start") == "nomad_index"
    assert (list(request.selection.nomad.topics), request.selection.nomad.namespace) == ([], "*")


def test_equal_wishes_make_equal_requests() -> None:
    one = parse_stream_query(b"topic=Job&topic=Node:a&topic=Job:*").request()
    other = parse_stream_query(b"topic=Node:a&topic=Job").request()
    assert one.SerializeToString() == other.SerializeToString()
