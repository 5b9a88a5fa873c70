"""CloudEvents: what may be published, what names an event, and who selects it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from tests.dialects.drafts import at, check, record, stored
from tidings.core.errors import BadRequest
from tidings.core.selection import Everything
from tidings.dialects.cloud_event import CloudEventRights, Texts, make
from tidings.dialects.rights import Refused
from tidings.dialects.rules import events_of
from tidings.dialects.same import is_same
from tidings.v1 import event_pb2
from tidings.v1.cloud_event_pb2 import (
    CloudEvent,
    CloudEventAttributeValue,
    CloudEventProtoData,
    CloudEventSelector,
)

DIALECT = make()
_Proto = descriptor_pb2.FieldDescriptorProto


def value(**attr: Any) -> CloudEventAttributeValue:
    return CloudEventAttributeValue(**attr)


def body(**changed: Any) -> CloudEvent:
    required = {"id": "1", "source": "/billing", "spec_version": "1.0", "type": "com.example.paid"}
    return CloudEvent(**required | changed)


def event(**changed: Any) -> event_pb2.Event:
    return event_pb2.Event(cloud_event=body(**changed))


FULL = body(
    attributes={
        "time": value(ce_timestamp=at(5, 7)),
        "subject": value(ce_string="invoice/7"),
        "datacontenttype": value(ce_string="application/json"),
        "dataschema": value(ce_uri="https://example.com/paid"),
        "flag": value(ce_boolean=False),
        "count": value(ce_integer=-3),
        "raw": value(ce_bytes=b"\x00\xff"),
        "next": value(ce_uri_ref="../8"),
        "empty": value(ce_string=""),
    },
    text_data='{"amount": 1.50}',
)


def test_an_event_is_kept_as_it_came() -> None:
    for each in (
        FULL,
        body(binary_data=b"\x00"),
        body(proto_data=CloudEventProtoData(type_url="x/y", value=b"\x08\x01")),
        body(text_data=""),
    ):
        (kept,) = stored(check(DIALECT, event_pb2.Event(cloud_event=each)))
        assert kept.cloud_event == each
        assert kept.id == "1"


def test_its_time_is_when_it_happened() -> None:
    (kept,) = stored(check(DIALECT, event_pb2.Event(cloud_event=FULL)))
    assert kept.occurred_at == at(5, 7)
    (without,) = stored(check(DIALECT, event()))
    assert not without.HasField("occurred_at")
    given = event_pb2.Event(cloud_event=FULL, occurred_at=at(5, 8))
    with pytest.raises(BadRequest, match=r"events\[0\].occurred_at: differs"):
        check(DIALECT, given)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"id": ""}, "id: must not be empty"),
        ({"source": ""}, "source: must not be empty"),
        ({"type": ""}, "type: must not be empty"),
        ({"spec_version": ""}, "spec_version: must be 1.0"),
        ({"spec_version": "0.3"}, "spec_version: must be 1.0"),
        ({"type": "a\nb"}, "type: holds a control character"),
        ({"id": "\ufffe"}, "id: holds a control character"),
        ({"attributes": {"Upper": value(ce_string="x")}}, "attributes: a name is 1 to 64"),
        ({"attributes": {"": value(ce_string="x")}}, "attributes: a name is 1 to 64"),
        ({"attributes": {"a" * 65: value(ce_string="x")}}, "attributes: a name is 1 to 64"),
        ({"attributes": {"id": value(ce_string="x")}}, r"attributes\[id\]: is no attribute"),
        ({"attributes": {"data": value(ce_string="x")}}, r"attributes\[data\]: is no attribute"),
        ({"attributes": {"tidingsseq": value(ce_string="1")}}, "is no attribute"),
        ({"attributes": {"a": value()}}, r"attributes\[a\]: has no value"),
        ({"attributes": {"a": value(ce_string="\x07")}}, r"attributes\[a\]: holds a control"),
        ({"attributes": {"a": value(ce_uri="")}}, r"attributes\[a\]: must not be empty"),
        ({"attributes": {"subject": value(ce_string="")}}, "subject.: must not be empty"),
        ({"attributes": {"subject": value(ce_integer=1)}}, "subject.: must be a ce_string"),
        ({"attributes": {"time": value(ce_string="now")}}, "time.: must be a ce_timestamp"),
        ({"attributes": {"time": value(ce_timestamp=at(2**40))}}, "time.: lies outside"),
    ],
)
def test_what_is_no_cloud_event_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadRequest, match=rf"events\[0\]\.cloud_event\.{problem}|{problem}"):
        check(DIALECT, event(**changed))


def test_source_and_id_are_the_key() -> None:
    assert check(DIALECT, event()).key == "/billing\x1f1"
    assert check(DIALECT, event(), key="own").key == "own"
    named = event_pb2.Event(cloud_event=body(), source="prod")
    assert check(DIALECT, named).key == "/billing\x1f1"
    long = check(DIALECT, event(source="/" * 600)).key
    assert long is not None
    assert long.startswith("sha256:")
    assert check(DIALECT, event(source="/" * 601)).key != long
    assert check(DIALECT, event(), event(id="2")).key is None


def test_a_record_that_is_printed_and_published_again_is_the_same() -> None:
    kept = record(check(DIALECT, event_pb2.Event(cloud_event=FULL)), 7)
    assert is_same(DIALECT, events_of(kept), kept)
    assert is_same(DIALECT, [event_pb2.Event(cloud_event=FULL)], kept)
    assert not is_same(DIALECT, [event()], kept)


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ({}, True),
        ({"types": ["com.example.paid"]}, True),
        ({"types": ["com.example.*"]}, True),
        ({"types": ["com.example"]}, False),
        ({"types": ["other", "com.*"], "sources": ["/billing"]}, True),
        ({"types": ["com.*"], "sources": ["/bill"]}, False),
        ({"subjects": ["invoice/*"]}, True),
        ({"subjects": ["invoice"]}, False),
        ({"subjects": ["*"], "sources": ["*"], "types": ["*"]}, True),
    ],
)
def test_a_selector_wants_exact_values_and_prefixes(
    selector: dict[str, list[str]],
    wanted: bool,  # noqa: FBT001 - parametrized
) -> None:
    matcher = DIALECT.matcher(CloudEventSelector(**selector))
    envelope = DIALECT.envelope([event_pb2.Event(cloud_event=FULL)])
    assert matcher.selects(envelope.events[0]) is wanted
    if wanted and matcher.terms is not None:
        assert not matcher.terms.isdisjoint(envelope.terms)


def test_a_selector_of_nothing_wants_everything_and_one_of_prefixes_has_no_terms() -> None:
    assert DIALECT.matcher(CloudEventSelector()) == Everything()
    assert DIALECT.matcher(CloudEventSelector(types=["a*", "b"])).terms is None
    exact = DIALECT.matcher(CloudEventSelector(types=["a*"], sources=["/s"]))
    assert exact.terms == frozenset({("sources", "/s")})


def test_rights_are_by_source() -> None:
    rights = CloudEventRights.parse({"sources": ["/billing", "/shop/*"]}, "p")
    facts = DIALECT.envelope([event(), event(source="/shop/1"), event(source="/shop")]).events
    assert [rights.may_see(each) for each in facts] == [True, True, False]
    assert rights.may_read()
    assert not CloudEventRights().may_read()
    asked = CloudEventSelector(sources=["/billing", "/other"])
    assert rights.refusal(asked) == Refused("read source", "/other")
    assert rights.refusal(CloudEventSelector(sources=["/*"])) is None
    assert CloudEventRights().refusal(asked) == Refused("read", "cloud_event")
    more = CloudEventRights.united([rights, CloudEventRights(Texts.of(["/a", "/b*"]))])
    assert more.sources == Texts.of(["/billing", "/shop/*", "/a", "/b*"])


def _official() -> type[Message]:
    """Return io.cloudevents.v1.CloudEvent.

    Source: github.com/cloudevents/spec, cloudevents/formats/cloudevents.proto, 1.0.2.
    """
    pool = descriptor_pool.DescriptorPool()
    for needed in ("google/protobuf/timestamp.proto", "google/protobuf/any.proto"):
        made = descriptor_pb2.FileDescriptorProto()
        descriptor_pool.Default().FindFileByName(needed).CopyToProto(made)
        pool.Add(made)
    file = descriptor_pb2.FileDescriptorProto(
        name="cloudevents.proto",
        package="io.cloudevents.v1",
        syntax="proto3",
        dependency=["google/protobuf/any.proto", "google/protobuf/timestamp.proto"],
    )
    message = file.message_type.add(name="CloudEvent")
    for number, name in enumerate(("id", "source", "spec_version", "type"), 1):
        message.field.add(name=name, number=number, type=_Proto.TYPE_STRING, label=1)
    root = ".io.cloudevents.v1.CloudEvent"
    message.field.add(
        name="attributes", number=5, type=11, label=3, type_name=f"{root}.AttributesEntry"
    )
    message.oneof_decl.add(name="data")
    message.field.add(name="binary_data", number=6, type=12, label=1, oneof_index=0)
    message.field.add(name="text_data", number=7, type=9, label=1, oneof_index=0)
    any_type = ".google.protobuf.Any"
    message.field.add(
        name="proto_data", number=8, type=11, label=1, type_name=any_type, oneof_index=0
    )
    entry = message.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=9, label=1)
    held = f"{root}.CloudEventAttributeValue"
    entry.field.add(name="value", number=2, type=11, label=1, type_name=held)
    attribute = message.nested_type.add(name="CloudEventAttributeValue")
    attribute.oneof_decl.add(name="attr")
    kinds = {"boolean": 8, "integer": 5, "string": 9, "bytes": 12, "uri": 9, "uri_ref": 9}
    for number, (name, kind) in enumerate(kinds.items(), 1):
        attribute.field.add(name=f"ce_{name}", number=number, type=kind, label=1, oneof_index=0)
    time = ".google.protobuf.Timestamp"
    attribute.field.add(
        name="ce_timestamp", number=7, type=11, label=1, type_name=time, oneof_index=0
    )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(root.removeprefix(".")))


def _shape(message: Any) -> object:
    """Return what decides about a message's bytes: numbers, types and labels, below it too."""
    return [
        (
            field.number,
            field.type,
            field.is_repeated,
            _shape(field.message_type) if field.message_type is not None else None,
        )
        for field in sorted(message.fields, key=lambda field: field.number)
    ]


def test_its_bytes_are_those_of_the_official_message() -> None:
    official = _official()
    assert _shape(CloudEvent.DESCRIPTOR) == _shape(official.DESCRIPTOR)
    packed = body(proto_data=CloudEventProtoData(type_url="x/y", value=b"\x08\x01"))
    for ours in (FULL, packed, body(binary_data=b"\x00")):
        encoded = ours.SerializeToString(deterministic=True)
        theirs: Any = official()
        theirs.ParseFromString(encoded)
        assert theirs.SerializeToString(deterministic=True) == encoded
        assert theirs.id == ours.id
        assert set(theirs.attributes) == set(ours.attributes)
