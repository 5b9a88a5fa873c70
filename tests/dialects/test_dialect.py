"""The rules that every draft keeps, whatever its system."""

from __future__ import annotations

from dataclasses import replace

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.dialects.drafts import CONTEXT, NOW_US, at, check, stored
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import MAX_RECORD_BYTES, MAX_RECORD_EVENTS
from tidings.core.record import SYSTEMS
from tidings.dialects import load
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import MAX_KEY_BYTES, check_object, check_time, system_field, timestamp
from tidings.v1 import consul_pb2, docker_cloud_pb2, event_pb2, nomad_pb2

DIALECTS = load()
NOMAD, DOCKER = DIALECTS["nomad"], DIALECTS["docker_cloud"]
MINTED = "00010203-0405-4607-8809-0a0b0c0d0e0f"  # of the bytes that the context gives
ID_1 = "11111111-1111-4111-8111-111111111111"
ID_2 = "22222222-2222-4222-8222-222222222222"


def nomad(**fields: object) -> event_pb2.Event:
    body = nomad_pb2.NomadEvent(topic="Job", type="JobRegistered")
    return event_pb2.Event(nomad=body, **fields)  # type: ignore[arg-type]  # by name


def docker(uuid: str = "", seconds: int | None = None, **fields: object) -> event_pb2.Event:
    body = docker_cloud_pb2.DockerCloudEvent(
        type="stack", action="create", resource_uri=f"/api/app/v1/me/stack/{ID_1}/", uuid=uuid
    )
    if seconds is not None:
        body.datetime.CopyFrom(at(seconds))
    return event_pb2.Event(docker_cloud=body, **fields)  # type: ignore[arg-type]  # by name


def test_every_system_has_a_dialect_of_its_name() -> None:
    assert sorted(DIALECTS) == sorted(SYSTEMS)
    assert all(dialect.system == system for system, dialect in DIALECTS.items())


def test_settings_reach_the_dialect_that_they_are_for() -> None:
    made = load({"nomad": {"event_buffer_size": 7}})["nomad"].projection()
    assert made is not None
    assert made.depth == 7


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_says_of_itself_what_shared_code_asks(system: str) -> None:
    dialect = DIALECTS[system]
    assert dialect.system == system
    assert (dialect.projection() is not None) == (system in {"nomad", "consul", "feldera"})
    assert dialect.ordered == (system in {"puppet", "feldera"})
    assert dialect.completes == (system in {"consul", "puppet"})
    assert (dialect.payload_fields is not None) == (system in {"nomad", "puppet"})
    assert (dialect.max_events == 1) == (system in {"consul", "puppet", "feldera"})


def test_a_dialect_without_rules_of_its_own_leaves_events_as_they_are() -> None:
    events = [nomad()]
    Dialect().complete(7, events)
    assert not Dialect().present(events, as_json=True)
    assert events == [nomad()]
    draft = check(NOMAD, nomad())
    assert Dialect().follow(draft, [], CONTEXT) == replace(draft, expect_last_seq=0)
    Dialect().check_body(events[0].nomad, "")
    Dialect().fill_body(events[0].nomad, CONTEXT)
    Dialect().check_id("anything", "")


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (event_pb2.Draft(), "events: a record holds at least one event"),
        (
            event_pb2.Draft(events=[event_pb2.Event(id="7")]),
            "events[0]: no body, or one of a system that is not known here",
        ),
        (
            event_pb2.Draft(
                events=[nomad(), event_pb2.Event(consul=consul_pb2.ConsulEvent(name="a"))]
            ),
            "events[1]: a record holds events of one system: nomad or consul",
        ),
    ],
)
def test_a_draft_without_one_system_is_refused(draft: event_pb2.Draft, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        system_field(draft)
    assert str(refused.value) == reason


def test_a_drafts_system_is_that_of_its_events() -> None:
    assert system_field(event_pb2.Draft(events=[nomad(), nomad()])) == "nomad"


def test_a_record_of_nomad_holds_many_events_and_one_of_consul_does_not() -> None:
    assert len(stored(check(NOMAD, nomad(), nomad()))) == 2
    one = event_pb2.Event(consul=consul_pb2.ConsulEvent(name="deploy"))
    with pytest.raises(BadRequest, match="events: a record of consul holds 1 event"):
        check(DIALECTS["consul"], one, one)


@pytest.mark.parametrize(("key", "fits"), [("é" * 256, True), ("é" * 256 + "x", False)])
def test_a_key_has_at_most_512_bytes(key: str, fits: bool) -> None:  # noqa: FBT001 - a table's column
    if fits:
        assert check(NOMAD, nomad(), key=key).key == key
        return
    with pytest.raises(BadRequest) as refused:
        check(NOMAD, nomad(), key=key)
    assert str(refused.value) == f"key: 513 bytes, at most {MAX_KEY_BYTES} are allowed"


@pytest.mark.parametrize(
    ("events", "key", "expected"),
    [
        ([nomad()], "", None),
        ([nomad()], "mine", "mine"),
        ([nomad(source="prod")], "", None),
        ([nomad(source="prod", id="7")], "", "prod\x1f7"),
        ([nomad(id="7")], "", "\x1f7"),
        ([nomad(source="prod", id="7")], "mine", "mine"),
        ([nomad(source="prod", id="7"), nomad(source="prod", id="8")], "", None),
        ([docker(uuid=ID_1, source="prod")], "", f"prod\x1f{ID_1}"),
        ([docker(id=ID_1, source="prod")], "", f"prod\x1f{ID_1}"),
        ([docker(source="prod")], "", f"prod\x1f{MINTED}"),
        ([docker(id="7")], "", "\x1f7"),
    ],
)
def test_a_key_is_the_drafts_or_source_and_id(
    events: list[event_pb2.Event], key: str, expected: str | None
) -> None:
    dialect = NOMAD if events[0].HasField("nomad") else DOCKER
    assert check(dialect, *events, key=key).key == expected


def test_a_key_of_source_and_id_is_bounded_too() -> None:
    with pytest.raises(BadRequest, match="key: 513 bytes"):
        check(NOMAD, nomad(source="s" * 12, id="i" * 500))


def test_equal_content_has_an_equal_digest_and_minted_values_do_not_count() -> None:
    first, again = check(DOCKER, docker(), key="k"), check(DOCKER, docker(), key="k")
    assert first.digest == again.digest
    assert check(DOCKER, docker(id=ID_1), key="k").digest != first.digest
    later = CONTEXT.__class__(NOW_US + 10**9, lambda count: b"x" * count)
    draft = event_pb2.Draft(events=[docker()], key="k")
    assert check_draft(DOCKER, draft, later).digest == first.digest
    assert check_draft(DOCKER, draft, later).body != first.body


def test_the_digest_tells_one_event_from_the_same_bytes_in_two() -> None:
    one, two = check(NOMAD, nomad(), key="k"), check(NOMAD, nomad(), nomad(), key="k")
    assert one.digest != two.digest


def test_a_draft_without_a_key_needs_no_digest() -> None:
    assert check(NOMAD, nomad()).digest == b""


def test_what_a_newer_publisher_says_is_kept() -> None:
    event = nomad()
    event.MergeFromString(b"\xfa\x3e\x03new")  # field 1007, unknown here
    assert b"\xfa\x3e\x03new" in check(NOMAD, event).body


def test_a_record_fits_into_an_answer() -> None:
    event = nomad()
    event.nomad.key = "k" * (MAX_RECORD_BYTES - 40)
    assert len(check(NOMAD, event).body) <= MAX_RECORD_BYTES
    event.nomad.key += "k" * 60
    with pytest.raises(PayloadTooLarge) as refused:
        check(NOMAD, event)
    assert refused.value.field == "events"
    assert refused.value.limit_bytes == MAX_RECORD_BYTES
    assert refused.value.size_bytes > MAX_RECORD_BYTES


def test_a_record_has_some_thousand_events_at_most() -> None:
    events = [nomad() for _ in range(MAX_RECORD_EVENTS)]
    assert system_field(event_pb2.Draft(events=events)) == "nomad"
    events.append(event_pb2.Event())
    with pytest.raises(BadRequest, match="events: a record holds at most 5000 events"):
        system_field(event_pb2.Draft(events=events))


@pytest.mark.parametrize(
    ("event", "expected_id"),
    [
        (docker(uuid=ID_1), ID_1),
        (docker(id=ID_1), ID_1),
        (docker(id=ID_1, uuid=ID_1), ID_1),
        (docker(), "00010203-0405-4607-8809-0a0b0c0d0e0f"),
    ],
)
def test_event_and_body_share_one_id(event: event_pb2.Event, expected_id: str) -> None:
    (kept,) = stored(check(DOCKER, event))
    assert (kept.id, kept.docker_cloud.uuid) == (expected_id, expected_id)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (docker(id=ID_2, uuid=ID_1), "events[0].id: differs from docker_cloud.uuid"),
        (
            docker(seconds=9, occurred_at=at(10)),
            "events[0].occurred_at: differs from docker_cloud.datetime",
        ),
        (
            nomad(occurred_at=at(253_402_300_800)),
            "events[0].occurred_at: lies outside of the years 1 to 9999",
        ),
        (
            docker(seconds=-62_135_596_801),
            "events[0].docker_cloud.datetime: lies outside of the years 1 to 9999",
        ),
    ],
)
def test_event_and_body_that_disagree_or_lie_are_refused(
    event: event_pb2.Event, reason: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        check(NOMAD if event.HasField("nomad") else DOCKER, event)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("event", "occurred_at", "inner"),
    [
        (docker(), at(1_700_000_000), at(1_700_000_000)),
        (docker(seconds=9), at(9), at(9)),
        (docker(occurred_at=at(9, 5)), at(9, 5), at(9)),
        (docker(seconds=9, occurred_at=at(9, 5)), at(9, 5), at(9)),
    ],
)
def test_event_and_body_share_one_time_as_far_as_the_body_can_tell_it(
    event: event_pb2.Event, occurred_at: Timestamp, inner: Timestamp
) -> None:
    (kept,) = stored(check(DOCKER, event))
    assert (kept.occurred_at, kept.docker_cloud.datetime) == (occurred_at, inner)
    (again,) = stored(check(DOCKER, kept))
    assert again == kept


def test_a_body_is_refused_a_time_finer_than_its_own() -> None:
    event = docker()
    event.docker_cloud.datetime.CopyFrom(at(9, 1))
    with pytest.raises(BadRequest) as refused:
        check(DOCKER, event)
    assert (
        str(refused.value) == "events[0].docker_cloud.datetime: must be a multiple of 1000000000 ns"
    )


def test_a_time_that_nobody_knows_stays_unset_where_the_body_has_none() -> None:
    (kept,) = stored(check(NOMAD, nomad()))
    assert not kept.HasField("occurred_at")


@pytest.mark.parametrize(
    ("time", "is_one"),
    [
        (at(-62_135_596_800), True),
        (at(253_402_300_799, 999_999_999), True),
        (at(-62_135_596_801), False),
        (at(253_402_300_800), False),
        (at(0, -1), False),
        (at(0, 1_000_000_000), False),
    ],
)
def test_times_lie_within_the_years_1_to_9999(time: Timestamp, is_one: bool) -> None:  # noqa: FBT001
    if is_one:
        check_time(time, "t")
        return
    with pytest.raises(BadRequest) as refused:
        check_time(time, "t")
    assert refused.value.field == "t"


def test_microseconds_become_a_timestamp_also_before_1970() -> None:
    assert timestamp(1_500_000) == at(1, 500_000_000)
    assert timestamp(-1) == at(-1, 999_999_000)


@pytest.mark.parametrize("text", [b'{"b": 1.0, "a":[ ]}', b"{}"])
def test_json_objects_are_taken(text: bytes) -> None:
    check_object(text, "p")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"text"', b"7", b"null", b"{}x", b"\xff"])
def test_json_that_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        check_object(text, "p")
    assert refused.value.field == "p"


@pytest.mark.parametrize("name", ["envelope", "matcher", "mint_id"])
def test_what_every_system_must_say_itself_has_no_default(name: str) -> None:
    class Nameless(Dialect):
        system = "nameless"

    arguments = {"envelope": ([],), "matcher": (nomad(),), "mint_id": (nomad(), CONTEXT)}[name]
    with pytest.raises(AssertionError, match="nameless"):
        getattr(Nameless(), name)(*arguments)


@pytest.mark.parametrize(
    ("copied_from", "reason"),
    [
        (["a"] * 33, "events[0].copied_from: 33 logs, at most 32 are allowed"),
        (["a", ""], "events[0].copied_from[1]: must have 1 to 64 bytes"),
        (["é" * 33], "events[0].copied_from[0]: must have 1 to 64 bytes"),
    ],
)
def test_logs_that_an_event_was_copied_from_are_checked(
    copied_from: list[str], reason: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        check(NOMAD, nomad(copied_from=copied_from))
    assert str(caught.value) == reason


def test_the_way_by_which_an_event_came_is_stored_and_is_no_part_of_its_content() -> None:
    straight, around = (
        check(NOMAD, nomad(source="prod", id="1", copied_from=way)) for way in (["a"], ["a", "b"])
    )
    assert [event.copied_from for event in stored(around)] == [["a", "b"]]
    assert straight.key == around.key
    assert straight.digest == around.digest
