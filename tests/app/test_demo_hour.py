"""The recorded hour of `tidings demo`: the same events whenever it is made, with times of now."""

from __future__ import annotations

from collections import Counter

from tidings.app.demo.hour import drafts
from tidings.v1 import docker_cloud_pb2, event_pb2, feldera_pb2, nomad_json, puppet_json, puppet_pb2
from tidings.v1.systems import SYSTEMS

NOW_US = 1_760_000_000_000_000
HOUR_US = 3_600_000_000


def events(now_us: int = NOW_US) -> list[event_pb2.Event]:
    return [event for draft in drafts(now_us) for event in draft.events]


def happened_us(event: event_pb2.Event) -> int:
    """Return when an event happened, by the time that its system gives it."""
    body = getattr(event, str(event.WhichOneof("body")))
    if isinstance(body, docker_cloud_pb2.DockerCloudEvent):
        return body.datetime.ToMicroseconds()
    if isinstance(body, puppet_pb2.PuppetJobEvent):
        return body.timestamp.ToMicroseconds()
    if isinstance(body, feldera_pb2.FelderaClusterEvent):
        return body.recorded_at.ToMicroseconds()
    return event.occurred_at.ToMicroseconds()


def test_every_system_has_something_to_say() -> None:
    count = Counter(str(event.WhichOneof("body")) for event in events())
    assert set(count) == {*SYSTEMS} - {"tidings"}
    assert min(count.values()) >= 5


def test_it_is_the_hour_that_ends_now_in_the_order_of_what_happened() -> None:
    times = [happened_us(event) for event in events()]
    assert NOW_US - HOUR_US <= min(times) < NOW_US - HOUR_US + 300_000_000
    assert NOW_US - 300_000_000 < max(times) <= NOW_US
    whole = [at_us // 1_000_000 for at_us in times]  # two systems count in whole seconds
    assert whole == sorted(whole)


def test_it_is_the_same_whenever_it_is_made() -> None:
    assert drafts(NOW_US) == drafts(NOW_US)
    later = drafts(NOW_US + 7 * HOUR_US)
    assert [draft.key for draft in later] == [draft.key for draft in drafts(NOW_US)]
    assert {happened_us(event) + 7 * HOUR_US for event in events()} == {
        happened_us(event) for draft in later for event in draft.events
    }
    named = [event.nomad.key + event.docker_cloud.uuid for event in events()]
    assert named == [
        event.nomad.key + event.docker_cloud.uuid for draft in later for event in draft.events
    ]


def test_keys_are_its_own_and_so_is_the_source() -> None:
    keys = [draft.key for draft in drafts(NOW_US)]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("demo/") for key in keys)
    assert {event.source for event in events()} == {"demo"}


def test_payloads_are_what_the_types_hold_in_full() -> None:
    nomad = [event.nomad.payload_json for event in events() if event.HasField("nomad")]
    assert all(nomad_json.nomad_payload_from_text(text)[1] for text in nomad)
    puppet = [event.puppet.details_json for event in events() if event.HasField("puppet")]
    assert all(puppet_json.puppet_event_details_from_text(text)[1] for text in puppet)
