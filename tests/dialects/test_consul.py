"""Consul: what may be fired, how large it may be, what its ID is, what a list shows."""

from __future__ import annotations

import pytest

from tests.dialects.drafts import check, record, stored
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.selection import Everything
from tidings.dialects.consul import ConsulDialect, event_id, make
from tidings.dialects.consul.recent import RecentEvents
from tidings.dialects.consul.size_rules import EventTooLarge, check_512
from tidings.v1 import consul_pb2, event_pb2

CONSUL = make()
STAR_ALONE = "error parsing regexp: missing argument to repetition operator: `*`"


def fired(name: str = "deploy", **fields: object) -> event_pb2.Event:
    return event_pb2.Event(consul=consul_pb2.ConsulEvent(name=name, **fields))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("event", "field", "reason"),
    [
        (fired(""), "name", "User event missing name"),
        (
            fired(tag_filter="a", node_filter="("),
            "tag_filter",
            "Cannot provide tag filter without service filter",
        ),
        (
            fired(node_filter="(", service_filter="[", tag_filter="*"),
            "node_filter",
            "Invalid node filter: error parsing regexp: missing closing ): `(`",
        ),
        (
            fired(service_filter="[a", tag_filter="*"),
            "service_filter",
            "Invalid service filter: error parsing regexp: missing closing ]: `[a`",
        ),
        (
            fired(service_filter="a", tag_filter="*"),
            "tag_filter",
            f"Invalid tag filter: {STAR_ALONE}",
        ),
    ],
)
def test_bad_events_are_refused_in_consuls_order_and_words(
    event: event_pb2.Event, field: str, reason: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        check(CONSUL, event)
    assert (refused.value.field, refused.value.reason) == (f"events[0].consul.{field}", reason)


@pytest.mark.parametrize("field", ["name", "node_filter", "service_filter", "tag_filter"])
def test_a_text_has_at_most_1_kib(field: str) -> None:
    event = fired(service_filter="a")
    setattr(event.consul, field, "x" * 1025)
    with pytest.raises(PayloadTooLarge) as refused:
        check(CONSUL, event)
    assert (refused.value.field, refused.value.size_bytes) == (f"events[0].consul.{field}", 1025)
    setattr(event.consul, field, "x" * 1024)
    assert check(CONSUL, event).system == "consul"


def test_an_event_is_kept_as_fired_with_what_the_service_sets() -> None:
    event = fired(
        payload=b"\x00raw",
        node_filter="^db",
        service_filter="web",
        tag_filter="v[12]",
        id="ignored",
        l_time=99,
    )
    (kept,) = stored(check(CONSUL, event))
    assert kept.consul == consul_pb2.ConsulEvent(
        id="0001020304050607",
        name="deploy",
        payload=b"\x00raw",
        node_filter="^db",
        service_filter="web",
        tag_filter="v[12]",
        version=1,
    )


@pytest.mark.parametrize("name", ["_foo", "_rexec", "a/b", "ünï", " ", "x" * 300])
def test_any_name_but_the_empty_one_is_good(name: str) -> None:
    assert stored(check(CONSUL, fired(name)))[0].consul.name == name


def test_ids_that_a_publisher_gave_make_no_difference() -> None:
    assert check(CONSUL, fired(id="a", l_time=1)).digest == check(CONSUL, fired(id="b")).digest


@pytest.mark.parametrize("seq", [2, 255, 2**32, 2**63 - 1])
def test_the_halves_of_an_id_xored_are_the_position(seq: int) -> None:
    text = event_id("d1fbafc8ba432b1c", seq)
    assert [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    digits = text.replace("-", "")
    assert int(digits[:16], 16) ^ int(digits[16:], 16) == seq
    assert text == text.lower()


def test_completed_events_have_id_and_ltime_of_their_position() -> None:
    events = stored(check(CONSUL, fired()))
    CONSUL.complete(9, events)
    assert events[0].consul.id == "00010203-0405-060e-0001-020304050607"
    assert events[0].consul.l_time == 9


@pytest.mark.parametrize(("size", "fits"), [(32_768, True), (32_769, False)])
def test_a_payload_has_at_most_32_kib(size: int, fits: bool) -> None:  # noqa: FBT001
    event = fired(payload=b"x" * size)
    if fits:
        assert len(check(CONSUL, event).body) > size
        return
    with pytest.raises(PayloadTooLarge) as refused:
        check(CONSUL, event)
    assert refused.value.field == "events[0].consul.payload"
    assert (refused.value.size_bytes, refused.value.limit_bytes) == (size, 32_768)


def test_another_limit_can_be_set() -> None:
    with pytest.raises(PayloadTooLarge, match="101 bytes, at most 100 are allowed"):
        check(make(100), fired(payload=b"x" * 101))


BEFORE = "user event exceeds configured limit of 512 bytes before encoding"
AFTER = "encoded user event exceeds configured limit of 512 bytes after encoding"


@pytest.mark.parametrize(
    ("name", "l_time", "largest"),
    [
        ("a", 5, 414),
        ("deploy", 5, 404),
        ("deploy", 200, 403),
        ("deploy", 70_000, 400),
        ("deploy", 65_535, 402),
        ("deploy", 2**32, 396),
        ("x" * 30, 5, 354),
    ],
)
def test_the_512_byte_rule_is_consuls_arithmetic(name: str, l_time: int, largest: int) -> None:
    event = fired(name, payload=b"x" * largest).consul
    check_512(event, l_time)
    event.payload += b"x"
    with pytest.raises(EventTooLarge) as refused:
        check_512(event, l_time)
    assert str(refused.value) == AFTER
    assert (refused.value.size_bytes, refused.value.limit_bytes) == (513, 512)


@pytest.mark.parametrize(("size", "text"), [(434, AFTER), (435, BEFORE), (5_000, BEFORE)])
def test_the_512_byte_rule_says_before_or_after_encoding(size: int, text: str) -> None:
    with pytest.raises(EventTooLarge) as refused:
        check(make(None), fired(payload=b"x" * size))
    assert refused.value.reason == text


@pytest.mark.parametrize(
    "fields",
    [{"node_filter": "n" * 31}, {"service_filter": "s" * 32}, {"name": "n" * 256}],
)
def test_the_512_byte_rule_counts_names_and_filters(fields: dict[str, str]) -> None:
    room = {"node_filter": 404 - 35, "service_filter": 404 - 37, "name": None}
    event = fired(**fields)
    largest = room[next(iter(fields))]
    if largest is None:
        with pytest.raises(EventTooLarge):
            check(make(None), event)
        return
    event.consul.payload = b"x" * largest
    assert check(make(None), event).system == "consul"
    event.consul.payload += b"x"
    with pytest.raises(EventTooLarge):
        check(make(None), event)


@pytest.mark.parametrize(("names", "wanted"), [(["deploy"], True), (["Deploy", "deplo"], False)])
def test_names_are_matched_exactly(names: list[str], wanted: bool) -> None:  # noqa: FBT001
    envelope = CONSUL.envelope([fired()])
    matcher = CONSUL.matcher(consul_pb2.ConsulSelector(names=names))
    assert matcher.selects(envelope.events[0]) is wanted
    assert matcher.terms is not None
    assert bool(matcher.terms & envelope.terms) is wanted


def test_no_name_selects_everything() -> None:
    assert CONSUL.matcher(consul_pb2.ConsulSelector()) == Everything()


class TestRecentEvents:
    def recent(self, *names: str, first_seq: int = 2) -> RecentEvents:
        recent = CONSUL.projection()
        for seq, name in enumerate(names, first_seq):
            recent.apply(record(check(CONSUL, fired(name)), seq))
        return recent

    def test_an_empty_list_has_index_1(self) -> None:
        recent = self.recent()
        assert (recent.list(""), recent.index(""), recent.index("a"), recent.depth) == (
            [],
            1,
            1,
            256,
        )

    def test_a_list_is_oldest_first_and_its_index_the_newest_position(self) -> None:
        recent = self.recent("a", "b", "a")
        assert [(listed.seq, listed.event.name) for listed in recent.list("")] == [
            (2, "a"),
            (3, "b"),
            (4, "a"),
        ]
        assert [listed.seq for listed in recent.list("a")] == [2, 4]
        assert (recent.index(""), recent.index("a"), recent.index("b")) == (4, 4, 3)
        assert recent.list("c") == []

    def test_listed_events_are_complete(self) -> None:
        (listed,) = self.recent("a").list("")
        assert listed.event.l_time == 2
        assert listed.event.id == "00010203-0405-0605-0001-020304050607"

    def test_the_257th_pushes_out_the_first(self) -> None:
        recent = self.recent(*["a"] * 256)
        assert len(recent.list("")) == 256
        assert recent.apply(record(check(CONSUL, fired("a")), 258)) == {"", "a"}
        assert [listed.seq for listed in recent.list("")][:2] == [3, 4]
        assert len(recent.list("")) == 256

    def test_a_name_that_fell_out_goes_back_to_index_1_and_is_said_to_have_changed(self) -> None:
        recent = self.recent("quiet", *["busy"] * 255)
        assert recent.index("quiet") == 2
        assert recent.apply(record(check(CONSUL, fired("busy")), 258)) == {"", "busy", "quiet"}
        assert (recent.index("quiet"), recent.list("quiet")) == (1, [])

    def test_a_name_that_lost_only_older_events_keeps_its_index(self) -> None:
        recent = self.recent("a", *["b"] * 254, "a")
        assert recent.apply(record(check(CONSUL, fired("b")), 258)) == {"", "b"}
        assert recent.index("a") == 257


def test_the_window_is_what_consul_shows() -> None:
    assert ConsulDialect.window is not None
    assert ConsulDialect.window.max_count == 256


@pytest.mark.parametrize(("version", "kept"), [(0, 1), (1, 1), (2, 2), (-1, -1)])
def test_a_version_is_kept_and_1_where_none_is_said(version: int, kept: int) -> None:
    draft = check(CONSUL, fired(version=version))
    assert stored(draft)[0].consul.version == kept
    assert CONSUL.remarks(stored(draft)) == ([] if kept == 1 else ["unknown_version"])


def test_an_id_claims_the_position_that_it_was_made_of() -> None:
    low = "00ff00ff00ff00ff"
    assert CONSUL.claimed_seq(fired(id=event_id(low, 77))) == 77
    named = fired()
    named.id = event_id(low, 2**40)
    assert CONSUL.claimed_seq(named) == 2**40
    for other in ("", "77", "b54fe110-7af5-cafc-d1fb-afc8ba432b1c".upper(), "x" * 36):
        assert CONSUL.claimed_seq(fired(id=other)) is None


def test_an_id_names_the_event_of_which_it_has_the_random_half_too() -> None:
    ours = fired(id=event_id("00ff00ff00ff00ff", 77))
    named = fired()
    named.id = ours.consul.id
    assert CONSUL.is_claimed(ours, named)
    assert CONSUL.is_claimed(ours, ours)
    assert not CONSUL.is_claimed(ours, fired(id=event_id("00ff00ff00ff00fe", 77)))
