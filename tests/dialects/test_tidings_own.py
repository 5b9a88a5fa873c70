"""Tidings' own events: published by nobody, read like any other."""

from __future__ import annotations

import pytest

from tests.dialects.drafts import check
from tidings.core.errors import BadRequest
from tidings.core.selection import Everything
from tidings.dialects.tidings_own import make
from tidings.v1 import event_pb2, tidings_event_pb2

OWN = make()


def event(source: str = "prod") -> event_pb2.Event:
    gap = tidings_event_pb2.SourceGap(source=source)
    return event_pb2.Event(tidings=tidings_event_pb2.TidingsEvent(source_gap=gap))


def test_nobody_may_publish_them() -> None:
    with pytest.raises(BadRequest) as refused:
        check(OWN, event())
    assert str(refused.value) == "events[0].tidings: events of Tidings itself cannot be published"


@pytest.mark.parametrize(("sources", "wanted"), [(["prod"], True), (["test"], False)])
def test_sources_select(sources: list[str], wanted: bool) -> None:  # noqa: FBT001
    envelope = OWN.envelope([event()])
    matcher = OWN.matcher(tidings_event_pb2.TidingsSelector(sources=sources))
    assert matcher.selects(envelope.events[0]) is wanted
    assert matcher.terms is not None
    assert bool(matcher.terms & envelope.terms) is wanted


def test_no_source_selects_everything_also_what_is_about_none() -> None:
    assert OWN.matcher(tidings_event_pb2.TidingsSelector()) == Everything()
    unknown = event_pb2.Event(tidings=tidings_event_pb2.TidingsEvent())
    assert OWN.envelope([unknown]).events == [""]
